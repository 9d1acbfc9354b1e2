"""gpulease has a public face, and nothing of this repository reaches past it but its own tests."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import gpulease
import gpulease.executors

PUBLIC = {"gpulease", "gpulease.executors"}


def imports(file: Path) -> Iterator[str]:
    """The modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize(
    "folder", ["src/snakemake_executor_plugin_local_gpu", "scripts", "src/vat"]
)
def test_others_import_the_public_face_alone(folder: str, root: Path) -> None:
    files = list((root / folder).rglob("*.py"))
    assert files
    for file in files:
        used = {name for name in imports(file) if name.partition(".")[0] == "gpulease"}
        assert used <= PUBLIC, file


def test_the_pool_knows_neither_snakemake_nor_videos(root: Path) -> None:
    for file in (root / "src/gpulease").rglob("*.py"):
        packages = {name.partition(".")[0] for name in imports(file)}
        assert not {one for one in packages if one == "vat" or one.startswith("snakemake")}, file


@pytest.mark.parametrize("module", [gpulease, gpulease.executors])
def test_every_public_name_is_there_and_told(module: object) -> None:
    for name in module.__all__:  # type: ignore[attr-defined]
        one = getattr(module, name)
        assert isinstance(one, (str, float)) or one.__doc__, name


def test_a_job_with_a_worker_imports_neither_driver_nor_processes() -> None:
    code = "import sys, gpulease; gpulease.call; print({'pynvml', 'psutil'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
