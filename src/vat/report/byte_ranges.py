"""Parts of files, as browsers ask for them while they play."""

import re
from typing import Final

_RANGE: Final = re.compile(r"bytes=(\d{0,19})-(\d{0,19})")


def byte_range(asked: str, size: int) -> tuple[int, int] | None:
    """Where the part begins and ends that a Range header asks for; None where there is none.

    All of it where nothing is asked, or several parts are, which need not be answered so (RFC
    9110, 14.2).
    """
    found = _RANGE.fullmatch(asked.strip())
    if found is None or not any(found.groups()):
        return 0, size
    first, last = found.groups()
    if not first:
        return (max(0, size - int(last)), size) if int(last) and size else None
    start, end = int(first), min(int(last) + 1 if last else size, size)
    return (start, end) if start < end else None
