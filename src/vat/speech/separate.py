"""Speech without music: Mel-Band-Roformer over a video's sound, in memory of constant size."""

import functools
import logging
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np

from vat.errors import ModelError
from vat.jobs.device import gpu_errors, resolve
from vat.jobs.progress import Progress
from vat.media.flac import flac_reader
from vat.media.sound import SPEECH_RATE, Samples, blocks, resampled, write_flac

logger = logging.getLogger(__name__)

Separator = Callable[[Samples], Samples]
"""From a mixture to its speech, both of shape (channels, window)."""


def separate(
    audio: str | Path, destination: str | Path, model: str, *, device: str, threads: int
) -> None:
    """Write the speech of `audio` as 16 kHz mono FLAC of the same length.

    `model` is a folder with one .yaml and one .ckpt file, `device` is auto, cuda or cpu. The sound
    is resampled to the model's rate on the way in and to 16 kHz on the way out, and never held as a
    whole.

    Raises:
        ModelError: where the folder holds no such model.
        GpuMemoryError: where a window does not fit into the GPU's memory.
    """
    device = resolve(device)
    import torch

    torch.set_num_threads(threads)
    with gpu_errors("separating speech"):
        network, config = load_separator(model, device)
        window, rate = config["inference"]["chunk_size"], config["audio"]["sample_rate"]
        overlap = window - window // config["inference"]["num_overlap"]
        sound = blocks(audio, rate, config["audio"]["num_channels"])
        speech = overlap_add(
            _told(sound, rate, audio), _on_device(network, device), window, overlap
        )
        mono = (piece.mean(axis=0) for piece in speech)
        written = write_flac(destination, resampled(mono, rate, SPEECH_RATE), SPEECH_RATE)
    logger.info("separated %.1f s of sound", written / SPEECH_RATE)


@functools.cache
def load_separator(folder: str, device: str) -> tuple[Any, Mapping[str, Any]]:
    """The network, ready to run on `device`, and its configuration; loaded once per process.

    Raises:
        ModelError: where files are missing or do not fit together.
    """
    import torch
    from pymss_core import get_model_from_config, load_config

    config_file, weights_file = (_only(folder, suffix) for suffix in ("yaml", "ckpt"))
    try:
        weights = torch.load(weights_file, map_location="cpu", weights_only=True)
        config = load_config(str(config_file))
        layers = {"mlp_hidden_layers": _hidden_layers(weights)}
        made = get_model_from_config("mel_band_roformer", str(config_file), layers)
        network = made[0] if isinstance(made, tuple) else made
        network.load_state_dict(weights)
    except (RuntimeError, KeyError, TypeError, ValueError, OSError, UnpicklingError) as error:
        raise ModelError(
            f"The separation model in '{folder}' cannot be loaded"
            f" ({str(error).splitlines()[0]}); check separate.model."
        ) from error
    settings = {
        "inference": {"num_overlap": 2} | dict(config["inference"]),
        "audio": {"num_channels": 2, "sample_rate": config["model"]["sample_rate"]}
        | dict(config.get("audio", {})),
    }
    return network.float().eval().to(device), settings


def overlap_add(
    sound: Iterator[Samples], separator: Separator, window: int, overlap: int
) -> Iterator[Samples]:
    """Separate pieces of sound, shape (channels, n), and give pieces of the same total length.

    Windows overlap by `overlap` samples, in which one fades into the next; no more than two windows
    are held at any time.
    """
    step = window - overlap
    fade = np.linspace(0, 1, overlap + 2, dtype=np.float32)[None, 1:-1]
    held: Samples | None = None
    tail: Samples | None = None
    for piece in sound:
        held = piece if held is None else np.concatenate([held, piece], axis=1)
        while held.shape[1] > window:
            speech = _faded(separator(held[:, :window]), tail, fade)
            yield speech[:, :step]
            tail, held = speech[:, step:], held[:, step:]
    if held is None:
        return
    # What is left is at most one window; it is padded and cut to its own length.
    rest = held.shape[1]
    padded = np.pad(held, ((0, 0), (0, window - rest)))
    yield _faded(separator(padded), tail, fade)[:, :rest]


def _faded(speech: Samples, tail: Samples | None, fade: Samples) -> Samples:
    if tail is None:
        return speech
    count = tail.shape[1]
    mixed = tail * (1 - fade) + speech[:, :count] * fade
    return np.concatenate([mixed, speech[:, count:]], axis=1)


def _on_device(network: Any, device: str) -> Separator:
    import torch

    def run(mixture: Samples) -> Samples:
        with (
            torch.inference_mode(),
            torch.autocast(device, dtype=torch.float16, enabled=device == "cuda"),
        ):
            speech = network(torch.from_numpy(mixture.copy())[None].to(device))[0]
        speech = speech.float().cpu().numpy().reshape(mixture.shape[0], -1)
        # The inverse transform may give a few samples fewer than it was given.
        missing = mixture.shape[1] - speech.shape[1]
        return np.pad(speech, ((0, 0), (0, max(0, missing))))[:, : mixture.shape[1]]

    return run


def _hidden_layers(weights: Mapping[str, Any]) -> int:
    """How many hidden layers the mask estimator has.

    Programs read the configuration's mask_estimator_depth in two ways; the weights leave no doubt.
    """
    prefix = "mask_estimators.0.to_freqs.0.0."
    linear = [key for key in weights if key.startswith(prefix) and key.endswith(".weight")]
    if not linear:
        raise ValueError("the weights have no mask estimator")
    return len(linear) - 1


def _only(folder: str, suffix: str) -> Path:
    found = sorted(Path(folder).glob(f"*.{suffix}"))
    if len(found) != 1:
        raise ModelError(
            f"The folder '{folder}' must hold exactly one .{suffix} file of a separation model, but"
            f" holds {len(found)}; check separate.model."
        )
    return found[0]


def _told(sound: Iterator[Samples], rate: int, audio: str | Path) -> Iterator[Samples]:
    """The pieces of a sound as they are; how much of it was taken goes into the log."""
    with flac_reader(audio) as source:
        progress = Progress("separate speech", source.frames / source.samplerate, "s")
    taken = 0.0
    for piece in sound:
        yield piece
        taken += piece.shape[1] / rate
        progress.reach(taken)
