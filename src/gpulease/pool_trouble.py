"""Trouble of the pool itself fails no job at once: it is waited out, with a warning."""

import logging
import math
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from gpulease.errors import GpuLeaseError, UsageError

logger = logging.getLogger(__name__)

TIMEOUT_VARIABLE: Final = "GPULEASE_CONFIRM_S"
"""Seconds for which a job waits where it was promised memory, or the pool itself is in trouble."""

TIMEOUT_S: Final = 600.0


def timeout_s(environment: Mapping[str, str] = os.environ) -> float:
    """How long trouble is borne, in seconds: GPULEASE_CONFIRM_S, else ten minutes.

    Raises:
        UsageError: where that is no number from 0 on.
    """
    text = environment.get(TIMEOUT_VARIABLE, "") or str(TIMEOUT_S)
    with suppress(ValueError):
        seconds = float(text)
        if 0 <= seconds < math.inf:
            return seconds
    raise UsageError(f"{TIMEOUT_VARIABLE} is {text!r}; write a number of seconds from 0 on.")


class Patience:
    """Bears trouble that may pass: a lock that is held, a driver or a GPU that is away."""

    def __init__(self) -> None:
        self._since: float | None = None

    def bear(self, error: GpuLeaseError) -> GpuLeaseError | None:
        """None while it is to be waited for; in the end the error, with how long it was."""
        now = time.monotonic()
        limit = timeout_s()
        if self._since is None:
            self._since = now
            if limit > 0:
                logger.warning("%s Waiting for up to %.0f s.", error, limit)
        waited = now - self._since
        if waited < limit:
            return None
        return type(error)(f"{error} It was waited for {waited:.0f} s.")

    def is_over(self) -> None:
        """The trouble has passed."""
        if self._since is not None:
            logger.warning(
                "The GPUs can be given again, after %.0f s.", time.monotonic() - self._since
            )
            self._since = None
