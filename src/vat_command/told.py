"""Which finished videos somebody was told of, kept across restarts."""

import logging
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from vat.errors import VatError
from vat.files import read_json, write_json
from vat_command.hooks import Done, HookError, call_hook

logger = logging.getLogger(__name__)

_ATTEMPTS: Final = 5

Mark = list[int]
"""What tells one delivery from the next: the number of its record's file, and its time in
nanoseconds. Snakemake touches a file once more when its job is over, and a folder that is copied
has files of other numbers: one of them stays the same."""


@dataclass(slots=True)
class Told:
    """Tells a hook of each video once it is done, and again once it was made anew.

    What was done before `results` was first watched is taken for known. `record` keeps what was
    told; a hook that fails five times for a video is not called for it again.
    """

    hook: str
    results: Path
    record: Path
    _known: dict[str, Mark] = field(default_factory=dict)
    _failed: dict[str, int] = field(default_factory=dict)

    def begin(self) -> None:
        """Take up the record, or begin one."""
        if self.record.is_file():
            with suppress(VatError):
                known = dict(read_json(self.record))
                # An earlier version kept the time alone.
                self._known = {v: m if isinstance(m, list) else [0, m] for v, m in known.items()}
                return
        self._known = dict(self._done())
        write_json(self.record, self._known)

    def tell(self) -> None:
        """Call the hook for all that is done and was not told of."""
        for video, mark in self._done():
            if not self.hook or self._is_known(video, mark):
                continue
            try:
                call_hook(self.hook, self._describe(video))
            except HookError as error:
                self._failed[video] = self._failed.get(video, 0) + 1
                logger.warning("%s", error)
                if self._failed[video] < _ATTEMPTS:
                    continue
            self._failed.pop(video, None)
            self._known[video] = mark
            write_json(self.record, self._known)

    def _is_known(self, video: str, mark: Mark) -> bool:
        return any(a == b for a, b in zip(self._known.get(video, []), mark, strict=False))

    def _done(self) -> Iterator[tuple[str, Mark]]:
        """Every video that is delivered, and the mark of that."""
        for path in sorted(self.results.glob("*/delivery.json")):
            with suppress(FileNotFoundError):
                found = path.stat()
                yield path.parent.name, [found.st_ino, found.st_mtime_ns]

    def _describe(self, video: str) -> Done:
        delivered = self._read(video, "delivery.json") or []
        files = [str((self.results / "delivery" / name).absolute()) for name in delivered]
        media = self._read(video, "media.json") or {}
        return Done(video, str(media.get("name", video)), files)

    def _read(self, video: str, name: str) -> Any:
        with suppress(VatError, OSError):
            return read_json(self.results / video / name)
        return None
