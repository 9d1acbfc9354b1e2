"""What is saved on a page is what the next run shows, and no file of the user's is lost."""

import os
from pathlib import Path

import pytest

from vat.files import write_json
from vat.report.corrections import Change, Corrections
from vat.subtitles.formats import to_srt, to_vtt
from vat.subtitles.generated_versions import EditFolder, with_edits
from vat.subtitles.reading import read_subtitles
from vat.subtitles.track import Track
from vat.timeline import Cue

Said = tuple[float, float, str]


def track(*cues: Said, name: str = "zh") -> Track:
    return Track(name, [Cue(at, *one) for at, one in enumerate(cues, 1)], name)


@pytest.fixture
def own(tmp_path: Path) -> Corrections:
    (tmp_path / "edits").mkdir()
    return Corrections(tmp_path / "results", tmp_path / "edits")


def generate(own: Corrections, made: Track, name: str = "zh") -> None:
    write_json(own.results / f"subtitles/{name}.json", made.to_json())


def shown(own: Corrections, name: str = "zh") -> list[Said]:
    """What the next run shows."""
    made = Track.read(own.results / f"subtitles/{name}.json")
    found = with_edits(made, name, EditFolder(own.folder), own.copy(name)).track
    return [(cue.start, cue.end, cue.text) for cue in found.cues]


def write(own: Corrections, name: str, text: str, age: int = 0) -> Path:
    file = own.folder / name
    file.write_text(text, "utf-8")
    os.utime(file, (1e9 - age, 1e9 - age))
    return file


@pytest.mark.parametrize("said", ["BRAVO 3", ""])
@pytest.mark.parametrize("name", ["zh", "source"])
def test_a_change_of_what_was_generated_anew_is_of_that(
    own: Corrections, name: str, said: str
) -> None:
    generate(own, track((0, 1, "alpha"), (2, 3, "bravo"), name="en"), name)
    own.save(name, [Change(0, 1, "ALPHA")])
    if name == "source":
        (own.folder / "source.srt").rename(own.folder / "en.srt")
    generate(own, track((0.1, 1.2, "alpha"), (2.1, 3.2, "bravo 2"), name="en"), name)
    assert shown(own, name) == [(0.1, 1.2, "ALPHA"), (2.1, 3.2, "bravo 2")]
    own.save(name, [Change(2.1, 3.2, said)])
    expected = [(0.1, 1.2, "ALPHA"), (2.1, 3.2, said)]
    assert shown(own, name) == expected[: 2 if said else 1]


@pytest.mark.parametrize("said", ["ONE!", ""])
def test_a_change_of_a_cue_whose_end_was_cut_is_of_that(own: Corrections, said: str) -> None:
    generate(own, track((0, 2, "eins"), (2, 4, "zwei")))
    write(own, "zh.srt", to_srt(track((0, 2.5, "one"), (2, 4, "two"))))
    assert shown(own) == [(0, 2, "one"), (2, 4, "two")]
    own.save("zh", [Change(0, 2, said)])
    assert shown(own) == [(0, 2, "ONE!"), (2, 4, "two")][0 if said else 1 :]


def test_an_older_copy_of_another_form_is_kept(own: Corrections) -> None:
    generate(own, track((0, 1, "one"), (2, 3, "two")))
    old = write(own, "zh.srt", to_srt(track((0, 1, "old work"))), age=100).read_text("utf-8")
    write(own, "zh.vtt", to_vtt(track((0, 1, "mine"), (2, 3, "two"))))
    told = own.save("zh", [Change(2, 3, "TWO")]).said
    assert "Your earlier zh.srt is kept as zh.srt.1" in told
    assert (own.folder / "zh.srt.1").read_text("utf-8") == old
    assert shown(own) == [(0, 1, "mine"), (2, 3, "TWO")]


def test_markup_of_a_copy_is_kept_beside_it_and_places_are_in_it(own: Corrections) -> None:
    generate(own, track((0, 1, "one"), (2, 3, "two"), (4, 5, "three")))
    blocks = to_srt(track((0, 1, "<i>mine</i>"), (2, 3, "{\\an8}up"), (4, 5, "three")))
    write(own, "zh.srt", blocks)
    assert own.save("zh", [Change(4, 5, "3")]).said.endswith("zh.srt is kept as zh.srt.1.")
    assert (own.folder / "zh.srt.1").read_text("utf-8") == blocks
    assert [cue.position for cue in read_subtitles(own.folder / "zh.srt").cues] == [0, 8, 0]
    # What was written here can be written again.
    assert own.save("zh", [Change(2, 3, "UP")]).beside == ""
    assert "{\\an8}UP" in (own.folder / "zh.srt").read_text("utf-8")
    assert not (own.folder / "zh.srt.2").exists()


def test_places_of_a_copy_in_ass_are_taken_over(own: Corrections) -> None:
    generate(own, track((0, 1, "one"), (2, 3, "two"), (4, 5, "three")))
    copy = write(
        own,
        "zh.ass",
        "[Script Info]\nPlayResX: 1920\nPlayResY: 1080\n\n[Events]\n"
        "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
        "Dialogue: 0,0:00:00.00,0:00:01.00,Default,,0,0,0,,{\\an8}one\n"
        "Dialogue: 0,0:00:02.00,0:00:03.00,Default,,0,0,0,,{\\pos(961,101)}two\n"
        "Dialogue: 0,0:00:04.00,0:00:05.00,Default,,0,0,0,,three\n",
    )
    before = copy.read_bytes()
    assert "zh.ass stays as it is" in own.save("zh", [Change(4, 5, "3")]).said
    cues = read_subtitles(own.folder / "zh.srt").cues
    assert copy.read_bytes() == before
    assert [cue.position for cue in cues] == [8, 0, 0]
    assert cues[1].place == "\\an2\\pos(961,100.99)", "SRT's picture has 288 lines"
    assert cues[2].text == "3"
    assert own.save("zh", [Change(4, 5, "4")]).beside == "", "they can be written again"


def test_a_copy_that_has_no_more_than_its_texts_is_not_kept_twice(own: Corrections) -> None:
    generate(own, track((0, 1, "one")))
    write(own, "zh.srt", "\ufeff" + to_srt(track((0, 1, "mine"))).replace("\n", "\r\n"))
    assert own.save("zh", [Change(0, 1, "ours")]).beside == ""
    assert not (own.folder / "zh.srt.1").exists()
