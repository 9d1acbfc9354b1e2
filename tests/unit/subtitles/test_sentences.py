"""Sentences end where a reader would say so, whatever the blanks."""

import pytest

from vat.subtitles.sentences import ends_clause, leads_on, sentence_ends


def test_sentences_end_at_blanks_of_any_kind() -> None:
    text = "AJMM .É..  .É.ßM!R.ß.RBJ.A.üR?ßÉ.M\u202f.é."
    assert sentence_ends(text, "fr")[-1] == len(text)
    assert sentence_ends("Quoi\u00a0? Dr. Ab 🎬 part. Oui.", "en") == [6, 21, 26]


@pytest.mark.parametrize(
    ("language", "text", "ends"),
    [
        ("en", "I met Dr. Smith. He left.", [16, 25]),
        ("zh-hans", "今天很好。我们走吧！", [5, 10]),
        ("ja", "はい。そうです。", [3, 8]),
        ("de", "Ja! Nein?", [3, 9]),
    ],
)
def test_sentences_end_in_their_language(language: str, text: str, ends: list[int]) -> None:
    assert sentence_ends(text, language) == ends


@pytest.mark.parametrize("text", ["one,", "One:", "“one.”", "one!)", "一，", "«un…»", "نعم،"])
def test_a_clause_ends_with_its_mark(text: str) -> None:
    assert ends_clause(text)
    assert not leads_on(text)


@pytest.mark.parametrize("text", ["in the", "the", "to Dr.", "il y a", "и", "word of"])
def test_a_short_word_belongs_to_the_next(text: str) -> None:
    assert leads_on(text)


@pytest.mark.parametrize("text", ["The", "with", "so.", "ABC", "12", "", "他的", "it's"])
def test_other_words_do_not(text: str) -> None:
    assert not leads_on(text)
