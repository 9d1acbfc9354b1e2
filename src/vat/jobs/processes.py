"""Processes of this host: which one it is, whether it still runs, and what it leaves behind."""

import ctypes
import os
import select
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Final

from vat.files import Record

RUN_VARIABLE: Final = "VAT_RUN"
"""Names Snakemake's process to its jobs: its id, and when it started."""

COMMAND_VARIABLE: Final = "VAT_COMMAND"
"""Tells Snakemake's process what was typed to start it, where that was not Snakemake's command."""

_START_FIELD: Final = 19
"""The start time's place behind the name in /proc/PID/stat (proc_pid_stat(5), field 22)."""

_PRCTL: Final = ctypes.CDLL(None).prctl
_PR_SET_PDEATHSIG: Final = 1

_POLL_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Process(Record):
    """A process that is told from all others, those of other hosts and other times, too.

    `started` is in clock ticks after the host's start `boot`; `namespace` is that of the number.
    """

    pid: int
    started: int
    host: str
    boot: str
    namespace: str

    @classmethod
    def own(cls) -> "Process":
        """This process."""
        pid = os.getpid()
        return cls(pid, started(pid) or 0, *_place())

    def runs(self) -> bool | None:
        """Whether it still runs; None where that cannot be told from here.

        Of another start of the same host, nothing runs any more. Inside a container, only its own
        processes are seen.
        """
        host, boot, namespace = _place()
        if self.host != host:
            return None
        if self.boot != boot:
            return False
        return started(self.pid) == self.started if self.namespace == namespace else None


def _place() -> tuple[str, str, str]:
    """This host, its start, and the namespace in which processes have their numbers here."""
    machine, boot, namespace = "", "", ""
    with suppress(OSError):
        machine = Path("/etc/machine-id").read_text(encoding="ascii").strip()
    with suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    with suppress(OSError):
        namespace = str(Path("/proc/self/ns/pid").readlink())
    return f"{socket.gethostname()} {machine}", boot, namespace


def started(pid: int) -> int | None:
    """When a process started, in clock ticks; None where there is none, or it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    after = fields.rpartition(")")[2].split()
    return None if after[0] in "ZX" else int(after[_START_FIELD])


def descendants(pid: int) -> Iterator[int]:
    """The children of a process, and theirs, the last ones first."""
    for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = tasks.read_text(encoding="ascii").split()
        except OSError:
            continue
        for child in map(int, children):
            yield from descendants(child)
            yield child


def kill_tree(pid: int) -> None:
    """Kill a process and all that it has started, be they stopped."""
    family = [*descendants(pid), pid]
    with suppress(OSError):
        # First, so that it starts nothing more and misses nobody.
        os.kill(pid, signal.SIGSTOP)
    for one in dict.fromkeys([*family, *descendants(pid)]):
        with suppress(OSError):
            os.kill(one, signal.SIGKILL)


def jobs_of(run: Process) -> Iterator[int]:
    """The processes of this user that a run has started, and those that these have started."""
    wanted = f"{RUN_VARIABLE}={run.pid} {run.started}".encode()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if wanted in (process / "environ").read_bytes().split(b"\0"):
                yield int(process.name)


def die_with_parent() -> None:
    """Have this process killed when the thread that started it ends; for `preexec_fn`."""
    _PRCTL(_PR_SET_PDEATHSIG, signal.SIGKILL)


def hang_up_as_terminate() -> None:
    """Take the end of a terminal for a wish to end, unless it is to be ignored (`nohup`)."""
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:
        signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))


def begin_run() -> None:
    """Make this process the one with which its jobs end."""
    os.environ[RUN_VARIABLE] = f"{os.getpid()} {started(os.getpid())}"


def end_with_run() -> None:
    """End this process, and what it started, as soon as its Snakemake has ended in whatever way.

    A killed Snakemake leaves its jobs behind; the next run would do the same work beside them.
    """
    pid, _, start = os.environ.get(RUN_VARIABLE, "").partition(" ")
    if pid.isdecimal() and start.isdecimal():
        Thread(target=_end_after, args=(int(pid), int(start)), daemon=True).start()


def _end_after(pid: int, start: int) -> None:
    try:
        descriptor = os.pidfd_open(pid)
    except OSError:
        # Ended already, or a kernel before Linux 5.3, or a sandbox.
        while started(pid) == start:
            time.sleep(_POLL_SECONDS)
    else:
        if started(pid) == start:
            poll = select.poll()
            poll.register(descriptor, select.POLLIN)
            poll.poll()
    for child in descendants(os.getpid()):
        with suppress(OSError):
            os.kill(child, signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)
