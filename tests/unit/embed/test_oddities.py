"""Files of odd kinds go through: whatever can be kept is kept, and what cannot is named."""

from dataclasses import replace
from pathlib import Path

import av
import pytest

from tests.helpers.embedding import TRACK, media_of
from tests.helpers.media import FFMPEG, ffmpeg, make_video, streams
from tests.helpers.oddities import (
    BOTH,
    FAST,
    ODDITIES,
    PICTURE,
    SOUND,
    damaged_broadcast,
    dolby_vision,
    make_oddity,
)
from vat.embed.embed import embed, source_arguments
from vat.embed.feasibility import check_feasible, tried
from vat.embed.settings import EmbedSettings
from vat.embed.stream_times import Times
from vat.embed.streams import plan_streams
from vat.embed.timing import MovedError, Pair, check_pictures
from vat.embed.ways_out import unburnt
from vat.errors import EmbedError, SourceError
from vat.media.probe import Media
from vat.media.sound import extract_audio
from vat.subtitles.track import Track

Odd = tuple[str, Path]
MKV, MP4 = EmbedSettings(), EmbedSettings(container="mp4")
LOST = {
    ("gif cover", "mp4"): "mp4 cannot hold stream 2 (cover.gif gif video)",
    ("webp cover", "mp4"): "mp4 cannot hold stream 2 (cover.webp unknown attachment)",
    ("tiff cover", "mp4"): "mp4 cannot hold stream 2 (cover.tiff tiff video)",
    ("unknown attachment", "mp4"): "mp4 cannot hold stream 1 (notes.bin unknown attachment)",
    ("sound that nobody decodes", "mkv"): "mkv cannot hold stream 2 (apac audio)",
    ("sound that nobody decodes", "mp4"): "mp4 cannot hold stream 2 (apac audio)",
    ("sound without packets", "mkv"): "stream 1 (aac audio) is declared and has no packets",
    ("sound without packets", "mp4"): "stream 1 (aac audio) is declared and has no packets",
    ("timecode", "mkv"): "mkv cannot hold stream 1 (eng tmcd data)",
    ("big-endian floats", "mkv"): "mkv holds stream 1 (pcm_f32be audio) as flac",
    ("Blu-ray sound", "mkv"): "mkv holds stream 1 (pcm_bluray audio) as flac",
    ("Blu-ray sound", "mp4"): "mp4 holds stream 1 (pcm_bluray audio) as flac",
    ("mkvmerge's WebVTT", "mkv"): "mkv holds stream 1 (webvtt subtitle) as srt",
    ("mkvmerge's WebVTT", "mp4"): "mp4 holds stream 1 (webvtt subtitle) as mov_text",
    ("WebVTT", "mp4"): "mp4 holds stream 1 (webvtt subtitle) as mov_text",
    ("broken first packet", "mp4"): "mp4 holds stream 1 (ac3 audio) as flac",
    ("marks", "mp4"): "mp4 holds stream 1 (jpn aac audio) without its mark original",
    ("Sorenson", "mp4"): "mp4 holds stream 1 (pcm_alaw audio) as flac",
    ("GXF", "mkv"): "mkv cannot hold stream 2 (unknown data)",
    ("GXF", "mp4"): "mp4 cannot hold stream 2 (unknown data)",
    ("DVD", "mkv"): "mkv cannot hold stream 0 (dvd_nav_packet data)",
    ("DVD", "mp4"): "mp4 cannot hold stream 0 (dvd_nav_packet data)",
    ("LATM", "mp4"): "mp4 holds stream 1 (aac_latm audio) as flac",
    ("telephone", "mkv"): "mkv holds stream 0 (nellymoser audio) as flac",
    ("old camera", "mp4"): "mp4 holds stream 1 (adpcm_ms audio) as flac",
}
KEPT = {
    ("gif cover", "mkv"): ("video", "gif"),
    ("bmp cover", "mp4"): ("video", "bmp"),
    ("bmp cover", "mkv"): ("attachment", ""),
    ("unknown attachment", "mkv"): ("attachment", ""),
    ("big-endian floats", "mkv"): ("audio", "flac"),
    ("big-endian floats", "mp4"): ("audio", "pcm_f32be"),
    ("ALAC", "mp4"): ("audio", "alac"),
    ("WebVTT", "mkv"): ("subtitle", "webvtt"),
    ("broken first packet", "mkv"): ("audio", "ac3"),
    ("broken first packet", "mp4"): ("audio", "flac"),
    ("timecode", "mp4"): ("data", ""),
    ("chapters", "mp4"): ("data", ""),
    ("late sound", "mp4"): ("audio", "aac"),
    ("RealVideo", "mkv"): ("video", "h264"),
    ("plain RGB", "mp4"): ("video", "h264"),
    ("Sorenson", "mkv"): ("video", "h264"),
    ("AV1", "mp4"): ("video", "av1"),
}
REFUSED = {
    ("animation", "both"): "libx264 cannot keep the picture .*: it takes no bgra; set embed.mode",
    (
        "recorded screen",
        "both",
    ): "libx264 cannot keep .*: it takes no bgr24; set embed.mode to soft",
    ("trimmed", "mkv"): r"hides its first 1\.\d+ s by an edit list.*; set embed.container to mp4",
} | {
    (name, "mp4"): f"An mp4 file cannot hold the {codec} video of .*; set embed.container to mkv"
    for name, codec in {
        "Theora": "theora",
        "animation": "gif",
        "Flash": "flv1",
        "recorded screen": "flashsv",
        "ProRes": "prores",
        "Windows Media": "wmv2",
        "DV": "dvvideo",
        "old phone": "h263",
        "telephone": "flv1",
    }.items()
}
"""What is said before any work where a picture cannot be kept, and can in another way."""


@pytest.fixture(scope="module", params=ODDITIES)
def odd(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path]:
    return request.param, make_oddity(request.param, tmp_path_factory.mktemp("odd"))


def test_its_sound_is_as_long_as_it(odd: Odd, tmp_path: Path) -> None:
    import soundfile

    media = media_of(odd[1])
    assert 1.9 < media.duration < 2.6
    extract_audio(odd[1], media, tmp_path / "a.flac")
    with soundfile.SoundFile(str(tmp_path / "a.flac")) as file:
        assert file.frames / file.samplerate == pytest.approx(media.duration, abs=1e-3)


@pytest.mark.parametrize(
    "settings", [MKV, MP4, replace(MKV, mode="both")], ids=["mkv", "mp4", "both"]
)
def test_it_is_delivered_and_what_is_lost_is_named(
    settings: EmbedSettings, odd: Odd, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    name, source = odd
    result = tmp_path / f"r.{settings.container}"
    if refusal := REFUSED.get((name, "both" if settings.burns else settings.container)):
        with pytest.raises(EmbedError, match=refusal):
            check_feasible(source, tried(media_of(source), source, FFMPEG), settings, FFMPEG)
        return
    embed(source, media_of(source), [TRACK], result, settings, ffmpeg=FFMPEG)
    found = streams(result)
    assert "video" in dict(found)
    assert ("subtitle", "mov_text" if settings is MP4 else "subrip") in found
    expected = KEPT.get((name, settings.container))
    assert expected is None or expected in found
    sentence = LOST.get((name, settings.container))
    named = [line for line in caplog.text.splitlines() if "left out" in line or " holds " in line]
    assert len(named) == (sentence is not None), named
    assert sentence is None or sentence in named[0]


def test_what_no_container_holds_is_refused_at_once_where_that_is_asked_for(tmp_path: Path) -> None:
    source = make_oddity("sound that nobody decodes", tmp_path)
    media = tried(media_of(source), source, FFMPEG)
    strict = replace(MKV, unsupported="fail")
    with pytest.raises(EmbedError, match=r"the apac audio of.*none.*or embed.unsupported"):
        check_feasible(source, media, strict, FFMPEG)
    check_feasible(source, media, MKV, FFMPEG)
    check_feasible(source, media, replace(strict, mode="none"), FFMPEG)
    plain = make_video(tmp_path / "v.mkv", 1)
    check_feasible(plain, tried(media_of(plain), plain, FFMPEG), strict, FFMPEG)


def test_advice_names_another_container_only_where_that_holds_all(tmp_path: Path) -> None:
    source = make_oddity("gif cover", tmp_path)
    media = tried(media_of(source), source, FFMPEG)
    with pytest.raises(EmbedError, match=r"set embed.container to mkv or"):
        plan_streams(media, replace(MP4, unsupported="fail"))
    lost = tuple(replace(one, in_mkv="", in_mp4="") for one in media.streams)
    with pytest.raises(EmbedError, match=r"set embed.mode to none"):
        plan_streams(replace(media, streams=lost), replace(MKV, unsupported="fail"))


def test_the_source_begins_where_its_sound_and_cues_do(tmp_path: Path) -> None:
    source = make_oddity("clock at 100 s", tmp_path)
    media = tried(media_of(source), source, FFMPEG)
    kept = plan_streams(media, MKV)
    assert "-itsoffset" not in source_arguments(source, media, kept, None)
    # As where a subtitle that is copied begins before picture and sound.
    later = replace(media, start_time=media.start_time + 0.7)
    arguments = source_arguments(source, later, kept, None)
    assert arguments[arguments.index("-itsoffset") + 1] == "-0.700000"


def pictures(media: Media, now: list[float]) -> None:
    one = media.of_type("video")[0]
    was = Times([n / 25 for n in range(50)], lag=0.04)
    check_pictures([Pair(one, one, "copy")], media, {0: was}, {0: Times(now)}, 0.0)


def test_one_picture_that_moves_is_found(tmp_path: Path) -> None:
    media = media_of(make_video(tmp_path / "v.mkv", 1))
    right = [n / 25 for n in range(50)]
    pictures(media, right)
    pictures(media, right[3:])  # the first are left out up to a key frame
    with pytest.raises(MovedError, match=r"1 pictures .* by up to 35 ms, at 0.400 s") as told:
        pictures(media, [*right[:10], 0.435, *right[11:]])
    assert told.value.lags == {0: 0.04}


def test_titles_of_tracks_are_kept_in_mp4(tmp_path: Path) -> None:
    source = tmp_path / "v.mkv"
    text = tmp_path / "t.srt"
    text.write_text("1\n00:00:00,200 --> 00:00:01,000\nOld\n")
    titles = ["-metadata:s:a:0", "title=Director", "-metadata:s:s:0", "title=Signs"]
    ffmpeg(*PICTURE, *SOUND, "-i", text, *BOTH, "-map", "2", *FAST, "-c:s", "srt", *titles, source)
    result = tmp_path / "r.mp4"
    embed(source, media_of(source), [TRACK], result, MP4, ffmpeg=FFMPEG)
    with av.open(str(result)) as container:
        names = [one.metadata["handler_name"] for one in container.streams if one.type != "data"]
    assert names[1:] == ["Director", "Signs", TRACK.title]


def test_sound_whose_codec_changes_is_refused_with_the_place(tmp_path: Path) -> None:
    parts = []
    for number, codec in enumerate(("aac", "ac3")):
        part = tmp_path / f"{number}.ts"
        begin = ["-output_ts_offset", str(2 * number)]
        ffmpeg(*PICTURE, *SOUND, *BOTH, *FAST[:4], "-c:a", codec, *begin, part)
        parts.append(part.read_bytes())
    source = tmp_path / "v.ts"
    source.write_bytes(b"".join(parts))
    with pytest.raises(SourceError, match=r"cannot be decoded from 1\.9 to 3\.9|from 2\.0 to"):
        extract_audio(source, media_of(source), tmp_path / "a.flac")


def test_what_a_broadcast_has_lost_stops_no_result(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = tmp_path / "v.ts"
    damaged_broadcast(source)
    for settings in (MKV, MP4):
        caplog.clear()
        result = tmp_path / f"r.{settings.container}"
        embed(source, media_of(source), [TRACK], result, settings, ffmpeg=FFMPEG)
        assert "'v.ts' has damaged packets" in caplog.text
        assert media_of(result).duration == pytest.approx(media_of(source).duration, abs=0.05)


def test_advice_against_burning_in_works(tmp_path: Path) -> None:
    """Each advice is followed, until the video is made."""
    source = make_oddity("recorded screen", tmp_path)
    media = tried(media_of(source), source, FFMPEG)
    burning = replace(MP4, mode="burn")
    with pytest.raises(EmbedError, match=r"set embed\.mode to soft and embed\.container to mkv\."):
        check_feasible(source, media, burning, FFMPEG)
    check_feasible(source, media, MKV, FFMPEG)
    # Of a film with a hidden beginning, only MP4 shows what is to be shown.
    trimmed = make_oddity("trimmed", tmp_path)
    video = tried(media_of(trimmed), trimmed, FFMPEG).streams[0]
    assert unburnt(trimmed, video, MKV) == "embed.mode to soft and embed.container to mp4"


def test_a_video_without_text_to_burn_in_is_encoded_only_where_it_must_be(tmp_path: Path) -> None:
    silent = Track("en", [])
    for name, suffix, codec in (("ProRes", "mkv", "prores"), ("ProRes", "mp4", "h264")):
        source = make_oddity(name, tmp_path)
        result = tmp_path / f"r.{suffix}"
        settings = EmbedSettings(mode="burn", container=suffix)
        embed(source, media_of(source), [silent], result, settings, ffmpeg=FFMPEG)
        assert ("video", codec) in streams(result)


def test_a_picture_that_no_container_takes_is_encoded_unless_that_is_refused(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = make_oddity("RealVideo", tmp_path)
    media = tried(media_of(source), source, FFMPEG)
    check_feasible(source, media, MKV, FFMPEG)
    assert "it is encoded anew by libx264" in caplog.text
    with pytest.raises(EmbedError, match=r"cannot hold the rv10 video .* to leave-out"):
        check_feasible(source, media, replace(MKV, unsupported="fail"), FFMPEG)


@pytest.mark.parametrize("profile", [4, 5, 8, 9, 10])
def test_dolby_vision_of_any_profile_is_not_burned_away(profile: int, tmp_path: Path) -> None:
    source = tmp_path / "v.mp4"
    dolby_vision(profile)(source)
    media = tried(media_of(source), source, FFMPEG)
    for burning in (replace(MKV, mode="burn"), replace(MP4, mode="both")):
        with pytest.raises(
            EmbedError, match=r"would lose its Dolby Vision; set embed\.mode to soft"
        ):
            check_feasible(source, media, burning, FFMPEG)
    check_feasible(source, media, MP4, FFMPEG)
    result = tmp_path / "r.mp4"
    embed(source, media, [TRACK], result, MP4, ffmpeg=FFMPEG)
    assert "dovi configuration record" in media_of(result).streams[0].facts
