"""Subtitle files of others are read as players read them, or refused by file and line."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vat.errors import SubtitleError
from vat.subtitles.ass import ass_document
from vat.subtitles.formats import to_srt, to_vtt
from vat.subtitles.reading import plain, read_subtitles
from vat.subtitles.track import Track
from vat.timeline import Cue

Content = list[tuple[float, float, str]]


def read(folder: Path, data: str | bytes, ending: str = "srt") -> Content:
    path = folder / f"x.{ending}"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return [(cue.start, cue.end, cue.text) for cue in read_subtitles(path).cues]


PLAIN = [(1.0, 2.5, "Hello."), (3.0, 4.0, "Two\nlines.")]


@pytest.mark.parametrize(
    "text",
    [
        "1\n00:00:01,000 --> 00:00:02,500\nHello.\n\n"
        "2\n00:00:03,000 --> 00:00:04,000\nTwo\nlines.\n",
        "\ufeff1\r\n00:00:01,000 --> 00:00:02,500\r\nHello.\r\n\r\n2\r\n00:00:03,000 -->"
        " 00:00:04,000\r\nTwo\r\nlines.",
        "00:00:01.000-->0:00:02.5\nHello.\n00:03 --> 00:04 X1:10 X2:20\nTwo\n\nlines.",
        "7\n00:00:03,000 --> 00:00:04,000\nTwo\nlines.\n\n7\n00:00:01,000 --> 00:00:02,500\nHello.",
        "1\n00:00:01,000 --> 00:00:02,500\nHello.\n2\n00:00:03,000 --> 00:00:04,000\nTwo\nlines.\n",
        "1\n00:00:01,000 --> 00:00:02,500\n<i>Hello.</i>\n\n2\n00:00:03,000 --> 00:00:04,000\n"
        "{\\an8}Two\n<font color='red'>lines.</font>\n",
    ],
)
def test_srt_in_all_its_forms(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text) == PLAIN


def test_arrows_numbers_and_braces_in_a_text_are_text(tmp_path: Path) -> None:
    text = (
        "1\n00:00:01,000 --> 00:00:02,000\na --> b\n42\n{x} 1 < 2 <b\n\n"
        "2\n00:00:03,000 --> 00:00:04,000\n7\n"
    )
    assert read(tmp_path, text) == [(1, 2, "a --> b\n42\n{x} 1 < 2 <b"), (3, 4, "7")]


def test_a_line_of_a_megabyte_is_read(tmp_path: Path) -> None:
    long = "word " * 200_000
    found = read(tmp_path, f"1\n00:00:01,000 --> 00:00:02,000\n{long}\n")
    assert found == [(1, 2, long.strip())]


def test_webvtt_with_notes_styles_names_and_entities(tmp_path: Path) -> None:
    text = (
        "WEBVTT - a title\nKind: captions\n\nSTYLE\n::cue { color: red }\n\nNOTE\nnot shown\n\n"
        "intro\n00:01.000 --> 00:02.500 align:start position:0%\n<v Ann>Hello.</v>\n\n"
        "NOTE also not\n\nsecond\n00:00:03.000 --> 00:00:04.000\n<00:00:03.500><c.loud>Two</c>\n"
        "lines.\n"
    )
    assert read(tmp_path, text, "vtt") == PLAIN
    text = "WEBVTT\n\n00:01.000 --> 00:02.000\na &lt;b&gt; &amp; c\n"
    assert read(tmp_path, text, "vtt") == [(1, 2, "a <b> & c")]


def test_webvtt_text_that_begins_like_a_note_is_text(tmp_path: Path) -> None:
    said = [
        *(
            "HELLO THERE",
            "NOTES FROM THE FIELD",
            "STYLE IS EVERYTHING\nMY DEAR",
            "NOTE",
            "REGION 5",
        ),
        *("WEBVTT", "BYE"),
    ]
    between = ["", "NOTE not shown\nnor this\n\n", "\nSTYLE\n::cue {}\n\n", "REGION\nid:1\n\n"]
    cues = [
        f"00:0{n}.000 --> 00:0{n}.500\n{one}\n\n{between[n % len(between)]}"
        for n, one in enumerate(said)
    ]
    assert [text for *_, text in read(tmp_path, "WEBVTT\n\n" + "".join(cues), "vtt")] == said
    apart = "WEBVTT\n\n00:01.000 --> 00:02.000\nTwo\n\nNOTES\n\nNOTE no\n\nSTYLED lines.\n"
    assert read(tmp_path, apart, "vtt") == [(1, 2, "Two\nNOTES\nSTYLED lines.")]


def test_ass_without_commands_drawings_and_comments(tmp_path: Path) -> None:
    text = (
        "[Script Info]\nScriptType: v4.00+\n\n[Events]\nFormat: Layer, Start, End, Style, Name,"
        " MarginL, MarginR, MarginV, Effect, Text\n"
        "Dialogue: 0,0:00:03.00,0:00:04.00,D,,0,0,0,,{\\k20}Two\\N{\\b1}lines.\n"
        "Comment: 0,0:00:03.00,0:00:04.00,D,,0,0,0,,hidden\n"
        "Dialogue: 0,0:00:03.00,0:00:04.00,D,,0,0,0,,{\\p1}m 0 0 l 1 1{\\p0}\n"
        "Dialogue: 0,0:00:01.00,0:00:02.50,D,,0,0,0,,Hello.\n"
    )
    assert read(tmp_path, text, "ass") == PLAIN


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1251", "gb18030", "shift_jis"])
def test_encodings_are_found(tmp_path: Path, encoding: str) -> None:
    said = {
        "cp1251": "Доброе утро, сегодня очень хорошая погода и мы идём гулять.",
        "gb18030": "早上好,今天天气很好,我们一起去公园散步吧。",
        "shift_jis": "おはようございます。今日はとても良い天気ですね。",
    }.get(encoding, "Grüße, 早上好")
    text = f"1\n00:00:01,000 --> 00:00:02,000\n{said}\n"
    assert read(tmp_path, text.encode(encoding)) == [(1, 2, said)]


@pytest.mark.parametrize(
    ("data", "ending", "said"),
    [
        (b"1\n00:00:02,000 --> 00:00:01,000\nHello.\n", "srt", r"line 2: .* ends before it begins"),
        (b"Just a text.\n", "srt", "holds no subtitles"),
        (b"PK\3\4\0\0\0\xff\xfe\0\0", "srt", "unknown encoding|holds no"),
        (b"nothing at all", "ass", r"x\.ass"),
        (
            b"[Script Info]\n\n[Events]\nDialogue: 0,bad,0:00:01.00,D,,0,0,0,,x\n",
            "ass",
            r"x\.ass', line 4, cannot be read",
        ),
    ],
)
def test_what_is_no_subtitle_file_is_named(
    tmp_path: Path, data: bytes, ending: str, said: str
) -> None:
    with pytest.raises(SubtitleError, match=said):
        read(tmp_path, data, ending)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(SubtitleError, match=r"none\.srt' cannot be read"):
        read_subtitles(tmp_path / "none.srt")
    (tmp_path / "x.srt").mkdir()
    with pytest.raises(SubtitleError, match=r"x\.srt' cannot be read"):
        read_subtitles(tmp_path / "x.srt")


def test_files_without_cues_are_empty(tmp_path: Path) -> None:
    assert read(tmp_path, "") == []
    assert read(tmp_path, "WEBVTT\n\n", "vtt") == []


TEXTS = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=30
)


@given(st.lists(TEXTS, max_size=5), st.sampled_from(["srt", "vtt", "ass"]))
def test_what_vat_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], ending: str
) -> None:
    folder = tmp_path_factory.mktemp("r")
    cues = [Cue(at, at * 2.0, at * 2.0 + 1, text) for at, text in enumerate(texts, 1)]
    track = Track("en", [cue for cue in cues if plain(cue.text) == cue.text])
    written = {"srt": to_srt, "vtt": to_vtt, "ass": ass_document}[ending](track)
    expected = [(cue.start, cue.end, cue.text) for cue in track.cues]
    assert read(folder, written, ending) == expected


EVENTS = (
    "[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
)


def places(folder: Path, text: str, ending: str) -> list[int]:
    path = folder / f"x.{ending}"
    path.write_text(text, "utf-8")
    return [cue.position for cue in read_subtitles(path).cues]


def test_places_in_the_picture(tmp_path: Path) -> None:
    one = "1\n00:00:01,000 --> 00:00:02,000\n"
    assert places(tmp_path, f"{one}{{\\an8}}up\n", "srt") == [8]
    assert places(tmp_path, f"{one}{{\\an2}}down\n", "srt") == [0]
    for settings, place in (("line:0", 8), ("line:10%", 8), ("line:50%", 5), ("line:-1", 0)):
        text = f"WEBVTT\n\n00:01.000 --> 00:02.000 {settings}\nx\n"
        assert places(tmp_path, text, "vtt") == [place]
    style = "Style: {},Sans,20,&H0,&H0,&H0,&H0,0,0,0,0,100,100,0,0,1,2,2,{},10,10,10,1\n"
    head = (
        "[Script Info]\nScriptType: v4.00+\nPlayResY: 300\n\n[V4+ Styles]\nFormat: Name, Fontname,"
        " Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic,"
        " Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow,"
        f" Alignment, MarginL, MarginR, MarginV, Encoding\n{style.format('Default', 2)}"
        f"{style.format('Top', 8)}\n{EVENTS}"
    )
    event = "Dialogue: 0,0:00:0{}.00,0:00:09.00,{},,0,0,0,,{}\n"
    events = [
        ("Default", "plain", 0),
        ("Top", "by its style", 8),
        ("Top", "{\\an2}down", 0),
        ("Default", "{\\a6}old", 8),
        ("Default", "{\\pos(10,20)}sign", 8),
        ("Default", "{\\move(0,150,5,5)}sign", 5),
        ("Default", "{\\pos(10,299)}sign", 0),
    ]
    text = head + "".join(event.format(n, *one[:2]) for n, one in enumerate(events))
    assert places(tmp_path, text, "ass") == [one[2] for one in events]


def test_a_place_survives_to_ass(tmp_path: Path) -> None:
    track = Track("en", [Cue(1, 1, 2, "up {there}", position=8), Cue(2, 3, 4, "down")])
    text = ass_document(track)
    assert r"{\an8}up \{there\}" in text
    assert places(tmp_path, text, "ass") == [8, 0]
    assert Track("en", [Cue.from_json(one) for one in track.to_json()["cues"]]) == track


def test_layers_of_one_text_are_one_and_drawings_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "x.ass"
    layer = "Dialogue: {},0:00:01.00,0:00:02.00,Default,,0,0,0,,{}\n"
    lines = [(0, "{\\blur3}said"), (1, "{\\bord0}said"), (2, "{\\p1}m 0 0 l 1 1"), (0, "more")]
    path.write_text("[Script Info]\n\n" + EVENTS + "".join(layer.format(*one) for one in lines))
    file = read_subtitles(path)
    assert [cue.text for cue in file.cues] == ["said", "more"]
    assert len(file.drawings) == 1


def test_files_with_the_wrong_ending_and_utf_16_without_its_mark(tmp_path: Path) -> None:
    vtt = "WEBVTT\n\n00:01.000 --> 00:02.000\na &amp; b\n"
    assert read(tmp_path, vtt, "srt") == [(1, 2, "a & b")]
    ass = ass_document(Track("en", [Cue(1, 1, 2, "said")]))
    assert read(tmp_path, ass, "srt") == [(1, 2, "said")]
    srt = "1\n00:00:01,000 --> 00:00:02,000\none<br/>two\n"
    for encoding in ("utf-16-le", "utf-16-be"):
        assert read(tmp_path, srt.encode(encoding)) == [(1, 2, "one\ntwo")]


CLOCK = "1\n00:00:01,000 --> 00:00:02,000\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<font color=red><b>Tom</b></font> &amp; <p>Jerry</p>&nbsp;&lt;3", "Tom & Jerry <3"),
        ("{y:i}{C:$0000FF}said {and kept}", "said {and kept}"),
        ("a\x00b\x1b[31m", "ab[31m"),
        ("\ufeffone\u2028two", "one\ntwo"),
        ("he said 00:00:05,000 --> 00:00:06,000", "he said 00:00:05,000 --> 00:00:06,000"),
        ("10:30 -> 11:00", "10:30 -> 11:00"),
    ],
)
def test_what_others_write_into_a_text(tmp_path: Path, text: str, expected: str) -> None:
    assert read(tmp_path, f"{CLOCK}{text}\n") == [(1, 2, expected)]


@pytest.mark.parametrize(
    "times",
    [
        "00:00:01,000 -> 00:00:02,000",
        "00:00:01,000 \u2013> 00:00:02,000",
        "00:00:01,000 \u2192 00:00:02,000",
        " 00 : 00 : 01 , 000 --> 00 : 00 : 02 , 000 ",
        "00:00:01;000 --> 00:00:02;000",
        "00:01.000-->00:02",
    ],
)
def test_times_as_hands_write_them(tmp_path: Path, times: str) -> None:
    before = "1\n00:00:00,000 --> 00:00:00,500\nfirst\n\n2\n"
    assert read(tmp_path, f"{before}{times}\nsaid\n") == [(0, 0.5, "first"), (1, 2, "said")]


def test_spoilt_times_are_named_and_are_no_text_of_another_subtitle(tmp_path: Path) -> None:
    with pytest.raises(SubtitleError, match=r"x\.srt', line 6: these are no times"):
        read(tmp_path, f"{CLOCK}a\n\n2\n00:00:03,0O0 --> 00:00:04,000\nb\n")


def test_captions_that_roll_up_are_read_once(tmp_path: Path) -> None:
    blocks = [
        "00:00.000 --> 00:02.000 align:start position:0%\n \nhello<00:00:00.500><c> world</c>",
        "00:02.000 --> 00:02.010 align:start position:0%\nhello world\n ",
        "00:02.010 --> 00:04.000\nhello world\nnext<00:00:03.000><c> line</c>",
        "00:04.000 --> 00:04.010\nnext line\n ",
        "00:04.010 --> 00:06.000\nnext line\nand more",
    ]
    text = "WEBVTT\nKind: captions\nLanguage: en\n\n" + "\n\n".join(blocks) + "\n"
    said = [(0, 2.01, "hello world"), (2.01, 4.01, "next line"), (4.01, 6, "and more")]
    assert read(tmp_path, text, "vtt") == said
    # What is said twice is not rolling.
    twice = "WEBVTT\n\n" + "\n\n".join(f"00:0{n}.000 --> 00:0{n + 1}.000\nNo." for n in range(4))
    assert len(read(tmp_path, twice, "vtt")) == 4


def test_karaoke_of_a_megabyte_is_read_at_once(tmp_path: Path) -> None:
    text = "[Script Info]\n\n" + EVENTS + "Dialogue: 0,0:00:01.00,0:00:02.00,D,,0,0,0,,"
    assert read(tmp_path, text + "{\\k1}a" * 200_000 + "\n", "ass") == [(1, 2, "a" * 200_000)]
