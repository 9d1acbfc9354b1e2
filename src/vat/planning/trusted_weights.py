"""Weights are the same ever after: what was fetched first is noted, and held against all later.

The digests of the models that can be named are known beforehand; those of any other repository are
trusted when they come for the first time.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from vat.errors import ModelError, final
from vat.files import DamagedError, locked, read_json, write_json
from vat.planning.weights import digest_of_file, origin_of, weights_of

logger = logging.getLogger(__name__)

NOTES: Final = "trusted.json"
"""Beside the kinds of models: by kind and folder, the repository, its revision, and its files."""


@dataclass(frozen=True, slots=True)
class TrustedWeights:
    """What is trusted of the models that are fetched into one folder, `<resources>/models`."""

    models: Path

    @property
    def notes(self) -> Path:
        """The file that holds it."""
        return self.models / NOTES

    def revision(self, folder: Path) -> str | None:
        """The state of a model's repository that was fetched first; None where nothing was."""
        told = _entry(self._read(), self._key(folder)).get("revision")
        return told if isinstance(told, str) else None

    def compare(self, folder: Path, files: Mapping[str, str], name: str) -> None:
        """See that files that were fetched again, by their digests, are those fetched first.

        Raises:
            ModelError: naming the first that is another one.
        """
        known = _digests(_entry(self._read(), self._key(folder)))
        other = [file for file in known if file in files and files[file] != known[file]]
        if other:
            raise final(
                ModelError(
                    f"The hub's '{other[0]}' of the model '{name}' is not the one that was fetched"
                    f" first (SHA-256 {files[other[0]][:12]}... instead of"
                    f" {known[other[0]][:12]}...); to trust the new one, remove"
                    f" '{self._key(folder)}' from '{self.notes}', and run again."
                )
            )

    def note(self, folder: Path) -> None:
        """Trust what was fetched into a folder, by the digests that lie beside it."""
        origin = origin_of(folder)
        files = {
            file: {**_facts(folder / file), "sha256": digest}
            for file, digest in _digests(origin).items()
        }
        self._write(self._key(folder), {**origin, "files": files})

    def check(self, folder: Path, name: str) -> Mapping[str, str]:
        """The digests of a model's files, once they are found to be those that were fetched.

        A file that has the size and the time that are noted is not read again; weights have
        gigabytes. Of a folder of which nothing is known, what is in it now is trusted.

        Raises:
            ModelError: naming the first file that is another one or away.
        """
        entry = _entry(self._read(), self._key(folder))
        origin = origin_of(folder)
        known = _digests(entry) or _digests(origin)
        seen = _Seen(folder, entry.get("files"))
        files = {file: seen.digest(file) for file in known or map(str, weights_of(folder))}
        for file, digest in known.items():
            if files[file] != digest:
                found = f"has the SHA-256 {files[file][:12]}..." if files[file] else "is missing"
                raise final(
                    ModelError(
                        f"The model '{name}' in '{folder}' is not the one that was fetched:"
                        f" '{file}' {found}, instead of {digest[:12]}...; remove that folder, and"
                        " run again to fetch it anew."
                    )
                )
        if seen.read:
            told = {key: entry.get(key, origin.get(key)) for key in ("repository", "revision")}
            self._write(self._key(folder), {**told, "files": seen.facts})
        return files

    def _write(self, key: str, entry: Mapping[str, Any]) -> None:
        with locked(self.notes.with_suffix(".lock")):
            write_json(self.notes, {**self._read(), key: entry})

    def _key(self, folder: Path) -> str:
        return f"{folder.parent.name}/{folder.name}"

    def _read(self) -> dict[str, Any]:
        """What is noted; where that is damaged, the `ORIGIN` in each model's folder counts."""
        if not self.notes.exists():
            return {}
        try:
            found = read_json(self.notes)
        except DamagedError as error:
            logger.warning("%s; what lies beside the models is trusted", error)
            return {}
        return found if isinstance(found, dict) else {}


@dataclass(slots=True)
class _Seen:
    """The files of a folder with their digests, which are taken from what is known of them."""

    folder: Path
    known: Any
    facts: dict[str, dict[str, Any]] = field(default_factory=dict)
    read: bool = False

    def digest(self, file: str) -> str:
        """The SHA-256 of a file; "" where it is away."""
        path = self.folder / file
        if not path.is_file():
            return ""
        facts = _facts(path)
        before = _entry(self.known, file)
        if all(before.get(key) == value for key, value in facts.items()) and "sha256" in before:
            digest = str(before["sha256"])
        else:
            logger.info("reading '%s' to check its weights", path)
            digest, self.read = digest_of_file(path), True
        self.facts[file] = {**facts, "sha256": digest}
        return digest


def _facts(path: Path) -> dict[str, int]:
    status = path.stat()
    return {"bytes": status.st_size, "time_ns": status.st_mtime_ns}


def _entry(found: Any, key: str) -> dict[str, Any]:
    """What a JSON object has for a key, where both are objects."""
    entry = found.get(key) if isinstance(found, dict) else None
    return entry if isinstance(entry, dict) else {}


def _digests(entry: Mapping[str, Any]) -> dict[str, str]:
    """The digest of each file of an entry, or of `ORIGIN`, which has nothing else of them."""
    files = entry.get("files")
    told = files.items() if isinstance(files, dict) else ()
    found = {file: one.get("sha256") if isinstance(one, dict) else one for file, one in told}
    return {file: digest for file, digest in found.items() if isinstance(digest, str)}
