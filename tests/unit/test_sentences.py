"""Sentences end where a reader would say so, whatever the blanks."""

import pytest

from vat.sentences import sentence_ends


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
