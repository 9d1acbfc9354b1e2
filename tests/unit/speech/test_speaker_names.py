"""A table of speakers is read as it is meant, or refused by name."""

from pathlib import Path

import pytest

from vat.errors import ConfigError
from vat.speech.speaker_names import Speaker, blank_table, read_speakers, speaker_files


def test_a_table_for_one_video_wins_over_that_for_all(tmp_path: Path) -> None:
    (tmp_path / "speakers.tsv").write_text("label\tname\nS1\tAnn\nS2\tBob\n", "utf-8")
    own = tmp_path / "talk.speakers.tsv"
    own.write_text("\ufefflabel\tnote\tname\tgender\nS1\tthe host\t Anna  Bell \tF\n", "utf-8")
    files = speaker_files(tmp_path, "talk")
    assert files == [tmp_path / "speakers.tsv", own]
    found = read_speakers(files)
    assert found == [Speaker("S1", "Anna Bell", "female", "the host"), Speaker("S2", "Bob")]
    assert speaker_files(tmp_path / "none", "talk") == []
    assert (Speaker("S1", "Ann").shown, Speaker("S1").shown) == ("Ann", "S1")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name\nAnn\n", "needs the column label"),
        ("label\tage\nS1\t9\n", "needs the column label"),
        ("label\tname\n\tAnn\n", "line 2, has no label"),
        ("label\tname\nS1\tAnn\tf\n", "too many columns"),
        ("label\tgender\nS1\tcat\n", "unknown gender"),
        ("", "needs the column label"),
    ],
)
def test_a_table_that_is_none_is_refused_by_name(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "speakers.tsv").write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=said) as caught:
        read_speakers([tmp_path / "speakers.tsv"])
    assert "speakers.tsv" in str(caught.value)


def test_a_blank_table_is_one(tmp_path: Path) -> None:
    (tmp_path / "speakers.tsv").write_text(blank_table(["S2", "S1"]), "utf-8")
    assert read_speakers([tmp_path / "speakers.tsv"]) == [Speaker("S2"), Speaker("S1")]
