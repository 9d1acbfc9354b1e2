"""As many windows are decoded at once as a job's memory holds."""

from pathlib import Path

import pytest

from vat.speech.batches import LARGEST, batch_size

LARGE_MB = 3090


@pytest.fixture
def model(tmp_path: Path) -> str:
    """A model of the size of large-v3, whose file takes no room."""
    with (tmp_path / "model.bin").open("wb") as file:
        file.truncate(LARGE_MB * 2**20)
    return str(tmp_path)


@pytest.mark.parametrize(
    ("memory_mb", "compute", "windows"),
    [
        (8_000, "float16", 8),
        (12_000, "auto", LARGEST),
        (5_333, "int8_float16", 6),
        (6_000, "auto", 2),
        (4_000, "auto", 1),
        (0, "auto", 1),
    ],
)
def test_memory_decides(model: str, memory_mb: int, compute: str, windows: int) -> None:
    assert batch_size("auto", "cuda", memory_mb, model, compute) == windows


def test_a_cpu_decodes_one_after_another(model: str, tmp_path: Path) -> None:
    assert batch_size("auto", "cpu", 8_000, model, "auto") == 1
    assert batch_size("auto", "cuda", 8_000, str(tmp_path / "none"), "auto") == 1


def test_a_number_is_taken_as_it_is(model: str) -> None:
    assert batch_size(32, "cpu", 0, model, "auto") == 32
