"""Sizes and spans as people write them: 8G, 500M; 7d, 12h."""

import re
from typing import Final

from gpulease.errors import UsageError

_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(?:([KMGT])(?:i?B)?|B)?", re.IGNORECASE | re.ASCII)
_MB: Final = {"K": 1 / 1024, "M": 1, "G": 1024, "T": 1024**2}
_SPAN: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw])", re.IGNORECASE | re.ASCII)
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def parse_mb(text: str) -> int:
    """MB (of 1024 · 1024 bytes), rounded up, that a size such as 8G, 8GB, 8.5GiB or 8000M means.

    Raises:
        UsageError: where it is none, or has no unit.
    """
    found = _SIZE.fullmatch(text.strip())
    if not found or not found[2] or len(text) > 20:
        raise UsageError(f"{text!r} is no size; write 8G, 8.5G or 8000M.")
    return -int(-float(found[1]) * _MB[found[2].upper()] // 1)


def parse_seconds(text: str) -> float:
    """Seconds of a span such as 90s, 30m, 12h, 7d or 2w.

    Raises:
        UsageError: where it is none.
    """
    found = _SPAN.fullmatch(text.strip())
    if not found or len(text) > 20:
        raise UsageError(f"{text!r} is no span of time; write 12h, 7d or 2w.")
    return float(found[1]) * _SECONDS[found[2].lower()]
