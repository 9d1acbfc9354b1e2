"""What a loaded model is worth: how many jobs a worker serves in turns of others."""

import math
import statistics
from dataclasses import dataclass, field
from typing import Final

MOST_TURNS: Final = 4
"""However long a model takes to load, others wait for no more jobs than this."""

_UNMEASURED: Final = 2


@dataclass
class Warmth:
    """How long jobs of one worker took, and how often it went before others.

    Attributes:
        seconds: of the jobs that it served; the first one loaded the model.
        taken: jobs that it served in turns of others since it was last its own.
    """

    seconds: list[float] = field(default_factory=list)
    taken: int = 0

    def note(self, seconds: float) -> None:
        """A job was served in this time."""
        self.seconds.append(seconds)

    @property
    def turns(self) -> int:
        """How many jobs it may serve in turns of others: as long as loading again would take."""
        if len(self.seconds) < 2:
            return _UNMEASURED
        usual = statistics.median(self.seconds[1:])
        load = max(0.0, self.seconds[0] - usual)
        return max(1, min(MOST_TURNS, math.ceil(load / max(usual, 1e-3))))

    def goes_first(self) -> bool:
        """Whether it may serve one more job in somebody else's turn."""
        return self.taken < self.turns
