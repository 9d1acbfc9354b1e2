"""What is known about sources: the files of folders, entries of playlists, lengths of videos."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vat.errors import SourceError
from vat.files import DamagedError, locked, read_json, write_json
from vat.jobs.addresses import hide, masked
from vat.jobs.messages import sentence
from vat.media.fetch import expand_url
from vat.media.probe import fingerprint_of, probe_duration
from vat.media.yt_dlp import Manners

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Probes:
    """Remembers what was learnt about sources, so that planning a folder again opens no file.

    Fingerprint and seconds of a local video are kept by its path, the entries of a playlist by its
    URL, the files of a folder by a key. Without `renew` all that is known holds, and nothing is
    written: each job of a run plans what the run has found, whatever becomes of folders meanwhile.
    """

    path: Path
    renew: bool = True
    manners: Manners = field(default_factory=Manners)
    known: dict[str, Any] = field(init=False)
    learnt: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Take over what earlier runs learnt; a damaged file is made anew."""
        self.known = self._read()

    def video(self, source: str) -> tuple[str, float | None]:
        """Fingerprint and seconds of a local video.

        The seconds are None where it cannot be read (`download` will say why). One that is out of
        reach is taken for what it last was, so that nothing is done again while a disk is away; the
        fingerprint of one that nobody has seen is empty.
        """
        if self.renew or source not in self.known:
            self._learn(source, self._look(source, self.known.get(source, ["", None])))
        mark, seconds = self.known[source]
        return mark, seconds

    def _look(self, source: str, last: list[Any]) -> list[Any]:
        mark = ""
        try:
            mark = fingerprint_of(source)
            known = mark == last[0] and last[1] is not None
            return last if known else [mark, probe_duration(source)]
        except (SourceError, OSError) as error:
            logger.warning("%s", sentence(error))
            return [mark, None] if mark else last

    def listing(self, key: str, look: Callable[[], Sequence[str]]) -> Sequence[str]:
        """The files of a folder: what `look` finds, or found when the run began."""
        if self.renew or key not in self.known:
            self._learn(key, look())
        files: Sequence[str] = self.known[key]
        return files

    def facts(self, key: str, mark: str, look: Callable[[], str]) -> str:
        """What `look` finds in a file with this mark, or found when the run began."""
        last = self.known.get(key)
        if last is None or (self.renew and last[0] != mark):
            self._learn(key, [mark, look()])
        found: str = self.known[key][1]
        return found

    def entries(self, url: str) -> Sequence[str]:
        """The videos behind a URL: those of a playlist, or the URL itself.

        A playlist is asked for again in every run, because it grows, but not in every job of it.

        Raises:
            SourceError: where the site cannot be reached and no earlier run has asked it.
        """
        key = hide(url)
        if self.known.get(key) == [key]:
            return [url]
        if key in self.known and not self.renew:
            return list(self.known[key])
        try:
            found: list[str] = expand_url(url, self.manners)
        except SourceError:
            if key not in self.known:
                raise
            logger.warning("%s cannot be reached; using the entries of the last run", key)
            return list(self.known[key])
        if found == [url]:
            self._learn(key, [key])
        elif not any(masked(one) != one for one in found):
            # Entries with keys are asked for again instead: they are valid for a while, and secret.
            self._learn(key, found)
        return found

    def choice(self, key: str, choose: Callable[[], str], ranked: Sequence[str]) -> str:
        """What was chosen of `ranked`, the worst first: the better of now's and an earlier choice.

        Without `renew`, what the run has chosen.
        """
        before = [one for one in self.known.get(key, []) if one in ranked]
        if self.renew or not before:
            self._learn(key, [max([*before, choose()], key=ranked.index)])
        chosen: str = self.known[key][0]
        return chosen

    def save(self) -> None:
        """Write what a run learnt, if anything, beside what others have written meanwhile."""
        if self.learnt and self.renew:
            with locked(self.path.with_suffix(".lock")):
                write_json(self.path, self._read() | self.learnt)

    def _learn(self, key: str, value: Any) -> None:
        if key not in self.known or self.known[key] != value:
            self.known[key] = self.learnt[key] = value

    def _read(self) -> dict[str, Any]:
        if not self.path.exists():
            return {}
        try:
            known: dict[str, Any] = read_json(self.path)
            if not all(map(_is_learnt, known.values())):
                raise ValueError("a value that nothing has")
        except (DamagedError, ValueError, AttributeError) as error:
            logger.warning("%s is damaged (%s); every video is probed again", self.path, error)
            return {}
        return known


def _is_learnt(value: object) -> bool:
    """Whether it is a fingerprint with seconds, or a list of files, of entries, or of a choice."""
    if not isinstance(value, list):
        return False
    if len(value) == 2 and (value[1] is None or isinstance(value[1], (int, float))):
        return isinstance(value[0], str)
    return all(isinstance(one, str) for one in value)
