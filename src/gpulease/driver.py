"""The driver's answers in bounded time: a driver that hangs must not hang who asks.

NVML has no time limit of its own. A question that is not answered goes on in a thread, and whoever
asks meanwhile waits for the same answer.
"""

import os
import threading
from typing import Final

from gpulease.errors import DriverError
from gpulease.inventory import GpuState, read_inventory

ANSWER_S: Final = 10.0
"""Seconds for an answer: NVML's start takes a second and more per GPU where nobody uses it."""


class _Question:
    """One reading of the inventory on its way."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.states: list[GpuState] = []
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            self.states = read_inventory()
        except Exception as error:
            self.error = error
        else:
            _answers[:] = [self.states]
        self.done.set()


_asked: dict[str, _Question] = {}
_answers: Final[list[list[GpuState]]] = []
_lock: Final = threading.Lock()
# The thread that would answer is not in a child.
os.register_at_fork(after_in_child=_asked.clear)


def last_answer() -> list[GpuState]:
    """What the driver told this process last; empty where it was not asked yet."""
    return next(iter(_answers), [])


def ask_driver(seconds: float = ANSWER_S) -> list[GpuState]:
    """Every device of this host, as `read_inventory` tells it.

    Args:
        seconds: how long to wait for the answer.

    Raises:
        DriverError: where the driver fails or does not answer in that time.
    """
    with _lock:
        question = _asked.get("now")
        hangs = question is not None
        if question is None:
            question = _asked["now"] = _Question()
            threading.Thread(target=question.run, daemon=True).start()
    # Of a question that hangs already, each further one does not cost all of the time.
    answered = question.done.wait(min(1.0, seconds) if hangs else seconds)
    with _lock:
        if question.done.is_set() and _asked.get("now") is question:
            del _asked["now"]
    if not answered:
        raise DriverError(
            f"The NVIDIA driver has not answered for {seconds:.0f} s; see with nvidia-smi whether"
            " it hangs, and restart it or the host if it does."
        )
    if question.error:
        raise question.error
    return question.states
