"""What jobs and runs write into logs, and what they say where they cannot."""

import subprocess
import sys

CODE = """
import logging, sys
from vat.jobs.log import say_once_that_logs_are_full
say_once_that_logs_are_full()
log = logging.getLogger("snakemake")
log.addHandler(logging.FileHandler("/dev/full"))
for number in range(9):
    log.error("line %d", number)
log.error("%d", "no number")
"""


def test_a_full_log_is_one_sentence_and_other_faults_keep_their_traceback() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False)
    said = "A log cannot be written any more: No space left on device; free some space"
    assert done.stderr.count(said) == 1
    assert done.stderr.count("Traceback") == 1
    assert "TypeError" in done.stderr
