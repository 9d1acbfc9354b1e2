"""A Slurm of one node with pretended GPUs: real daemons, on loopback, in a folder of their own.

Works for any user, with Debian's packages slurmctld, slurmd, slurm-client and munge. A GPU is a
link to /dev/null: Slurm wants a device, counts it, and gives out its number.
"""

import getpass
import os
import re
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

COMMANDS: Final = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scontrol")
_PATH: Final = f"{os.environ['PATH']}:/usr/sbin:/sbin"
_ENDED: Final = {"COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "OUT_OF_MEMORY", "NODE_FAIL"}

_CONFIGURATION: Final = """\
ClusterName=private
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={daemon}
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SwitchType=switch/none
MailProg=/bin/true
ReturnToService=2
KillWait=2
# The tests ask for their jobs when all is done, on a busy machine long after the first.
MinJobAge=3600
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
# The node may have more processors and memory than this host.
SlurmdParameters=config_overrides
GresTypes={kinds}
NodeName=node NodeHostname={host} NodeAddr=127.0.0.1 CPUs=16 RealMemory=64000 Gres={resources}
PartitionName=main Nodes=node Default=YES MaxTime=7-0
"""


def missing_commands() -> list[str]:
    """What of Slurm is not installed here."""
    return [name for name in COMMANDS if not shutil.which(name, path=_PATH)]


def skip_without_slurm() -> None:
    """Skip the tests of the module that calls this where Slurm is not installed."""
    if missing := missing_commands():
        pytest.skip(f"there is no {', '.join(missing)}", allow_module_level=True)


class PrivateSlurm:
    """A running cluster.

    Args:
        folder: where all its files are; a short path, for the sake of sockets.
        gpus: number of GPUs.
        shards: how many jobs a GPU can be shared by; 0 for none.
    """

    def __init__(self, folder: Path, gpus: int, shards: int = 0) -> None:
        self._folder = folder
        self._daemons: list[subprocess.Popen[bytes]] = []
        self.environment = {"SLURM_CONF": str(folder / "slurm.conf")}
        self.environment["PATH"] = f"{folder / 'bin'}:{_PATH}"
        self._write(gpus, shards)

    def start(self) -> None:
        """Start the daemons and wait until the node takes jobs."""
        folder = self._folder
        munged = ["munged", "--foreground", "--force", f"--socket={folder / 'munge.socket'}"]
        munged += [f"--key-file={folder / 'munge/key'}", f"--pid-file={folder / 'munged.pid'}"]
        munged += [f"--log-file={folder / 'munged.log'}", f"--seed-file={folder / 'munge/seed'}"]
        self._spawn(*munged)
        wait_until(10, (folder / "munge.socket").exists, "munged starts")
        self._spawn("slurmctld", "-D")
        self._spawn("slurmd", "-D", "-N", "node")
        wait_until(
            30, lambda: self.ask("sinfo", "-h", "-o", "%t").strip() == "idle", "the node is idle"
        )

    def stop(self) -> None:
        """End all jobs, then the daemons."""
        try:
            if self.unfinished():
                self.ask("scancel", "--user", getpass.getuser())
                wait_until(30, lambda: not self.unfinished(), "all jobs end")
        finally:
            for daemon in reversed(self._daemons):
                daemon.terminate()
                try:
                    daemon.wait(15)
                except subprocess.TimeoutExpired:
                    daemon.kill()
                    daemon.wait()

    def ask(self, *command: str) -> str:
        """What one of Slurm's commands prints; "" where it fails."""
        done = subprocess.run(
            command,
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        return done.stdout if done.returncode == 0 else ""

    def jobs(self) -> list[dict[str, str]]:
        """All jobs since the start, in the order of submission, with Slurm's names of facts."""
        text = self.ask("scontrol", "--oneliner", "show", "jobs")
        lines = [line for line in text.splitlines() if line.startswith("JobId=")]
        return [dict(re.findall(r"(\S+?)=(\S*)", line)) for line in lines]

    def unfinished(self) -> list[dict[str, str]]:
        """The jobs that wait or run, or are not yet cleaned away."""
        return [job for job in self.jobs() if job["JobState"] not in _ENDED]

    def _spawn(self, *command: str) -> None:
        # Dies with the tests, whatever they die of.
        guarded = ["setpriv", "--pdeathsig", "KILL", *command]
        with (self._folder / "daemons.log").open("ab") as log:
            self._daemons.append(
                subprocess.Popen(
                    guarded,
                    env={**os.environ, **self.environment},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                )
            )

    def _write(self, gpus: int, shards: int) -> None:
        folder = self._folder
        for name in ("munge", "state", "spool", "devices", "bin"):
            (folder / name).mkdir(parents=True, mode=0o755)
        (folder / "munge").chmod(0o700)
        (folder / "munge/key").write_bytes(secrets.token_bytes(128))
        (folder / "munge/key").chmod(0o400)
        for index in range(gpus):
            (folder / f"devices/gpu{index}").symlink_to("/dev/null")
        host, user = socket.gethostname().split(".")[0], getpass.getuser()
        devices = f"{folder / 'devices/gpu'}[0-{gpus - 1}]"
        resources, kinds = f"gpu:pretended:{gpus}", "gpu"
        gres = f"Name=gpu Type=pretended Flags=nvidia_gpu_env File={devices}\n"
        if shards:
            resources, kinds = f"{resources},shard:{gpus * shards}", "gpu,shard"
            gres += f"Name=shard Count={gpus * shards}\n"
        (folder / "gres.conf").write_text(f"AutoDetect=off\n{gres}")
        ports = _free_ports(2)
        (folder / "slurm.conf").write_text(
            _CONFIGURATION.format(
                host=host,
                user=user,
                folder=folder,
                controller=ports[0],
                daemon=ports[1],
                kinds=kinds,
                resources=resources,
            )
        )
        # Snakemake's step inside a job clears SLURM_CONF, and with it the way to this cluster.
        # Clusters in earnest have their configuration where Slurm looks for it.
        srun = shutil.which("srun", path=_PATH)
        (folder / "bin/srun").write_text(
            f'#!/bin/sh\nSLURM_CONF={folder}/slurm.conf exec {srun} "$@"\n'
        )
        (folder / "bin/srun").chmod(0o755)


@contextmanager
def private_slurm(gpus: int, shards: int = 0) -> Iterator[PrivateSlurm]:
    """A cluster for as long as the context lasts."""
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))
    folder.chmod(0o755)
    cluster = PrivateSlurm(folder, gpus, shards)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(folder)


def _free_ports(number: int) -> list[int]:
    """Ports of loopback that nobody listens on at this moment."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [server.getsockname()[1] for server in sockets]
    for server in sockets:
        server.close()
    return ports


def wait_until(seconds: float, condition: Callable[[], bool], what: str) -> None:
    """Look again and again whether something is so.

    Raises:
        TimeoutError: where it is not so in time.
    """
    limit = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > limit:
            raise TimeoutError(f"After {seconds:.0f} s it is still not so that {what}.")
        time.sleep(0.1)
