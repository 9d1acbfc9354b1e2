"""Who is told when a video is done: a command, an address, or a service by apprise."""

import json
import logging
import os
import subprocess
import urllib.request
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from http.client import HTTPException, InvalidURL
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Final
from urllib.error import HTTPError

from vat.errors import UsageError, VatError
from vat.jobs.addresses import masked
from vat.planning.sources import is_url

logger = logging.getLogger(__name__)

_WEB: Final = ("http://", "https://")
_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Done:
    """A video that is done: its name in paths, its own name, and its delivered files."""

    video: str
    name: str
    files: Sequence[str]


class HookError(VatError):
    """Who was to be told could not be."""


def check_hook(hook: str) -> None:
    """See that a hook can be called at all.

    Raises:
        UsageError: where it needs apprise, which is not installed.
    """
    if is_url(hook) and not hook.lower().startswith(_WEB) and find_spec("apprise") is None:
        scheme = hook.partition("://")[0]
        raise UsageError(f"{scheme}:// needs apprise; pip install apprise, or give a command.")


def call_hook(hook: str, done: Done) -> None:
    """Tell a hook that a video is done.

    An http address gets it as JSON by POST, another address as a message of apprise. All else is a
    command for the shell, which finds it in its environment: names are not part of its text.

    Raises:
        HookError: where that fails.
    """
    if hook.lower().startswith(_WEB):
        _post(hook, done)
    elif is_url(hook):
        _notify(hook, done)
    else:
        _run(hook, done)


def _post(address: str, done: Done) -> None:
    body = json.dumps(asdict(done)).encode()
    header = {"Content-Type": "application/json"}
    try:
        request = urllib.request.Request(address, body, header)  # noqa: S310
        with urllib.request.urlopen(request, timeout=_SECONDS):  # noqa: S310
            pass
    except InvalidURL:
        # Its text would tell the address with its secrets.
        raise HookError(
            f"{masked(address)} was not told of {done.name!r}: it is no address; correct its port,"
            " and write %20 for a space."
        ) from None
    except (OSError, ValueError, HTTPException) as error:
        if isinstance(error, HTTPError):
            error.close()
        raise HookError(f"{masked(address)} was not told of {done.name!r}: {error}") from error


def _notify(address: str, done: Done) -> None:
    service = import_module("apprise").Apprise()
    if not (service.add(address) and service.notify(title="VAT", body=f"{done.name} is done")):
        raise HookError(f"{masked(address)} was not told of {done.name!r}; check the address.")


def _run(command: str, done: Done) -> None:
    first = next((name for name in done.files if Path(name).suffix != ".srt"), "")
    told = {
        "VAT_VIDEO": done.video,
        "VAT_NAME": done.name,
        "VAT_FILE": first,
        "VAT_FILES": "\n".join(done.files),
    }
    try:
        ended = subprocess.run(
            ["/bin/sh", "-c", command], env=os.environ | told, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise HookError(f"'{command}' took more than {_SECONDS} s for {done.name!r}.") from error
    if ended.returncode:
        raise HookError(f"'{command}' ended with status {ended.returncode} for {done.name!r}.")
