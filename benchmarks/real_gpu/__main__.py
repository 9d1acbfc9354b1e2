"""Everything that only a GPU can show, by one command on a bare machine with a driver.

    python -m benchmarks.real_gpu [PART...] [--kit FOLDER] [--results FOLDER] [--rehearse]

Parts: works, pool, memory, speed, separation, whole, in this order where none is named. No network
is needed: FOLDER may hold Whisper models for CTranslate2 (tiny.en, base), as folders or packed by
benchmarks.real_gpu.weights (tiny.en.xz), and a recording of English speech (talk.*); models of full
size are made here. Writes gpu.json and gpu.md, and ends with 1 where a check failed. A rehearsal
runs on the CPU, as far as that goes, with tiny models.
"""

import argparse
import platform
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.real_gpu import memory, pool, separation, speed, whole, works
from benchmarks.real_gpu.report import Check, Result, run, write
from benchmarks.real_gpu.weights import read_model, unpack

PARTS = ("works", "pool", "memory", "speed", "separation", "whole")
TINY = works.ROOT / "models" / "asr"


def main() -> int:
    """Run the parts that are named, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.real_gpu")
    parser.add_argument("parts", nargs="*", default=PARTS)
    parser.add_argument("--kit", type=Path, default=Path("resources/real"))
    parser.add_argument("--results", type=Path, default=Path("benchmarks/results"))
    parser.add_argument("--rehearse", action="store_true")
    parser.add_argument("--size", choices=sorted(whole.SIZES), help="model of the whole workflow")
    parser.add_argument("--videos", type=int, default=8, help="videos of the whole workflow")
    parser.add_argument("--seconds", type=float, help="length of each of them")
    parser.add_argument("--mem-mb", type=int, default=8000, help="asr.gpu_mem_mb of the workflow")
    chosen = parser.parse_args()
    for packed in chosen.kit.glob("*.xz"):
        folder = packed.with_suffix("")
        if not folder.is_dir():
            unpack(packed, folder, read_model(TINY / "model.bin"))
    results = list[Result]()
    for part in chosen.parts:
        with tempfile.TemporaryDirectory(prefix="real-gpu-") as folder:
            results += run(part, _checks(part, chosen, Path(folder)))
    device = "cpu" if chosen.rehearse else "cuda"
    about = {"Python": platform.python_version(), "device": device, "machine": platform.platform()}
    write(results, about, chosen.results)
    print((chosen.results / "gpu.md").read_text(encoding="utf-8"))
    return int(not all(one.ok for one in results))


def _checks(part: str, chosen: argparse.Namespace, folder: Path) -> Mapping[str, Check]:
    """The checks of one part, with a folder for what they make.

    Those of a rehearsal are short and run on the CPU.
    """
    short, kit = chosen.rehearse, chosen.kit
    device = "cpu" if short else "cuda"
    sizes = ("rehearsal",) if short else ("large-v3", "large-v3-turbo")
    seconds = chosen.seconds or (40.0 if short else 1200.0)
    parts: Mapping[str, Callable[[], Mapping[str, Check]]] = {
        "works": lambda: works.checks(device, kit),
        "pool": pool.checks,
        "memory": lambda: memory.checks(TINY, 80),
        "speed": lambda: speed.checks(folder, device, sizes, 0.3 if short else 3.0),
        "separation": lambda: separation.checks(
            folder, device, (20.0,) if short else (300.0, 1800.0)
        ),
        "whole": lambda: whole.checks(
            folder,
            device,
            kit,
            chosen.size or sizes[0],
            2 if short else chosen.videos,
            seconds,
            chosen.mem_mb,
        ),
    }
    return parts[part]()


if __name__ == "__main__":
    sys.exit(main())
