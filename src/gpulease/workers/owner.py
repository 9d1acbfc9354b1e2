"""A worker as its owner sees it: a process with a lease that keeps models loaded between jobs."""

import os
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from gpulease.heartbeat import is_stopped
from gpulease.inventory import Gpu
from gpulease.leases import Lease
from gpulease.workers.client import WORKER_VARIABLE
from gpulease.workers.folders import gave_way, new_folder, note_process
from gpulease.workers.messages import CLIENT_GONE

# The variables by which numeric libraries learn their number of threads, as Snakemake sets them.
_THREADS: Final = (
    "OMP_NUM_THREADS",
    "GOTO_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)

_DYING_S: Final = 0.5


class Worker:
    """A process that calls functions for jobs; it ends with its owner, however that ends.

    Args:
        kind: which jobs it serves, for people.
        lease: the GPUs it works on, which become its own; None on the CPU.
        threads: CPU threads of its libraries.
        environment: its variables, beside those of the lease.

    Raises:
        OSError: where it cannot be started.
    """

    def __init__(
        self, kind: str, lease: Lease | None, threads: int, environment: Mapping[str, str]
    ) -> None:
        self.kind = kind
        self.lease = lease
        self.threads = threads
        self._folder = new_folder()
        self._socket = self._folder / "socket"
        try:
            self._process = self._start(environment)
        except OSError:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        if lease:
            lease.note_root(self.pid)
        # Where it cannot be told, only a later run would lack it.
        with suppress(OSError):
            note_process(self._folder, self.pid)

    def _start(self, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
        key = secrets.token_hex(32)
        file = os.open(self._folder / "key", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(file, "w") as text:
            text.write(key)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(self._socket))
            self._socket.chmod(0o600)
            # From now on jobs can connect, whether or not the process has begun to answer.
            listener.listen()
            files = [listener.fileno(), *([self.lease.fd] if self.lease else [])]
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "gpulease.workers.process", *map(str, files)],
                stdin=subprocess.PIPE,
                stdout=sys.stderr.fileno(),
                pass_fds=files,
                env={**environment, **self._lease_environment(), **self._threads_environment()},
                start_new_session=True,
            )
        if process.stdin:
            with suppress(BrokenPipeError):
                process.stdin.write(f"{key}\n".encode())
                process.stdin.flush()
        return process

    def _lease_environment(self) -> dict[str, str]:
        return self.lease.environment if self.lease else {}

    def _threads_environment(self) -> dict[str, str]:
        return dict.fromkeys(_THREADS, str(self.threads))

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def gpus(self) -> tuple[Gpu, ...]:
        """The devices it works on."""
        return self.lease.gpus if self.lease else ()

    @property
    def mem_mb(self) -> int:
        """MB on each of them."""
        return self.lease.mem_mb if self.lease else 0

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which a job finds this worker, and its GPUs."""
        return {**self._lease_environment(), WORKER_VARIABLE: str(self._socket)}

    def shell_prefix(self) -> str:
        """Shell code that puts a command at this worker's side and ends with a newline."""
        exports = (f"{key}={shlex.quote(text)}" for key, text in self.environment.items())
        return f"export {' '.join(exports)}\n"

    def is_alive(self) -> bool:
        """Whether it can be given a job."""
        return self._process.poll() is None

    def is_stopped(self) -> bool:
        """Whether it was stopped by a signal, and answers nobody."""
        return self.is_alive() and is_stopped(self.pid)

    def can_serve(self) -> bool:
        """Whether it would answer a job."""
        return self.is_alive() and not is_stopped(self.pid)

    def kill(self) -> None:
        """Have it die in the middle of its job; `end` clears away what it leaves."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def death(self) -> str:
        """How it died of itself, in words; "" where it lives, or ended with a job that was ended.

        To be asked after a call failed: the connection of one that dies ends a moment before it.
        """
        try:
            status = self._process.wait(_DYING_S)
        except subprocess.TimeoutExpired:
            return ""
        if status == CLIENT_GONE:
            return ""
        if status < 0:
            with suppress(ValueError):
                return f"by {signal.Signals(-status).name}"
        return f"with status {status}"

    def gave_way(self) -> bool:
        """Whether it ended because this process was stopped while others waited."""
        return gave_way(self._folder)

    def end(self) -> bool:
        """End it and its lease; False where processes that it left behind keep the lease."""
        self.kill()
        self._process.wait()
        if self._process.stdin:
            with suppress(OSError):
                self._process.stdin.close()
        shutil.rmtree(self._folder, ignore_errors=True)
        return self.lease.release() if self.lease else True
