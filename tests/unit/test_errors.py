"""What another attempt would meet again ends a job with a status of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

from vat.errors import FINAL_STATUS, ConfigError, ModelError, SourceError, TranslationError, final
from vat.planning.models import fetch

ENDS = """
import sys
from vat import errors
from vat.jobs.log import job_log
with job_log(sys.argv[1]):
    raise {}
"""


@pytest.mark.parametrize(
    ("raised", "status"),
    [
        ("errors.SourceError('It is no video.')", FINAL_STATUS),
        ("errors.final(errors.ModelError('It is unknown.'))", FINAL_STATUS),
        ("errors.ModelError('The network is away.')", 1),
        ("errors.GpuMemoryError('It is full.')", 1),
        ("ValueError('a bug')", 1),
    ],
)
def test_the_status_tells_whether_to_try_again(tmp_path: Path, raised: str, status: int) -> None:
    code = ENDS.format(raised)
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "log")], check=False)
    assert done.returncode == status


def test_one_error_is_final_and_the_others_of_its_class_are_not() -> None:
    assert final(TranslationError("The key is wrong.")).final
    assert not TranslationError("The server cannot be reached.").final
    assert ConfigError("x").final
    assert SourceError("x").final


def test_an_unknown_model_is_final(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        fetch("asr", "no-such-model", tmp_path / "asr" / "model")
    assert caught.value.final
