"""A voice keeps its label from run to run, and from video to video where that is asked for."""

import threading
from pathlib import Path

import numpy as np
import pytest

from vat.files import DamagedError
from vat.speech.voice_prints import VoicePrint, labels_of


def voice(label: str, who: int, seconds: float = 60, noise: float = 0.1) -> VoicePrint:
    """How somebody sounds in one video: nearly as in every other."""
    chance = np.random.default_rng([who, len(label), int(seconds)])
    row = np.eye(32)[who] + chance.standard_normal(32) * noise / 4
    return VoicePrint(label, seconds, tuple((row / np.linalg.norm(row)).tolist()))


def test_labels_go_by_voice_and_not_by_number(tmp_path: Path) -> None:
    first = [voice("S1", 4), voice("S2", 7)]
    assert labels_of(first, tmp_path, "talk", across=False) == {"S1": "S1", "S2": "S2"}
    # In the next run somebody else is found first, and S1 is heard again only as the third.
    again = [voice("S1", 9), voice("S2", 7, 50), voice("S3", 4, 40)]
    assert labels_of(again, tmp_path, "talk", across=False) == {"S1": "S3", "S2": "S2", "S3": "S1"}
    # Who is not found for once has not lost the label.
    assert labels_of([voice("S1", 7)], tmp_path, "talk", across=False) == {"S1": "S2"}
    assert labels_of([voice("S1", 9)], tmp_path, "talk", across=False) == {"S1": "S3"}


def test_who_is_deleted_is_forgotten(tmp_path: Path) -> None:
    for across, folder in ((False, "videos"), (True, "series")):
        labels_of([voice("S1", 4), voice("S2", 7)], tmp_path, "talk", across=across)
        (tmp_path / folder / "talk.json").unlink()
        assert labels_of([voice("S1", 7)], tmp_path, "talk", across=across) == {"S1": "S1"}


def test_videos_share_their_voices_only_where_that_is_asked_for(tmp_path: Path) -> None:
    for across, expected in ((False, "S1"), (True, "S2")):
        labels_of([voice("S1", 1), voice("S2", 2)], tmp_path, "one", across=across)
        labels = labels_of([voice("S1", 2, 30), voice("S2", 3)], tmp_path, "two", across=across)
        assert labels["S1"] == expected
        assert labels["S2"] == ("S3" if across else "S2")


def test_no_two_voices_of_a_video_get_one_label(tmp_path: Path) -> None:
    labels_of([voice("S1", 1)], tmp_path, "one", across=True)
    twins = [voice("S1", 1, 10), voice("S2", 1, 20)]
    assert sorted(labels_of(twins, tmp_path, "two", across=True).values()) == ["S1", "S2"]


def test_videos_that_finish_at_once_agree(tmp_path: Path) -> None:
    found: dict[str, dict[str, str]] = {}

    def run(video: str, first: int) -> None:
        prints = [voice("S1", first), voice("S2", 5, 30)]
        found[video] = labels_of(prints, tmp_path, video, across=True)

    jobs = [threading.Thread(target=run, args=(f"v{at}", 10 + at)) for at in range(8)]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    assert len({labels["S2"] for labels in found.values()}) == 1
    assert len({label for labels in found.values() for label in labels.values()}) == 9


def test_a_voice_that_is_not_known_gets_a_label_all_the_same(tmp_path: Path) -> None:
    unknown = [VoicePrint("S1", 3.0, ()), voice("S2", 1)]
    assert labels_of(unknown, tmp_path, "talk", across=False) == {"S1": "S1", "S2": "S2"}
    assert labels_of(unknown[1:], tmp_path, "talk", across=False) == {"S2": "S2"}


def test_prints_of_another_model_are_no_voice_of_this_one(tmp_path: Path) -> None:
    labels_of([VoicePrint("S1", 9.0, (1.0, 0.0))], tmp_path, "talk", across=False)
    assert labels_of([voice("S1", 1)], tmp_path, "talk", across=False) == {"S1": "S2"}


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    labels_of([voice("S1", 1)], tmp_path, "talk", across=False)
    (tmp_path / "videos/talk.json").write_text("[")
    with pytest.raises(DamagedError, match=r"talk\.json"):
        labels_of([voice("S1", 1)], tmp_path, "talk", across=False)
