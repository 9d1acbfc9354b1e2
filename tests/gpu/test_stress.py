"""Many workflows and plain commands on few GPUs, with foreign memory and sudden deaths.

The numbers can be raised: VAT_STRESS_LEASES=500 pytest tests/gpu/test_stress.py
"""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from gpulease.folder import FOLDER_VARIABLE
from gpulease.learned import with_margin
from gpulease.ledger import Ledger
from tests.gpu.driver.simulated import Host, gpu_uuid

LEASES = int(os.environ.get("VAT_STRESS_LEASES", "60"))
JOB = Path(__file__).parent / "driver" / "job.py"
WORKFLOWS = 3
STREAMS = 5

SNAKEFILE = """
import random
chance = random.Random(config["seed"])
sizes = chance.choices([4000, 8000, 20000], [5, 5, 1], k=config["jobs"])
times = [chance.uniform(0.02, 0.3) for _ in sizes]
rule all:
    input:
        expand("done/{n}", n=range(config["jobs"])),
        expand("learnt/{n}", n=range(config["jobs"])),
rule learn:
    output: "learnt/{n}"
    resources: gpu=1, gpu_mem_mb=8000, gpu_worker="asr"
    script: "learn.py"
rule work:
    output: "done/{n}"
    resources: gpu=1, gpu_mem_mb=lambda wildcards: sizes[int(wildcards.n)]
    params: seconds=lambda wildcards: times[int(wildcards.n)]
    shell: "PYTHON JOB {resources.gpu_mem_mb} {params.seconds} && touch {output}"
"""

LEARN = """
import os
import gpulease
try:
    gpulease.call("tests.gpu.driver.recogniser:transcribe", number=1, mb=3000, seconds=0.1)
except gpulease.WorkerError as error:
    if "out of memory" in str(error):
        with open(os.environ["OUT_OF_MEMORY"], "a") as file:
            print(error, file=file)
    raise
open(snakemake.output[0], "w").close()
"""


class Stress:
    """One host under stress; everything is in folders of the test."""

    def __init__(self, folder: Path, host: Host, environment: dict[str, str], sizes: list[int]):
        self.folder = folder
        self.host = host
        self.sizes = {gpu_uuid(number): size for number, size in enumerate(sizes)}
        self.out_of_memory = folder / "out_of_memory"
        self.environment = {**environment, "OUT_OF_MEMORY": str(self.out_of_memory)}
        self.ledger = Ledger(Path(environment[FOLDER_VARIABLE]))
        self.over = threading.Event()
        self.promised_twice: list[str] = []
        self.most_at_once = 0
        self.kills = 0
        self.workflows: dict[int, subprocess.Popen[bytes]] = {}
        self.leases_of_streams = 0
        self.chance = random.Random(len(sizes))

    def observe(self) -> None:
        """No device is ever promised beyond its size, whatever processes are told."""
        while not self.over.wait(0.03):
            with self.ledger.locked():
                leases = [entry.record for entry in self.ledger.leases()]
            self.most_at_once = max(self.most_at_once, len(leases))
            for uuid, size in self.sizes.items():
                promised = sum(lease.mem_mb for lease in leases if uuid in lease.gpus)
                if promised > size:
                    self.promised_twice.append(f"{promised} of {size}: {leases}")

    def be_foreign(self) -> None:
        """Take memory that others were promised, unless they are just loading, and give it back."""
        while not self.over.wait(0.15):
            uuid = self.chance.choice(list(self.sizes))
            with self.ledger.locked():
                self.host.set_foreign(uuid, 0)
                loading = sum(
                    entry.record.mem_mb
                    for entry in self.ledger.leases()
                    if uuid in entry.record.gpus and entry.confirmed
                )
                room = self.sizes[uuid] - loading
                self.host.set_foreign(uuid, int(room * self.chance.choice([0, 0, 0.2, 0.5])))
        for uuid in self.sizes:
            self.host.set_foreign(uuid, 0)

    def kill(self) -> None:
        """SIGKILL jobs, commands that wait, and now and then a whole Snakemake."""
        while not self.over.wait(0.4) and self.kills < LEASES // 5:
            victims = [
                process
                for process in psutil.process_iter(["cmdline"])
                if str(JOB) in (process.info["cmdline"] or [])
            ]
            if self.chance.random() < 0.15 and self.workflows:
                number = self.chance.choice(list(self.workflows))
                self.workflows[number].send_signal(signal.SIGKILL)
                self.kills += 1
            elif victims:
                with suppress(psutil.Error):
                    self.chance.choice(victims).kill()
                    self.kills += 1

    def run_workflow(self, number: int, jobs: int) -> None:
        """Start it again until it is done, as its user would."""
        folder = self.folder / f"workflow{number}"
        folder.mkdir()
        text = SNAKEFILE.replace("PYTHON", sys.executable).replace("JOB", str(JOB))
        (folder / "Snakefile").write_text(text)
        (folder / "learn.py").write_text(LEARN)
        command = [sys.executable, "-m", "snakemake", "--cores", "6", "--executor", "local-gpu",
                   "--scheduler", "local-gpu", "--keep-going", "--nolock", "--rerun-incomplete",
                   "--config", f"seed={number}", f"jobs={jobs}", "--quiet", "all"]  # fmt: skip
        for _ in range(60):
            with (folder / "log").open("ab") as log:
                process = subprocess.Popen(
                    command, cwd=folder, env=self.environment, stdout=log, stderr=log
                )
                self.workflows[number] = process
                if process.wait() == 0:
                    break
        del self.workflows[number]
        assert len(list((folder / "done").iterdir())) == jobs
        assert len(list((folder / "learnt").iterdir())) == jobs

    def run_stream(self, number: int, commands: int) -> None:
        """Plain commands one after another, each again until it succeeds."""
        chance = random.Random(100 + number)
        for _ in range(commands):
            mem_mb = str(chance.choice([4000, 8000, 8000, 20000]))
            job = [sys.executable, str(JOB), mem_mb, str(chance.uniform(0.02, 0.3))]
            for _ in range(60):
                command = [sys.executable, "-m", "gpulease", "run", "--mem-mb", mem_mb, "--", *job]
                done = subprocess.run(
                    command, env=self.environment, capture_output=True, check=False
                )
                self.leases_of_streams += b"MB free, needs" in done.stderr
                if done.returncode == 0:
                    break
            assert done.returncode == 0, done.stderr

    def learnt(self) -> int:
        """Events of leases with the size that was learnt."""
        files = self.folder.glob("workflow*/logs/gpu/placements.jsonl")
        lines = [json.loads(line) for file in files for line in file.read_text().splitlines()]
        return sum(line["mem_mb"] == with_margin(3000) for line in lines)

    def granted(self) -> int:
        """Leases of the workflows, from their journals."""
        files = self.folder.glob("workflow*/logs/gpu/placements.jsonl")
        lines = [json.loads(line) for file in files for line in file.read_text().splitlines()]
        granted: int = sum(line["event"] == "granted" for line in lines)
        return granted + self.leases_of_streams


@pytest.mark.parametrize(
    "sizes",
    [
        pytest.param([24000, 40000], marks=pytest.mark.long),
        [24000, 24500, 48000],
        pytest.param([24000] * 4 + [32000, 32000, 48000, 80000], marks=pytest.mark.long),
    ],
    ids=lambda sizes: f"{len(sizes)} GPUs",
)
def test_nothing_is_promised_twice_lost_or_leaked(
    sizes: list[int], tmp_path: Path, host: Host, environment: dict[str, str]
) -> None:
    # One model: what is learnt on one GPU holds for all.
    host.add_gpus(*sizes, names=["Simulated"] * len(sizes))
    stress = Stress(tmp_path, host, environment, sizes)
    background = [
        threading.Thread(target=target)
        for target in (stress.observe, stress.be_foreign, stress.kill)
    ]
    for thread in background:
        thread.start()
    started = time.monotonic()
    try:
        with ThreadPoolExecutor(WORKFLOWS + STREAMS) as threads:
            jobs = -(-LEASES // (WORKFLOWS + STREAMS))
            tasks = [threads.submit(stress.run_workflow, n, jobs) for n in range(WORKFLOWS)]
            tasks += [threads.submit(stress.run_stream, n, jobs) for n in range(STREAMS)]
            for task in tasks:
                task.result()
    finally:
        stress.over.set()
        for thread in background:
            thread.join()
    print(
        f"{len(sizes)} GPUs: {stress.granted()} leases, {stress.most_at_once} at once,"
        f" {stress.kills} kills, {time.monotonic() - started:.0f} s"
    )
    assert not stress.out_of_memory.exists()
    assert not stress.promised_twice
    assert stress.granted() >= LEASES
    assert stress.most_at_once > 1
    assert stress.learnt() > 0
    wait_until_empty(stress.ledger)


def wait_until_empty(ledger: Ledger) -> None:
    """Jobs whose Snakemake was killed may still be at work; when they end, nothing is left."""
    deadline = time.monotonic() + 30
    while True:
        with ledger.locked():
            left = [*ledger.leases(), *ledger.tickets()]
        marks = {path.name for path in ledger.folder.iterdir()} - {"lock", "usage.json"}
        if not left and not {name for name in marks if not name.startswith("journal")}:
            return
        assert time.monotonic() < deadline, (left, list(ledger.folder.iterdir()))
        time.sleep(0.2)
