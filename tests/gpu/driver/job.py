"""A simulated job: looks again, loads its model in steps, works, ends.

python job.py MB SECONDS
"""

import os
import sys
import time
from pathlib import Path

from gpulease import confirm
from tests.gpu.driver.simulated import load_model

size, seconds = int(sys.argv[1]), float(sys.argv[2])
confirm()
try:
    load_model(size, steps=4)
except SystemExit:
    with Path(os.environ["OUT_OF_MEMORY"]).open("a") as file:
        file.write(f"{os.environ['GPULEASE_LEASE']}\n")
    raise
time.sleep(seconds)
