"""The first process of a lease, told from all others of the host also where it is in a container.

A process id alone says nothing: in a container the lease's first process has number 1, which on the
host is everybody's ancestor. With its start and its owner, who alone can claim it, it is one.
"""

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SHELL_NOTE: Final = (
    "{ echo $$; readlink /proc/self/ns/pid; read -r gpulease_stat </proc/self/stat;"
    ' echo "$gpulease_stat"; }'
)
"""Shell code that prints what `describe` gives, of the shell that runs it."""

# Position of the start among the words after the program's name in /proc/<pid>/stat (proc(5)).
_PARENT: Final = 1
_START: Final = 19
# The kernel keeps 15 letters of a program's name; this one works for the clients of CUDA MPS.
_MPS_SERVER: Final = "nvidia-cuda-mps"


@dataclass(frozen=True, slots=True)
class Root:
    """The first process of a lease, as its owner noted it.

    Attributes:
        pid: its number, as its own process-id namespace counts.
        namespace: which that is ("pid:[4026531836]"); "" where it is not known.
        started: clock ticks from the boot of the host to its start.
        uid: the lease's owner, whose process it has to be.
    """

    pid: int
    namespace: str
    started: int
    uid: int

    def is_process(self, process: "Facts") -> bool:
        """Whether it is this process."""
        same = (self.pid, self.started, self.uid) == (process.pid, process.started, process.uid)
        known = bool(self.namespace and process.namespace)
        return same and (not known or self.namespace == process.namespace)


@dataclass(frozen=True, slots=True)
class Facts:
    """What any user may know of a process.

    Attributes:
        pid: its number in its own namespace.
        namespace: which that is, where this user may know it, else "".
        started: clock ticks from the boot of the host to its start.
        uid: its real user.
        parent: number of its parent in the namespace of the one who looks.
        nested: whether it is in a namespace below that, as in a container.
        name: the program's, cut to 15 letters.
    """

    pid: int
    namespace: str
    started: int
    uid: int
    parent: int
    nested: bool
    name: str

    @property
    def serves_others(self) -> bool:
        """Whether it allocates for others: the server of CUDA MPS."""
        return self.name == _MPS_SERVER


def read_facts(pid: int) -> Facts | None:
    """What is known of a process of this host; None where it is gone or hidden."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
        status = Path(f"/proc/{pid}/status").read_text(errors="replace")
        words = stat.rpartition(")")[2].split()
        numbers = [int(word) for word in _field(status, "NSpid").split()] or [pid]
        return Facts(
            pid=numbers[-1],
            namespace=_namespace(pid),
            started=int(words[_START]),
            uid=int(_field(status, "Uid").split()[0]),
            parent=int(words[_PARENT]),
            nested=len(numbers) > 1,
            name=stat.partition("(")[2].rpartition(")")[0],
        )
    except (OSError, ValueError, IndexError):
        return None


def describe(pid: int) -> str:
    """What is noted of a lease's first process; to be called by its parent or itself."""
    stat = ""
    with suppress(OSError):
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace").strip()
    return f"{pid}\n{_namespace(pid)}\n{stat}\n"


def parse(text: str, uid: int) -> Root | None:
    """Read such a note, of a lease that this user owns; None where it is none."""
    lines = text.splitlines()
    try:
        return Root(int(lines[0]), lines[1], int(lines[2].rpartition(")")[2].split()[_START]), uid)
    except (ValueError, IndexError):
        return None


def own_namespace() -> str:
    """The process-id namespace of this process."""
    return _namespace(os.getpid())


def _namespace(pid: int) -> str:
    with suppress(OSError):
        return str(Path(f"/proc/{pid}/ns/pid").readlink())
    return ""


def _field(status: str, name: str) -> str:
    found = re.search(rf"^{name}:(.*)$", status, re.MULTILINE)
    return found[1] if found else ""
