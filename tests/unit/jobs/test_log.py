"""What jobs and runs write into logs, and what they say where they cannot."""

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from vat.errors import VatError
from vat.jobs.job_end import KILLED, JobEnd, end_of
from vat.jobs.log import Sentences

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


def test_of_an_error_of_planning_its_sentence_is_left_alone() -> None:
    sentences = Sentences()
    told = sentences.of(VatError("The folder 'in' contains no videos; name another."))
    around = f'WorkflowError in file "common.smk", line 36:\n{told}\n  File "common.smk", line 51'
    for level, shown in ((logging.ERROR, told), (logging.INFO, around)):
        record = logging.LogRecord("snakemake", level, "", 0, "%s", (around,), None)
        assert sentences.filter(record)
        assert record.getMessage() == shown
    other = logging.LogRecord("snakemake", logging.ERROR, "", 0, "a bug in line 3", (), None)
    assert sentences.filter(other)
    assert other.getMessage() == "a bug in line 3"


JOB = """
import logging, os, sys
from pathlib import Path
from vat.errors import VatError
from vat.jobs.log import job_log
log = logging.getLogger("vat.x")
with job_log(sys.argv[1]):
    log.warning("odd https://user:word@host/x")
    log.warning("odd https://user:word@host/x")
    logging.getLogger("library").warning("not ours")
    exec(sys.argv[2])
"""


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("pass", 0, ""),
        (
            "raise VatError('The model is gone; name another.')",
            1,
            "The model is gone; name another.",
        ),
        ("1 / 0", 1, "ZeroDivisionError: division by zero"),
        ("open('/none')", 1, "'/none': No such file or directory; correct that, and run again."),
        ("os.kill(os.getpid(), 9)", -9, KILLED),
    ],
)
def test_the_end_of_a_job_is_recorded_beside_its_log(
    tmp_path: Path, code: str, status: int, error: str
) -> None:
    log = tmp_path / "logs" / "merge.log"
    done = subprocess.run([sys.executable, "-c", JOB, log, code], check=False)
    assert done.returncode == status
    warnings = () if status == -9 else ("odd https://hidden@host/x",)
    assert end_of(log) == JobEnd(warnings, error)
