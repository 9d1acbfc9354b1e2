"""What asks sites: yt-dlp, without what it must not do: write cookies, go astray, fetch all day."""

import base64
import io
import logging
import netrc
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from vat.errors import SourceError
from vat.jobs.addresses import masked, scrubbed
from vat.media.private_addresses import within_reach

_MB: Final = 2**20
_PAGE_BYTES: Final = 50_000_000
"""Largest page or list that is read at once; those of real sites have a few MB."""

_COOKIE_BYTES: Final = 10_000_000
_COOKIE_FIELDS: Final = 7
_BEGGING: Final = "; please report this issue on"
"""What yt-dlp adds to what it did not expect of a site."""

_SAID: Final = 500
"""Longest reason of a site that is passed on, in characters."""


@dataclass(frozen=True, slots=True)
class Manners:
    """What holds for every use of a site.

    `cookies` is a file that is read and never written, `max_mb` the largest sum of what is fetched
    for one video, in MB; `private_addresses` is whether a site may send us to private addresses.
    """

    cookies: str | None = None
    max_mb: int = 100_000
    private_addresses: bool = False


def extract(
    url: str, options: Mapping[str, Any], manners: Manners, step: Callable[[Any], Any]
) -> dict[str, Any]:
    """What `step` gets of yt-dlp's client, which is kept within its manners.

    Raises:
        SourceError: where the site, or what is set for it, does not allow it.
    """
    import yt_dlp

    cookies = read_cookies(manners.cookies)
    limit = _Limit(url, manners.max_mb)
    chosen = {
        **_COMMON,
        **options,
        "cookiefile": None if cookies is None else io.StringIO(cookies),
        "progress_hooks": [limit],
        "logger": logging.getLogger("yt_dlp"),
    }
    private = manners.private_addresses
    with within_reach(url, private=private) as reach, yt_dlp.YoutubeDL(chosen) as client:
        _guard(client, url, private=private)
        try:
            return dict(client.sanitize_info(step(client)))
        except SourceError:
            raise
        except Exception as error:
            if reach.refused:
                raise reach.refused from None
            # What a site sends may break yt-dlp anywhere; the cure is the same for all.
            reason = scrubbed(str(error)).removeprefix("ERROR: ").splitlines() or [""]
            said, _, _ = reason[0].partition(_BEGGING)
            said = said[:_SAID].rstrip(".") or type(error).__name__
            failed = SourceError(f"{masked(url)} cannot be fetched: {said}.")
            failed.final = bool(_GONE.search(said))
            raise failed from None


_GONE: Final = re.compile(
    r"HTTP Error (401|404|410)\b|Unsupported URL|Video unavailable|Private video"
)
"""What sites and yt-dlp say of a video that is not there tomorrow either."""


# As a library, yt-dlp reads no configuration file.
_COMMON: Final[Mapping[str, Any]] = {
    "quiet": True,
    "noprogress": True,
    "no_color": True,
    "retries": 3,
    "socket_timeout": 30,
    # ffmpeg's connections are nobody's to look at.
    "hls_prefer_native": True,
    # ffmpeg, which fetches what yt-dlp cannot, would print whole addresses.
    "external_downloader_args": {"ffmpeg": ["-loglevel", "quiet"]},
}


class _Limit:
    """Ends a fetch that grows beyond its limit, whatever the server said of its size."""

    def __init__(self, url: str, max_mb: int) -> None:
        self._url, self._max_mb = url, max_mb
        self._sizes: dict[str, int] = {}

    def __call__(self, progress: Mapping[str, Any]) -> None:
        """Take in how much of one file there is."""
        known = (progress.get("downloaded_bytes") or 0, progress.get("total_bytes") or 0)
        self._sizes[str(progress.get("filename"))] = max(known)
        if sum(self._sizes.values()) > self._max_mb * _MB:
            raise SourceError(
                f"{masked(self._url)} is larger than {self._max_mb} MB; raise download.max_mb to"
                " fetch it, or name a smaller format in download.format."
            )


def _guard(client: Any, url: str, *, private: bool) -> None:
    """Let nobody read a page without an end, and show the server of `url` its login.

    Unless sites may lead to `private` addresses, only Python connects to them.
    """
    from yt_dlp.networking import Request

    if not private:
        direct = client.build_request_director

        def directed(handlers: Iterable[Any], preferences: Any = None) -> Any:
            # A library in C, whose connections Python does not see.
            return direct([one for one in handlers if one.RH_KEY != "CurlCFFI"], preferences)

        client.build_request_director = directed
    urlopen, login, place = client.urlopen, login_of(url), urlsplit(url).netloc

    def opened(asked: Any) -> Any:
        request = Request(asked) if isinstance(asked, str) else asked
        if login and urlsplit(request.url).netloc == place:
            # The client for HTTP drops it again where it is sent to another host.
            request.headers["Authorization"] = login
        response = urlopen(request)
        read = response.read

        def bounded(amount: int | None = None) -> bytes:
            # Only videos are read in blocks.
            if amount is not None:
                return bytes(read(amount))
            page = bytes(read(_PAGE_BYTES + 1))
            if len(page) > _PAGE_BYTES:
                raise SourceError(f"{masked(url)} is a page without an end; name a video.")
            return page

        response.read = bounded
        return response

    client.urlopen = opened


def read_cookies(path: str | None) -> str | None:
    """The cookies of a file in Netscape's format; None where there is none.

    Raises:
        SourceError: where it cannot be read or has another format, without what it holds.
    """
    if path is None:
        return None
    file = Path(path).expanduser()
    with _told(f"The file of cookies '{path}'", "correct download.cookies"):
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as opened:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise ValueError("it is no file")
            text = opened.read(_COOKIE_BYTES).decode("utf-8-sig")
    for number, line in enumerate(text.splitlines(), 1):
        fields = line.removeprefix("#HttpOnly_").split("\t")
        is_cookie = line.strip() and (not line.startswith("#") or line.startswith("#HttpOnly_"))
        if is_cookie and not _is_cookie(fields):
            raise SourceError(
                f"Line {number} of the file of cookies '{path}' is no cookie in Netscape's format;"
                " export them again as cookies.txt, or correct download.cookies."
            )
    return text if text.startswith("#") else f"# Netscape HTTP Cookie File\n{text}"


def _is_cookie(fields: list[str]) -> bool:
    if len(fields) != _COOKIE_FIELDS:
        return False
    return not fields[4] or fields[4].replace(".", "", 1).isdecimal()


def login_of(url: str) -> str | None:
    """The header that shows a server the user and password of .netrc; None where it has none.

    Raises:
        SourceError: where that file cannot be read.
    """
    file = Path(os.environ.get("NETRC") or "~/.netrc").expanduser()
    if not file.is_file():
        return None
    try:
        known = netrc.netrc(str(file)).hosts.get(urlsplit(url).hostname or "")
    except (netrc.NetrcParseError, OSError, UnicodeDecodeError) as error:
        number = getattr(error, "lineno", None)
        where = f"Line {number} of " if number else ""
        raise SourceError(f"{where}'{file}' cannot be read; correct it.") from None
    if known is None:
        return None
    return f"Basic {base64.b64encode(f'{known[0]}:{known[2]}'.encode()).decode()}"


@contextmanager
def _told(thing: str, cure: str) -> Iterator[None]:
    """Make of what goes wrong with a file one sentence."""
    try:
        yield
    except UnicodeDecodeError:
        raise SourceError(f"{thing} cannot be read (it is no text); {cure}.") from None
    except OSError as error:
        raise SourceError(f"{thing} cannot be read ({error.strerror}); {cure}.") from None
    except ValueError as error:
        raise SourceError(f"{thing} cannot be read ({error}); {cure}.") from None
