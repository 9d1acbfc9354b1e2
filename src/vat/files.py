"""Files that appear whole or not at all, and the records that they hold as JSON."""

import errno
import fcntl
import functools
import hashlib
import json
import os
import resource
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import fields
from pathlib import Path
from threading import get_ident
from typing import Any, Final, Self, TextIO, cast, get_args, get_origin, get_type_hints

from vat.errors import DiskError, VatError

_PLAIN: Final = (str, int, float, bool)

StrPath = str | os.PathLike[str]

_MB: Final = 2**20
_FULL_BYTES: Final = 2**18
"""Less than this is left on a disk that was written to until it was full, in bytes: writers and
file systems have buffers."""

_TOO_LARGE: Final = (
    "'{}' would be larger than the limit on the size of files, which is {:.2f} MB; raise it"
    " (ulimit -f), and run again."
)

_SCRATCH: Final = "vat-scratch-"
_NEW_SECONDS: Final = 10.0
"""A folder that is younger may have a process that has not locked it yet."""

_NAME_BYTES: Final = 255
"""Longest name of a file on Linux's file systems."""


@contextmanager
def atomic_path(path: StrPath, needed: int | None = None) -> Iterator[Path]:
    """Yield a path beside `path` to write to; rename it to `path` if the block succeeds.

    The temporary name keeps the suffixes of `path`, because media tools choose their format by
    them. If the block raises, nothing is left behind; what a killed process left is removed. A
    power cut afterwards takes nothing away. `needed` is how large the file will be, in bytes, where
    that is known.

    Raises:
        DiskError: where the disk is full, with what is missing, or the file larger than is allowed.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    _remove_orphans(target)
    part = target.with_name(f".part-{os.getpid()}-{_short(target.name)}")
    try:
        yield part
        _keep(part)
        part.replace(target)
        _keep(target.parent)
    except Exception as error:
        if _is_too_large(part):
            raise DiskError(_TOO_LARGE.format(target, _largest_bytes() / _MB)) from error
        if _is_full(target.parent, error):
            raise _full(target, part, needed) from error
        raise
    finally:
        part.unlink(missing_ok=True)


def _is_full(folder: Path, error: Exception) -> bool:
    """Whether an error came of a full disk, as far as it can be told from it and the disk."""
    if isinstance(error, OSError) and error.errno != errno.EIO:
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    if os.strerror(errno.ENOSPC) in str(error):
        return True
    # Some libraries say no more than that they failed.
    return not isinstance(error, VatError) and shutil.disk_usage(folder).free < _FULL_BYTES


def _is_too_large(part: Path) -> bool:
    """Whether a file has grown as far as this process may let it (`ulimit -f`).

    The system writes as much as fits; programs are ended by a signal, and libraries do not say why.
    """
    try:
        return 0 <= _largest_bytes() <= part.stat().st_size
    except OSError:
        return False


def _largest_bytes() -> int:
    return resource.getrlimit(resource.RLIMIT_FSIZE)[0]


def _full(target: Path, part: Path, needed: int | None) -> DiskError:
    free = shutil.disk_usage(target.parent).free
    with suppress(OSError):
        free += part.stat().st_blocks * 512
    place = target.parent.absolute()
    disk = next(one for one in (place, *place.parents) if one.is_mount())
    wanted = f"about {needed / _MB:.1f} MB" if needed else "more than that"
    missing = f" {max(0.1, (needed - free) / _MB):.1f} MB are missing." if needed else ""
    return DiskError(
        f"The disk '{disk}' is full ({os.strerror(errno.ENOSPC)}): it has {free / _MB:.1f} MB left"
        f" for '{target}', which needs {wanted}.{missing} Free some space, and run again."
    )


def _keep(path: Path) -> None:
    """Have a file's content, or a folder's names, on the disk before anything else is done."""
    if path.is_symlink():
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network file systems have no such thing for folders.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):
            raise
    finally:
        os.close(descriptor)


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


def write_text(path: StrPath, text: str) -> None:
    """Write `text` as UTF-8 with `\\n` line ends."""
    with atomic_path(path, len(text.encode())) as part:
        part.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: StrPath, value: Any) -> None:
    """Write `value` as indented UTF-8 JSON; NaN and infinities are refused.

    A file name that is not UTF-8 has surrogates in Python (PEP 383), which UTF-8 cannot hold; they
    become JSON's own `\\udcXX`, so that `read_json` gives the same string back.
    """
    text = json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    write_text(path, text.encode("utf-8", "backslashreplace").decode("utf-8"))


class DamagedError(VatError):
    """A file that VAT has written is not what it wrote; the next run makes it anew."""


def damaged(path: StrPath, reason: object) -> DamagedError:
    """What is said of a file that is not what VAT wrote."""
    return DamagedError(f"'{path}' is damaged ({reason}); remove it, and run again to remake it.")


def read_json(path: StrPath) -> Any:
    """Read one UTF-8 JSON document.

    Raises:
        DamagedError: where it is none, or not there.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DamagedError(f"'{path}' is missing; run again to remake it.") from None
    except (ValueError, RecursionError) as error:
        raise damaged(path, error) from None


def is_whole(path: Path) -> bool:
    """Whether a file begins and ends as a JSON document: so much is read of it.

    A power cut or a full disk leaves a file empty, cut, or with zeros at its end.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 2))
            end = file.read().rstrip()[-1:]
            file.seek(0)
            return (file.read(1), end) in ((b"{", b"}"), (b"[", b"]"))
    except OSError:
        # Out of reach is not damaged.
        return True


RARE: Final[Mapping[str, bool]] = {"rare": True}
"""The metadata of a field that most records of its kind leave at its default."""


class Record:
    """A dataclass that JSON holds as an object with a key for each field.

    A field is a record, a tuple of one kind of thing, or whatever JSON itself has.
    """

    __slots__ = ()

    @classmethod
    def _kinds(cls) -> Mapping[str, Any]:
        """The type of each field."""
        return _kinds_of(cast("Any", cls))

    @classmethod
    def _rare(cls) -> Mapping[str, Any]:
        """The rare fields, and their defaults."""
        return _rare_of(cast("Any", cls))

    def to_json(self) -> dict[str, Any]:
        """A JSON object; records in it are objects, too, and tuples lists.

        A field that is `RARE` is left out where it has its default.
        """
        said = {name: getattr(self, name) for name in self._kinds()}
        rare = self._rare()
        return {
            name: _to_json(value)
            for name, value in said.items()
            if name not in rare or value != rare[name]
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote; keys that are no fields are left alone."""
        kinds = cls._kinds().items()
        return cls(**{name: _of(kind, record[name]) for name, kind in kinds if name in record})

    @classmethod
    def read(cls, path: StrPath) -> Self:
        """Read the JSON file that holds one.

        Raises:
            DamagedError: where it holds something else.
        """
        record = read_json(path)
        try:
            return cls.from_json(record)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise damaged(path, error) from None

    def write(self, path: StrPath) -> None:
        """Write the JSON file that `read` reads."""
        write_json(path, self.to_json())


@functools.cache
def _kinds_of(record: Any) -> Mapping[str, Any]:
    hints = get_type_hints(record)
    return {field.name: hints[field.name] for field in fields(record)}


@functools.cache
def _rare_of(record: Any) -> Mapping[str, Any]:
    """The rare fields of a record, and their defaults."""
    return {field.name: field.default for field in fields(record) if field.metadata == RARE}


def _to_json(value: Any) -> Any:
    if isinstance(value, Record):
        return value.to_json()
    return [_to_json(one) for one in value] if isinstance(value, tuple) else value


def _of(kind: Any, value: Any) -> Any:
    if get_origin(kind) is tuple:
        return tuple(_of(get_args(kind)[0], one) for one in value)
    if not isinstance(kind, type):
        return value
    if issubclass(kind, Record):
        return kind.from_json(value)
    # JSON writes a round number without its point.
    if kind in _PLAIN and not isinstance(value, (float, int) if kind is float else kind):
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value


@contextmanager
def locked(path: Path) -> Iterator[TextIO]:
    """The file, opened for reading and writing, while no other process or thread has it so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8", errors="replace") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder for temporary files; it is removed at the end, also of a process that is killed.

    The next process that asks for one does so: a folder is locked for as long as it is used.
    """
    for old in Path(tempfile.gettempdir()).glob(f"{_SCRATCH}*"):
        with suppress(OSError):
            _remove_unused(old)
    with tempfile.TemporaryDirectory(prefix=_SCRATCH) as name:
        descriptor = os.open(name, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield Path(name)
        finally:
            os.close(descriptor)


def _remove_unused(folder: Path) -> None:
    """Remove a scratch folder of this user whose process has ended."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        status = os.fstat(descriptor)
        is_old = time.time() - status.st_mtime > _NEW_SECONDS
        if status.st_uid == os.getuid() and is_old:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(descriptor)


def write_once(path: StrPath, text: str) -> bool:
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
