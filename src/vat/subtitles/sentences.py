"""Where sentences and clauses end, and where words belong together."""

from typing import Final

from vat.languages import base

CLAUSE_MARKS: Final = tuple(",;:–—…،؛、，；：")
"""Marks after which a clause ends, in any script."""

SENTENCE_MARKS: Final = tuple(".!?…。！？؟।")
"""Marks that mostly end a sentence; only `sentence_ends` knows an abbreviation."""

_CLOSERS: Final = "\"'”’»›)]」』）】》"
_LONGEST_LEAD: Final = 3


def sentence_ends(text: str, language: str) -> list[int]:
    """The positions in `text` that follow the last character of each sentence, in order."""
    import sentencex

    # sentencex panics at blanks of several bytes, such as those before French punctuation.
    plain = "".join(" " if character.isspace() else character for character in text)
    found = sentencex.get_sentence_boundaries(base(language), plain)
    spans = ((span["start_index"], span["end_index"]) for span in found)
    return [a + len(plain[a:b].rstrip()) for a, b in spans if plain[a:b].strip()]


def ends_clause(text: str) -> bool:
    """Whether the text ends with a mark of a clause or sentence, be it before a closing quote."""
    return text.rstrip(_CLOSERS).endswith(CLAUSE_MARKS + SENTENCE_MARKS)


def leads_on(text: str) -> bool:
    """Whether the text ends with a short word or a title such as Dr., which belong to the next one.

    In languages with blanks most articles, prepositions and conjunctions have three letters or
    fewer; a list of them would be needed for each language.
    """
    word = text[-_LONGEST_LEAD - 2 :].rpartition(" ")[2]
    bare = word.removesuffix(".")
    short = len(bare) <= _LONGEST_LEAD and bare.isalpha()
    return short and (bare.istitle() if word.endswith(".") else bare.islower())
