"""What was translated before: one small file per sentence, shared by all jobs of a folder.

A sentence's file is named by a hash of everything that shapes its translation. The first answer
stays: whoever comes second, at the same moment in another job too, takes over the first one's
words. So a line that many videos repeat is translated once and in one way. The folder may be
deleted at any time; what it held is then asked for again.
"""

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vat.files import write_once

logger = logging.getLogger(__name__)


def key_of(parts: Any) -> str:
    """A name for whatever JSON can hold; the same parts have the same name everywhere."""
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class Remembered:
    """The texts of a sentence, cue by cue, and what was odd about them, if anything."""

    texts: tuple[str, ...]
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class Memory:
    """The translations below `folder`; with None, nothing is remembered."""

    folder: Path | None

    def recall(self, key: str, count: int) -> Remembered | None:
        """What is kept under a key for `count` cues, None where that is nothing or damaged."""
        if self.folder is None:
            return None
        path = self._path(self.folder, key)
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            kept = Remembered(tuple(record["texts"]), record["doubt"])
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            kept = Remembered((), "")
        if len(kept.texts) == count and all(map(_is_text, kept.texts)):
            return kept
        logger.warning("%s is damaged; its sentence is translated again", path)
        path.unlink(missing_ok=True)
        return None

    def keep(self, key: str, kept: Remembered, about: Mapping[str, Any]) -> Remembered:
        """What is kept under the key from now on: this, or what was there first.

        `about` is for people who look into the file.
        """
        if self.folder is None:
            return kept
        record = {**about, "texts": kept.texts, "doubt": kept.doubt}
        text = json.dumps(record, ensure_ascii=False, indent=1) + "\n"
        if write_once(self._path(self.folder, key), text):
            return kept
        return self.recall(key, len(kept.texts)) or kept

    @staticmethod
    def _path(folder: Path, key: str) -> Path:
        return folder / "answers" / key[:2] / f"{key}.json"


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())
