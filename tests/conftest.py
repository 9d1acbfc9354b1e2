"""What all tests share: where the repository is, and a font."""

import signal
import sys
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

ORDER = (
    "workflow/test_demo.py",
    "unit/speech/test_talks.py",
    "gpu/test_stress.py",
    "workflow",
    "gpu",
)
"""Which files come first."""


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
    """Put long files first: of several processes, none is left with one at the end.

    Those that need the finished demo come later than the one that makes it, and do not wait.
    """
    last = len(ORDER)

    def place(item: pytest.Item) -> int:
        name = str(item.path.relative_to(ROOT / "tests"))
        return next((at for at, one in enumerate(ORDER) if name.startswith(one)), last)

    needs = {item.path for item in items if "finished_demo" in getattr(item, "fixturenames", ())}
    items.sort(key=lambda item: (place(item), item.path in needs))


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
