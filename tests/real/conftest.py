"""Real models and real speech, fetched once; without them the tests are skipped with a message."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.helpers.real_talks import Talk, clips, english_talks, librivox
from tests.helpers.real_weights import MODELS, UnavailableError, whisper
from tests.workflow import conftest as runs

workflow = runs.workflow


@pytest.fixture(scope="session")
def models(root: Path) -> Mapping[str, Path]:
    """The folders of the models, by name."""
    try:
        return {name: whisper(name, root / "resources") for name in MODELS}
    except UnavailableError as error:
        pytest.skip(f"no real weights: {error}")


@pytest.fixture(scope="session")
def talks(root: Path) -> Mapping[str, Talk]:
    """An audio book; and talks made of the clips in the folder REAL_SPEECH, if it is set."""
    found = list[Talk]()
    try:
        found.append(librivox(root / "resources" / "real"))
    except UnavailableError as error:
        pytest.skip(f"no real speech: {error}")
    if folder := os.environ.get("REAL_SPEECH"):
        found += english_talks(clips(Path(folder)))
    return {talk.name: talk for talk in found}
