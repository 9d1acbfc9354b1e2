"""The recipes of containers copy what there is, and install what the constraints say."""

import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
RECIPE = (ROOT / "packaging/vat.def").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def steps(word: str) -> list[str]:
    """The instructions of the Dockerfile that begin with a word, each in one line."""
    lines = re.sub(r"\\\n\s*", " ", DOCKERFILE).splitlines()
    return [line.removeprefix(word).strip() for line in lines if line.startswith(f"{word} ")]


def kept(name: str) -> bool:
    """Whether .dockerignore leaves a file to the build."""
    found = True
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        pattern = line.removeprefix("!")
        if (
            line
            and not line.startswith("#")
            and (fnmatch(name, pattern) or fnmatch(name, f"{pattern}/*"))
        ):
            found = line.startswith("!")
    return found


def test_there_is_a_stage_for_cpus_and_one_for_cuda() -> None:
    stages = [line.split() for line in steps("FROM")]
    names = [stage[-1] for stage in stages]
    assert {"cpu", "cuda"} <= set(names)
    for image, *_ in stages:
        assert image in names or ":" in image
    (python,) = {image for image, *_ in stages if image not in names}
    assert f"From: {python}" in RECIPE


def test_what_is_installed_has_the_versions_of_the_constraints() -> None:
    installs = [line for line in [*steps("RUN"), *RECIPE.splitlines()] if "pip install" in line]
    assert len(installs) == 3
    assert all("-c /opt/vat/constraints.txt" in line for line in installs)


@pytest.mark.parametrize(
    "extras", re.findall(r"(?:EXTRAS|extras)=([\w,]+)$", DOCKERFILE + RECIPE, re.M)
)
def test_extras_are_those_of_the_distribution(extras: str) -> None:
    assert set(extras.split(",")) <= PROJECT["project"]["optional-dependencies"].keys()


def test_the_build_is_given_all_that_a_wheel_is_made_of_and_no_results() -> None:
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    wanted = [*wheel["only-include"], "pyproject.toml", "README.md", "LICENSE", "constraints.txt"]
    for name in wanted:
        assert (ROOT / name).exists()
        assert kept(f"{name}/x" if (ROOT / name).is_dir() else name), name
    assert not any(map(kept, ["results/a.mkv", ".venv/bin/python", ".git/config", "edits/a.srt"]))
