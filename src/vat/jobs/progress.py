"""How far long work is: lines in a job's log, which whoever shows the run reads there."""

import time
from dataclasses import dataclass, field

from vat.jobs.log import PROGRESS

PROGRESS_SECONDS = 5.0
"""How often the log says how far a job is."""


@dataclass(slots=True)
class Progress:
    """Work of which `total` parts, of any unit, are to be done; it never goes back.

    `task` says in the lines what is being done; `unit` counts in words what has been.
    """

    task: str
    total: float
    unit: str
    done: float = 0.0
    said: float = field(default_factory=time.monotonic)

    def reach(self, done: float) -> None:
        """So much is done by now; said where the last line is long enough ago."""
        self.done = min(self.total, max(self.done, done))
        now = time.monotonic()
        if now - self.said >= PROGRESS_SECONDS and self.total > 0:
            self.said = now
            share = 100 * self.done / self.total
            PROGRESS.info(
                "%s: %.0f %% done, %.0f of %.0f %s",
                *(self.task, share, self.done, self.total, self.unit),
            )
