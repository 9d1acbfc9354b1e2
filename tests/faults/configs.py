"""Any configuration is planned or refused with a sentence (tests/unit/planning/test_any_config)."""

import math
import os
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Final

from tests.faults.figures import ROOT, Figures

_AT_ONCE: Final = 250


def configs(random: Random, tries: int, folder: Path, figures: Figures) -> None:
    """Let the configuration fuzzer plan so many."""
    test = "tests/unit/planning/test_any_config.py"
    for _ in figures.numbers(math.ceil(tries / _AT_ONCE)):
        count = min(_AT_ONCE, tries - figures.tries)
        seed = f"--hypothesis-seed={random.randrange(2**31)}"
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", seed, test],
            cwd=ROOT,
            env={**os.environ, "VAT_CONFIGURATIONS": str(count)},
            capture_output=True,
            text=True,
            check=False,
        )
        figures.tries += count
        if done.returncode:
            figures.tracebacks.append(done.stdout[-3000:])
