"""Whatever stands before or behind a translation is taken away or doubted, in any language."""

import pytest

from vat.translate.answer_cleanup import mended
from vat.translate.integrity import faults

SOURCE = "The train leaves at dawn."
TRANSLATIONS = {
    "de": "Der Zug fährt im Morgengrauen ab.",
    "fr": "Le train part à l'aube.",
    "es": "El tren sale al amanecer.",
    "it": "Il treno parte all'alba.",
    "pt": "O comboio parte de madrugada.",
    "nl": "De trein vertrekt bij dageraad.",
    "ru": "Поезд отходит на рассвете.",
    "zh": "火车黎明出发。",
    "ja": "列車は夜明けに出る。",
    "ko": "기차는 새벽에 떠난다.",
    "ar": "يغادر القطار عند الفجر.",
    "hi": "ट्रेन भोर में निकलती है।",
}
BEFORE = (
    *(
        "12: ",
        "12 - ",
        "(12) ",
        "12 | ",
        "12\t",
        "[12] ",
        "<12> ",
        "12. ",
        "12.) ",
        "12/40 ",
        "1) ",
    ),
    *("No. 12: ", "Subtitle 12: ", "Line 12 - ", "#12 ", "ID=12: ", "12 ", "Sub 12 ", "{12} "),
    *("Translation: ", "Output: ", "Answer - ", "TRANSLATED: ", "Result => ", "Text: ", "Final: "),
    *("A: ", "> ", "- ", "* ", "### ", "translation=", '"translation": ', "EN→XX: ", "« ", "“"),
    "00:01:02,000 --> 00:01:04,000\n",
)
BEHIND = (
    *("</translation>", "<br>", "\\n", "\\N", "\n\n", "&nbsp;", "&#39;", " [END]", " ---", " ```"),
    *("<|im_end|>", "<end_of_turn>", " (translation)", " #", "\\r\\n", "{\\an8}", " END", " EOF"),
    *(
        " [12]",
        " 12",
        " // comment",
        '"}',
        '",',
        "}]",
        "</s>",
        "<eos>",
        " \u200b",
        "<unk>",
        "[/INST]",
    ),
    *(" <|assistant|>", "###", " *", " |", " »", "”", " [1]", " (1)", " -", " -> done", " ✅"),
)


@pytest.mark.parametrize("target", TRANSLATIONS)
def test_nothing_around_a_translation_is_delivered(target: str) -> None:
    right = TRANSLATIONS[target]
    assert not faults([SOURCE], [right], ("en", target))
    for answer in (*(f"{one}{right}" for one in BEFORE), *(f"{right}{one}" for one in BEHIND)):
        text = mended(answer, SOURCE, target, (11, 12))
        assert text == right or faults([SOURCE], [text], ("en", target)), answer


@pytest.mark.parametrize(
    ("source", "answer", "target"),
    [
        ("A dozen men came.", "12 Männer kamen.", "de"),
        ("Noon. Let's go.", "12 Uhr. Gehen wir.", "de"),
        ("Twelve angry men.", "12 wütende Männer.", "de"),
        ("Answer me – now!", "Antworte – sofort!", "de"),
        ("I'm number one.", "Ich bin Nr. 1.", "de"),
        ("He said: stop.", "Er sagte: halt.", "de"),
        ("It's 5 - 3.", "Es steht 5 - 3.", "de"),
        ("'Tis late.", "Es ist spät.", "de"),
        ("THE END", "ENDE", "de"),
        ("I wanted...", "Ich wollte –", "de"),
        ("Sure thing!", "好啊~", "zh"),
        ("[sighs] Fine.", "[seufzt] Gut.", "de"),
    ],
)
def test_what_was_said_stays(source: str, answer: str, target: str) -> None:
    assert mended(answer, source, target, (12, 13)) == answer
    assert not faults([source], [answer], ("en", target))
