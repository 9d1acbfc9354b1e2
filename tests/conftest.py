"""What all tests share: where the repository is."""

from pathlib import Path

import pytest
from hypothesis import settings

# A shared machine may be slow for a moment; that is no fault of the code.
settings.register_profile("shared", deadline=None)
settings.load_profile("shared")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's folder."""
    return ROOT
