"""Which weights a run used: where its models come from, and the digests of their files."""

import hashlib
import logging
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from vat.errors import ModelError
from vat.files import DamagedError, read_json, write_json

logger = logging.getLogger(__name__)

ORIGIN: Final = "origin.json"
"""In the folder of a fetched model: its repository, the revision, and the digests of its files."""

_SHA256: Final = re.compile("[0-9a-f]{64}")


def digest_of_file(path: Path) -> str:
    """The SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def note_origin(folder: Path, repository: str, name: str) -> dict[str, str]:
    """Compare fetched files with the digests that the hub has of them, and write `ORIGIN`.

    The result are the digests of all files by their paths below the folder.

    The hub tells the SHA-256 of large files, which weights are.

    Raises:
        ModelError: where files are not what the hub has; they are removed.
    """
    from huggingface_hub._local_folder import read_download_metadata

    files, wrong, revision = dict[str, str](), list[str](), ""
    for path in _files(folder):
        file = str(path.relative_to(folder))
        files[file] = digest_of_file(path)
        told = read_download_metadata(folder, file)
        if told is None:
            continue
        revision = told.commit_hash
        if _SHA256.fullmatch(told.etag) and told.etag != files[file]:
            path.unlink()
            wrong.append(f"'{file}' (SHA-256 {files[file][:12]}... instead of {told.etag[:12]}...)")
    if wrong:
        raise ModelError(
            f"Of the model '{name}', these files are damaged: {', '.join(wrong)}; run again to"
            " fetch them anew."
        )
    write_json(
        folder / ORIGIN, {"repository": repository, "revision": revision or None, "files": files}
    )
    return files


def origin_of(folder: Path) -> dict[str, Any]:
    """What `note_origin` has written; nothing where that is missing or damaged."""
    return _read(folder / ORIGIN)


def weights_of(folder: Path) -> Iterator[Path]:
    """The files of a model, below its folder, in the order of their names."""
    return (path.relative_to(folder) for path in _files(folder))


def record_models(models: Mapping[str, str], record: Path) -> None:
    """Write which models a run used: by use, the folder, the origin, and each file's digest.

    A model may be a single file as well.

    A file that has the size and the time of the last record is not read again; weights have
    gigabytes.
    """
    known = {one["path"]: one for use in _read(record).values() for one in use["files"]}
    found = {}
    for use, folder in models.items():
        if Path(folder).exists():
            origin = origin_of(Path(folder))
            found[use] = {
                "folder": folder,
                "repository": origin.get("repository"),
                "revision": origin.get("revision"),
                "files": [_facts(path, known) for path in _files(Path(folder))],
            }
    write_json(record, found)


def _facts(path: Path, known: Mapping[str, Any]) -> dict[str, Any]:
    status = path.stat()
    facts = {"path": str(path), "bytes": status.st_size, "time_ns": status.st_mtime_ns}
    before = known.get(str(path), {})
    same = all(before.get(key) == value for key, value in facts.items())
    return {**facts, "sha256": before["sha256"] if same else digest_of_file(path)}


def _read(record: Path) -> dict[str, Any]:
    """An earlier record; none where it is missing or damaged."""
    try:
        found = read_json(record)
    except (DamagedError, OSError):
        return {}
    return found if isinstance(found, dict) else {}


def _files(folder: Path) -> Iterator[Path]:
    """The files of a model, in the order of their names; hidden ones are a downloader's."""
    if folder.is_file():
        yield folder
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.is_file() and not hidden and path.name != ORIGIN:
            yield path
