"""What work was seen to take on GPUs: a small table that makes the next requests fit.

What a job declares is an estimate, and a generous one where the people who wrote it were careful.
Once some jobs of the same work were measured on a model of GPU, the next asks for the most that was
seen and a margin. What was declared stays the most until it proved to be too little.
"""

import fcntl
import json
import logging
import os
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

logger = logging.getLogger(__name__)

ENOUGH_JOBS: Final = 3
"""Measured jobs of a work before its peak is relied on: the first may be an unusually small one."""

MARGIN: Final = 0.05
LEAST_MARGIN_MB: Final = 128
"""What is asked for beyond the peak, as a share and in MB: workspaces of cuBLAS and cuDNN (8 to 32
MB for each stream) depend on the shapes of the input, and samples of a peak may miss its tip."""

STEP_MB: Final = 64
"""Learnt sizes are multiples of this, so that a peak that grows a little changes no request."""

GROWTH: Final = 1.5
"""After an out-of-memory, what was too little times this is the least that is asked for."""


_LOOK_S: Final = 0.2

Version = tuple[int, int] | None
"""Tells one state of the table from all others; None where there is none yet."""


@dataclass(frozen=True, slots=True)
class Peak:
    """What is known of one work on one model of GPU.

    Attributes:
        peak_mb: the most MB that one of its jobs was seen to take on one device.
        jobs: how many were measured.
        short_mb: the largest lease under which it ran out of memory; 0 for none.
    """

    peak_mb: int = 0
    jobs: int = 0
    short_mb: int = 0

    def request_mb(self, declared_mb: int, guess_mb: int | None = None) -> int:
        """MB to ask for, where so many were declared.

        Args:
            declared_mb: what the job declares.
            guess_mb: what it may take as far as others show; unless it was ever too little here.
        """
        least = round(self.short_mb * GROWTH) if self.short_mb else 0
        if self.jobs < ENOUGH_JOBS:
            expected = declared_mb
            if guess_mb is not None and not least:
                expected = min(declared_mb, max(guess_mb, with_margin(self.peak_mb)))
            return max(expected, least)
        need = max(with_margin(self.peak_mb), least)
        wrong = max(self.peak_mb, self.short_mb) > declared_mb or self.short_mb == declared_mb > 0
        return need if wrong else min(need, declared_mb)


def with_margin(peak_mb: int) -> int:
    """MB to lease for work that was seen to take so many."""
    need = peak_mb + max(LEAST_MARGIN_MB, round(peak_mb * MARGIN))
    return -(-need // STEP_MB) * STEP_MB


class Learned:
    """The table of peaks, in one file that all runs with the same folder of resources share.

    It is an aid: where it cannot be read or written, jobs ask for what they declare.

    Args:
        file: where it is kept; made, with its folder, when there is something to keep.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._peaks: dict[tuple[str, str], Peak] = {}
        self._version: Version = None
        self._looked = 0.0

    def version(self) -> Version:
        """What changes with the table, whoever changes it; not looked at twice within a moment."""
        now = time.monotonic()
        if now - self._looked > _LOOK_S:
            self._looked = now
            with suppress(OSError):
                found = self._file.stat()
                version = (found.st_mtime_ns, found.st_ino)
                if version != self._version:
                    self._peaks, self._version = _read(self._file), version
        return self._version

    def peaks(self) -> Mapping[tuple[str, str], Peak]:
        """All that is known now, by work and model of GPU."""
        self.version()
        return self._peaks

    def request_mb(self, work: str, declared_mb: int, models: Collection[str]) -> int:
        """MB to ask for, enough on each of these models of GPU.

        On a model where too few were measured, the work may take other kernels, and half as much
        again as on the others is asked for.
        """
        known = self.peaks()
        peaks = [known.get((work, model), Peak()) for model in models]
        measured = [peak.request_mb(declared_mb) for peak in peaks if peak.jobs >= ENOUGH_JOBS]
        guess = round(max(measured, default=declared_mb) * GROWTH)
        return max((peak.request_mb(declared_mb, guess) for peak in peaks), default=declared_mb)

    def note_peak(self, work: str, model: str, peak_mb: int) -> None:
        """A job of this work was measured, and took so many MB at most."""
        self._change(
            (work, model),
            lambda old: replace(old, peak_mb=max(old.peak_mb, peak_mb), jobs=old.jobs + 1),
        )

    def note_short(self, work: str, model: str, lease_mb: int) -> None:
        """A job of this work ran out of memory under a lease of so many MB."""
        self._change((work, model), lambda old: replace(old, short_mb=max(old.short_mb, lease_mb)))

    def _change(self, key: tuple[str, str], change: Callable[[Peak], Peak]) -> None:
        """Change one row of the table; other runs change it before or after."""
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.with_suffix(".lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                peaks = _read(self._file)
                peaks[key] = change(peaks.get(key, Peak()))
                _write(self._file, peaks)
                self._looked = 0.0
        except OSError as error:
            logger.warning("what GPU jobs take cannot be kept in %s (%s)", self._file, error)


def _read(file: Path) -> dict[tuple[str, str], Peak]:
    try:
        rows = json.loads(file.read_text(encoding="utf-8"))["peaks"]
        return {(str(row["work"]), str(row["gpu"])): _peak(row) for row in rows}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError) as error:
        logger.warning("%s cannot be read (%s); GPU jobs ask for what they declare", file, error)
        return {}


def _peak(row: Mapping[str, Any]) -> Peak:
    found = Peak(*(row[name] for name in ("peak_mb", "jobs", "short_mb")))
    if not all(isinstance(n, int) and n >= 0 for n in asdict(found).values()):
        raise ValueError(f"no amounts of memory: {row}")
    return found


def _write(file: Path, peaks: Mapping[tuple[str, str], Peak]) -> None:
    rows = [{"work": work, "gpu": gpu, **asdict(peak)} for (work, gpu), peak in peaks.items()]
    new = file.with_name(f"{file.name}.{os.getpid()}.new")
    try:
        new.write_text(json.dumps({"peaks": rows}, indent=1) + "\n", encoding="utf-8")
        new.replace(file)
    finally:
        new.unlink(missing_ok=True)
