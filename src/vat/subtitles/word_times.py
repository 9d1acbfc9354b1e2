"""Subtitles in which every word has its time: WebVTT with timestamps, and karaoke in ASS.

The words come from the transcript and the lines from the subtitles, which a user may have changed:
a word that was not heard gets its time from those around it.
"""

import html
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Final, NamedTuple

from vat.files import StrPath, write_text
from vat.subtitles.ass import ass_of, ass_text
from vat.subtitles.formats import vtt_clock, vtt_document
from vat.subtitles.lines import NEVER_LAST, is_unspaced
from vat.subtitles.track import Shown, Track
from vat.timeline import Word

_EDGE: Final = 500
"""Milliseconds outside the times of a changed subtitle in which its words may have been said."""

_UNSAID: Final = r"\2c&H8C8C8C&"
"""What has not been said is grey: the styles have one colour for all."""

_BLANKS: Final = " \u3000"


@dataclass(frozen=True, slots=True)
class Piece:
    """What appears at one moment: a word, with the marks and the blank behind it.

    `start` is in milliseconds of video time.
    """

    start: int
    text: str


@dataclass(frozen=True, slots=True)
class WordedCue:
    """A subtitle with the times of its words, in milliseconds of video time.

    The pieces of its lines are in the order of time, and none is outside of it.
    """

    start: int
    end: int
    lines: Sequence[Sequence[Piece]]


class _Atom(NamedTuple):
    """The least that is told apart: a run of letters, or one character where no blanks are written.

    `line` and `at` are where it begins in the lines of its text.
    """

    letters: str
    line: int
    at: int


def write_word_times(track: Track, words: Sequence[Word], vtt: StrPath, ass: StrPath) -> None:
    """Write a track with the times of its words as WebVTT, and as karaoke in ASS.

    `words` are those that were heard, in their order, in the track's form of writing.
    """
    cues = worded(track, words)
    write_text(vtt, to_words_vtt(cues))
    write_text(ass, to_karaoke(cues, track.language))


def worded(track: Track, words: Sequence[Word]) -> list[WordedCue]:
    """The cues of a track with the times of their words; no character is lost.

    `words` are those that were heard, in their order, in the track's form of writing.
    """
    found, at = list[WordedCue](), 0
    heard = [
        (atom.letters, round(word.start * 1000)) for word in words for atom in _atoms([word.text])
    ]
    letters, starts = [one for one, _ in heard], [start for _, start in heard]
    shown = track.shown()
    for number, cue in enumerate(shown):
        lines = [*cue.upper, *cue.lower]
        atoms = _atoms(lines)
        until = at + len(atoms)
        if [atom.letters for atom in atoms] != letters[at:until]:
            # Somebody has changed this one, or one before it.
            following = shown[number + 1].start if number + 1 < len(shown) else cue.end + _EDGE
            at = bisect_left(starts, cue.start - _EDGE)
            until = max(bisect_left(starts, max(cue.end, following)), at)
        times = _matched(atoms, heard[at:until])
        found.append(WordedCue(cue.start, cue.end, _pieces(lines, atoms, times, cue)))
        at = until
    return found


def to_words_vtt(cues: Iterable[WordedCue]) -> str:
    """The cues as WebVTT, with a timestamp before each word that is said after those before it."""
    return vtt_document((cue.start, cue.end, _vtt_text(cue)) for cue in cues)


def to_karaoke(cues: Iterable[WordedCue], language: str) -> str:
    r"""The cues as ASS, in which each word is lit when it is said (`\k`, in hundredths)."""
    events = ((cue.start, cue.end, _karaoke(cue)) for cue in cues)
    return ass_of(events, (language, language))


def _vtt_text(cue: WordedCue) -> str:
    # WebVTT asks that a timestamp be later than those before it, and inside its cue.
    last, lines = cue.start, list[str]()
    for line in cue.lines:
        told = ""
        for piece in line:
            if last < piece.start < cue.end:
                last = piece.start
                told += f"<{vtt_clock(last)}>"
            told += html.escape(piece.text, quote=False)
        lines.append(told)
    return "\n".join(lines)


def _karaoke(cue: WordedCue) -> str:
    starts = [piece.start for line in cue.lines for piece in line]
    # Rounded as moments, so that the lengths add up however many there are.
    moments = [round((at - cue.start) / 10) for at in (*starts, cue.end)]
    lengths = iter([b - a for a, b in pairwise(moments)])
    lines = (
        "".join(f"{{\\k{next(lengths)}}}{ass_text(piece.text)}" for piece in line)
        for line in cue.lines
    )
    wait = f"\\k{moments[0]}" if moments[0] else ""
    return f"{{{_UNSAID}{wait}}}" + r"\N".join(lines)


def _atoms(lines: Sequence[str]) -> list[_Atom]:
    found = list[_Atom]()
    for number, line in enumerate(lines):
        open_run = False
        for at, character in enumerate(line):
            if not character.isalnum():
                open_run = False
            elif open_run and not is_unspaced(character):
                last = found[-1]
                found[-1] = last._replace(letters=last.letters + character.casefold())
            else:
                found.append(_Atom(character.casefold(), number, at))
                open_run = not is_unspaced(character)
    return found


def _matched(atoms: Sequence[_Atom], heard: Sequence[tuple[str, int]]) -> list[int | None]:
    """When each atom was heard; None for those that were not."""
    times: list[int | None] = [None] * len(atoms)
    mine, theirs = [atom.letters for atom in atoms], [letters for letters, _ in heard]
    if mine == theirs:
        return [start for _, start in heard]
    for a, b, size in SequenceMatcher(None, mine, theirs, autojunk=False).get_matching_blocks():
        times[a : a + size] = [start for _, start in heard[b : b + size]]
    return times


def _pieces(
    lines: Sequence[str], atoms: Sequence[_Atom], times: Sequence[int | None], cue: Shown
) -> list[list[Piece]]:
    """The lines in pieces, one for each moment at which something is said."""
    moments = _all_known(times, cue)
    found: list[list[Piece]] = []
    last = cue.start
    for number, line in enumerate(lines):
        own = [at for at, atom in enumerate(atoms) if atom.line == number]
        starts, cuts = [moments[own[0]] if own else last], [0]
        for previous, at in pairwise(own):
            cut = _border(line, atoms[previous].at, atoms[at].at)
            parts = line[cut - 1] in _BLANKS or times[at] is not None or is_unspaced(line[cut])
            if parts and moments[at] != starts[-1]:
                cuts.append(cut)
                starts.append(moments[at])
        last = starts[-1]
        ends = [*cuts[1:], len(line)]
        found.append([Piece(at, line[a:b]) for at, a, b in zip(starts, cuts, ends, strict=True)])
    return found


def _border(line: str, after: int, before: int) -> int:
    """Where a piece begins whose first letter is `line[before]`, in a line with others before."""
    blank = max(line.rfind(one, after, before) for one in _BLANKS)
    if blank > after:
        return blank + 1
    at = before
    while line[at - 1] in NEVER_LAST and at - 1 > after:
        at -= 1
    return at


def _all_known(times: Sequence[int | None], cue: Shown) -> list[int]:
    """The times inside the cue and in order; what was not heard is spread over the time between."""
    known = [(at, time) for at, time in enumerate(times) if time is not None]
    ends = [(-1, cue.start), *known, (len(times), cue.end)]
    found, last = list[int](), cue.start
    for (before, since), (after, until) in pairwise(ends):
        first = max(before, 0)
        for at in range(first, after):
            share = (at - first) / (after - first)
            last = min(max(round(since + share * (until - since)), last), cue.end)
            found.append(last)
    return found
