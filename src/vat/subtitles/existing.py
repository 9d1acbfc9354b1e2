"""Subtitles that a video has already: of what kind they are, and which of them are taken."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from vat.files import Record
from vat.languages import base, chinese_script
from vat.media.subtitle_streams import PICTURES, TEXT
from vat.subtitles.chinese import script_of
from vat.subtitles.reading import ENDINGS
from vat.subtitles.settings import SIDECAR, TRACK
from vat.subtitles.sidecars import PICTURE_ENDINGS

FULL, SDH = "full", "SDH"

_TITLES: Final = {
    "forced": re.compile(r"\bforced\b|\bforcé|zwangs|erzwungen|强制|強制|foreign parts", re.I),
    "signs": re.compile(r"\bsigns?\b|\bsongs?\b|\bschilder\b|karaoke|lyrics", re.I),
    "commentary": re.compile(r"comment|kommentar|解说|评论|解説", re.I),
    SDH: re.compile(r"\bsdh\b|\bcc\b|hearing|hörgesch|sourds|malentend|聴覚|听障", re.I),
}
"""Titles of tracks, as few programs set the marks for them."""

_ALL_TITLE: Final = re.compile(r"\bfull\b|dialog|complete", re.I)
"""Titles that promise what is said, too, such as "Dialogue and signs"."""

_MARKED: Final = {
    "forced": "forced",
    "signs": "signs",
    "lyrics": "signs",
    "karaoke": "signs",
    "comment": "commentary",
    "descriptions": "commentary",
    "hearing_impaired": SDH,
    "captions": SDH,
}
"""Kinds by the marks of containers and of names."""

_SHORT_SECONDS: Final = 120.0
"""Of a shorter video the number of subtitles tells nothing."""

_LEAST_PER_MINUTE: Final = 1.0
"""Films with much silence have 5 subtitles a minute, talks 15; forced ones 10 to 50 in a film, so
that few of them reach 1."""

_LEAST_SHARE: Final = 0.4
"""Of the video, between the first and the last subtitle: half a film's subtitles are not all."""

_FEW: Final = 0.3
"""A track with so few of the subtitles of another one in its language shows signs alone."""

_MOSTLY_PLACED: Final = 0.6
"""Signs are put where they stand in the picture, what is said is not."""


@dataclass(frozen=True, slots=True)
class Existing(Record):
    """Subtitles of a video: `where` they are is "track", "sidecar" or "edits".

    `place` is the number of the stream or the path of the file, `codec` ffmpeg's name or the file's
    ending, `language` a code or None where nothing tells. `cues` lie between the seconds `first`
    and `last`; `placed` is the share of those with a place of their own; `digest` changes with the
    content. `trouble` is why it cannot be read.
    """

    where: str
    place: str
    codec: str
    language: str | None
    title: str = ""
    marks: tuple[str, ...] = ()
    cues: int = 0
    first: float = 0.0
    last: float = 0.0
    placed: float = 0.0
    script: str = ""
    digest: str = ""
    trouble: str = ""

    @property
    def words(self) -> str:
        """What it is called in messages."""
        told = ", ".join(filter(None, (self.language, self.title, self.codec)))
        name = f"track {self.place}" if self.where == TRACK else f"'{self.place}'"
        return f"{name} ({told})"


@dataclass(frozen=True, slots=True)
class Judged:
    """Subtitles and their kind: "full", "SDH", or why they are not all that is said."""

    one: Existing
    kind: str

    @property
    def is_usable(self) -> bool:
        """Whether they show all that is said."""
        return self.kind in (FULL, SDH)


def judge(found: Sequence[Existing], seconds: float) -> list[Judged]:
    """The kind of each of a video's subtitles; the video lasts so many seconds."""
    most: dict[str | None, int] = {}
    for one in found:
        most[one.language] = max(most.get(one.language, 0), one.cues)
    return [Judged(one, _kind(one, seconds, most[one.language])) for one in found]


def _kind(one: Existing, seconds: float, most: int) -> str:
    if unread := _unread(one):
        return unread
    named = [_MARKED[mark] for mark in one.marks if mark in _MARKED]
    titled = [kind for kind, title in _TITLES.items() if title.search(one.title)]
    named += [kind for kind in titled if kind != "signs" or not _ALL_TITLE.search(one.title)]
    if partial := next((kind for kind in named if kind != SDH), None):
        return f"{partial} subtitles alone"
    if sparse := _sparse(one, seconds, most):
        return sparse
    return SDH if SDH in named else FULL


def _unread(one: Existing) -> str:
    """Why there is no text to be had, or nothing."""
    name = PICTURES.get(one.codec) or PICTURE_ENDINGS.get(one.codec)
    if name:
        return f"{name}: pictures of text, which are not read"
    if not one.trouble and one.codec not in (TEXT if one.where == TRACK else ENDINGS):
        return f"{one.codec}: no text that is read"
    return one.trouble or ("" if one.cues else "without any subtitle")


def _sparse(one: Existing, seconds: float, most: int) -> str:
    """Why subtitles are likely not all that is said, by their number and place; or nothing."""
    if one.cues < _FEW * most:
        return f"{one.cues} subtitles where another has {most}: signs or forced ones"
    if one.placed > _MOSTLY_PLACED:
        return f"{one.placed:.0%} at places of their own: signs"
    if seconds < _SHORT_SECONDS:
        return ""
    if one.cues < _LEAST_PER_MINUTE * seconds / 60:
        return f"{one.cues} subtitles in {seconds / 60:.0f} minutes: signs or forced ones"
    if one.last - one.first < _LEAST_SHARE * seconds:
        return f"from {one.first:.0f} to {one.last:.0f} s of {seconds:.0f} s alone"
    return ""


def is_in(one: Existing, code: str) -> bool:
    """Whether subtitles are in a language, as far as it matters for those who read them."""
    if one.language is None or base(one.language) != base(code):
        return False
    if base(code) == "zh":
        wanted = chinese_script(code)
        return wanted is None or wanted == (chinese_script(one.language) or one.script)
    return one.language == code or base(one.language) in (one.language, code)


def best(judged: Sequence[Judged], code: str | None, where: Sequence[str]) -> Existing | None:
    """The subtitles in a language that show all that is said; for None, in any that is known.

    A file beside the video goes first, since somebody put it there; then those without sounds for
    the deaf, those that are default, and those with more subtitles.
    """

    def rank(item: Judged) -> tuple[bool, bool, bool, int]:
        one = item.one
        exact = one.where == SIDECAR, item.kind == FULL, "default" in one.marks
        return (*exact, one.cues)

    fitting = [
        item
        for item in judged
        if item.is_usable
        and item.one.where in where
        and (is_in(item.one, code) if code else item.one.language is not None)
    ]
    return max(fitting, key=rank).one if fitting else None


def form_of(text: str, code: str | None) -> str:
    """The form of Chinese of some text, Hans or Hant; empty for other languages."""
    return (script_of(text, code) or "") if code else ""
