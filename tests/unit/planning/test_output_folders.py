"""Folders that cannot be written to are named before anything runs."""

import os
from pathlib import Path

import pytest

from vat.errors import ConfigError
from vat.planning.output_folders import check_names, check_places


def test_what_can_be_made_is_right(tmp_path: Path) -> None:
    check_places([tmp_path, tmp_path / "a" / "b"])
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "logs").touch()
    with pytest.raises(ConfigError, match=r"logs' is in the way .*; move it"):
        check_places([tmp_path / "logs" / "video"])
    (tmp_path / "dead").symlink_to("nowhere")
    with pytest.raises(ConfigError, match="dead' is in the way"):
        check_places([tmp_path / "dead"])


def test_a_folder_without_rights_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Root may write anywhere.
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(ConfigError, match="cannot be written to"):
        check_places([tmp_path / "new"])


def test_a_path_that_is_too_long_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is too long"):
        check_places([tmp_path / "/".join(["x" * 200] * 18)])


@pytest.mark.parametrize("name", ["{video}", "a<b", "a\0b", "a\nb"])
def test_a_name_that_is_more_than_a_name_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="which Snakemake takes for more than a name"):
        check_places([tmp_path, Path(name)])


def test_a_folder_without_a_path_is_not_the_root_of_the_disk() -> None:
    check_names(["<logs>"], lambda name: f"x/{name}")
    with pytest.raises(ConfigError, match=r"The path of 'logs' in pathvars is empty"):
        check_names(["<results>", "<logs>"], {"<results>": "r", "<logs>": " "}.__getitem__)
