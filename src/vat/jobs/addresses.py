"""Addresses without the secrets in them, and the way from these back to the whole address.

Whatever is written, printed or recorded has the masked form. Inside a run, the whole address goes
to jobs by an environment variable, which is in no file.
"""

import hashlib
import os
import re
from typing import Final
from urllib.parse import unquote_plus, urlsplit

_ADDRESS: Final = re.compile(r"[a-z][a-z0-9+.-]*://[^\s'\"<>\\]+", re.IGNORECASE)
_FIELD: Final = re.compile(r"[^&;?#]+")
_RUN: Final = re.compile(r"[A-Za-z0-9]+")
_WORD: Final = re.compile(r"[A-Za-z]?[a-z]*|[A-Z]*|[0-9]*")
SECRET_NAME: Final = re.compile("key|token|secret|auth|passw|pwd|credential|^code$|^sig")
_HIDDEN: Final = re.compile(r"hidden(-[0-9a-f]{8})?")
_VARIABLE: Final = "VAT_ADDRESS_"
_PUBLIC: Final = re.compile(r"(^|\.)(youtube\.com|youtube-nocookie\.com|youtu\.be)$")
_PUBLIC_NAMES: Final = ("v", "list")
"""Ids that everyone may see and that look like secrets: those of YouTube's videos and lists."""

_MIXED: Final = 8
"""Letters and digits in one run, or large letters inside one, which words and numbers do not have:
eight of them hold 40 bits or more where they were drawn at random."""

_LONG: Final = 16
"""Longest run of letters or digits alone that is taken for a word or a number."""


def is_secret(value: str) -> bool:
    """Whether a value has the shape of a key: long, and neither words nor numbers."""
    if _HIDDEN.fullmatch(value):
        return False
    runs = _RUN.findall(value)
    mixed = sum(len(run) for run in runs if not _WORD.fullmatch(run))
    return mixed >= _MIXED or any(len(run) >= _LONG for run in runs)


def masked(address: str, mark: str = "") -> str:
    """The address with `hidden` in place of user, password and what looks like a key.

    The `mark` is put behind each `hidden`, eight hexadecimal digits or nothing.
    """
    hidden = f"hidden-{mark}" if mark else "hidden"
    scheme, colon, rest = address.partition("://")
    if not colon:
        return address
    end = next((place for place, one in enumerate(rest) if one in "/?#\\"), len(rest))
    login, at, host = rest[:end].rpartition("@")
    begin = next((place for place, one in enumerate(rest) if one in "?#"), len(rest))
    public = _PUBLIC_NAMES if _PUBLIC.search(host.partition(":")[0].lower()) else ()

    def of_field(found: re.Match[str]) -> str:
        name, _, value = found[0].partition("=")
        if not value.strip("="):
            return hidden if is_secret(unquote_plus(name)) else found[0]
        told = SECRET_NAME.search(name.lower()) and value
        looks = name not in public and is_secret(unquote_plus(value))
        known = _HIDDEN.fullmatch(value)
        return f"{name}={hidden}" if (told or looks) and not known else found[0]

    login = login if not at or _HIDDEN.fullmatch(login) else hidden
    fields = _FIELD.sub(of_field, rest[begin:])
    return f"{scheme}://{login}{at}{host}{rest[end:begin]}{fields}"


def scrubbed(text: str) -> str:
    """The text with all addresses in it masked."""
    return _ADDRESS.sub(lambda found: masked(found[0]), text) if "://" in text else text


def has_login(address: str) -> bool:
    """Whether an address holds a user or a password, as far as it can be read at all."""
    rest = address.partition("://")[2]
    return "@" in re.split(r"[/?#\\]", rest, maxsplit=1)[0]


def is_address(text: str) -> bool:
    """Whether an address has a host, and a port that is none or a number."""
    try:
        parts = urlsplit(text.strip())
        return bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


def digest_of(text: str) -> str:
    """Eight hexadecimal digits that tell one text from another."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:8]


def hide(address: str, *, one_of_many: bool = True) -> str:
    """The masked address, from which `revealed` gets the whole one, in this process and children.

    One that has no secret stays as it is. Of `one_of_many` addresses, each has its own mark; the
    only one of its kind is masked in the same way whatever its secret, which may be renewed.
    """
    plain = masked(address)
    if plain == address:
        return address
    mark = digest_of(address if one_of_many else plain)
    os.environ[_VARIABLE + mark] = address
    return masked(address, mark)


def revealed(address: str) -> str:
    """The whole address where `hide` masked it, in this process or one that started this one."""
    mark = re.search(r"hidden-([0-9a-f]{8})(?![0-9a-f])", address)
    return os.environ.get(_VARIABLE + mark[1], address) if mark else address
