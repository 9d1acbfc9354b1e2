"""gpulease has a public face, and nothing of this repository reaches past it but its own tests."""

import subprocess
import sys
from pathlib import Path

import pytest

import gpulease
import gpulease.executors
from tests.helpers.imports import imported_names, imported_packages

MODULES = [gpulease, gpulease.executors]
PUBLIC = {module.__name__ for module in MODULES} | {
    f"{module.__name__}.{name}" for module in MODULES for name in module.__all__
}


@pytest.mark.parametrize(
    "folder",
    [
        "src/snakemake_executor_plugin_local_gpu",
        "src/snakemake_scheduler_plugin_local_gpu",
        "scripts",
        "src/vat",
    ],
)
def test_others_import_the_public_face_alone(folder: str, root: Path) -> None:
    files = list((root / folder).rglob("*.py"))
    assert files
    for file in files:
        used = {name for name in imported_names(file) if name.partition(".")[0] == "gpulease"}
        assert used <= PUBLIC, file


def test_the_pool_knows_neither_snakemake_nor_videos(root: Path) -> None:
    for file in (root / "src/gpulease").rglob("*.py"):
        packages = imported_packages(file)
        assert not {one for one in packages if one == "vat" or one.startswith("snakemake")}, file


@pytest.mark.parametrize("module", MODULES)
def test_every_public_name_is_there_and_told(module: object) -> None:
    for name in module.__all__:  # type: ignore[attr-defined]
        one = getattr(module, name)
        assert isinstance(one, (str, float)) or one.__doc__, name


def test_a_job_with_a_worker_imports_neither_driver_nor_processes() -> None:
    code = "import sys, gpulease; gpulease.call; print({'pynvml', 'psutil'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
