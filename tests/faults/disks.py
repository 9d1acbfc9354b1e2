"""Disks and files that end after any number of bytes: named, and once there is room all goes on."""

import os
import resource
import subprocess
from pathlib import Path
from random import Random

from tests.faults.figures import ROOT, Figures, command, finish, leftovers, results

_MB = 2**20


def disks(random: Random, tries: int, folder: Path, figures: Figures) -> None:
    """Run on disks of random sizes where root, else as `files` does."""
    _filled(random, tries, folder, figures, mount=os.geteuid() == 0)


def files(random: Random, tries: int, folder: Path, figures: Figures) -> None:
    """Let no file grow beyond a random size (`ulimit -f`)."""
    _filled(random, tries, folder, figures, mount=False)


def _filled(random: Random, tries: int, folder: Path, figures: Figures, *, mount: bool) -> None:
    status, said = finish(folder / "whole")
    wanted = results(folder / "whole")
    if status:
        figures.losses.append(f"undisturbed: {said[-500:]}")
        return
    made = (folder / "whole").rglob("*")
    sizes = sorted(path.stat().st_size for path in made if path.is_file())
    for number in figures.numbers(tries):
        here = folder / str(number)
        here.mkdir()
        # Any file may be the one that does not fit.
        size = random.randrange(64 * 1024, sum(sizes) + _MB) if mount else random.choice(sizes) - 1
        mounted = mount and _mount(here, size)
        label = f"a {'disk' if mounted else 'largest file'} of {size} bytes"
        try:
            said = _on_full_disk(here, None if mounted else size)
            figures.tries += 1
            figures.heard(label, said)
            if mounted:
                _mount(here, 50 * sum(sizes) + 100 * _MB, again=True)
            status, said = finish(here)
            figures.heard(f"after {label}", said)
            left = leftovers(here)
            if status or results(here) != wanted or left:
                figures.losses.append(f"{label}: {status}, {left}, {said[-800:]}")
        finally:
            if mounted:
                subprocess.run(["/bin/umount", "-l", str(here)], check=False)


def _mount(here: Path, size: int, *, again: bool = False) -> bool:
    options = f"{'remount,' if again else ''}size={size}"
    mount = ["/bin/mount", "-t", "tmpfs", "-o", options, "none", str(here)]
    return subprocess.run(mount, check=False, capture_output=True).returncode == 0


def _on_full_disk(here: Path, largest: int | None) -> str:
    """What a run says there; `largest` is the size in bytes beyond which no file goes."""

    def limit() -> None:
        if largest is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest, resource.RLIM_INFINITY))

    done = subprocess.run(
        command(here),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=240,
        check=False,
        preexec_fn=limit,
    )
    return done.stdout
