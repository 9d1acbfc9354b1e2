"""What is known of files, folders and playlists is asked once, and again where it must be."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.media import make_video
from vat.errors import SourceError
from vat.planning.delivery_names import delivery_names
from vat.planning.known_sources import Probes


def test_a_known_file_is_not_opened_again(
    make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = make_video(tmp_path / "v.mp4", 12)
    first = make(videos="v.mp4", split={"chunk_seconds": 5}).chunks
    opened: list[str] = []

    def probe(path: str) -> float:
        opened.append(path)
        return 1.0

    monkeypatch.setattr("vat.planning.known_sources.probe_duration", probe)
    assert make(videos="v.mp4", split={"chunk_seconds": 5}).chunks == first
    assert opened == []
    video.write_bytes(video.read_bytes() + b"\0")
    make(videos="v.mp4")
    assert opened == [str(video)]


def test_an_unreadable_file_is_planned_and_looked_at_again(
    make: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "v.mp4").write_text("no video")
    assert list(make(videos="v.mp4").chunks.values()) == [1]
    assert "'v.mp4'" in caplog.text
    caplog.clear()
    make(videos="v.mp4")
    assert "'v.mp4'" in caplog.text


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO])
def test_a_file_that_the_system_does_not_give_stops_no_other(
    make: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    number: int,
) -> None:
    video = make_video(tmp_path / "v.mp4", 1)

    def probe(path: str) -> float:
        raise OSError(number, os.strerror(number), path)

    monkeypatch.setattr("vat.planning.known_sources.probe_duration", probe)
    assert list(make(videos="v.mp4").chunks.values()) == [1]
    assert f"'{video}': {os.strerror(number)}; " in caplog.text


OUT_OF_REACH = {"gone": "/nowhere/gone.mkv", "loop": "loop.mp4", "long": "x" * 300}


@pytest.mark.parametrize("name", OUT_OF_REACH)
def test_a_video_out_of_reach_is_planned_and_keeps_no_other_from_it(
    make: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    (tmp_path / "in").mkdir()
    make_video(tmp_path / "in/v.mp4", 12)
    (tmp_path / f"in/{name}.mp4").symlink_to(OUT_OF_REACH[name])
    plan = make(videos="in", split={"chunk_seconds": 5})
    out, whole = plan.videos
    assert (plan.chunks[out], plan.chunks[whole]) == (1, 3)
    assert plan.fingerprints[out] == ""
    assert plan.fingerprints[whole] != ""
    assert f"'{name}.mp4' cannot be read" in caplog.text


def test_a_known_video_out_of_reach_is_not_taken_for_a_changed_one(
    make: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/v.mp4").symlink_to(make_video(tmp_path / "disk.mp4", 12))
    before = make(videos="in", split={"chunk_seconds": 5})
    (tmp_path / "disk.mp4").rename(tmp_path / "away.mp4")
    assert make(videos="in", split={"chunk_seconds": 5}) == before
    assert "'v.mp4' cannot be read" in caplog.text


def test_a_job_plans_the_folder_that_its_run_has_found(make: Any, tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    kept = make_video(folder / "a.mp4", 1)
    removed = make_video(folder / "b.mp4", 12)
    config = {"videos": str(folder), "split": {"chunk_seconds": 5}}
    run = make(**config)
    removed.unlink()
    make_video(folder / "a.mkv", 1)
    kept.write_bytes(kept.read_bytes() + b"\0")
    job = make(**config, renew=False)
    assert job == run
    assert delivery_names(job.videos) == delivery_names(run.videos)
    following = make(**config)
    assert [Path(video.source).name for video in following.videos.values()] == ["a.mkv", "a.mp4"]
    assert not set(following.fingerprints.values()) & set(run.fingerprints.values())


def test_a_job_lists_the_folder_itself_where_nothing_is_known(make: Any, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    make_video(tmp_path / "in/a.mp4", 1)
    run = make(videos="in")
    (tmp_path / ".snakemake/vat/sources.json").unlink()
    assert make(videos="in", renew=False) == run
    assert not (tmp_path / ".snakemake/vat/sources.json").exists()


def test_two_runs_at_once_keep_what_each_has_found(tmp_path: Path) -> None:
    def run() -> Probes:
        return Probes(tmp_path / "sources.json")

    yesterday = run()
    yesterday.listing("monday", lambda: ["old"])
    yesterday.save()
    one, other = run(), run()
    one.listing("monday", lambda: ["new"])
    one.save()
    other.listing("tuesday", lambda: ["b"])
    other.save()
    assert run().known == {"monday": ["new"], "tuesday": ["b"]}


def test_what_was_learnt_may_be_damaged(
    make: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    make_video(tmp_path / "v.mp4", 1)
    make(videos="v.mp4")
    (tmp_path / ".snakemake/vat/sources.json").write_text("{")
    make(videos="v.mp4")
    assert "probed again" in caplog.text


def test_a_playlist_is_asked_again_and_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [["a"], ["a", "b"]]
    monkeypatch.setattr("vat.planning.known_sources.expand_url", lambda *_: answers.pop(0))
    probes = Probes(tmp_path / "sources.json")
    assert probes.entries("list") == ["a"]
    assert probes.entries("list") == ["a", "b"]
    probes.save()

    def away(*_: object) -> list[str]:
        raise SourceError("no network")

    monkeypatch.setattr("vat.planning.known_sources.expand_url", away)
    assert Probes(tmp_path / "sources.json").entries("list") == ["a", "b"]
    with pytest.raises(SourceError, match="no network"):
        Probes(tmp_path / "sources.json").entries("other")


def test_a_job_asks_no_site_for_the_playlist_of_its_run(
    make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video, added, url = (f"https://example.org/{name}" for name in ("a.mp4", "b.mp4", "list"))
    answers = [[video], [video, added]]
    monkeypatch.setattr("vat.planning.known_sources.expand_url", lambda *_: answers.pop(0))
    planned = make(videos=url).videos
    assert make(videos=url, renew=False).videos == planned
    assert len(make(videos=url).videos) == 2
