"""Where a site may send us: to public addresses, and to the server that the user has named."""

import ipaddress
import os
import re
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from threading import Lock, enumerate, get_ident
from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import getproxies

from vat.errors import SourceError
from vat.jobs.addresses import masked

_PORTS: Final = {"http": 80, "https": 443, "ftp": 21}
_ADDRESS: Final = re.compile(r"(?!file:)[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_lock: Final = Lock()


@dataclass(slots=True)
class Reach:
    """The private addresses and ports that a thread may connect to, and the last one refused.

    `others` are the threads that ran before, to which it says nothing.
    """

    allowed: frozenset[tuple[str, int]]
    others: frozenset[int | None] = frozenset()
    refused: "PrivateAddressError | None" = None


_guarded: Final[dict[int, Reach]] = {}


class PrivateAddressError(SourceError):
    """A site leads to an address of this host or its network."""


@contextmanager
def within_reach(url: str, *, private: bool) -> Iterator[Reach]:
    """Let this thread connect to public addresses, to the server of `url` and to proxies only.

    Every connection that Python makes is looked at, with the address that its name has at that
    moment: redirects, lists of segments and names that change are all covered, and the threads that
    this one starts. Other programs, whose connections nobody sees, get no address at all. `private`
    lifts it. A connection elsewhere fails, as one that nobody answers; what is yielded tells of it.
    """
    if private:
        yield Reach(frozenset())
        return
    _install()
    proxies = (proxy for proxy in getproxies().values() if "://" in proxy)
    allowed = frozenset(place for one in (url, *proxies) for place in _places(one))
    others = frozenset(thread.ident for thread in enumerate())
    reach = _guarded[get_ident()] = Reach(allowed, others)
    try:
        yield reach
    finally:
        del _guarded[get_ident()]


def check_entry(entry: str, url: str) -> None:
    """See that a playlist at `url` does not name a video at a private address elsewhere.

    Raises:
        PrivateAddressError: where it does.
    """
    for host, _ in _places(entry) - _places(url):
        _check(host, masked(entry))


def _places(url: str) -> set[tuple[str, int]]:
    """The addresses and the port of a URL's host; none where its name is unknown."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
        found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except (OSError, ValueError, UnicodeError):
        return set()
    return {(str(address[0]), port) for *_, address in found}


def _check(host: str, said: str) -> None:
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return
    inner = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None) or address
    if not inner.is_global or inner.is_multicast:
        raise PrivateAddressError(
            f"The site leads to the private address {said}; name that address in videos itself, or"
            " set download.private_addresses to true."
        )


def _look(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in ("socket.connect", "subprocess.Popen") or (reach := _reach()) is None:
        return
    try:
        if event == "socket.connect":
            _look_at_place(reach, arguments[1])
        else:
            _look_at_program(arguments[1])
    except PrivateAddressError as error:
        reach.refused = error
        raise ConnectionRefusedError(str(error)) from None


def _reach() -> Reach | None:
    """The reach of this thread, or of the one that has started it."""
    own = get_ident()
    if own in _guarded:
        return _guarded[own]
    return next((one for one in _guarded.copy().values() if own not in one.others), None)


def _look_at_place(reach: Reach, place: Any) -> None:
    if isinstance(place, tuple) and (place[0], place[1]) not in reach.allowed:
        _check(str(place[0]), f"{place[0]}, port {place[1]}")


def _look_at_program(command: Any) -> None:
    words = [os.fsdecode(word) for word in ([command] if isinstance(command, str) else command)]
    inputs = (word for option, word in pairwise(words) if option == "-i")
    if any(map(_ADDRESS.match, words)) or not all(one.startswith("file:") for one in inputs):
        raise PrivateAddressError(
            f"The site's video is one that only the program '{Path(words[0]).name}' could"
            " fetch, which nobody keeps from private addresses; name another in download.format, or"
            " set download.private_addresses to true."
        )


def _install() -> None:
    """Begin to look, once in a process: Python never takes such a hook away again."""
    with _lock:
        if not getattr(sys, "_vat_looks", False):
            sys.addaudithook(_look)
            sys._vat_looks = True  # type: ignore[attr-defined]
