"""Answers about the task are told from translations, and wrapped ones unwrapped."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from vat.translate.answer_cleanup import mended
from vat.translate.integrity import faults

Row = dict[str, str]


def rows(root: Path, name: str) -> list[Row]:
    text = (root / "tests/data" / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))


def is_doubted(row: Row, answer: str) -> bool:
    pair = row["source language"], row["target language"]
    return bool(faults([row["source"]], [answer], pair))


def test_three_hundred_answers_about_the_task_are_caught(root: Path) -> None:
    answers = rows(root, "answers_about_the_task.tsv")
    assert set(Counter(row["target language"] for row in answers).values()) == {25}
    assert len(answers) == 300
    missed = [row["answer"] for row in answers if not is_doubted(row, row["answer"])]
    assert len(missed) <= 0.02 * len(answers), missed


def test_three_hundred_good_translations_are_believed(root: Path) -> None:
    good = rows(root, "good_translations.tsv")
    assert set(Counter(row["target language"] for row in good).values()) == {25}
    assert len(good) == 300
    doubted = [row["translation"] for row in good if is_doubted(row, row["translation"])]
    assert len(doubted) <= 0.01 * len(good), doubted


def test_oddly_worded_remarks_in_sixteen_languages_are_caught(root: Path) -> None:
    answers = rows(root, "odd_remarks.tsv")
    assert len({row["target language"] for row in answers}) == 16
    missed = [row["answer"] for row in answers if not is_doubted(row, row["answer"])]
    assert len(missed) <= 0.03 * len(answers), missed


def test_translations_that_sound_like_remarks_are_believed(root: Path) -> None:
    good = rows(root, "odd_translations.tsv")
    doubted = [row["translation"] for row in good if is_doubted(row, row["translation"])]
    assert len(doubted) <= 0.01 * len(good), doubted


def test_what_small_models_answer_is_told_from_translations(root: Path) -> None:
    answers = rows(root, "model_remarks.tsv")
    good = rows(root, "model_translations.tsv")
    missed = [row["answer"] for row in answers if not is_doubted(row, row["answer"])]
    doubted = [row["translation"] for row in good if is_doubted(row, row["translation"])]
    assert len(missed) <= 0.08 * len(answers), missed
    assert len(doubted) <= 0.012 * len(good), doubted


def test_answers_are_told_from_translations_that_nothing_was_learned_from(root: Path) -> None:
    """What is named here is how good the signs are; no weight or word is to be chosen by it."""
    answers, good = rows(root, "unseen_remarks.tsv"), rows(root, "unseen_translations.tsv")
    assert len(answers) > 300
    caught = sum(is_doubted(row, row["answer"]) for row in answers)
    doubted = sum(is_doubted(row, row["translation"]) for row in good)
    assert caught >= 0.97 * len(answers)
    assert doubted <= 0.015 * len(good)


@pytest.mark.parametrize(
    ("source", "answer", "target"),
    [
        ("What language is it?", "Welche Sprache ist das?", "de"),
        ("The rules are against us.", "Die Regeln sind gegen uns.", "de"),
        ("Send the machine back.", "Schick die Maschine zurück.", "de"),
    ],
)
def test_a_notion_with_ground_in_the_source_is_no_sign(
    source: str, answer: str, target: str
) -> None:
    assert not faults([source], [answer], ("en", target))
    assert faults(["My horse is lame."], [answer], ("en", target))


def test_good_translations_are_left_as_they_are(root: Path) -> None:
    for row in rows(root, "good_translations.tsv"):
        text = row["translation"]
        assert mended(text, row["source"], row["target language"], (6, 7)) == text


@pytest.mark.parametrize(
    "answer",
    [
        *(
            "6. Der Zug fährt.",
            "[7] Der Zug fährt.",
            "#6: Der Zug fährt.",
            "Untertitel 7: Der Zug fährt.",
        ),
        *("Übersetzung: Der Zug fährt.", "Deutsch: Der Zug fährt.", "**Der Zug fährt.**"),
        *("„Der Zug fährt.“", '"Der Zug fährt."', "<i>Der Zug fährt.</i>", r"{\an8}Der Zug fährt."),
        *(r"Der Zug\nfährt.", r"Der Zug\Nfährt.", "Der Zug<br>fährt.", "Der&nbsp;Zug fährt."),
        *(
            "Der Zug fährt. (Anmerkung: wörtlich)",
            "Der Zug fährt. Anm. d. Ü.: frei.",
            "`Der Zug fährt.`",
        ),
        *("Der Zug fährt.<|im_end|>", "Der Zug fährt.</s>", r"\"Der Zug fährt.\""),
    ],
)
def test_a_translation_is_taken_out_of_its_wrapping(answer: str) -> None:
    assert mended(answer, "The train leaves.", "de", (6, 7)) == "Der Zug fährt."


@pytest.mark.parametrize(
    ("source", "answer", "target", "text"),
    [
        ("My uncle's farm.", "&quot;Der Hof meines Onkels.&quot;", "de", "Der Hof meines Onkels."),
        ("It's late.", "« Il n'est pas tôt. »", "fr", "Il n'est pas tôt."),
        ("Open it!", "Traducción: ¡Abridlo!", "es", "¡Abridlo!"),
        ("Open it!", "Macht auf! ✅", "de", "Macht auf!"),
        ("♪ Open it! ♪", "♪ Macht auf! ♪", "de", "♪ Macht auf! ♪"),
        ("Open it!", "- Macht auf!\\n---", "de", "Macht auf!"),
        ("- Open it!", "- Macht auf!", "de", "- Macht auf!"),
    ],
)
def test_the_wrapping_ends_where_the_text_begins(
    source: str, answer: str, target: str, text: str
) -> None:
    assert mended(answer, source, target, (6, 7)) == text


@pytest.mark.parametrize(
    ("source", "answer"),
    [
        ("7. The train leaves.", "7. Der Zug fährt."),
        ("At 7.30 he left.", "7.30 Uhr ging er."),
        ("Translation: nonsense.", "Übersetzung: Unsinn."),
        ("<i>Go!</i>", "<i>Los!</i>"),
        ('"Go!"', "„Los!“"),
        (r"C:\new", r"C:\new"),
        ("R&amp;B", "R&amp;B"),
        ("Go (note: now)", "Los (Anmerkung: jetzt)"),
        ("Go.", "6."),
        ("Go.", "Deutsch:"),
        ("He said go.", "Er sagte: „Los!“, und ging."),
    ],
)
def test_what_the_source_has_or_would_leave_nothing_stays(source: str, answer: str) -> None:
    assert mended(answer, source, "de", (6, 7)) == answer


@pytest.mark.parametrize(
    "target", ["pl", "nl", "pt", "id", "th", "hi", "uk", "cs", "sv", "fi", "el"]
)
def test_a_refusal_is_told_in_further_languages(target: str) -> None:
    said = {
        "pl": "Przepraszam, nie mogę w tym pomóc.",
        "nl": "Sorry, daar kan ik niet bij helpen.",
        "pt": "Desculpe, não posso ajudar com isso.",
        "id": "Maaf, saya tidak dapat membantu permintaan itu.",
        "th": "ขออภัย ฉันไม่สามารถช่วยเหลือในเรื่องนี้ได้",
        "hi": "क्षमा करें, मैं इसमें मदद नहीं कर सकता।",
        "uk": "Вибачте, я не можу допомогти з цим.",
        "cs": "Omlouvám se, ale s tím nemohu pomoci.",
        "sv": "Tyvärr kan jag inte hjälpa till med det.",
        "fi": "Valitettavasti en voi auttaa tässä asiassa.",
        "el": "Λυπάμαι, δεν μπορώ να βοηθήσω με αυτό.",
    }[target]
    assert faults(["We go home by the river."], [said], ("en", target))
    assert not faults(["I'm sorry, I can't help you with that."], [said], ("en", target))


@pytest.mark.parametrize(
    ("source", "answer", "pair"),
    [
        ("The weather is nice today.", "您接受的训练数据直到2023年10月。", "en zh"),
        ("The weather is nice today.", "Vous êtes formé sur des données de 2023.", "en fr"),
        ("I just hope nobody is hurt.", "我只希望没人受伤。注意，这里的语气是担忧的。", "en zh"),
        ("Geh nach Hause.", "Explanation of Translation Choices", "de en"),
        ("Guten Morgen.", "Good morning. (Rewritten to sound more natural)", "de en"),
        ("Why did you do it?", "原文：Why did you do it? 译文：你为什么这么做？", "en zh"),
        ("Why did you do it?", "¿Por qué lo hiciste? (Why did you do it?)", "en es"),
        ("Why did you do it?", "Por que você fez isso?\nWhy did you do it?", "en pt"),
        ("Why did you do it?", "Wait, I should output only the translation.", "en es"),
        ("Why did you do it?", "¿Por qué lo hiciste?¿Por qué lo hiciste?¿Por qué?", "en es"),
        ("Warum?", "Subtitles by the Amara.org community", "de en"),
    ],
)
def test_what_users_of_other_tools_have_seen_is_no_translation(
    source: str, answer: str, pair: str
) -> None:
    spoken, target = pair.split()
    assert faults([source], [mended(answer, source, target, (6, 7))], (spoken, target))


@pytest.mark.parametrize(
    ("sources", "answers", "pair", "right"),
    [
        (
            ["When the old man came home,", "he found the door open."],
            ["Als der alte Mann", "nach Hause kam, fand er die Tür offen."],
            "en de",
            True,
        ),
        (
            ["I never thought that", "you would actually come back."],
            ["まさか君が", "本当に戻ってくるとは思わなかった。"],
            "en ja",
            True,
        ),
        (
            ["The woman (who had been waiting", "for hours) finally left."],
            ["Die Frau (die stundenlang", "gewartet hatte) ging endlich."],
            "en de",
            True,
        ),
        (
            ["Well,", "I never expected that to happen."],
            ["Nun, ich habe nie erwartet,", "dass das passiert."],
            "en de",
            True,
        ),
        (
            ["Then she", "told me about the fire in the old mill."],
            ["Потім вона розповіла мені", "про пожежу на старому млині."],
            "en uk",
            True,
        ),
        (
            ["We will go to the station", "and wait for the night train."],
            ["我们去车站", "抱歉，我需要更多上下文。"],
            "en zh",
            False,
        ),
        (
            ["We will go to the station", "and wait for the night train."],
            ["Wir gehen zum Bahnhof", "Gerne! Schicken Sie mir den nächsten Satz."],
            "en de",
            False,
        ),
    ],
)
def test_a_sentence_may_be_divided_in_another_way_and_no_remark_may_be_in_it(
    sources: list[str], answers: list[str], pair: str, right: bool
) -> None:
    spoken, target = pair.split()
    assert (faults(sources, answers, (spoken, target)) == []) is right


@pytest.mark.parametrize(
    ("target", "right", "more"),
    [
        ("uk", "Потяг відходить.", "Сподіваюся, це стане в пригоді!"),
        ("sv", "Tåget går nu.", "Säg till om du vill ha något mer."),
        ("cs", "Vlak odjíždí.", "Chcete ještě něco dalšího?"),
        ("el", "Το τρένο φεύγει.", "Πες μου αν θέλεις κάτι άλλο."),
        ("he", "הרכבת יוצאת.", "אשמח לעזור בעוד משפטים!"),
    ],
)
def test_who_talks_on_is_told_in_any_language(target: str, right: str, more: str) -> None:
    assert not faults(["The train leaves."], [right], ("en", target))
    assert faults(["The train leaves."], [f"{right} {more}"], ("en", target))


def test_a_source_in_a_language_without_words_is_not_failed_for_good() -> None:
    found = faults(["Goeie môre."], ["I'm sorry, I can't translate this text."], ("af", "en"))
    assert [fault.certain for fault in found] == [False]
