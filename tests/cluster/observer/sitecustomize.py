"""Notes when each job's script runs, in which Slurm job, and which GPUs it sees.

Python imports this by itself at the start of every process that has this folder in PYTHONPATH.
"""

import atexit
import json
import os
import sys
import time
from pathlib import Path


def observe(file: str, script: Path) -> None:
    began = time.time()

    def note() -> None:
        line = {
            "rule": script.name.split(".")[1],
            "job": os.environ.get("SLURM_JOB_ID"),
            "gpus": os.environ.get("CUDA_VISIBLE_DEVICES"),
            "began": began,
            "ended": time.time(),
        }
        with Path(file).open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")

    atexit.register(note)


for argument in sys.orig_argv[1:]:
    if Path(argument).parent.name == "scripts" and "OBSERVED" in os.environ:
        observe(os.environ["OBSERVED"], Path(argument))
