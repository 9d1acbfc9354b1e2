"""The profile for Slurm plans what the one for a single host plans; to plan takes no Slurm."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster.demo_run import ROOT

pytest.importorskip("snakemake_executor_plugin_slurm")


def planned(folder: Path, profile: str, *arguments: str) -> str:
    videos = f"videos=['{ROOT / 'demo'}', 'https://127.0.0.1:9/talk.mp4']"
    command = [sys.executable, "-m", "snakemake", "--profile", profile, "--directory", str(folder)]
    command += ["--configfile", "config/demo.yaml", "--config", videos, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_same_jobs_are_planned_as_on_one_host(tmp_path: Path) -> None:
    tables = [
        re.findall(r"^(\w+) +(\d+)$", planned(tmp_path, profile, "-n"), re.MULTILINE)
        for profile in ("slurm", "local-gpu")
    ]
    assert ("asr_chunk", "9") in tables[0]
    assert ("count_chunks", "1") in tables[0]
    assert tables[0] == tables[1]


def test_the_dag_is_drawn(tmp_path: Path) -> None:
    text = planned(tmp_path, "slurm", "--dag")
    assert "digraph" in text
    assert text.count("asr_chunk") == 9
