"""What a user's own settings say of the folders that are watched."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import yaml

from vat.errors import UsageError
from vat_command.snakemake_call import Wishes, settings

_SECTION: Final = "download"
_YES: Final = ("true", "yes", "on")
"""What is true in YAML, in small letters."""


@dataclass(frozen=True, slots=True)
class DownloadOptions:
    """Whether folders within a folder are looked into, and patterns of files that are not taken."""

    recursive: bool
    exclude: Sequence[str]


def download_options(wishes: Wishes, here: Path) -> DownloadOptions:
    """The section `download` of the user's own settings; folders may be away meanwhile.

    Raises:
        OSError: where a file with settings cannot be read.
        UsageError: where a setting is none, or a file has something else than settings.
    """
    found: dict[str, Any] = {}
    for name in wishes.config_files:
        found |= _section(_read(here / name), f"'{name}'")
    found |= _section(settings(replace(wishes, sources=()), here), "--set")
    exclude = found.get("exclude") or []
    return DownloadOptions(
        recursive=str(found.get("recursive")).lower() in _YES,
        exclude=[exclude] if isinstance(exclude, str) else list(exclude),
    )


def _read(path: Path) -> Mapping[str, Any]:
    """What a file has in it, as texts."""
    try:
        # Only texts are made.
        read = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506
    except UnicodeDecodeError:
        raise UsageError(f"'{path}' is no text in UTF-8; save it as such.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" in line {mark.line + 1}" if mark else ""
        raise UsageError(f"'{path}' is no YAML that can be read{place}; correct it.") from None
    if not isinstance(read or {}, Mapping):
        raise UsageError(f"'{path}' has no settings at its top; write KEY: VALUE there.")
    return read or {}


def _section(of: Mapping[str, Any], place: str) -> Mapping[str, Any]:
    found = of.get(_SECTION) or {}
    if not isinstance(found, Mapping):
        raise UsageError(
            f"{_SECTION} in {place} is a section; set what is in it, such as"
            f" {_SECTION}.recursive=true."
        )
    return found
