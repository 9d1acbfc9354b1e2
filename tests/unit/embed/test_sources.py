"""Every kind of source keeps what it had, and gets exactly the new tracks."""

from collections import Counter
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import pytest

from tests.helpers.embedding import CUES, media_of, moments
from tests.helpers.media import FFMPEG, ffmpeg, packets, streams
from tests.helpers.sources import SOURCES, make_source
from vat.embed.embed import embed
from vat.embed.settings import EmbedSettings
from vat.errors import EmbedError
from vat.subtitles.track import Track
from vat.timeline import Cue

TRACKS = [Track("zh", CUES), Track("de", CUES[:2])]
BOTH = {"zho": 3, "deu": 2}
MP4 = {"mp4", "cover in mp4", "turned", "upright", "wide pixels", "two sounds", "ts", "late sound"}
MP4 |= {"subtitles, attachment, chapters", "10 bits", "HDR", "variable rate", "cover in mkv"}


def put(source: Path, settings: EmbedSettings, tracks: list[Track] = TRACKS) -> Path:
    result = source.with_name(f"result.{settings.container}")
    embed(source, media_of(source), tracks, result, settings, ffmpeg=FFMPEG)
    return result


def shown(result: Path) -> Counter[str]:
    """How many subtitles there are in each language."""
    return Counter(language for language, *_ in packets(result))


def table(path: Path, *, tags: bool = True) -> list[tuple[object, ...]]:
    """What a viewer can tell of each stream, sorted."""
    with av.open(f"file:{path}") as container:
        rows = []
        for stream in container.streams:
            if stream.type == "data":
                continue
            context = stream.codec_context
            language = stream.metadata.get("language")
            named = (
                None if language in (None, "und") else language,
                stream.metadata.get("title"),
                stream.metadata.get("filename"),
                int(stream.disposition),
            )
            shape = (
                stream.type,
                context.codec.canonical_name if context else "",
                getattr(context, "width", 0),
                getattr(context, "height", 0),
                getattr(context, "pix_fmt", ""),
                getattr(context, "channels", 0),
                getattr(stream, "sample_aspect_ratio", None) or 1,
            )
            rows.append((*shape, *named) if tags else shape)
        return sorted(rows, key=str)


def content(path: Path) -> list[bytes]:
    """The packets of picture and sound, of all but covers."""
    with av.open(f"file:{path}") as container:
        wanted = [
            stream
            for stream in container.streams
            if stream.type in ("video", "audio") and not int(stream.disposition) & 0x400
        ]
        return sorted(bytes(packet) for packet in container.demux(*wanted) if packet.size)


def chapters(path: Path) -> list[tuple[Fraction, dict[str, str]]]:
    with av.open(f"file:{path}") as container:
        found = []
        for mark in container.chapters():
            assert mark["time_base"] is not None
            found.append((mark["start"] * mark["time_base"], mark["metadata"]))
        return found


@pytest.mark.parametrize("name", SOURCES)
def test_mkv_keeps_everything(name: str, tmp_path: Path) -> None:
    source = make_source(name, tmp_path)
    result = put(source, replace(EmbedSettings(), default_track=False))
    added = ("subtitle", "subrip", 0, 0, "", 0, 1)
    before, after = table(source), table(result)
    new = [row for row in after if row[7] in ("zho", "deu")]
    assert [(row[:7], row[8]) for row in new] == [(added, "Deutsch"), (added, "中文")]
    assert [row for row in after if row not in new] == unnamed_cover(before)
    assert chapters(result) == chapters(source)
    # AVI tells no times, and the two libraries here guess them differently, by one frame.
    assert moments(result, name == "avi") == moments(source, name == "avi")
    if name not in ("ts", "interlaced", "avi", "mov", "mp4"):
        assert content(result) == content(source)


def unnamed_cover(rows: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """The rows with the name that Matroska gives to a cover that has none."""
    named = [
        (*row[:9], "cover.png", row[10]) if row[10] == 0x400 and not row[9] else row for row in rows
    ]
    return sorted(named, key=str)


@pytest.mark.parametrize("name", sorted(MP4))
def test_mp4_keeps_what_it_can(name: str, tmp_path: Path) -> None:
    source = make_source(name, tmp_path)
    result = put(source, replace(EmbedSettings(), container="mp4"))
    new = ("subtitle", "mov_text", 0, 0, "", 0, 1)
    kept = [row for row in table(source, tags=False) if row[0] not in ("attachment", "subtitle")]
    old = [new for row in table(source, tags=False) if row[0] == "subtitle"]
    assert table(result, tags=False) == sorted([*kept, *old, new, new], key=str)
    assert [mark for _, mark in chapters(result)] == [mark for _, mark in chapters(source)]
    assert [turn for _, turn in moments(result)] == [turn for _, turn in moments(source)]
    with result.open("rb") as file:
        head = file.read(4096)
    assert head.index(b"moov") < 64  # +faststart: a player can begin before it has all


@pytest.mark.parametrize("settings", [("mkv", "srt", 0), ("mp4", "srt", 0), ("mkv", "ass", 10)])
@pytest.mark.parametrize("name", ["mp4", "ts", "late sound"])
def test_the_tracks_give_back_the_cues(
    name: str, settings: tuple[str, str, int], tmp_path: Path
) -> None:
    container, form, allowed = settings
    source = make_source(name, tmp_path)
    wanted = replace(EmbedSettings(), container=container, track_format=form)
    result = put(source, wanted)
    found = [packet for packet in packets(result) if packet[0] == "zho"]
    assert len(found) == len(CUES)
    for (_, start, length, content), cue in zip(found, CUES, strict=True):
        assert abs(round(start * 1000) - round(cue.start * 1000)) < max(1, allowed)
        assert abs(round((start + length) * 1000) - round(cue.end * 1000)) < max(1, allowed)
        text = content[2:] if container == "mp4" else content.split(b",", 8)[-1]
        shown = text.decode().replace("\\N", "\n").replace("\\{", "{").replace("\\}", "}")
        if form == "ass":
            assert shown.replace("\u2060", "") == cue.text
        else:
            assert text.decode() == cue.text


def test_the_first_new_track_becomes_default_and_forced_as_configured(tmp_path: Path) -> None:
    source = make_source("subtitles, attachment, chapters", tmp_path)
    flags = {}
    for default, forced in ((True, False), (False, False), (True, True)):
        result = put(source, replace(EmbedSettings(), default_track=default, forced_track=forced))
        with av.open(str(result)) as container:
            flags[default, forced] = [int(s.disposition) for s in container.streams.subtitles]
    is_default, is_forced = 1, 0x40
    assert flags == {
        (True, False): [is_forced, is_default, 0],
        (False, False): [is_default | is_forced, 0, 0],
        (True, True): [is_forced, is_default | is_forced, 0],
    }


@pytest.mark.parametrize("container", ["mkv", "mp4"])
def test_an_empty_track_takes_no_default_from_the_sources_own(
    container: str, tmp_path: Path
) -> None:
    source = make_source("subtitles, attachment, chapters", tmp_path)
    result = put(source, EmbedSettings(container=container), [Track("zh", [])])
    with av.open(str(result)) as file:
        flags = [bool(int(stream.disposition) & 1) for stream in file.streams.subtitles]
    assert flags == [True, False]


def test_a_recording_without_picture_gets_tracks_where_it_should_be_burned(tmp_path: Path) -> None:
    ffmpeg(*SOUND, tmp_path / "a.mka")
    result = put(tmp_path / "a.mka", EmbedSettings(mode="burn"), TRACKS[:1])
    assert [kind for kind, _ in streams(result)] == ["audio", "subtitle"]


def test_the_title_is_the_sources_own_or_its_name(tmp_path: Path) -> None:
    titles = []
    for name in ("subtitles, attachment, chapters", "mp4"):
        source = make_source(name, tmp_path)
        with av.open(str(put(source, EmbedSettings()))) as container:
            titles.append(container.metadata["title"])
    asked_for = replace(media_of(source), title="Another")
    embed(source, asked_for, [], tmp_path / "t.mkv", EmbedSettings(), ffmpeg=FFMPEG)
    with av.open(str(tmp_path / "t.mkv")) as container:
        titles.append(container.metadata["title"])
    assert titles == ["A film", "source", "Another"]


PICTURE = ["-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=4"]
SOUND = ["-f", "lavfi", "-i", "sine=d=4:r=48000"]


def made(path: Path, *arguments: str, sound: bool = True) -> Path:
    ffmpeg(*PICTURE, *(SOUND if sound else []), *arguments, path)
    return path


@pytest.mark.parametrize("container", ["mkv", "mp4"])
@pytest.mark.parametrize("sound", [True, False])
def test_an_avi_that_tells_no_times_of_its_pictures(
    container: str, sound: bool, tmp_path: Path
) -> None:
    source = made(tmp_path / "a.avi", "-c:v", "mpeg4", "-bf", "2", "-c:a", "ac3", sound=sound)
    result = put(source, EmbedSettings(container=container), TRACKS[:1])
    assert [round(packet[1], 3) for packet in packets(result) if packet[0] == "zho"] == [
        0.5,
        1.207,
        1.6,
    ]


def test_a_vob_with_frames_out_of_order(tmp_path: Path) -> None:
    source = made(tmp_path / "a.vob", "-c:v", "mpeg2video", "-bf", "2", "-c:a", "ac3")
    assert shown(put(source, EmbedSettings())) == BOTH


@pytest.mark.parametrize("container", ["mkv", "mp4"])
def test_a_recording_that_begins_between_two_key_frames(container: str, tmp_path: Path) -> None:
    whole = made(tmp_path / "a.ts", "-c:v", "libx264", "-g", "25", "-c:a", "aac").read_bytes()
    source = tmp_path / "b.ts"
    source.write_bytes(whole[188 * (len(whole) // 188 // 3) :])
    assert shown(put(source, EmbedSettings(container=container))) == BOTH


def hidden_beginning(tmp_path: Path) -> Path:
    whole = made(tmp_path / "a.mp4", "-c:v", "libx264", "-g", "100", "-c:a", "aac")
    ffmpeg("-ss", "1.5", "-i", whole, "-c", "copy", tmp_path / "b.mp4")
    return tmp_path / "b.mp4"


def test_a_beginning_hidden_by_an_edit_list_stays_hidden(tmp_path: Path) -> None:
    source = hidden_beginning(tmp_path)
    put(source, EmbedSettings(container="mp4"))
    with pytest.raises(EmbedError, match=r"hides its first .* set embed.container to mp4"):
        put(source, EmbedSettings())


def test_a_file_that_ends_a_little_before_its_header_says(tmp_path: Path) -> None:
    source = made(tmp_path / "a.mkv", "-c:v", "libx264", "-g", "5", "-c:a", "aac")
    whole = source.read_bytes()
    source.write_bytes(whole[: int(len(whole) * 0.85)])
    assert shown(put(source, EmbedSettings())) == BOTH


def test_mp2_goes_into_mp4_under_the_name_it_has_there(tmp_path: Path) -> None:
    source = made(tmp_path / "a.ts", "-c:v", "libx264", "-c:a", "mp2")
    result = put(source, EmbedSettings(container="mp4"))
    assert shown(result) == BOTH
    with av.open(f"file:{result}") as container:
        assert [stream.type for stream in container.streams][:2] == ["video", "audio"]


@pytest.mark.parametrize("container", ["mkv", "mp4"])
def test_sound_that_no_container_holds_is_converted_without_loss(
    container: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = made(tmp_path / "a.mov", "-c:v", "libx264", "-c:a", "adpcm_ima_qt")
    result = put(source, EmbedSettings(container=container))
    assert "holds stream 1 (adpcm_ima_qt audio) as flac" in caplog.text
    assert ("audio", "flac") in streams(result)


@pytest.mark.parametrize(
    "settings", [EmbedSettings(), EmbedSettings(container="mp4"), EmbedSettings(track_format="ass")]
)
def test_a_cue_that_ends_after_the_video_passes(settings: EmbedSettings, tmp_path: Path) -> None:
    source = made(tmp_path / "a.mp4", "-c:v", "libx264", "-c:a", "aac")
    result = put(source, settings, [Track("zh", [*CUES, Cue(4, 3.5, 4.7, "The end")])])
    assert shown(result) == {"zho": 4}


@pytest.mark.parametrize(
    "settings", [EmbedSettings(), EmbedSettings(container="mp4"), EmbedSettings(track_format="ass")]
)
def test_texts_that_a_form_cannot_store_are_made_storable(
    settings: EmbedSettings, tmp_path: Path
) -> None:
    texts = ["\u3000", "\u00a0", "ab\0cd", "x\n00:00:01,000 --> 00:00:02,000\ny", "Hi  ", "last"]
    cues = [Cue(n + 1, n / 2, n / 2 + 0.4, text) for n, text in enumerate(texts)]
    source = made(tmp_path / "a.mp4", "-c:v", "libx264", "-c:a", "aac")
    found = packets(put(source, settings, [Track("zh", cues)]))
    contents = [packet[3] for packet in found if packet[0] == "zho"]
    assert len(contents) == len(texts) - 2
    for content_, part in zip(contents, (b"abcd", b"00:00:02,000", b"Hi", b"last"), strict=True):
        assert part in content_
