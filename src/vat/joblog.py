"""The log of one job: everything that it, its libraries and its child processes print."""

import logging
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vat.errors import VatError

logger = logging.getLogger("vat")


@contextmanager
def job_log(path: str | os.PathLike[str]) -> Iterator[None]:
    """Send file descriptors 1 and 2 to `path` and configure logging, for the rest of the process.

    Redirecting the descriptors (not `sys.stdout`) also catches ffmpeg, CUDA and other native
    output. A `VatError` ends the process with its message as one line and status 1; any other
    exception ends it with its traceback.

    Raises:
        SystemExit: with status 1, after the log has the reason.
    """
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with Path(path).open("w", encoding="utf-8") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
        force=True,
    )
    try:
        yield
    except VatError as error:
        logger.error("%s", error)
        raise SystemExit(1) from None
    except Exception:
        traceback.print_exc()
        raise SystemExit(1) from None
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
