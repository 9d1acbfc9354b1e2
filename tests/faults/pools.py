"""A hostile pool folder, and users who share one: every job gets its GPU, and no memory twice."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Final

from tests.faults.figures import ROOT, Figures
from tests.gpu.driver.simulated import Host, build
from vat.jobs.processes import kill_tree

_TOTAL_MB: Final = 24_000
_LONGEST_S: Final = 120.0
_NOBODY: Final = "65534"

_HOSTILE: Final = """
import json, os, pathlib, random, socket, sys, time
folder, seed, may_remove = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "True"
chance = random.Random(seed)
def bound(path):
    os.chdir(path.parent)
    socket.socket(socket.AF_UNIX).bind(path.name)
def huge(path):
    with path.open("wb") as file:
        file.truncate(1 << 40)
record = {"seq": 1, "gpus": ["GPU-0"], "mem_mb": -9000, "label": "\\x1b[31m", "user": "root",
          "uid": 0, "pid": 1, "time": float("nan"), "max_jobs_per_gpu": 0, "since": 0}
kinds = (os.mkfifo, os.mkdir, bound, huge, lambda path: path.symlink_to("/dev/zero"),
    lambda path: path.symlink_to("nowhere"), lambda path: path.write_text("[" * 60000),
    lambda path: path.write_bytes(chance.randbytes(3000)), pathlib.Path.touch,
    lambda path: path.write_text(json.dumps(record)))
suffixes = (".lease", ".ticket", ".root", ".idle", ".confirmed", ".new", ".json", "")
while True:
    names = [name for name in sorted(os.listdir(folder)) if not name.startswith(("lock", "turn"))]
    try:
        if may_remove and names and chance.random() < 0.2:
            (folder / chance.choice(names)).unlink()
        stem = chance.choice([*names, str(chance.randrange(99))]).partition(".")[0]
        path = folder / (stem + chance.choice(suffixes))
        if not path.exists():
            chance.choice(kinds)(path)
    except OSError:
        pass
    time.sleep(chance.random() * 0.2)
"""


def pools(random: Random, tries: int, folder: Path, figures: Figures) -> None:
    """Let somebody put anything into the folder, another user where root, while jobs come and go.

    He may own the folder, and then removes what others wrote.
    """
    for place in _places(figures, tries, folder):
        owns = random.random() < 0.5
        if owns and os.geteuid() == 0:
            os.chown(place / "ledger", int(_NOBODY), int(_NOBODY))
        python = [sys.executable, "-c", _HOSTILE]
        arguments = [str(place / "ledger"), str(random.random()), str(owns)]
        with subprocess.Popen([*_user(other=True), *python, *arguments]) as hostile:
            try:
                _work(random, place, figures, both=False, kills=False)
                if hostile.poll() is not None:
                    figures.losses.append(f"{place.name}: nobody was hostile any more")
            finally:
                kill_tree(hostile.pid)


def users(random: Random, tries: int, folder: Path, figures: Figures) -> None:
    """Let jobs of two users share a folder, and kill some of them; only root can play two."""
    if os.geteuid():
        return
    for place in _places(figures, tries, folder):
        _work(random, place, figures, both=True, kills=True)


def _places(figures: Figures, tries: int, folder: Path) -> Iterator[Path]:
    """A host with two GPUs for each try, which any user may change."""
    for above in (folder, folder.parent):
        above.chmod(0o755)
    library = build(folder / "lib")
    for number in figures.numbers(tries):
        place = folder / str(number)
        place.mkdir()
        (place / "ledger").mkdir()
        (place / "ledger").chmod(0o1777)
        host = Host(place / "host.txt")
        host.add("driver ok")
        host.add_gpus(_TOTAL_MB, _TOTAL_MB)
        place.chmod(0o777)
        for file in place.glob("host*"):
            file.chmod(0o666)
        (place / "lib").symlink_to(library)
        yield place


def _user(*, other: bool) -> list[str]:
    """How a command becomes that of another user, who may read where Python is installed."""
    if not other or os.geteuid():
        return []
    right = "+dac_read_search"
    user = ["--reuid", _NOBODY, "--regid", _NOBODY, "--clear-groups"]
    return ["/usr/bin/setpriv", *user, "--inh-caps", right, "--ambient-caps", right, "--"]


def _work(random: Random, place: Path, figures: Figures, *, both: bool, kills: bool) -> None:
    """Start jobs at random, kill some, and see that the others end well, and soon."""
    environment = {
        **{key: text for key, text in os.environ.items() if not key.startswith("CUDA_")},
        **Host(place / "host.txt").environment(place / "lib", place / "ledger"),
        "PYTHONPATH": str(ROOT),
        "OUT_OF_MEMORY": str(place / "out of memory"),
    }
    running = []
    for number in range(6):
        size = random.randrange(2000, _TOTAL_MB, 500)
        job = [str(ROOT / "tests/gpu/driver/job.py"), str(size), f"{random.uniform(0, 3):.1f}"]
        lease = ["-m", "gpulease", "run", "--mem-mb", str(size), "--", sys.executable, *job]
        command = [*_user(other=both and number % 2 == 1), sys.executable, *lease]
        file = (place / f"said {number}").open("w+", encoding="utf-8", errors="replace")
        killed = kills and random.random() < 0.3
        process = subprocess.Popen(
            command, env=environment, cwd=place, stdout=file, stderr=file, umask=0
        )
        running.append((process, file, killed))
        time.sleep(random.uniform(0, 0.5))
    time.sleep(random.uniform(0, 2))
    for process, _, killed in running:
        if killed:
            kill_tree(process.pid)
    limit = time.monotonic() + _LONGEST_S
    figures.tries += 1
    for process, file, killed in running:
        try:
            status: int | str = process.wait(max(0.1, limit - time.monotonic()))
        except subprocess.TimeoutExpired:
            status = f"none after {_LONGEST_S:.0f} s"
            kill_tree(process.pid)
            process.wait()
        file.seek(0)
        with file:
            said = file.read()
        figures.heard(str(place), said)
        if status != 0 and not killed:
            figures.losses.append(f"{place.name}: status {status}, {said[-800:]}")
    if (place / "out of memory").exists():
        figures.losses.append(f"{place.name}: memory was promised twice")
