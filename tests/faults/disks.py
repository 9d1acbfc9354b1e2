"""Disks that are full after any number of bytes: named, and once there is room all goes on."""

import os
import resource
import subprocess
from pathlib import Path
from random import Random

from tests.faults.figures import ROOT, Figures, command, finish, leftovers, results

_MB = 2**20


def disks(random: Random, tries: int, folder: Path, figures: Figures) -> None:
    """Fill a disk of a random size (root), or cut files at a random size (anybody else)."""
    status, said = finish(folder / "whole")
    wanted = results(folder / "whole")
    if status:
        figures.losses.append(f"undisturbed: {said[-500:]}")
        return
    used = sum(path.lstat().st_size for path in (folder / "whole").rglob("*"))
    for number in range(tries):
        here = folder / str(number)
        here.mkdir()
        size = random.randrange(64 * 1024, used + _MB)
        mounted = os.geteuid() == 0 and _mount(here, size)
        try:
            said = _on_full_disk(here, None if mounted else size)
            figures.tries += 1
            figures.heard(f"disk of {size} bytes", said)
            if mounted:
                _mount(here, 50 * used + 100 * _MB, again=True)
            status, said = finish(here)
            figures.heard(f"after a disk of {size} bytes", said)
            left = leftovers(here)
            if status or results(here) != wanted or left:
                figures.losses.append(f"disk of {size} bytes: {status}, {left}, {said[-800:]}")
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
