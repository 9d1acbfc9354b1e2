"""Everything that only a GPU can show, by one command on a bare machine with a driver.

    python -m benchmarks.real_gpu [works pool speed] [--kit FOLDER] [--results FOLDER] [--rehearse]

No network is needed: FOLDER may hold Whisper models for CTranslate2 (tiny.en, base); those for the
speed are made here, with random weights. Writes gpu.json and gpu.md, and ends with 1 where a check
failed. A rehearsal runs on the CPU, as far as that goes, with tiny models.
"""

import argparse
import platform
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.real_gpu import pool, speed, works
from benchmarks.real_gpu.report import Check, run, write


def main() -> int:
    """Run the parts that are named, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.real_gpu")
    parser.add_argument("parts", nargs="*", default=["works", "pool", "speed"])
    parser.add_argument("--kit", type=Path, default=Path("resources/real"))
    parser.add_argument("--results", type=Path, default=Path("benchmarks/results"))
    parser.add_argument("--rehearse", action="store_true")
    chosen = parser.parse_args()
    device, names = (
        ("cpu", ("rehearsal",)) if chosen.rehearse else ("cuda", ("large-v3", "large-v3-turbo"))
    )
    seconds = 0.5 if chosen.rehearse else 5.0
    parts: Mapping[str, Callable[[], Mapping[str, Check]]] = {
        "works": lambda: works.checks(device, chosen.kit),
        "pool": pool.checks,
        "speed": lambda: speed.checks(device, names, seconds),
    }
    results = [one for part in chosen.parts for one in run(part, parts[part]())]
    about = {"Python": platform.python_version(), "device": device, "machine": platform.platform()}
    write(results, about, chosen.results)
    print((chosen.results / "gpu.md").read_text(encoding="utf-8"))
    return int(not all(one.ok for one in results))


if __name__ == "__main__":
    sys.exit(main())
