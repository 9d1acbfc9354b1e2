"""Sentences over several cues, and translations that fit them again; glossaries and proposals."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vat.errors import ConfigError
from vat.subtitles.limits import CueSettings
from vat.subtitles.lines import columns
from vat.timeline import Cue
from vat.translate.cue_fit import divide, is_too_long, room
from vat.translate.glossary import (
    Term,
    digest,
    glossary_names,
    missing_terms,
    read_terms,
    terms_in,
    write_terms,
)
from vat.translate.proposals import candidates, propose
from vat.translate.sentences import MOST_CUES, sentences
from vat.translate.settings import Means, TranslateSettings


def cues(*texts: str, gap: float = 0.1) -> list[Cue]:
    return [Cue(n, n * 2.0, n * 2.0 + 2 - gap, text) for n, text in enumerate(texts, 1)]


def spans(found: list[range]) -> list[tuple[int, int]]:
    return [(one.start, one.stop) for one in found]


def test_cues_of_one_sentence_go_together() -> None:
    said = cues("When the\nred car stopped,", "we went home.", "Why?", "I do not", "know", "it.")
    assert spans(sentences(said, "en")) == [(0, 2), (2, 3), (3, 6)]


def test_a_pause_a_note_of_music_and_endless_speech_end_a_sentence() -> None:
    assert spans(sentences(cues("we went", "and went", gap=1.6), "en")) == [(0, 1), (1, 2)]
    assert spans(sentences(cues("we went", "♪", "and went"), "en")) == [(0, 1), (1, 2), (2, 3)]
    endless = sentences(cues(*["and so on"] * (2 * MOST_CUES + 1)), "en")
    assert [len(one) for one in endless] == [MOST_CUES, MOST_CUES, 1]


def test_sentences_of_languages_without_blanks() -> None:
    assert spans(sentences(cues("我们今天", "去公园。", "你呢？"), "zh")) == [(0, 2), (2, 3)]
    assert sentences([], "en") == []


@given(st.lists(st.sampled_from(["One two.", "and three", "♪", "Ja?", "  "]), max_size=12))
def test_every_cue_is_in_exactly_one_sentence(texts: list[str]) -> None:
    found = sentences(cues(*texts), "en")
    assert [at for one in found for at in one] == list(range(len(texts)))


def test_a_translation_is_divided_between_phrases() -> None:
    text = "Als das rote Auto anhielt, gingen wir nach Hause."
    assert divide(text, "de", [24, 13]) == ["Als das rote Auto anhielt,", "gingen wir nach Hause."]
    assert divide("那辆红色的汽车停下来以后，我们就回家了。", "zh", [1, 1]) == [
        "那辆红色的汽车停下来以后，",
        "我们就回家了。",
    ]
    assert divide("Ja.", "de", [1, 1]) is None


@given(
    st.lists(st.text("abc äß,.", min_size=1, max_size=9), min_size=1, max_size=9),
    st.lists(st.integers(1, 40), min_size=1, max_size=5),
)
def test_no_character_is_lost_where_a_text_is_divided(parts: list[str], shares: list[int]) -> None:
    text = " ".join(" ".join(parts).split())
    found = divide(text, "de", shares)
    if found is not None:
        assert len(found) == len(shares)
        assert " ".join(found).split() == text.split()
        assert all(part for part in found) or not text


def test_room_is_what_can_be_shown_and_read() -> None:
    layout = CueSettings()
    assert room(Cue(1, 0, 10, ""), layout) == 84
    assert room(Cue(1, 0, 2, ""), layout) == 34
    assert room(Cue(1, 0, 0.1, ""), layout) == 12
    assert not is_too_long("x" * 39, Cue(1, 0, 2, ""), layout)
    assert is_too_long("字" * 20, Cue(1, 0, 2, ""), layout)
    assert columns("字" * 20) == 40


TABLE = """\
source\ttarget\tnote
machine learning\t机器学习\t
model\t模型|模特\tnever 型号
US\t美国
undecided\t\tlater
"""


def table(path: Path, text: str = TABLE) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_glossary_is_read_and_a_later_file_wins(tmp_path: Path) -> None:
    first = table(tmp_path / "zh.tsv", "\ufeff" + TABLE)
    second = table(tmp_path / "v.zh.tsv", "source\ttarget\nmodel\t样板\n")
    terms = read_terms([first, second])
    assert terms == [
        Term("machine learning", "机器学习"),
        Term("model", "样板"),
        Term("US", "美国"),
    ]
    assert glossary_names("v", "zh") == [["zh.tsv"], ["v.zh.tsv"]]
    assert glossary_names(None, "zh-tw") == [["zh-tw.tsv", "zh.tsv"]]
    assert read_terms([table(tmp_path / "again.tsv", write_terms(terms))]) == terms
    assert digest(terms) != digest(terms[:2])
    assert digest([]) == ""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\tb\n",
        "source,target\nx,y\n",
        "source\ttarget\nx\ty\tz\tmore\n",
        "\x80",
        f"source\ttarget\nx\t{'y' * 140_000}\n",
    ],
    ids=range(6),
)
def test_a_wrong_glossary_is_one_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "zh.tsv"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigError, match=r"glossary '.*zh\.tsv'"):
        read_terms([path])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Machine Learning needs a model.", ["machine learning", "model"]),
        ("He is modelling.", []),
        ("They told us about the US.", ["US"]),
        ("They told us.", []),
        ("THE US MODEL", ["model", "US"]),
        ("machine\nlearning", ["machine learning"]),
    ],
)
def test_terms_are_found_as_words(tmp_path: Path, text: str, found: list[str]) -> None:
    terms = read_terms([table(tmp_path / "zh.tsv")])
    assert sorted(term.source for term in terms_in(text, terms)) == sorted(found)


def test_a_glossary_is_read_in_any_encoding_of_accents_and_by_its_lines_only(
    tmp_path: Path,
) -> None:
    path = tmp_path / "de.tsv"
    path.write_text("source\ttarget\tnote\r\nCafe\u0301\tKaffeehaus\ta\u2028b\x85c\r\n", "utf-8")
    terms = read_terms([path])
    assert [term.source for term in terms] == ["Caf\u00e9"]
    assert terms_in("The Caf\u00e9 is open.", terms) == tuple(terms)
    assert terms_in("The Cafe\u0301 is open.", terms) == tuple(terms)


def test_no_character_serves_two_terms() -> None:
    terms = [Term("learning", "学习"), Term("machine learning", "机器学习")]
    assert terms_in("machine learning", terms) == (terms[1],)
    assert terms_in("机器学习很难", [Term("机器", "machine"), Term("学", "x")]) == (
        Term("机器", "machine"),
        Term("学", "x"),
    )


@pytest.mark.parametrize(
    ("target", "answer", "there"),
    [
        ("Haus", "Die Häuser hier", False),
        ("Umgebungsvariable", "zwei Umgebungsvariablen", True),
        ("neuronales Netz", "mit neuronalen Netzen", True),
        ("Hund|Köter", "Der Köter bellt.", True),
        ("机器 学习", "这是机器学习。", True),
        ("нейронная сеть", "с нейронной сетью", True),
        ("梯度下降", "梯度下坡", False),
    ],
)
def test_a_term_may_have_another_ending(target: str, answer: str, there: bool) -> None:
    term = Term("term", target)
    assert missing_terms("The term is here.", answer, [term]) == ([] if there else [term])


TALK = cues(
    "Today we meet Ada Lovelace in London.",
    "People say that Ada Lovelace wrote code.",
    "She knew gradient descent before NASA did.",
    "Was gradient descent new? NASA knew.",
    "So gradient descent it is, in London.",
    "However, nobody knew. However, it was so.",
)


def test_names_and_words_that_go_together_are_proposed() -> None:
    found = {one.term: one.count for one in candidates([TALK], "en")}
    assert found == {"gradient descent": 3, "Ada Lovelace": 2, "London": 2, "NASA": 2}
    known = [Term("London", "伦敦")]
    assert "London" not in {one.term for one in candidates([TALK], "en", known)}
    (dense,) = candidates([cues("トランスフォーマーは強い。", "トランスフォーマーだ。")], "ja")
    assert (dense.term, dense.count) == ("トランスフォーマー", 2)
    assert candidates([], "en") == []


def test_proposals_are_a_glossary_to_edit(tmp_path: Path) -> None:
    settings = TranslateSettings("none", "m")
    videos = [("en", TALK), ("zh", cues("不要", "不要"))]
    terms = propose(videos, "zh", settings, CueSettings(), Means())
    assert [term.target for term in terms] == [""] * 4
    assert terms[0].note == "3 times, as in: She knew gradient descent before NASA did."
    assert read_terms([table(tmp_path / "zh.tsv", write_terms(terms))]) == []
