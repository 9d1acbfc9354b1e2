"""Live streams are refused: what has no end yet would be recorded for as long as it lasts."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from vat.errors import SourceError
from vat.jobs.addresses import masked

_PLAYLIST_BYTES: Final = 20_000_000


def check_ended(url: str, chosen: Sequence[Mapping[str, Any]], client: Any, *, live: bool) -> None:
    """See that what is `chosen` of a site's video is whole; `live` tells whether the site says so.

    Raises:
        SourceError: where it is not.
    """
    lists = [one["url"] for one in chosen if str(one.get("protocol")).startswith("m3u8")]
    if live or any(_goes_on(client, address) for address in lists):
        raise SourceError(
            f"{masked(url)} is a live stream, which has no end yet; name its recording when it is"
            " over."
        )


def _goes_on(client: Any, address: str) -> bool:
    """Whether a list of segments has no mark of its end (RFC 8216, 4.3.3.4)."""
    with client.urlopen(address) as answer:
        text = answer.read(_PLAYLIST_BYTES)
    return b"#EXTINF" in text and b"#EXT-X-ENDLIST" not in text
