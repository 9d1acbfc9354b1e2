"""A run tells what it was made with, and nothing secret."""

import shutil
import subprocess
from pathlib import Path

import pytest

from vat.planning.provenance import commit, provenance, versions
from vat.planning.report_answers import plain


def test_what_a_run_was_made_with_has_no_secret(tmp_path: Path) -> None:
    table = tmp_path / "zh.tsv"
    table.write_text("source\ttarget\ncar\t车\n", "utf-8")
    config = {"videos": ["https://me:secret@host/v.mp4?key=abc123"], "asr": {"model": "small"}}
    made = provenance(config, {"translate": "Into $target_language."}, [table], tmp_path)
    assert made["configuration"]["asr"] == {"model": "small"}
    assert "secret" not in str(made)
    assert "abc123" not in str(made)
    assert made["prompts"]["translate"]["text"] == "Into $target_language."
    assert made["tables"][str(table)]["text"].endswith("车\n")
    assert len(made["tables"][str(table)]["sha256"]) == 64
    assert made["commit"] is None


def test_versions_are_those_that_are_installed() -> None:
    assert {"python", "system", "snakemake", "faster-whisper"} <= versions().keys()


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_the_commit_is_that_of_the_workflow_and_of_no_folder_above(tmp_path: Path) -> None:
    def git(*words: str) -> str:
        named = ("-c", "user.name=a", "-c", "user.email=a@b")
        done = subprocess.run(
            ["git", "-C", str(tmp_path), *named, *words],  # noqa: S607
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    git("init", "-q")
    (tmp_path / "file").write_text("1")
    git("add", "file")
    git("commit", "-q", "-m", "first")
    first = git("rev-parse", "HEAD")
    assert commit(tmp_path) == first
    (tmp_path / "file").write_text("2")
    assert commit(tmp_path) == f"{first}, with changes"
    (tmp_path / "inside").mkdir()
    assert commit(tmp_path / "inside") is None


def test_no_name_is_markup() -> None:
    from docutils.core import publish_parts

    text = "a *b* `c`_ d_ |e| ``f`` <g> \\h\n\n.. raw:: html\n\n  <script>1</script>"
    html = publish_parts(f"* {plain(text)}", writer="html")["body"]
    assert "<script>" not in html
    assert "<em>" not in html
    assert "system-message" not in html
    assert "<a " not in html
