"""What all tests share: where the repository is, and a font."""

import signal
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from tests.helpers.fonts import fontconfig, pattern_font

# A shared machine may be slow for a moment; that is no fault of the code.
settings.register_profile("shared", deadline=None)
settings.load_profile("shared")

ROOT = Path(__file__).resolve().parents[1]

FIRST = (
    "workflow/test_demo.py",
    "unit/speech/test_talks.py",
    "gpu/test_stress.py",
)
"""The longest files; of the others, the folders' take turns."""


def pytest_configure() -> None:
    """Say what no test can bring along, and let Ctrl-C reach what tests start.

    A shell lets what it starts in the background ignore it, and children inherit that.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if sys.getfilesystemencoding() != "utf-8":
        raise pytest.UsageError(
            "The tests use file names in all scripts; unset PYTHONUTF8 or set LC_ALL=C.UTF-8."
        )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put long files first, and those that wait beside those that compute.

    So no process is left with a long one at the end. Files that need the finished demo come later
    than the one that makes it, and do not wait for it.
    """
    needs = {item.path for item in items if "finished_demo" in getattr(item, "fixturenames", ())}
    files = sorted({item.path for item in items}, key=lambda path: (path in needs, path))
    ranks, counts = dict[Path, tuple[int, int]](), Counter[str]()
    for path in files:
        name = path.relative_to(ROOT / "tests").as_posix()
        folder = name.partition("/")[0]
        first = name in FIRST
        ranks[path] = (FIRST.index(name) - len(FIRST) if first else counts[folder], len(ranks))
        counts[folder] += not first
    items.sort(key=lambda item: ranks[item.path])


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling:
    """With several processes: what shares a module's fixtures runs in the same one, in order."""
    config.option.loadscopereorder = False
    return LoadFileScheduling(config, log)


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's folder."""
    return ROOT


@pytest.fixture(scope="session", autouse=True)
def _no_server() -> Iterator[None]:
    """No translation server of the host: no key, no address, no Ollama."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("OPENAI_API_KEY", raising=False)
        patch.delenv("OPENAI_BASE_URL", raising=False)
        patch.setenv("OLLAMA_HOST", "127.0.0.1:1")
        yield


@pytest.fixture(scope="session", autouse=True)
def _one_font(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The same font on every host, and no other."""
    folder = tmp_path_factory.mktemp("fonts")
    (folder / "all").mkdir()
    (folder / "all" / "patterns.ttf").write_bytes(pattern_font())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FONTCONFIG_FILE", str(fontconfig(folder, folder / "all")))
        yield
