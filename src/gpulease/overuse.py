"""Jobs of others that take more than they leased: named once each by whoever sees it.

Whoever runs jobs for others watches its own and can resize their leases. A command under
`gpulease run` has become the program that it ran, and watches nothing.
"""

import logging
import os
from collections.abc import Sequence
from typing import Final

from gpulease.explain import name_gpu
from gpulease.placement import GpuView
from gpulease.records import Entry

logger = logging.getLogger(__name__)

SLACK_MB: Final = 64
"""What a process takes more than it thinks, such as a context that grew: not worth a word."""

_told: Final[set[str]] = set()


def name_excess(leases: Sequence[Entry], views: Sequence[GpuView]) -> None:
    """Warn of each lease of another program whose processes take more than it holds."""
    by_place = {entry.record.seq: entry for entry in leases if entry.record.pid != os.getpid()}
    for view in views:
        for promise in view.promises:
            entry = by_place.get(promise.seq)
            if entry is None or promise.used_mb <= promise.mem_mb + SLACK_MB:
                continue
            if entry.path.name not in _told:
                _told.add(entry.path.name)
                logger.warning(
                    "%s of %s (process %d) takes %d MB of %s, more than the %d MB leased; others"
                    " there may run out of memory",
                    entry.record.label or "A job",
                    entry.record.user,
                    entry.record.pid,
                    promise.used_mb,
                    name_gpu(view.gpu),
                    promise.mem_mb,
                )
