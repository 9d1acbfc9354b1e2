"""Lines lose no character, stay within their width, and break where a reader would pause."""

import itertools
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vat.subtitles.cues import make_cues
from vat.subtitles.limits import CueSettings, cue_settings
from vat.subtitles.lines import columns, lay_out, one_line
from vat.timeline import Word

SETTINGS = CueSettings()


@given(st.text(max_size=300), st.sampled_from(["en", "zh", "ja", "th", "ar"]), st.integers(10, 60))
def test_a_layout_loses_no_character(text: str, language: str, width: int) -> None:
    laid = lay_out(text, language, CueSettings(max_columns=width))
    assert "".join(laid.split()) == "".join(text.split())
    assert "\n\n" not in laid
    if laid:
        assert all(line == line.strip() and line for line in laid.split("\n"))


def test_lines_are_of_about_equal_width() -> None:
    text = "The teacher finds a quiet river near the old school on Monday."
    first, second = lay_out(text, "en", SETTINGS).split("\n")
    assert abs(len(first) - len(second)) < 8


def test_a_text_too_long_for_its_lines_gets_more_of_them() -> None:
    assert lay_out("word " * 40, "en", SETTINGS).count("\n") == 4


@given(
    st.lists(st.text("abcde,.", min_size=1, max_size=42), max_size=30),
    st.sampled_from(["en", "zh"]),
)
def test_words_are_laid_out_in_the_fewest_lines(words: list[str], language: str) -> None:
    lines, width = 1, -1
    for word in words:
        if width + 1 + len(word) > 42:
            lines, width = lines + 1, -1
        width += 1 + len(word)
    laid = lay_out(" ".join(words), language, SETTINGS).split("\n")
    assert len(laid) == lines
    assert max(map(columns, laid)) <= 42


def test_a_line_rather_ends_with_a_clause_than_in_the_middle() -> None:
    text = "When the sun goes down, the children walk to the old house."
    assert lay_out(text, "en", SETTINGS).split("\n")[0] == "When the sun goes down,"
    even = "If so, the children all walk back to the old brown house of the teacher."
    assert lay_out(even, "en", SETTINGS).split("\n")[0] != "If so,"


def test_a_lone_mark_begins_no_line() -> None:
    text = "Voulez-vous venir demain avec nous à la mer ? Nous partons tous à huit heures."
    for width in range(20, 60):
        lines = lay_out(text, "fr", CueSettings(max_columns=width)).split("\n")
        assert not any(line.startswith("?") for line in lines)


def test_a_phrase_is_cut_only_where_the_lines_hold_the_text_no_other_way() -> None:
    text = "每本书和那辆黑色的汽车一起打开，并且那个棕色的问题找到那场小演讲。"
    roomy, narrow = cue_settings("zh", {}), CueSettings(max_columns=34)
    whole = lay_out(text, "zh", roomy).split("\n")
    assert whole[0] == "每本书和那辆黑色的汽车一起打开，"
    for settings in (roomy, narrow):
        lines = lay_out(text, "zh", settings).split("\n")
        assert "".join(lines) == text
        assert len(lines) == 2
        assert max(map(columns, lines)) <= settings.max_columns


def test_a_very_long_text_is_laid_out_in_time_that_grows_with_it() -> None:
    laid = lay_out("seven words of text, more or less, " * 3000, "en", SETTINGS).split("\n")
    assert all(len(before) + len(after) > 42 for before, after in itertools.pairwise(laid))


def test_blanks_that_hold_words_together_are_kept() -> None:
    text = "Voulez-vous vraiment venir avec nous demain\u202f? Oui\u00a0!"
    assert lay_out(text, "fr", SETTINGS).split("\n")[1].endswith("demain\u202f? Oui\u00a0!")


def test_an_address_in_chinese_stays_whole() -> None:
    address = "https://example.org/a/long/path/index.html"
    assert address in lay_out(f"请看{address}谢谢大家", "zh", CueSettings(max_columns=20)).split(
        "\n"
    )


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("count", range(8, 24))
def test_no_line_begins_with_a_closing_mark_or_ends_with_an_opening_one(
    count: int, language: str
) -> None:
    text = "啊" * count + "）" + "啊" * count + "“" + "啊" * count
    for width in range(10, 40):
        lines = lay_out(text, language, CueSettings(max_columns=width)).split("\n")
        assert not any(line[0] == "）" or line[-1] == "“" for line in lines)


@pytest.mark.parametrize(
    ("text", "width"),
    [("abc", 3), ("测试。", 6), ("한국", 4), ("e\u0301", 1), ("ครับผู้", 4), ("🎬", 2)],
)
def test_width_of_scripts(text: str, width: int) -> None:
    assert columns(text) == width


@pytest.mark.parametrize(
    ("lines", "line"),
    [
        ("你好\n世界", "你好世界"),
        ("한국\n사람", "한국 사람"),
        ("one\n two", "one two"),
        ("用 A\n和", "用 A 和"),
        ("អ្នកទាំង\nអស់គ្នា", "អ្នកទាំងអស់គ្នា"),
        ("ទៅផ្សារ។\nថ្ងៃនេះ", "ទៅផ្សារ។ ថ្ងៃនេះ"),
        ("ສະບາຍດີ \n ທຸກຄົນ", "ສະບາຍດີທຸກຄົນ"),
        ("မင်္ဂလာပါ\nအားလုံး", "မင်္ဂလာပါအားလုံး"),
        ("ပြောပါမယ်။\nနောက်", "ပြောပါမယ်။ နောက်"),
        ("བཀྲ་ཤིས་\nབདེ་ལེགས", "བཀྲ་ཤིས་བདེ་ལེགས"),
        ("བདེ་ལེགས།\nཁྱེད", "བདེ་ལེགས། ཁྱེད"),
        ("ខ្មែរ\nOK", "ខ្មែរ OK"),
    ],
)
def test_lines_are_joined_as_the_script_wants(lines: str, line: str) -> None:
    assert one_line(lines) == line


@pytest.mark.parametrize(
    ("language", "text", "clusters"),
    [
        ("km", "ខ្ញុំចង់ទៅផ្សារនៅថ្ងៃនេះជាមួយមិត្តភក្តិរបស់ខ្ញុំដើម្បីទិញបន្លែនិងត្រីស្រស់" * 2, "្"),
        ("my", "ကျွန်တော်သည်မနက်ဖြန်စျေးသို့သွားပြီးဟင်းသီးဟင်းရွက်များဝယ်ပါမည်မန္တလေး" * 2, "္"),
        ("lo", "ຂ້ອຍຢາກໄປຕະຫຼາດໃນມື້ນີ້ກັບໝູ່ຂອງຂ້ອຍເພື່ອຊື້ຜັກແລະປາສົດ" * 3, "ເແໂໃໄ"),
    ],
)
def test_scripts_without_blanks_fit_and_keep_their_clusters(
    language: str, text: str, clusters: str
) -> None:
    settings = CueSettings(max_lines=4)
    lines = lay_out(text, language, settings).split("\n")
    assert "".join(lines) == text
    assert all(columns(line) <= settings.max_columns for line in lines)
    assert not any(line[-1] in clusters for line in lines)
    assert not any(category(line[0]).startswith("M") for line in lines)
    words = [Word(i * 0.12, i * 0.12 + 0.12, one, 0.9, False) for i, one in enumerate(text)]
    cues = make_cues(words, language, CueSettings())
    spoken = [line for cue in cues for line in cue.text.split("\n")]
    assert "".join(spoken) == text
    assert all(columns(line) <= settings.max_columns for line in spoken)
    assert not any(line[-1] in clusters for line in spoken)
    assert not any(category(line[0]).startswith("M") for line in spoken)


@pytest.mark.parametrize(
    "lines",
    [
        "without the Consent of the Legislatures\nof the States concerned",
        "and the Grand Moff Tarkin, governor\nof the Imperial outland regions, enters.",
        "as the one or the other Mode\nof Ratification may be proposed",
    ],
)
def test_lines_break_between_english_phrases_before_they_are_even(lines: str) -> None:
    assert lay_out(lines.replace("\n", " "), "en", SETTINGS) == lines


TIBETAN = "བོད་ཀྱི་སྐད་ཡིག་ནི་འཛམ་གླིང་ནང་གི་སྐད་ཡིག་གནའ་བོ་ཞིག་ཡིན་པ་དང་དེ་ལ་ལོ་རྒྱུས་ཡུན་རིང་པོ་ཡོད།"


def test_tibetan_breaks_behind_its_syllables_alone() -> None:
    lines = lay_out(TIBETAN, "bo", SETTINGS).split("\n")
    assert len(lines) == 2
    assert "".join(lines) == TIBETAN
    assert lines[0].endswith("་")
    assert all(columns(line) <= SETTINGS.max_columns for line in lines)
    cues = make_cues([Word(0, 30, TIBETAN * 4, 0.9)], "bo", SETTINGS)
    assert "".join(cue.text.replace("\n", "") for cue in cues) == TIBETAN * 4
    assert all(line[-1] in "་།" for cue in cues for line in cue.text.split("\n"))
