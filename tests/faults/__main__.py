"""All kinds of faults, and a table: python -m tests.faults [--seed N] [--share 0.1] [KIND ...]."""

import argparse
import secrets
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from tests.faults.configs import configs
from tests.faults.disks import disks, files
from tests.faults.figures import Kind, counted
from tests.faults.kills import kills
from tests.faults.pools import pools, users
from tests.faults.sites import sites
from tests.faults.videos import videos

KINDS: Final[dict[str, tuple[Kind, int]]] = {
    "kills": (kills, 20),
    "disks": (disks, 8),
    "files": (files, 8),
    "pools": (pools, 10),
    "users": (users, 10),
    "videos": (videos, 40),
    "sites": (sites, 60),
    "configs": (configs, 2000),
}
"""Each kind, and how often it is tried, where the time lasts: half an hour on two cores."""


def main() -> int:
    """Try, count, print; 1 where anything was lost or said as a traceback."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--share", type=float, default=1.0, help="part of the usual tries")
    parser.add_argument("--minutes", type=float, default=25, help="no try begins after that")
    parser.add_argument("kinds", nargs="*", choices=[*KINDS, []], metavar="KIND")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    begun, bad = time.monotonic(), 0
    print(f"{'faults':14} {'tries':>6} {'losses':>7} {'tracebacks':>11} {'seconds':>8}", flush=True)
    wanted = options.kinds or list(KINDS)
    for place, name in enumerate(wanted):
        kind, usual = KINDS[name]
        with tempfile.TemporaryDirectory(prefix="vat-faults-") as folder:
            tries = max(1, round(usual * options.share))
            # What one kind leaves of its time, the others share.
            left = options.minutes * 60 - (time.monotonic() - begun)
            seconds = left / (len(wanted) - place)
            figures = counted(name, kind, options.seed, tries, Path(folder) / name, seconds)
        print(figures.line(), flush=True)
        for told in (*figures.losses, *figures.tracebacks):
            print(f"  {told}", flush=True)
        bad += len(figures.losses) + len(figures.tracebacks)
    print(f"in all {time.monotonic() - begun:.0f} s")
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main())
