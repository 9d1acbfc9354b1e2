"""Where sentences and clauses end."""

from typing import Final

CLAUSE_MARKS: Final = tuple(",;:–—…،؛،、，；：")
"""Marks after which a clause ends, in any script."""

SENTENCE_MARKS: Final = tuple(".!?…。！？؟।")
"""Marks that mostly end a sentence; only `sentence_ends` knows an abbreviation."""


def sentence_ends(text: str, language: str) -> list[int]:
    """The positions in `text` that follow the last character of each sentence, in order."""
    import sentencex

    # sentencex panics at blanks of several bytes, such as those before French punctuation.
    plain = "".join(" " if character.isspace() else character for character in text)
    found = sentencex.get_sentence_boundaries(language.split("-", maxsplit=1)[0], plain)
    spans = ((span["start_index"], span["end_index"]) for span in found)
    return [a + len(plain[a:b].rstrip()) for a, b in spans if plain[a:b].strip()]
