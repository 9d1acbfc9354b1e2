"""Files that appear whole or not at all."""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import get_ident
from typing import Any, Final, TextIO

_NAME_BYTES: Final = 255
"""Longest name of a file on Linux's file systems."""


@contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a path beside `path` to write to; rename it to `path` if the block succeeds.

    The temporary name keeps the suffixes of `path`, because media tools choose their format by
    them. If the block raises, nothing is left behind; what a killed process left is removed.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    _remove_orphans(target)
    part = target.with_name(f".part-{os.getpid()}-{_short(target.name)}")
    try:
        yield part
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _remove_orphans(target: Path) -> None:
    """Remove parts of `target` whose writers are dead."""
    for file in target.parent.iterdir():
        prefix, _, rest = file.name.removeprefix(".part-").partition("-")
        if (
            file.name.startswith(".part-")
            and rest == _short(target.name)
            and not _is_running(prefix)
        ):
            file.unlink(missing_ok=True)


def _short(name: str) -> str:
    """The name, or what stands for one that leaves no room for a prefix."""
    if len(os.fsencode(name)) <= _NAME_BYTES - len(".part-4194304-"):
        return name
    return hashlib.sha256(os.fsencode(name)).hexdigest()[:16] + Path(name).suffix


def _is_running(process: str) -> bool:
    return process.isdecimal() and Path("/proc", process).exists()


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write `text` as UTF-8 with `\\n` line ends."""
    with atomic_path(path) as part:
        part.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: str | os.PathLike[str], value: Any) -> None:
    """Write `value` as indented UTF-8 JSON; NaN and infinities are refused.

    A file name that is not UTF-8 has surrogates in Python (PEP 383), which UTF-8 cannot hold; they
    become JSON's own `\\udcXX`, so that `read_json` gives the same string back.
    """
    text = json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    write_text(path, text.encode("utf-8", "backslashreplace").decode("utf-8"))


def read_json(path: str | os.PathLike[str]) -> Any:
    """Read one UTF-8 JSON document."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


@contextmanager
def locked(path: Path) -> Iterator[TextIO]:
    """The file, opened for reading and writing, while no other process or thread has it so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file


def write_once(path: str | os.PathLike[str], text: str) -> bool:
    """Write `text` as UTF-8 unless the file exists; whether it was written.

    Of several that write at once, one wins, and the file is whole for every reader.
    """
    target = Path(path)
    part = target.with_name(f".part-{os.getpid()}-{get_ident()}-{target.name}")
    if not target.parent.is_dir():
        target.parent.mkdir(parents=True, exist_ok=True)
    try:
        part.write_bytes(text.encode())
        os.link(part, target)
    except FileExistsError:
        return False
    except OSError:
        # Some file systems know no links; the last one wins there.
        if target.exists():
            return False
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return True
