"""The encodings of subtitle files are found from their bytes alone."""

import pytest

from vat.subtitles.encodings import encoding_of

SAID = {
    "zh": "我们今天来讲一个故事。\n谢谢大家的观看，再见！",
    "zh-hant": "我們今天來講一個故事。\n謝謝大家的觀看，再見！",
    "ja": "こんにちは、今日は話をします。\nありがとうございます、さようなら。",
    "ko": "안녕하세요 오늘은 이야기를 하겠습니다.\n감사합니다 안녕히 계세요.",
    "ru": "Сегодня мы расскажем историю.\nСпасибо, до свидания!",
    "uk": "Привіт, як ся маєш?\nЇжак їсть яблуко.",
    "el": "Καλημέρα σας, σήμερα θα μιλήσουμε.\nΕυχαριστώ πολύ.",
    "he": "שלום לכולם וברוכים הבאים.\nתודה רבה ולהתראות.",
    "ar": "مرحبا بكم في هذا الفيديو.\nشكرا لكم وإلى اللقاء.",
    "th": "สวัสดีครับวันนี้เราจะเล่าเรื่อง\nขอบคุณมากครับ",
    "fr": "Où êtes-vous allé cet été ?\nC'est ça, très bien !",
    "de": "Grüße aus Köln, schöne Straße.\nEs ist fünf Uhr früh.",
    "es": "¿Qué pasó, señor?\nMañana será otro día.",
    "tr": "Bugün size bir hikâye anlatacağım, şimdi.\nTeşekkürler, görüşürüz.",
    "pl": "Zażółć gęślą jaźń, proszę.\nDziękuję bardzo, źle się czuję.",
    "ro": "Înţeleg, mulţumesc.\nNu ştiu unde sîntem acum.",
    "lt": "Šiandien gražus oras.\nAčiū už dėmesį.",
    "en": "Nothing but ASCII in here.\nReally nothing.",
}


def srt(text: str, line: str = "\r\n") -> str:
    first, second = text.split("\n")
    said = (
        f"1\n00:00:01,000 --> 00:00:02,000\n{first}\n\n2\n00:00:03,000 --> 00:00:04,000\n{second}\n"
    )
    return said.replace("\n", line)


@pytest.mark.parametrize(
    ("language", "encoding"),
    [
        *((language, "utf-16-le") for language in SAID),
        *((language, "utf-16-be") for language in SAID),
        *[("zh", "gbk"), ("zh", "gb18030"), ("zh", "utf-32"), ("zh-hant", "big5")],
        *[("ja", "shift_jis"), ("ja", "euc_jp"), ("ja", "iso2022_jp"), ("ko", "euc_kr")],
        *[("ru", "cp1251"), ("ru", "koi8_r"), ("ru", "cp866"), ("uk", "cp1251")],
        *[("el", "cp1253"), ("he", "cp1255"), ("ar", "cp1256"), ("th", "cp874")],
        *[("fr", "cp1252"), ("de", "latin-1"), ("es", "cp1252"), ("tr", "cp1254")],
        *[("pl", "cp1250"), ("pl", "iso8859_2"), ("ro", "cp1250"), ("lt", "cp1257")],
    ],
)
def test_what_is_said_is_found_without_a_mark(language: str, encoding: str) -> None:
    text = srt(SAID[language])
    found = encoding_of(text.encode(encoding))
    assert found is not None
    assert text.encode(encoding).decode(found).removeprefix("\ufeff") == text


def test_the_length_of_a_text_does_not_matter() -> None:
    text = srt(SAID["fr"]) * 20_000
    assert text.encode("cp1252").decode(encoding_of(text.encode("cp1252")) or "") == text


@pytest.mark.parametrize("language", ["zh", "ru", "fr"])
def test_utf_8_with_a_spoilt_letter_stays_utf_8(language: str) -> None:
    data = srt(SAID[language]).encode()
    at = next(at for at, one in enumerate(data) if one > 0x7F)
    assert encoding_of(data[:at] + data[at + 1 :]) == "utf-8"


def test_what_is_no_text_has_no_encoding() -> None:
    assert encoding_of(b"PK\3\4\0\0\0\x81\xfe\0\0\x8d") is None
