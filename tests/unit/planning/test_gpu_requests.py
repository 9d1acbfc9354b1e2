"""The GPU memory that a job requests, by its model."""

from pathlib import Path

import pytest

from vat.planning.gpu_requests import asr_gpu_mem_mb, translator_gpu_mem_mb


@pytest.mark.parametrize(
    ("model", "compute", "mb"),
    [
        ("large-v3", "auto", 8000),
        ("large-v3", "int8_float16", 5333),
        ("/models/faster-whisper-small", "auto", 2500),
        ("owner/unheard-of", "float16", 8000),
    ],
)
def test_gpu_memory_by_model(model: str, compute: str, mb: int) -> None:
    assert asr_gpu_mem_mb(model, compute) == mb


def test_gpu_memory_of_a_translator_by_its_size(root: Path) -> None:
    assert translator_gpu_mem_mb("owner/nllb-200-3.3B-ct2", None) == 6600 * 6 // 5 + 1500
    assert translator_gpu_mem_mb("owner/unheard-of", None) == 2600 * 6 // 5 + 1500
    assert translator_gpu_mem_mb("x", root / "models/translator") == 1500
