"""When is the first of 50 videos finished, and how much disk does the whole folder take meanwhile?

    python -m benchmarks.folder [VIDEOS]

Runs the real workflow with scripts that only wait, and write as many KB as the real ones write MB,
with room for two GPU jobs at a time and cores to spare; then the same without the priorities, and
without temporary files.
"""

import re
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from benchmarks.stub_workflow import STUB, make_videos, make_workflow, snakemake

MACHINE: Final = ("--cores", "16", "--resources", "gpu=2")
# Seconds and KB of each stage's jobs; the large files of a video are its audio and its speech.
STAGES: Final[Mapping[str, tuple[float, int]]] = {
    "download": (0.02, 1),
    "extract_audio": (0.05, 500),
    "separate": (0.3, 100),
    "split": (0.05, 1),
    "asr_chunk": (0.1, 1),
    "merge": (0.02, 1),
    "translate": (0.1, 1),
    "embed": (0.05, 1),
}
VARIANTS: Final[Mapping[str, tuple[str, str]]] = {
    "as it is": ("", ""),
    "without priorities": (r"    priority: earlier_first\n", ""),
    "without temporary files": (r"temp\((ensure\(.*\))\)", r"\1"),
}


def run(variant: str, count: int) -> tuple[list[float], int]:
    """When each video was finished, in seconds, and the peak of disk use in KB."""
    stubs = {
        name: f"sleep {seconds}\n{STUB.replace('echo stub', f'head -c {kb}000 /dev/zero')}"
        for name, (seconds, kb) in STAGES.items()
    }
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        (folder / "workflow").mkdir()
        snakefile = make_workflow(folder / "workflow", stubs)
        for rules in (folder / "workflow/workflow/rules").glob("*.smk"):
            rules.write_text(re.sub(*VARIANTS[variant], rules.read_text()))
        videos = make_videos(folder / "videos", range(count))
        results = folder / "out" / "results"
        results.mkdir(parents=True)
        disk = Disk(results)
        snakemake(snakefile, results.parent, videos, *MACHINE)
        disk.stop()
        started = min(file.lstat().st_mtime for file in results.glob("*/source"))
        ends = sorted(file.stat().st_mtime - started for file in results.glob("*/*.mkv"))
    return ends, disk.peak_kb


class Disk:
    """Watches how much a folder holds."""

    def __init__(self, folder: Path) -> None:
        self.peak_kb = 0
        self._folder = folder
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def stop(self) -> None:
        """Watch no longer."""
        self._stopped.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stopped.wait(0.2):
            self.peak_kb = max(self.peak_kb, self._size() // 1000)

    def _size(self) -> int:
        total = 0
        for file in self._folder.rglob("*"):
            try:
                total += file.lstat().st_size
            except FileNotFoundError:
                # Jobs write and remove files meanwhile.
                continue
        return total


def main() -> None:
    """Print one table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    print("| run | first video | half of them | last | peak disk, KB |")
    print("|---|---|---|---|---|")
    for variant in VARIANTS:
        ends, peak = run(variant, count)
        shares = [f"{end:.0f} s" for end in (ends[0], ends[len(ends) // 2], ends[-1])]
        print(f"| {variant} | {' | '.join(shares)} | {peak:,} |", flush=True)


if __name__ == "__main__":
    main()
