"""The workflow on paper: its real rules and real plan, with scripts that only write their outputs.

What is left of a run is what planning and scheduling cost.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.video import ffmpeg
from tiny import ROOT

CHUNKS: Final = 10
CHUNK_SECONDS: Final = 600

CONFIG: Final = {
    "languages": "{source: en, targets: [zh]}",
    "split": f"{{chunk_seconds: {CHUNK_SECONDS}, language_model: models/asr}}",
    "separate": "{model: models/separator}",
    "asr": "{model: models/asr, gpu_mem_mb: 100}",
    "translate": "{backend: ctranslate2, model: models/translator}",
}

# Runs Snakemake as its command does, and says what it alone used, without its jobs.
_LAUNCH: Final = """
import resource, sys
from snakemake.cli import main
try:
    main()
finally:
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(f"USED {used.ru_utime + used.ru_stime} {used.ru_maxrss // 1024}", file=sys.stderr)
"""

# Snakemake hands the outputs over by number and by name, so each is written twice.
STUB: Final = """\
for file in "${snakemake_output[@]}"; do echo '{}' > "$file"; done
"""


@dataclass(frozen=True)
class Cost:
    """What one call of Snakemake took: wall and CPU seconds of its own process, and MB."""

    seconds: float
    cpu_seconds: float
    mb: int
    output: str

    def jobs(self) -> int:
        """How many jobs were planned or run; a run may find more to do than was planned."""
        done = re.findall(r"\b(\d+) of \d+ (?:steps|jobs done)", self.output)
        total = re.findall(r"^total +(\d+)$", self.output, re.MULTILINE)
        return int((done or total or ["0"])[-1])

    def by_rule(self) -> dict[str, int]:
        """How many jobs of each rule were planned."""
        table = self.output.split("Job stats:")[-1].split("total ")[0]
        return {
            rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", table, re.MULTILINE)
        }


def make_workflow(folder: Path, stubs: Mapping[str, str] | None = None) -> Path:
    """A copy of the workflow in which every script is a stub in Bash, by name; its Snakefile."""
    for name in ("config", "models", "profiles", "local-gpu", "envs"):
        (folder / name).symlink_to(ROOT / name)
    shutil.copy(ROOT / "Snakefile", folder)
    shutil.copytree(ROOT / "workflow", folder / "workflow")
    (folder / "scripts").mkdir()
    for script in (ROOT / "scripts").glob("*.py"):
        (folder / "scripts" / f"{script.stem}.sh").write_text((stubs or {}).get(script.stem, STUB))
    for rules in (folder / "workflow" / "rules").glob("*.smk"):
        rules.write_text(re.sub(r"(scripts/\w+)\.py", r"\1.sh", rules.read_text()))
    return folder / "Snakefile"


def make_videos(folder: Path, numbers: range) -> Path:
    """Videos of CHUNKS chunks each: one small file, under many names."""
    folder.mkdir(parents=True, exist_ok=True)
    one = folder.with_name("one.mkv")
    if not one.exists():
        seconds = CHUNKS * CHUNK_SECONDS - 10
        picture = f"color=c=navy:s=16x16:r=0.1:d={seconds}"
        ffmpeg("-f", "lavfi", "-i", picture, one)
    for number in numbers:
        os.link(one, folder / f"talk {number:05}.mkv")
    return folder


def make_urls(sheet: Path, count: int) -> Path:
    """A sheet of remote videos; planning asks no server about URLs that end like these."""
    urls = (f"https://example.org/talk-{number:05}.mp4\n" for number in range(count))
    sheet.write_text("".join(["source\n", *urls]))
    return sheet


def snakemake(snakefile: Path, directory: Path, videos: Path, *arguments: str) -> Cost:
    """Run the workflow with the profile local-gpu, everything below `directory`."""
    config = [f"{key}={value}" for key, value in {"videos": videos, **CONFIG}.items()]
    whole = ["--profile", "local-gpu", "--directory", str(directory), *arguments]
    return _run([*whole, "--config", *config], snakefile.parent)


def plan_without_vat(snakefile: Path, directory: Path, count: int) -> Cost:
    """Plan the jobs of so many videos by the bare Snakefile, below `directory`.

    Beside the plugins, the options are those of the profile local-gpu.
    """
    bare = snakefile.parent / "workflow" / "bare.smk"
    shutil.copy(Path(__file__).with_name("bare.smk"), bare)
    options = ["--cores", "all", "--keep-going", "--retries", "2", "--rerun-incomplete"]
    options += ["--rerun-triggers", "mtime", "params", "input", "--benchmark-extended"]
    whole = ["-n", "--snakefile", str(bare), "--directory", str(directory), *options]
    return _run([*whole, "--config", f"count={count}", f"chunks={CHUNKS}"], snakefile.parent)


def _run(arguments: list[str], folder: Path) -> Cost:
    command = [sys.executable, "-c", _LAUNCH, *arguments]
    started = time.monotonic()
    done = subprocess.run(
        command,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - started
    if done.returncode:
        raise SystemExit(f"Snakemake failed:\n{done.stdout[-3000:]}")
    _, cpu, mb = re.findall(r"^USED .*$", done.stdout, re.MULTILINE)[-1].split()
    return Cost(seconds, float(cpu), int(mb), done.stdout)
