"""Terms that a user has corrected by hand: what the glossary may say from now on."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher

from vat.files import StrPath
from vat.subtitles.edits import edited_texts
from vat.subtitles.lines import one_line
from vat.subtitles.track import Track
from vat.timeline import Cue
from vat.translate.glossary import Term
from vat.translate.proposals import names_in
from vat.translate.written_language import words

logger = logging.getLogger(__name__)


def corrected_terms(
    said: Iterable[StrPath], generated: Iterable[StrPath], edited: Iterable[StrPath]
) -> list[Term]:
    """The names of which a correction shows how the user wants them; most frequent first.

    For each video the files of three tracks: that in the spoken language, and the translation as it
    was generated and as the user has it.

    Where the subtitle has one name and the user has replaced one piece of its translation, the new
    piece is taken for the name's; `note` has the pair. Whoever edits the glossary decides.
    """
    examples: dict[tuple[str, str], list[str]] = {}
    notes: dict[tuple[str, str], str] = {}
    for paths in zip(said, generated, edited, strict=True):
        spoken, before, after = map(Track.read, paths)
        for cue, text in edited_texts(before.cues, after.cues):
            line = " ".join(one_line(one.text) for one in spoken.cues if _shares(one, cue))
            names = list(dict.fromkeys(names_in(line, spoken.language)))
            pieces = list(_replaced(one_line(cue.text), one_line(text)))
            if len(names) == len(pieces) == 1 and pieces[0][1]:
                pair = names[0], pieces[0][1]
                examples.setdefault(pair, []).append(one_line(text))
                notes.setdefault(pair, f"you wrote it for {pieces[0][0]}, as in: {line}")
    ranked = sorted(examples, key=lambda pair: -len(examples[pair]))
    found = [Term(pair[0], _whole(pair[1], examples[pair]), notes[pair]) for pair in ranked]
    logger.info("%d terms found in corrections", len(found))
    return [term for term in found if term.target]


def _whole(piece: str, texts: Sequence[str]) -> str:
    """The term of which a piece was replaced; empty where that cannot be told.

    Where words have no blanks, it is what all corrected texts have around the piece, and one text
    alone does not tell.
    """
    if any(" " in text for text in texts):
        return piece
    if len(texts) < 2:
        return ""
    first = texts[0]
    at = first.find(piece)
    start, end = at, at + len(piece)
    while end < len(first) and all(first[start : end + 1] in text for text in texts):
        end += 1
    while start > 0 and all(first[start - 1 : end] in text for text in texts):
        start -= 1
    return "".join(one for one in first[start:end] if one.isalnum())


def _shares(one: Cue, other: Cue) -> bool:
    shared = min(one.end, other.end) - max(one.start, other.start)
    return 2 * shared > min(one.end - one.start, other.end - other.start)


def _replaced(before: str, after: str) -> Iterator[tuple[str, str]]:
    """What was replaced by what, word by word; where words have no blanks, letter by letter."""
    old, new = _pieces(before), _pieces(after)
    joint = " " if " " in before.strip() else ""
    for kind, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind != "equal":
            yield joint.join(old[i:j]), joint.join(new[k:m])


def _pieces(text: str) -> list[str]:
    return list(words(text)) if " " in text.strip() else [one for one in text if one.isalnum()]
