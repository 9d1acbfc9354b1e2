"""Snakemake's copies of workflows, in the user's home: a full or closed one ends in a traceback.

No workflow can say so, for none has been read; but every start imports this plugin earlier still.
Of an `ApiError`, Snakemake shows the sentence alone.
"""

import errno
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from snakemake.exceptions import ApiError
from snakemake.sourcecache import SourceCache

_OF_DISKS: Final = frozenset(
    (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM)
)


def explain_refused_copies() -> None:
    """Have Snakemake say in one sentence why it cannot write these copies."""
    begin: Callable[..., None] = SourceCache.__init__
    keep: Callable[..., None] = SourceCache._do_cache

    def begun(self: Any, cache_path: Path, *more: Any, **named: Any) -> None:
        with _explained(Path(cache_path)):
            begin(self, cache_path, *more, **named)

    def kept(self: Any, source_file: Any, cache_entry: Path) -> None:
        with _explained(Path(self.cache_path)):
            keep(self, source_file, cache_entry)

    SourceCache.__init__ = begun
    SourceCache._do_cache = kept


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        elsewhere = error.filename and not Path(error.filename).is_relative_to(folder)
        above = error.filename and folder.is_relative_to(error.filename)
        if error.errno not in _OF_DISKS or (elsewhere and not above):
            raise
        # Snakemake's log may be refused as well, which Python would show with a traceback.
        logging.raiseExceptions = False
        told = ApiError(
            f"Snakemake cannot write to its folder '{folder}' ({error.strerror}); free some space"
            " or give this user the right to it, or set XDG_CACHE_HOME to another folder."
        )
        raise told.with_traceback(_to_snakemake(error.__traceback__)) from None


def _to_snakemake(trace: TracebackType | None) -> TracebackType | None:
    """A trace as far as Snakemake's own code, which shows no places of an error that ends there."""
    last, at = None, trace
    while at is not None:
        if at.tb_frame.f_globals.get("__name__", "").startswith("snakemake."):
            last = at
        at = at.tb_next
    if last is not None:
        last.tb_next = None
    return trace
