"""Runs the workflow as a user would, and reads what it says."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.workflow import Run, Workflow, demo
from vat.files import locked


@pytest.fixture(scope="session")
def workflow(root: Path) -> Workflow:
    """Calls Snakemake, in the repository if not elsewhere; it writes all under `directory`."""

    def call(
        directory: Path,
        *arguments: str,
        timeout: float = 300,
        start: Path = root,
        **environment: str,
    ) -> Run:
        command = [sys.executable, "-m", "snakemake", "--directory", str(directory), *arguments]
        unset = {"PYTHONDONTWRITEBYTECODE", "OPENAI_API_KEY"}
        kept = {key: value for key, value in os.environ.items() if key not in unset}
        done = subprocess.run(
            command,
            cwd=start,
            env=kept | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )
        return Run(done.returncode, done.stdout)

    return call


@pytest.fixture(scope="session")
def finished_demo(workflow: Workflow, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the demo has been run to its end, this process's own.

    It is run once for all processes of pytest, whose folders lie in one.
    """
    directory = tmp_path_factory.mktemp("demo") / "run"
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    with locked(shared / "demo.lock"):
        made = shared / "finished-demo"
        if not made.exists():
            run = workflow(shared / "demo-at-work", *demo())
            assert run.status == 0, run.output
            (shared / "demo-at-work").rename(made)
    shutil.copytree(made, directory, symlinks=True)
    return directory
