"""What is taken of the subtitles that a video has, and what is said of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.media import FFMPEG, ffmpeg, make_video
from vat.embed.embed import embed
from vat.embed.settings import EmbedSettings
from vat.errors import ConfigError
from vat.media.probe import opened, probe
from vat.planning.answers import Answers
from vat.planning.plan import Plan, make_plan

CUE = "{n}\n00:00:0{n},000 --> 00:00:0{n},900\n{text}\n\n"
ENGLISH = "".join(CUE.format(n=n, text="There is nothing that we can do about it") for n in (0, 1))
CHINESE = "".join(CUE.format(n=n, text="我们对此没有任何办法，这是真的") for n in (0, 1))

Planned = Callable[..., Plan]


@pytest.fixture
def planned(root: Path, tmp_path: Path) -> Planned:
    """The plan of all videos in the folder `in`."""

    def call(subtitles: Any = "auto", **config: Any) -> Plan:
        section = {"source": subtitles} if isinstance(subtitles, str) else subtitles
        languages = {"source": "en", "targets": ["zh"]}
        whole = {"videos": "in", "languages": languages, "subtitles": section} | config
        return make_plan(whole, root=root, here=tmp_path, skip=[])

    return call


def video(
    folder: Path, *sidecars: tuple[str, str], tracks: str = "", language: str = "eng"
) -> Path:
    """A video called talk, with files beside it and a track of its own."""
    path = folder / "in" / "talk.mkv"
    path.parent.mkdir(exist_ok=True)
    bare = make_video(folder / "bare.mkv")
    if tracks:
        (folder / "track.srt").write_text(tracks)
        inputs = ["-i", bare, "-i", folder / "track.srt", "-map", "0", "-map", "1", "-c", "copy"]
        ffmpeg(*inputs, "-c:s", "srt", "-metadata:s:s:0", f"language={language}", path)
    else:
        bare.rename(path)
    for name, text in sidecars:
        (path.parent / name).write_text(text)
    return path


def taken(plan: Plan) -> dict[str, tuple[str, str]]:
    (one,) = plan.taken.values()
    return {track: (found.where, found.place) for track, found in one.tracks.items()}


@pytest.mark.parametrize("name", ["talk.en.srt", "talk.srt", "talk.eng.sdh.srt"])
def test_a_sidecar_in_the_spoken_language(planned: Planned, tmp_path: Path, name: str) -> None:
    video(tmp_path, (name, ENGLISH))
    plan = planned()
    assert taken(plan) == {"source": ("sidecar", f"in/{name}")}
    assert "its speech is not recognised" in plan.said
    assert taken(planned("asr")) == {}
    assert taken(planned("sidecar")) == {"source": ("sidecar", f"in/{name}")}
    with pytest.raises(ConfigError, match="has no track in en"):
        planned("track")


def test_a_track_in_the_spoken_language(planned: Planned, tmp_path: Path) -> None:
    video(tmp_path, tracks=ENGLISH)
    assert taken(planned()) == {"source": ("track", "2")}
    with pytest.raises(ConfigError, match=r"has no sidecar in en .*there is: none"):
        planned("sidecar")


def test_a_track_of_another_language_is_none(planned: Planned, tmp_path: Path) -> None:
    video(tmp_path, tracks=ENGLISH, language="fre")
    assert taken(planned()) == {}


def test_signs_alone_are_told_and_not_taken(planned: Planned, tmp_path: Path) -> None:
    video(tmp_path, ("talk.en.forced.srt", ENGLISH))
    plan = planned()
    assert taken(plan) == {}
    assert "not taken: 'in/talk.en.forced.srt' (en, srt): forced subtitles alone" in plan.said


def test_a_damaged_sidecar_is_told_and_refused_where_it_is_asked_for(
    planned: Planned, tmp_path: Path
) -> None:
    video(tmp_path, ("talk.en.srt", "1\n00:00:05,000 --> 00:00:01,000\nx\n"))
    plan = planned()
    assert taken(plan) == {}
    assert "line 2: the subtitle ends before it begins" in plan.said
    with pytest.raises(ConfigError, match="line 2: the subtitle ends"):
        planned("sidecar")


def test_the_sound_tells_the_language_that_is_to_be_detected(
    planned: Planned, tmp_path: Path
) -> None:
    path = video(tmp_path, ("talk.en.srt", ENGLISH))
    unknown = {"source": "auto", "targets": ["zh"]}
    assert taken(planned(languages=unknown)) == {}
    # Asked for, the file's own word is enough.
    plan = planned("sidecar", languages=unknown)
    assert taken(plan) == {"source": ("sidecar", "in/talk.en.srt")}
    assert [one.language for one in plan.videos.values()] == ["en"]
    other = tmp_path / "tagged.mkv"
    ffmpeg("-i", path, "-c", "copy", "-metadata:s:a:0", "language=eng", other)
    other.rename(path)
    assert taken(planned(languages=unknown)) == {"source": ("sidecar", "in/talk.en.srt")}
    assert taken(planned(languages={"source": "multi", "targets": ["zh"]})) == {}


def test_a_target_that_exists(planned: Planned, tmp_path: Path) -> None:
    video(tmp_path, ("talk.srt", CHINESE), tracks=CHINESE, language="chi")
    kept = planned()
    assert taken(kept) == {"zh": ("sidecar", "in/talk.srt")}
    assert "not translated into zh again" in kept.said
    (name,) = kept.videos
    assert kept.translated(name) == set()
    both = planned({"existing": "both"})
    assert taken(both) == {"existing-zh": ("sidecar", "in/talk.srt")}
    assert both.tracks(name) == ["zh", "existing-zh"]
    replaced = planned({"existing": "replace"})
    assert taken(replaced) == {}
    assert replaced.taken[name].left_out == [2]
    # Simplified ones do not serve who wants traditional ones.
    traditional = planned(languages={"source": "en", "targets": ["zh-hant"]})
    assert taken(traditional) == {}
    # Without a translator, what is there is still taken.
    assert planned(translate={"backend": "none"}).targets(name) == ["zh"]


def test_a_kept_track_is_not_put_in_twice(planned: Planned, tmp_path: Path) -> None:
    video(tmp_path, tracks=CHINESE, language="zho")
    plan = planned()
    (name,) = plan.videos
    ask = Answers(plan, "results", "resources")
    job = type("Job", (), {"video": name, "track": "zh"})()
    assert ask.new_tracks(job) == []
    assert ask.tracks(job) == [f"<results>/{name}/subtitles/zh.json"]
    assert ask.taken(job)["place"] == "2"
    burnt = Answers(planned(embed={"mode": "burn"}), "results", "resources")
    assert burnt.new_tracks(job) == ask.tracks(job)


def test_edits_alone(planned: Planned, tmp_path: Path) -> None:
    video(tmp_path, ("talk.en.srt", ENGLISH))
    with pytest.raises(ConfigError, match=r"no file 'edits/talk-[0-9a-f]{8}/source\.srt'"):
        planned("edits")
    (name,) = planned().videos
    file = tmp_path / "edits" / name / "source.vtt"
    file.parent.mkdir(parents=True)
    file.write_text("WEBVTT\n\n00:01.000 --> 00:02.000\nsaid\n")
    assert taken(planned("edits")) == {"source": ("edits", f"edits/{name}/source.vtt")}


def test_a_sheet_tells_of_each_video(planned: Planned, tmp_path: Path) -> None:
    video(tmp_path, ("talk.en.srt", ENGLISH))
    (tmp_path / "sheet.tsv").write_text("source\tsubtitles\nin/talk.mkv\tasr\n")
    assert taken(planned(videos="sheet.tsv")) == {}
    (tmp_path / "sheet.tsv").write_text("source\tsubtitles\nin/talk.mkv\tsidcar\n")
    with pytest.raises(ConfigError, match="sidecar"):
        planned(videos="sheet.tsv")


def test_of_a_remote_video_only_its_download_tells(planned: Planned) -> None:
    away = "https://127.0.0.1:9/talk.mp4"
    assert taken(planned(videos=away)) == {}
    with pytest.raises(ConfigError, match="has no sidecar in en"):
        planned("sidecar", videos=away)
    with pytest.raises(ConfigError, match="Only its download tells"):
        planned("track", videos=away)


def test_what_has_changed_is_seen_and_the_rest_remembered(
    planned: Planned, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = video(tmp_path, ("talk.en.srt", ENGLISH), tracks=ENGLISH)
    before = planned()
    monkeypatch.setattr("vat.planning.existing.subtitle_streams", pytest.fail)
    assert planned().taken == before.taken
    (path.parent / "talk.en.srt").write_text(ENGLISH + ENGLISH)
    assert planned().taken != before.taken
    (path.parent / "talk.en.srt").unlink()
    assert taken(planned()) == {"source": ("track", "2")}


def test_the_forecast_counts_no_work_for_what_exists(planned: Planned, tmp_path: Path) -> None:
    video(tmp_path, ("talk.en.srt", ENGLISH), ("talk.zh.srt", CHINESE))
    (left,) = Answers(planned(), "results", "resources").left(None)
    assert left["stages"] == ["download", "embed", "deliver"]
    (left,) = Answers(planned("asr"), "results", "resources").left(None)
    assert "asr_chunk" in left["stages"]


def test_a_video_with_its_own_subtitles_alone_can_be_made(tmp_path: Path) -> None:
    path, made = video(tmp_path, tracks=CHINESE, language="zho"), tmp_path / "made.mkv"
    media = probe(path, name="talk.mkv", title=None, source=str(path), audio_track=None)
    for kept, count in ((media, 1), (media.without([2]), 0)):
        embed(path, kept, [], made, EmbedSettings(), ffmpeg=FFMPEG)
        with opened(made) as container:
            assert len(container.streams.subtitles) == count


def test_subtitles_that_exist_have_no_times_of_words(planned: Planned, tmp_path: Path) -> None:
    video(tmp_path, ("talk.en.srt", ENGLISH))
    for subtitles, count in (("auto", 0), ("asr", 2)):
        plan = planned(subtitles, merge={"word_times": True})
        assert bool(taken(plan)) == (count == 0)
        (name,) = plan.videos
        assert len(Answers(plan, "results", "resources").word_files(name)) == count
