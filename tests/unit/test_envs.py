"""The conda environments hold the same versions as an installation by pip."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
ENVS = sorted(ROOT.glob("envs/*.yaml"))


def pinned(lines: list[str]) -> dict[str, str]:
    pairs = (line.split("==") for line in lines if "==" in line and not line.startswith("#"))
    names = ((re.sub(r"\[.*\]", "", name), version) for name, version in pairs)
    return {re.sub("[-_.]+", "-", name).lower(): version for name, version in names}


@pytest.mark.parametrize("env", ENVS, ids=lambda path: path.stem)
def test_each_package_has_the_version_of_the_constraints(env: Path) -> None:
    *_, by_pip = yaml.safe_load(env.read_text(encoding="utf-8"))["dependencies"]
    here = pinned(by_pip["pip"])
    assert len(here) == len(by_pip["pip"]) > 0
    assert here.items() <= pinned((ROOT / "constraints.txt").read_text().splitlines()).items()


@pytest.mark.parametrize("env", ENVS, ids=lambda path: path.stem)
def test_what_computes_with_ctranslate2_has_its_cublas(env: Path) -> None:
    packages = pinned(re.findall(r"\S+==\S+", env.read_text(encoding="utf-8"))).keys()
    # To separate speech, it is only asked whether there is a GPU.
    computes = bool({"faster-whisper", "tokenizers"} & packages)
    assert computes == ("nvidia-cublas-cu12" in packages)


def test_rules_and_environments_name_each_other() -> None:
    rules = "".join(path.read_text() for path in ROOT.glob("workflow/rules/*.smk"))
    assert set(re.findall(r"envs/(\w+)\.yaml", rules)) == {path.stem for path in ENVS}
