"""How a job ended: what it warned of and its error, as a record beside its log."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vat.files import DamagedError, Record
from vat.jobs.addresses import scrubbed
from vat.jobs.messages import is_of_system, sentence

KILLED: Final = (
    "The job was killed before it could say why, as where the host runs out of memory; look into"
    " its log, and run again."
)


@dataclass(frozen=True, slots=True)
class JobEnd(Record):
    """What a job warned of, each once, and its one sentence of error; "" where it ended well."""

    warnings: tuple[str, ...] = ()
    error: str = ""


def record_of(log: Path) -> Path:
    """Where the end of the job with this log is recorded."""
    return log.with_suffix(".end.json")


def end_of(log: Path) -> JobEnd:
    """How the job with this log ended; a job without a record has said nothing."""
    with suppress(FileNotFoundError):
        try:
            return JobEnd.read(record_of(log))
        except DamagedError as error:
            return JobEnd((str(error),))
    return JobEnd()


class _Warnings(logging.Handler):
    """Keeps what VAT itself warns of, each once, as lines that can be printed."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: dict[str, None] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record's message without secrets."""
        if record.name.partition(".")[0] == "vat" and record.levelno == logging.WARNING:
            said = scrubbed(record.getMessage())
            self.said["".join(c if c.isprintable() else " " for c in said)] = None


@contextmanager
def recorded(log: Path, expected: tuple[type[Exception], ...]) -> Iterator[None]:
    """Record how the job with this log ends; until it does, it counts as killed.

    Errors that are `expected` are told as their sentence alone, others with their kind before it.
    """
    warnings = _Warnings()
    logging.getLogger().addHandler(warnings)
    _write(JobEnd(error=KILLED), log)
    try:
        yield
    except Exception as error:
        plain = isinstance(error, expected) or is_of_system(error)
        kind = "" if plain else f"{type(error).__name__}: "
        _write(JobEnd(tuple(warnings.said), kind + sentence(error)), log)
        raise
    else:
        _write(JobEnd(tuple(warnings.said)), log)
    finally:
        logging.getLogger().removeHandler(warnings)


def _write(end: JobEnd, log: Path) -> None:
    # Where the disk is full, the job says so itself.
    with suppress(OSError):
        end.write(record_of(log))
