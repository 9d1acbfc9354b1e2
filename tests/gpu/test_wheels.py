"""gpulease and the plugins serve people who have GPUs and Snakemake and no videos."""

import re
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.gpu.driver.runs import Runs
from tests.gpu.driver.simulated import Host
from tests.helpers.imports import imported_packages

PACKAGES = {
    "gpulease": "gpulease",
    "executor": "snakemake_executor_plugin_local_gpu",
    "scheduler": "snakemake_scheduler_plugin_local_gpu",
    "logger": "snakemake_logger_plugin_vat",
}
PIP = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
WORKFLOW = """
rule all:
    input: "0", "1", "2"
rule work:
    output: "{n}"
    resources: gpu=1, gpu_mem_mb=15000
    shell: "echo $CUDA_VISIBLE_DEVICES >{output}; sleep 0.3"
"""


def imported(folder: Path) -> set[str]:
    """The packages that a package imports, wherever in its files, without Python's own."""
    found = set[str]().union(*(imported_packages(file) for file in folder.rglob("*.py")))
    return found - sys.stdlib_module_names - {folder.name}


def declared(pyproject: Path) -> set[str]:
    """The distributions that one depends on."""
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    return {re.split(r"[^\w.-]", one)[0] for one in project["dependencies"]}


@pytest.mark.parametrize("name", PACKAGES)
def test_a_distribution_declares_what_it_imports(name: str, root: Path) -> None:
    known = dict(packages_distributions()) | {
        package: [
            tomllib.loads((root / "packaging" / n / "pyproject.toml").read_text())["project"][
                "name"
            ]
        ]
        for n, package in PACKAGES.items()
    }
    wanted = {package: set(known[package]) for package in imported(root / "src" / PACKAGES[name])}
    assert wanted
    for package, distributions in wanted.items():
        assert distributions & declared(root / "packaging" / name / "pyproject.toml"), package


@pytest.fixture(scope="module")
def wheels(root: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The wheels of all distributions."""
    folder = tmp_path_factory.mktemp("wheels")
    sources = [str(root / "packaging" / name) for name in PACKAGES]
    build = [*PIP, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder)]
    subprocess.run([*build, *sources], check=True)
    return sorted(folder.glob("*.whl"))


def test_each_wheel_has_its_package_alone_and_the_license(wheels: list[Path], root: Path) -> None:
    license_text = (root / "LICENSE").read_bytes()
    packages = set()
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as files:
            names = files.namelist()
            (found,) = [name for name in names if name.endswith("/licenses/LICENSE")]
            assert files.read(found) == license_text
            inside = {name.partition("/")[0] for name in names}
            packages |= {name for name in inside if not name.endswith(".dist-info")}
            assert len(inside) == 2
    assert packages == set(PACKAGES.values())


@pytest.fixture(scope="module")
def python(wheels: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python in an environment with these wheels, and without this repository.

    What they depend on is taken from the environment of the tests, so that no network is needed.
    """
    folder = tmp_path_factory.mktemp("alone")
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")], check=True
    )
    made = folder / "venv" / "bin" / "python"
    subprocess.run([*PIP, "--python", str(made), "install", "--no-deps", *wheels], check=True)
    ask = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
    place = subprocess.run([made, "-c", ask], capture_output=True, text=True, check=True).stdout
    # A .pth file in a folder that a .pth file names is not read: the repository stays unknown.
    (Path(place.strip()) / "others.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    return made


def test_the_wheels_alone_share_gpus_in_a_workflow(
    python: Path, host: Host, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "import gpulease, importlib.util as u; print(gpulease.__file__, u.find_spec('vat'))"
    told = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout
    assert str(python.parents[1]) in told
    assert told.strip().endswith("None")
    host.add_gpus(24000, 24000)
    monkeypatch.setattr(sys, "executable", str(python))
    runs.run(WORKFLOW)
    assert len({runs.read(name) for name in "012"}) == 2
    assert {event["gpu"] for event in runs.events() if "gpu" in event} != set()
    assert runs.free_mb() == [24000, 24000]
    status = subprocess.run(
        [python.with_name("gpulease"), "status"],
        env=runs.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Simulated 24" in status.stdout
