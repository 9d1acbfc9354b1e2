"""The log of one job: everything that it, its libraries and its child processes print."""

import logging
import os
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, Protocol

from vat.errors import FINAL_STATUS, VatError
from vat.jobs.addresses import scrubbed
from vat.jobs.job_end import recorded
from vat.jobs.messages import is_of_system, sentence
from vat.jobs.processes import end_with_run

logger = logging.getLogger("vat")

PROGRESS: Final = logging.getLogger("vat.progress")
"""How far long work is: goes into the job's log and, more rarely, to the terminal."""

TERMINAL_SECONDS: Final = 30.0
"""How often one job may speak on the terminal, which it shares with all others."""


class Job(Protocol):
    """What Snakemake tells a script of its job, as the global variable `snakemake`."""

    input: Any
    output: Any
    params: Any
    wildcards: Any
    resources: Any
    log: Any
    config: dict[str, Any]
    threads: int


@contextmanager
def job_log(path: str | os.PathLike[str], *told: type[Exception]) -> Iterator[None]:
    """Send file descriptors 1 and 2 to `path` and configure logging, for the rest of the process.

    The process ends as soon as its Snakemake has ended, in whatever way. What it warned of and its
    error are recorded beside the log (`vat.jobs.job_end`).

    Redirecting the descriptors (not `sys.stdout`) also catches ffmpeg, CUDA and other native
    output; only the progress of long work still reaches a terminal. A `VatError`, or one of the
    errors that are `told` besides, ends the process with its message as one line and status 1; any
    other exception ends it with its traceback.

    Raises:
        SystemExit: with status 1, after the log has the reason; with `FINAL_STATUS` for an error
            that another attempt would meet again.
    """
    end_with_run()
    # Where the whole run is drawn on the terminal, how far this job is comes from its log.
    alone = os.isatty(2) and "VAT_QUIET_JOBS" not in os.environ
    terminal = os.dup(2) if alone else None
    _redirect(Path(path))
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
        force=True,
    )
    for handler in logging.getLogger().handlers:
        handler.addFilter(without_secrets)
    if terminal is not None:
        PROGRESS.addHandler(_Terminal(terminal))
    expected: tuple[type[Exception], ...] = (VatError, *told)
    try:
        with recorded(Path(path), expected):
            yield
    except expected as error:
        logger.error("%s", sentence(error))
        raise SystemExit(FINAL_STATUS if getattr(error, "final", False) else 1) from None
    except Exception as error:
        if is_of_system(error):
            logger.error("%s", sentence(error))
            raise SystemExit(1) from None
        sys.stderr.write(scrubbed(traceback.format_exc()))
        raise SystemExit(1) from None
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def _redirect(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8") as log:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
    except OSError as error:
        sys.stderr.write(f"The log of a job cannot be written: {sentence(error)}\n")
        raise SystemExit(1) from None


def without_secrets(record: logging.LogRecord) -> bool:
    """Mask the addresses in what libraries say: they print those that they ask.

    Of what Snakemake tells of a run, its command line may hold some. For `Logger.addFilter`.
    """
    said = record.getMessage()
    if "://" in said:
        record.msg, record.args = scrubbed(said), ()
    command = getattr(record, "cmd", None)
    if isinstance(command, str):
        record.cmd = scrubbed(command)
    return True


class Sentences(logging.Filter):
    """Errors that are told to a user: of a record that holds one, nothing else is left.

    Snakemake puts places in code around the errors of planning, which say nothing to users. For
    `Logger.addFilter`.
    """

    def __init__(self) -> None:
        super().__init__()
        self._own: set[str] = set()

    def of(self, error: BaseException) -> str:
        """The sentence of an error, which from now on is shown alone."""
        told = sentence(error)
        self._own.add(told)
        return told

    def filter(self, record: logging.LogRecord) -> bool:
        """Leave the sentence alone, and drop no record."""
        if record.levelno >= logging.WARNING:
            said = record.getMessage()
            for told in self._own:
                if told in said:
                    record.msg, record.args = told, ()
        return True


def say_once_that_logs_are_full() -> None:
    """Have a log that the disk does not take named once on stderr, and not traced at every line.

    Snakemake opens its own log, so that this holds for all handlers of this process.
    """
    said, usual = set[int | None](), logging.Handler.handleError

    def handle(handler: logging.Handler, record: logging.LogRecord) -> None:
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            usual(handler, record)
        elif error.errno not in said:
            said.add(error.errno)
            # Stderr may be what is full.
            with suppress(OSError):
                sys.stderr.write(f"A log cannot be written any more: {sentence(error)}\n")

    logging.Handler.handleError = handle  # type: ignore[assignment, method-assign]


class _Terminal(logging.Handler):
    """Writes a line of progress to a terminal now and then."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self.descriptor = descriptor
        self.last = time.monotonic()

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record's message if the last one is long enough ago."""
        if time.monotonic() - self.last < TERMINAL_SECONDS:
            return
        self.last = time.monotonic()
        # A video's name may hold control characters, which a terminal would obey.
        said = record.getMessage()
        line = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in said)
        try:
            os.write(self.descriptor, f"{line}\n".encode())
        except OSError as error:
            PROGRESS.removeHandler(self)
            logger.info("the terminal is gone (%s); progress is written only to this log", error)
