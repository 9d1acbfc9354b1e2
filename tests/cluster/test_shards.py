"""A real Slurm on which jobs share a GPU by shards of its memory."""

from pathlib import Path

from tests.cluster.demo_run import ROOT, DemoRun, most_at_once, slurm_times
from tests.cluster.private_slurm import private_slurm, skip_without_slurm

skip_without_slurm()


def test_shards_let_as_many_jobs_on_a_gpu_as_its_memory_holds(tmp_path: Path) -> None:
    shards = "separate:gpu=0", "separate:gres=f'shard:{2 * attempt}'"
    with private_slurm(gpus=1, shards=4) as slurm:
        run = DemoRun(slurm, tmp_path / "run", [ROOT / "demo"])
        done = run.wait("--until", "separate", "--set-resources", *shards)
    assert done.status == 0, done.output
    separated = done.scripts_of("separate")
    assert [script["gpus"] for script in separated] == ["0"] * 3
    assert most_at_once(slurm_times(done.jobs_of("separate"))) == 2
