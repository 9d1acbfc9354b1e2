"""Subtitle files give back exactly what was written, whatever characters it holds."""

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import av
import pysubs2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from imageio_ffmpeg import get_ffmpeg_exe

from vat.speech.speaker_names import Speaker
from vat.subtitles.ass import ass_document
from vat.subtitles.direction import END, TO_LEFT, TO_RIGHT
from vat.subtitles.formats import to_srt, to_vtt, write_track
from vat.subtitles.prefixes import without_prefixes
from vat.subtitles.reading import read_subtitles
from vat.subtitles.track import Track
from vat.timeline import Cue

HOSTILE = "a {b} {\\an8} <i>c</i> & d -> 100% \"e\" 'f' 测试 🎬"

lines = st.text(
    st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1, max_size=30
).filter(lambda text: "\\" not in text and "-->" not in text)


@st.composite
def any_cues(draw: st.DrawFn) -> list[Cue]:
    cues, time = [], 0
    for number in range(draw(st.integers(0, 8))):
        start = time + draw(st.integers(0, 100_000))
        time = start + draw(st.integers(1, 7000))
        text = "\n".join(draw(st.lists(lines, min_size=1, max_size=2)))
        cues.append(Cue(number + 1, start / 1000, time / 1000, text))
    return cues


def english(cues: Sequence[Cue]) -> Track:
    return Track("en", cues)


def parsed(text: str) -> list[tuple[int, int]]:
    return [(event.start, event.end) for event in pysubs2.SSAFile.from_string(text)]


@given(any_cues())
def test_times_are_exact_to_the_millisecond(cues: list[Cue]) -> None:
    times = [(round(cue.start * 1000), round(cue.end * 1000)) for cue in cues]
    if cues:
        assert parsed(to_srt(english(cues))) == times
        assert parsed(to_vtt(english(cues))) == times
        hundredths = [(start, end) for start, end in parsed(ass_document(english(cues)))]
        assert all(
            abs(a - b) <= 5 and abs(c - d) <= 5
            for (a, c), (b, d) in zip(times, hundredths, strict=True)
        )


def unmarked(text: str) -> str:
    """The text without the marks of its direction."""
    return text.translate(dict.fromkeys(map(ord, (TO_LEFT, TO_RIGHT, END))))


@given(any_cues())
def test_srt_holds_the_text_as_it_is(cues: list[Cue]) -> None:
    blocks = to_srt(english(cues)).strip("\n").split("\n\n") if cues else []
    texts = [unmarked("\n".join(block.split("\n")[2:])) for block in blocks]
    assert texts == [cue.text for cue in cues]


def test_hostile_text_survives(tmp_path: Path) -> None:
    cues = [Cue(1, 1, 2, HOSTILE)]
    paths = [tmp_path / f"x.{ending}" for ending in ("json", "srt", "vtt", "ass")]
    write_track(Track("zh", cues, "x"), *paths)
    assert Track.read(paths[0]) == Track("zh", cues, "x")
    assert HOSTILE in paths[1].read_text(encoding="utf-8")
    vtt = paths[2].read_text(encoding="utf-8")
    assert vtt.startswith("WEBVTT")
    assert "&lt;i&gt;c&lt;/i&gt; &amp; d -&gt; 100%" in vtt
    assert "{b} {\\an8}" in vtt


def unescaped(text: str) -> str:
    """The text of an ASS event as libass shows it, without the invisible character."""
    found = re.sub(r"\\([N{}])", lambda match: match[1].replace("N", "\n"), text)
    return unmarked(found.replace("\u2060", ""))


@given(any_cues())
def test_ass_holds_every_character(cues: list[Cue]) -> None:
    events = pysubs2.SSAFile.from_string(ass_document(english(cues)))
    assert [unescaped(event.text) for event in events] == [cue.text for cue in cues]


def drawn(text: str, folder: Path) -> int:
    """How many pixels are bright where libass draws a text."""
    (folder / "x.ass").write_text(ass_document(english([Cue(1, 0, 9, text)])), encoding="utf-8")
    picture = ["-f", "lavfi", "-i", "color=black:s=640x360:d=0.04:r=25", "-vf", "ass=x.ass"]
    output = ["-frames:v", "1", "-pix_fmt", "gray", "-f", "rawvideo", "-"]
    command = [get_ffmpeg_exe(), "-v", "error", *picture, *output]
    run = subprocess.run(command, cwd=folder, capture_output=True, check=True)
    return sum(value > 128 for value in run.stdout)


@pytest.mark.parametrize("text", [r"{\i1}ab", r"a\hb", r"\{", r"a\Nb", r"{\an8}", "a b"])
def test_ass_shows_what_looks_like_a_command(text: str, tmp_path: Path) -> None:
    # In the tests' own font all characters have the same area.
    characters = len(text.replace(" ", ""))
    assert drawn(text, tmp_path) / drawn("ab", tmp_path) == pytest.approx(characters / 2, rel=0.1)


def test_a_backslash_is_a_backslash() -> None:
    text = r"C:\New\notes \h \N {\an8}"
    assert f"\n{text}\n" in to_srt(english([Cue(1, 0, 1, text)]))
    assert f"\n{text}\n" in to_vtt(english([Cue(1, 0, 1, text)]))
    assert ass_document(english([Cue(1, 0, 1, text)])).count("\u2060") == 5


def test_no_text_ends_its_cue_early() -> None:
    cues = [Cue(1, 0, 1, "one\n\n \r\ntwo --> three"), Cue(2, 1, 2, "four")]
    assert to_srt(english(cues)).count("\n\n") == to_vtt(english(cues)).count("\n\n") - 1 == 2
    assert "one\ntwo --> three\n" in to_srt(english(cues))
    assert "-->" not in to_vtt(english(cues)).replace(" --> 00:", "")


def test_hours_are_written_as_hours() -> None:
    (cue,) = [Cue(1, 3 * 3600 + 62.0009, 100 * 3600.0, "late")]
    assert "03:01:02,001 --> 100:00:00,000" in to_srt(english([cue]))


def test_no_cues_give_valid_files() -> None:
    assert to_srt(english([])).strip() == ""
    assert to_vtt(english([])).strip() == "WEBVTT"
    assert len(pysubs2.SSAFile.from_string(ass_document(english([])))) == 0


@pytest.mark.parametrize("line", ["00:00:01,000 --> 00:00:02,000", " 1:2:3.4 --> 5:6:7.8 X1:0"])
def test_a_time_that_is_said_begins_no_subtitle(tmp_path: Path, line: str) -> None:
    track = Track("en", [Cue(1, 1.0, 2.0, f"7\n{line}"), Cue(2, 3.0, 4.0, f"{line}\nNext.")])
    (tmp_path / "a.srt").write_text(to_srt(track), encoding="utf-8")
    (tmp_path / "a.vtt").write_text(to_vtt(track), encoding="utf-8")
    for name in ("a.srt", "a.vtt"):
        with av.open(str(tmp_path / name)) as container:
            found = [packet.pts for packet in container.demux() if packet.size]
        assert found == [1000, 3000]
    assert line in to_srt(track)


def voiced(prefix: bool = False) -> Track:
    cues = [
        Cue(1, 0, 1, "- Hi & bye.\n- Oh.", speakers=("S1", "S2")),
        Cue(2, 2, 3, "Well,\nwell.", speakers=("S2",)),
        Cue(3, 4, 5, "(wind)"),
    ]
    speakers = (Speaker("S1", "Ann <A>, Esq.", "female"), Speaker("S2"))
    return Track("en", cues, "en", speakers=speakers, prefix=prefix)


def test_every_form_says_who_speaks(tmp_path: Path) -> None:
    files = {ending: tmp_path / f"en.{ending}" for ending in ("json", "srt", "vtt", "ass")}
    write_track(voiced(), **files)
    assert Track.read(files["json"]) == voiced()
    vtt = files["vtt"].read_text("utf-8")
    assert "<v Ann &lt;A&gt;, Esq.>- Hi &amp; bye.\n<v S2>- Oh.\n" in vtt
    assert "<v S2>Well,\nwell.\n" in vtt
    assert "\n(wind)\n" in vtt
    events = [line.split(",", 9) for line in files["ass"].read_text("utf-8").splitlines()]
    actors = [fields[4] for fields in events if fields[0].startswith("Dialogue:")]
    assert actors == ["Ann <A>; Esq. / S2", "S2", ""]
    assert files["srt"].read_text("utf-8") == to_srt(voiced())
    assert "Ann" not in to_srt(voiced())
    # What is read of them is what was written.
    for ending in ("srt", "vtt", "ass"):
        read = read_subtitles(files[ending]).cues
        assert [cue.text for cue in read] == [cue.text for cue in voiced().cues]


def test_srt_says_who_speaks_where_it_is_asked_for(tmp_path: Path) -> None:
    files = {ending: tmp_path / f"en.{ending}" for ending in ("json", "srt", "vtt", "ass")}
    write_track(voiced(prefix=True), **files)
    assert Track.read(files["json"]).prefix
    said = [cue.text for cue in read_subtitles(files["srt"]).cues]
    assert said == ["Ann <A>, Esq.: Hi & bye.\nS2: Oh.", "S2: Well,\nwell.", "(wind)"]
    read = read_subtitles(files["srt"]).cues
    bare = without_prefixes(read, voiced().speakers)
    assert [cue.text for cue in bare] == [cue.text for cue in voiced().cues]


def test_without_speakers_nothing_is_said_of_them() -> None:
    plain = Track("en", [Cue(1, 0, 1, "Hi.")], "en")
    assert plain.to_json() == {
        "language": "en",
        "cues": [{"id": 1, "start": 0, "end": 1, "text": "Hi."}],
    }
