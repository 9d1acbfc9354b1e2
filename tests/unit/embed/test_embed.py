"""Every stream of the source is in the result, and the subtitles are what the cues say."""

from dataclasses import replace
from pathlib import Path

import av
import pytest

from tests.helpers.media import FFMPEG, HOSTILE, ffmpeg, frames, make_video, packets, streams
from vat.embed.embed import embed
from vat.embed.settings import EmbedSettings
from vat.errors import EmbedError
from vat.media.probe import Media, probe, probe_duration
from vat.subtitles.direction import END, TO_LEFT
from vat.subtitles.drawings import Drawing
from vat.subtitles.track import Track
from vat.timeline import Cue

CUES = [Cue(1, 0.5, 1.2, "Hello {b} & <i>\n世界"), Cue(2, 1.5, 1.9, "Second")]
SOFT = EmbedSettings()


def media_of(path: Path) -> Media:
    return probe(path, name=path.name, title=None, source=str(path), audio_track=None)


def put(source: Path, destination: Path, tracks: list[Track], settings: EmbedSettings) -> Path:
    embed(source, media_of(source), tracks, destination, settings, ffmpeg=FFMPEG)
    return destination


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two audio tracks, an existing subtitle that is default, an attachment, chapters, titles."""
    folder = tmp_path_factory.mktemp("rich")
    (folder / "old.srt").write_text("1\n00:00:00,200 --> 00:00:01,000\nOld\n")
    (folder / "font.ttf").write_bytes(b"font" * 100)
    (folder / "marks.txt").write_text(
        ";FFMETADATA1\ntitle=A film\n[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=1\ntitle=One\n"
    )
    path = folder / "rich.mkv"
    ffmpeg(
        *["-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=2", "-f", "lavfi", "-i", "sine=440:d=2"],
        *[
            "-f",
            "lavfi",
            "-i",
            "sine=880:d=2",
            "-i",
            folder / "old.srt",
            "-i",
            folder / "marks.txt",
        ],
        *["-map", "0", "-map", "1", "-map", "2", "-map", "3", "-map_metadata", "4"],
        *["-map_chapters", "4", "-attach", folder / "font.ttf"],
        *["-metadata:s:t", "mimetype=application/x-truetype-font"],
        *["-metadata:s:a:1", "language=fra", "-metadata:s:a:1", "title=Commentaire"],
        *["-metadata:s:s:0", "language=eng", "-disposition:s:0", "default+forced", path],
    )
    return path


def test_every_stream_is_kept_and_a_track_added(rich: Path, tmp_path: Path) -> None:
    result = put(rich, tmp_path / "out.mkv", [Track("zh", CUES), Track("de", CUES)], SOFT)
    added = [("subtitle", "subrip")] * 2
    assert sorted(streams(result)) == sorted([*streams(rich), *added])
    with av.open(str(result)) as container:
        assert container.metadata["title"] == "A film"
        assert [mark["metadata"]["title"] for mark in container.chapters()] == ["One"]
        french = container.streams.audio[1].metadata
        assert (french["language"], french["title"]) == ("fra", "Commentaire")
        old, new, other = container.streams.subtitles
        assert (new.metadata["language"], new.metadata["title"]) == ("zho", "中文")
        assert other.metadata["language"] == "deu"
        default = av.stream.Disposition.default
        flags = [bool(stream.disposition & default) for stream in (old, new, other)]
        assert flags == [False, True, False]
        assert old.disposition & av.stream.Disposition.forced
    assert abs(probe_duration(result) - probe_duration(rich)) <= 1 / 25


@pytest.mark.parametrize(("container", "form"), [("mkv", "srt"), ("mkv", "ass"), ("mp4", "srt")])
def test_lines_from_right_to_left_keep_their_marks(
    container: str, form: str, tmp_path: Path
) -> None:
    source = make_video(tmp_path / "v.mp4", 2)
    track = Track("he", [Cue(1, 0.5, 1.2, "Linux עובד.\nIt works.")], second="en", upper_lines=[1])
    settings = EmbedSettings(container=container, track_format=form)
    result = put(source, tmp_path / f"out.{container}", [track], settings)
    stored = b"".join(packet[-1] for packet in packets(result))
    assert f"{TO_LEFT}Linux עובד.{END}".encode() in stored
    assert b"It works." in stored


def test_the_track_gives_back_the_cues(rich: Path, tmp_path: Path) -> None:
    result = put(rich, tmp_path / "out.mkv", [Track("zh", CUES)], SOFT)
    found = [packet[1:] for packet in packets(result) if packet[0] == "zho"]
    assert [(start, round(start + length, 3)) for start, length, _ in found] == [
        (cue.start, cue.end) for cue in CUES
    ]
    assert [text.decode() for _, _, text in found] == [cue.text for cue in CUES]


def test_picture_and_sound_are_copied_bit_by_bit(rich: Path, tmp_path: Path) -> None:
    result = put(rich, tmp_path / "out.mkv", [Track("zh", CUES)], SOFT)

    def content(path: Path) -> list[bytes]:
        with av.open(str(path)) as container:
            wanted = [*container.streams.video, *container.streams.audio]
            return sorted(bytes(packet) for packet in container.demux(*wanted) if packet.size)

    assert content(result) == content(rich)


def test_mp4_takes_what_it_can_and_names_the_rest(
    rich: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = tmp_path / "v.mkv"
    ffmpeg("-i", rich, "-map", "0", "-c", "copy", "-c:a", "aac", source)
    settings = replace(SOFT, container="mp4")
    result = put(source, tmp_path / "out.mp4", [Track("zh", CUES)], settings)
    kinds = [kind for kind, _ in streams(result)]
    assert (kinds.count("audio"), kinds.count("subtitle")) == (2, 2)
    assert "attachment" in caplog.text
    assert "left out" in caplog.text


def test_mp4_refuses_a_picture_it_cannot_hold(tmp_path: Path) -> None:
    source = tmp_path / "v.webm"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=64x48:d=1", "-c:v", "libvpx", source)
    with pytest.raises(EmbedError, match=r"cannot hold the vp8 video.*set embed.container to mkv"):
        put(source, tmp_path / "out.mp4", [], replace(SOFT, container="mp4"))
    assert not (tmp_path / "out.mp4").exists()


@pytest.mark.parametrize("container", ["mkv", "mp4"])
@pytest.mark.parametrize("mode", ["soft", "burn", "both"])
def test_no_cues_give_a_valid_video(tmp_path: Path, container: str, mode: str) -> None:
    source = make_video(tmp_path / "v.mp4", 1)
    settings = replace(SOFT, container=container, mode=mode)
    result = put(source, tmp_path / f"out.{container}", [Track("zh", [])], settings)
    assert len(frames(result)) == 25
    assert len([1 for kind, _ in streams(result) if kind == "subtitle"]) == (mode != "burn")


@pytest.mark.parametrize("name", HOSTILE)
def test_any_name_is_embedded(tmp_path: Path, name: str) -> None:
    source = make_video(tmp_path / name, 1)
    assert (
        len(
            packets(
                put(source, tmp_path / "out.mkv", [Track("zh", [Cue(1, 0.1, 0.9, "Hello")])], SOFT)
            )
        )
        == 1
    )


def test_a_language_to_burn_that_is_not_made(tmp_path: Path) -> None:
    source = make_video(tmp_path / "v.mp4", 1)
    settings = replace(SOFT, mode="burn", burn_language="fr")
    with pytest.raises(EmbedError, match=r"No fr subtitles.*zh"):
        put(source, tmp_path / "out.mkv", [Track("zh", CUES)], settings)


def test_drawings_go_into_a_track_of_ass_of_any_picture(tmp_path: Path) -> None:
    drawings = [Drawing(0.2, 1.9, r"{\pos(960,540)\p1}m 0 0 l 300 0 300 150{\p0}", 1)]
    drawings.append(Drawing(0.5, 1.2, r"{\p1}m 0 0 l 9 9{\p0}", 4))
    track = Track("zh", CUES, "zh", drawings=drawings)
    settings = EmbedSettings(track_format="ass")
    result = put(make_video(tmp_path / "in.mp4"), tmp_path / "out.mkv", [track], settings)
    with av.open(str(result)) as container:
        packets_ = [bytes(one) for one in container.demux(container.streams.subtitles[0])]
    assert sum(rb"\p1" in one for one in packets_) == 2
