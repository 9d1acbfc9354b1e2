"""At every moment a bilingual track shows what both languages show, the upper one first."""

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pysubs2
from hypothesis import given
from hypothesis import strategies as st

from vat.embed import Track
from vat.subtitles.bilingual import pair, read_pair, write_pair
from vat.subtitles.formats import write_subtitles
from vat.subtitles.styles import ass_document
from vat.timeline import Cue


@st.composite
def cues(draw: st.DrawFn, letter: str) -> list[Cue]:
    found, time = [], 0
    for number in range(1, 1 + draw(st.integers(0, 6))):
        start = time + draw(st.integers(0, 3))
        time = start + draw(st.integers(1, 4))
        text = "\n".join([f"{letter}{number}"] * draw(st.integers(1, 2)))
        found.append(Cue(number, start / 10, time / 10, text))
    return found


def shown(cues: Sequence[Cue], time: float) -> list[str]:
    return [line for c in cues if c.start < time < c.end for line in c.text.split("\n")]


@given(cues("a"), cues("b"))
def test_both_are_shown_at_every_moment(upper: list[Cue], lower: list[Cue]) -> None:
    pairs = pair(upper, lower)
    joined = [one.cue for one in pairs]
    for tenth in range(100):
        time = tenth / 10 + 0.05
        assert shown(joined, time) == shown(upper, time) + shown(lower, time)
    assert [cue.id for cue in joined] == list(range(1, len(joined) + 1))
    assert all(before.end <= after.start for before, after in pairwise(joined))
    for one in pairs:
        above = one.cue.text.split("\n")[: one.upper_lines]
        assert all(line.startswith("a") for line in above)
        assert not any(line.startswith("a") for line in one.cue.text.split("\n")[one.upper_lines :])


@given(cues("a"))
def test_a_translation_gives_one_cue_for_each(upper: list[Cue]) -> None:
    lower = [Cue(cue.id, cue.start, cue.end, cue.text.replace("a", "b")) for cue in upper]
    pairs = pair(upper, lower)
    assert [(p.cue.start, p.cue.end) for p in pairs] == [(c.start, c.end) for c in upper]
    assert [p.cue.text for p in pairs] == [
        f"{a.text}\n{b.text}" for a, b in zip(upper, lower, strict=True)
    ]


def test_the_files_of_a_pair(tmp_path: Path) -> None:
    for code, text in (("zh", "你好\n世界"), ("en", "Hello {world}")):
        out = [tmp_path / f"{code}.{ending}" for ending in ("json", "srt", "vtt", "ass")]
        write_subtitles(code, [Cue(1, 1, 2, text)], *out)
    inputs = tmp_path / "zh.json", tmp_path / "en.json"
    out = [tmp_path / f"zh+en.{ending}" for ending in ("json", "srt", "vtt")]
    write_pair(*inputs, *out)
    upper, lower, pairs = read_pair(out[0])
    assert (upper, lower, pairs) == (
        "zh",
        "en",
        pair([Cue(1, 1, 2, "你好\n世界")], [Cue(1, 1, 2, "Hello {world}")]),
    )
    assert "你好\n世界\nHello {world}\n" in out[1].read_text()
    assert json.loads(out[0].read_text())["upper_lines"] == [2]
    track = Track.read(out[0])
    assert (track.name, track.iso639_2, track.title) == ("bilingual", "zho", "中文 + English")
    styled = pysubs2.SSAFile.from_string(ass_document(track, "clean", (1920, 1080)))
    assert styled[0].text == r"你好\N世界\N{\rSecond}Hello \{world\}"
    assert styled.styles["Second"].fontsize < styled.styles["Default"].fontsize
