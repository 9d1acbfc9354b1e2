"""A lease: memory on one or several GPUs, promised to one job and to nobody else."""

import os
import shlex
import shutil
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Final

from gpulease.inventory import Gpu
from gpulease.placement import Choice
from gpulease.processes import LEASE_VARIABLE
from gpulease.records import Entry, Held
from gpulease.root_processes import SHELL_NOTE, describe
from gpulease.untrusted import write_owned

# bash gives the file a number of its own choice, so that it is in nobody's way; other shells
# only know single digits.
# Whoever owns the folder can put a FIFO in a file's place, at which the shell would wait for ever.
_HOLD: Final = (
    "{{ [ -f {lease} ] && {open}<{lease} && {flock} && [ {lease} -ef /proc/self/fd/{fd} ]; }}"
    " 2>/dev/null && {{ [ ! -f {root} ] || {note} >{root} 2>/dev/null || true; }}"
)


class Lease:
    """Memory on GPUs, held by this process until it is handed over or released.

    Attributes:
        gpus: the devices.
        choice: why these devices.
    """

    def __init__(
        self, gpus: tuple[Gpu, ...], held: Held, choice: Choice, end: Callable[[Held], bool]
    ) -> None:
        self.gpus = gpus
        self.choice = choice
        self._held = held
        self._end = end

    @property
    def mem_mb(self) -> int:
        """MB on each of the devices."""
        return self._held.record.mem_mb

    @property
    def entry(self) -> Entry:
        """The lease as the ledger shows it to everybody."""
        return Entry(self._held.path, self._held.record)

    def resize(self, mem_mb: int) -> None:
        """Change what it holds. Only under the ledger's lock."""
        record = self._held.record
        declared = record.declared_mb or record.mem_mb
        now = time.time()
        held_s = max(0.0, now - max(record.time, record.resized))
        self._held.rewrite(
            replace(
                record,
                mem_mb=mem_mb,
                declared_mb=0 if declared == mem_mb else declared,
                mb_s=round(record.mb_s + record.mem_mb * held_s, 3),
                resized=round(now, 3),
            )
        )

    @property
    def environment(self) -> dict[str, str]:
        """The variables that show a process these devices and no others."""
        return {
            "CUDA_VISIBLE_DEVICES": ",".join(gpu.uuid for gpu in self.gpus),
            "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
            LEASE_VARIABLE: str(self._held.path),
        }

    def shell_prefix(self, *, bash: bool = True, strict: bool = True) -> str:
        """Shell code that puts a command under this lease and ends with a newline.

        The shell and all that it starts then hold the lease themselves: if this process is
        killed, it lasts as long as they do.

        Args:
            bash: whether the shell is bash.
            strict: refuse to run without the lease; else (in a container that does not show the
                ledger's folder) this process alone holds it.
        """
        lease = shlex.quote(str(self._held.path))
        fd = "$gpulease_fd" if bash else "9"
        flock = f"flock -s {fd}"
        if not shutil.which("flock"):
            code = "import fcntl, sys; fcntl.flock(int(sys.argv[1]), fcntl.LOCK_SH)"
            flock = f"{shlex.quote(sys.executable)} -c {shlex.quote(code)} {fd}"
        hold = _HOLD.format(
            # A plain exec that fails ends shells other than bash.
            open="exec {gpulease_fd}" if bash else "command exec 9",
            lease=lease,
            flock=flock,
            fd=fd,
            root=shlex.quote(str(self._held.path.with_suffix(".root"))),
            note=SHELL_NOTE,
        )
        exports = " ".join(f"{key}={shlex.quote(text)}" for key, text in self.environment.items())
        otherwise = (
            "{ echo 'gpulease: the lease of this job is gone; run it again.' >&2; exit 1; }"
            if strict
            else "true"
        )
        return f"export {exports}\n{hold} || {otherwise}\n"

    def hold_here(self) -> None:
        """Make this process the lease's first one; the programs it becomes or starts inherit it."""
        self._held.keep_over_exec()
        self.note_root(os.getpid())

    def note_root(self, pid: int) -> None:
        """Tell which process is the lease's first: its memory and its children's is the lease's."""
        # Where it cannot be told, what the lease's processes use counts beside the lease.
        with suppress(OSError):
            write_owned(self._held.path.with_suffix(".root"), describe(pid))

    def note_idle(self, idle: bool) -> None:
        """Tell whether this is the lease of a worker that has nothing to do."""
        mark = self._held.path.with_suffix(".idle")
        # Where it cannot be told, others only choose less well.
        with suppress(OSError):
            if idle:
                mark.touch()
            else:
                mark.unlink(missing_ok=True)

    @property
    def fd(self) -> int:
        """The open file that holds the lease, to be passed to a process that is started."""
        return self._held.fd

    def release(self) -> bool:
        """End the lease; False where processes of the job still run, which keep it."""
        return self._end(self._held)
