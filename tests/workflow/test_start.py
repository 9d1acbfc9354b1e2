"""However the workflow is started, it plans and does the same."""

import shlex
import shutil
from pathlib import Path

import pytest
import yaml

from tests.helpers.workflow import Workflow, demo, silent_video

MODULE = """
rule mine:
    input:
        "theirs/results/mine.txt",


module vat:
    snakefile:
        "{root}/workflow/Snakefile"
    config:
        config
    prefix:
        "theirs"


use rule * from vat as vat_*


rule count:
    input:
        rules.vat_all.input,
    output:
        "theirs/results/mine.txt",
    shell:
        "ls theirs/results/delivery | wc -l > {{output}}"
"""


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("videos")
    for seconds in (10, 45):
        silent_video(folder / f"{seconds} s.mp4", seconds)
    return folder


def test_the_four_ways_to_start_plan_the_same_jobs(
    workflow: Workflow, videos: Path, root: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "Snakefile").write_text(MODULE.format(root=root))
    profile = ["--profile", str(root / "profiles/local-gpu")]
    settings = ["--configfile", str(root / "config/demo.yaml"), "-n", "--config"]
    settings.append(f"videos={videos}")

    def planned(*arguments: str, start: Path = root) -> dict[str, int]:
        run = workflow(tmp_path / "run", *arguments, *settings, start=start)
        assert run.status == 0, run.output
        return run.jobs()

    usual = planned("--profile", "local-gpu")
    assert usual["asr_chunk"] == 1 + 3
    assert planned("--profile", "local-gpu", "-s", "workflow/Snakefile") == usual
    assert planned(*profile, "-s", str(root / "Snakefile"), start=elsewhere) == usual
    module = planned(*profile, start=elsewhere)
    assert module.pop("mine") == module.pop("count") == 1
    assert {name.removeprefix("vat_"): jobs for name, jobs in module.items()} == {
        name: jobs for name, jobs in usual.items() if name != "all"
    }


DEPLOYED = """
from snakemake.utils import min_version

min_version("9.27")


configfile: "config/config.yaml"


module vat:
    snakefile:
        "{root}/workflow/Snakefile"
    config:
        config


use rule * from vat
"""


def test_the_catalogues_flags_are_enough_where_it_was_deployed(
    workflow: Workflow, videos: Path, root: Path, tmp_path: Path
) -> None:
    # As snakedeploy lays a workflow out, but for the place from where the module comes.
    (tmp_path / "workflow").mkdir()
    (tmp_path / "workflow/Snakefile").write_text(DEPLOYED.format(root=root))
    shutil.copytree(root / "config", tmp_path / "config")
    catalogue = yaml.safe_load((root / ".snakemake-workflow-catalog.yml").read_text())
    flags = shlex.split(catalogue["usage"]["mandatory-flags"]["flags"])
    settings = ["--configfile", str(root / "config/demo.yaml"), "--config", f"videos={videos}"]
    run = workflow(tmp_path, *flags, "--cores", "2", "-n", *settings, start=tmp_path)
    assert run.status == 0, run.output
    assert run.jobs()["asr_chunk"] == 1 + 3


def test_the_folder_of_the_workflow_is_one_to_start_in(
    workflow: Workflow, videos: Path, root: Path, tmp_path: Path
) -> None:
    # Where people look who know the layout of workflows: Snakemake finds workflow/Snakefile.
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("workflow", "config", "profiles", "scripts", "envs", "models"):
        (copy / name).symlink_to(root / name)
    arguments = demo("-n", "--config", f"videos={videos}")
    arguments[1] = "profiles/local-gpu"
    run = workflow(tmp_path / "run", *arguments, start=copy)
    assert run.status == 0, run.output
    assert run.jobs()["download"] == 2


def test_a_module_with_a_prefix_does_its_work_below_it(
    workflow: Workflow, root: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "Snakefile").write_text(MODULE.format(root=root))
    profile = ["--profile", str(root / "profiles/local-gpu")]
    settings = ["--configfile", str(root / "config/demo.yaml")]
    settings += ["--config", f"videos={root / 'demo' / 'clean.mp4'}"]
    run = workflow(elsewhere, *profile, *settings, start=elsewhere)
    assert run.status == 0, run.output
    assert (elsewhere / "theirs/results/mine.txt").read_text().strip() == "2"
    assert {path.name for path in elsewhere.iterdir()} == {".snakemake", "Snakefile", "theirs"}
