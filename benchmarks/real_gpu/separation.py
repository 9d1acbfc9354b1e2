"""Speed and memory of separation with a network of Kim's size, its weights random."""

import functools
import json
import subprocess
import sys
import time
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from threading import Event, Thread

from benchmarks.real_gpu.report import Check, Figures
from benchmarks.real_gpu.works import ROOT

_POLL_S = 0.5


def checks(folder: Path, device: str, lengths: tuple[float, ...]) -> Mapping[str, Check]:
    """A check for each length of sound, in seconds; all files are made in `folder`."""
    found: dict[str, Check] = {}
    for seconds in lengths:
        name = f"separation of {seconds / 60:g} minutes"
        found[name] = functools.partial(speed, folder, device, seconds)
    return found


def made_separator(folder: Path) -> Path:
    """A separator with the shape of Kim's and random weights; made once."""
    import torch
    from pymss_core import get_model_from_config

    target = folder / "separator"
    if target.is_dir():
        return target
    target.mkdir()
    config = target / "kim.yaml"
    config.write_text((files("vat") / "data" / "kim.yaml").read_text("utf-8"), encoding="utf-8")
    made = get_model_from_config("mel_band_roformer", str(config), {"mlp_hidden_layers": 2})
    network = made[0] if isinstance(made, tuple) else made
    torch.save(network.state_dict(), target / "random.ckpt")
    return target


def speed(folder: Path, device: str, seconds: float) -> Figures:
    """Seconds of sound for each second of time, and the most memory of the GPU."""
    model = made_separator(folder)
    arguments = [str(model), device, str(seconds), str(folder)]
    command = [sys.executable, "-m", "benchmarks.real_gpu.separation", *arguments]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def worker(model: str, device: str, seconds: float, folder: str) -> Figures:
    """Separate noise of a length, and tell how fast."""
    import numpy as np
    import soundfile

    from benchmarks.real_gpu.speed import own_mb
    from vat.speech.separate import load_separator, separate

    source, target = Path(folder, "mixture.flac"), Path(folder, "speech.flac")
    piece = np.random.default_rng(1).standard_normal((44100 * 20, 2), dtype=np.float32) / 10
    with soundfile.SoundFile(source, "w", 44100, 2) as file:
        for _ in range(int(seconds / 20)):
            file.write(piece)
    load_separator(model, device)
    separate_short = Path(folder, "short.flac")
    soundfile.write(separate_short, piece, 44100)
    separate(separate_short, target, model, device=device, threads=4)
    most, ended = [0], Event()

    def watch() -> None:
        while not ended.wait(_POLL_S):
            most.append(own_mb(device))

    watcher = Thread(target=watch)
    watcher.start()
    started = time.monotonic()
    separate(source, target, model, device=device, threads=4)
    took = time.monotonic() - started
    ended.set()
    watcher.join()
    return {"times real time": round(seconds / took, 1), "most MB": max(most)}


if __name__ == "__main__":
    print(json.dumps(worker(sys.argv[1], sys.argv[2], float(sys.argv[3]), sys.argv[4])))
