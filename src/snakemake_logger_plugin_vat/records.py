"""What the files of a run tell beside Snakemake's events: names, chunks, how far a job is."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

_SHARE: Final = re.compile(rb"vat\.progress: .*?(\d{1,3}) % done")
_END_BYTES: Final = 4096
"""So much of the end of a log is looked at; the lines of long work come every few seconds."""


def true_name(video: str, files: Iterable[str]) -> str:
    """The name by which people know a video, from the record beside one of its files; else slug."""
    return str(_beside(video, files, "media.json").get("name") or video)


def chunk_count(video: str, files: Iterable[str]) -> int:
    """How many chunks a video is recognised in; 1 where that is not told yet."""
    spans = _beside(video, files, "chunks.json").get("spans")
    return max(1, len(spans)) if isinstance(spans, list) else 1


def share_done(logs: Iterable[str]) -> float:
    """How far a job says in its log that it is, 0 to 1; 0 where it says nothing."""
    shares = [0.0]
    for log in logs:
        try:
            with Path(log).open("rb") as file:
                file.seek(max(0, file.seek(0, 2) - _END_BYTES))
                said = _SHARE.findall(file.read(_END_BYTES))
        except OSError:
            # It has not begun to write.
            continue
        shares += [min(1.0, int(said[-1]) / 100)] if said else []
    return max(shares)


def _beside(video: str, files: Iterable[str], record: str) -> dict[str, Any]:
    for file in map(Path, files):
        if video and video in file.parts:
            depth = file.parts.index(video) + 1
            path = Path(*file.parts[:depth], record)
            try:
                found = json.loads(path.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                # Not there yet, or damaged, which the job that needs it tells.
                continue
            return found if isinstance(found, dict) else {}
    return {}
