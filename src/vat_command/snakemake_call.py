"""From what a user asks of `vat` to Snakemake's command line."""

import os
import shlex
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from vat.errors import UsageError
from vat.jobs.processes import COMMAND_VARIABLE
from vat.planning.sources import is_url

_CONFIG: Final = ("--config", "-C")
_NOTHING: Final = "none"
_FLOW_WIDTH: Final = 2**31

LOCAL: Final = "local-gpu"
"""The profile of runs on this host, which is taken where none is named."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a user asked for.

    `sources` are files, folders and URLs; `target` is a target of the workflow, or several with
    blanks between, "" for the videos; `out` is the folder below which everything is written.
    `languages` are those to translate into as typed, `spoken` the language of the videos, "" where
    the configuration has the word. `settings` are texts of the form KEY=VALUE with dots in the key,
    `rest` is for Snakemake.
    """

    sources: Sequence[str] = ()
    target: str = ""
    out: str = "."
    languages: Sequence[str] = ()
    spoken: str = ""
    dry_run: bool = False
    profile: str = LOCAL
    config_files: Sequence[str] = ()
    settings: Sequence[str] = ()
    rest: Sequence[str] = ()


def snakemake_call(wishes: Wishes, home: Path, here: Path) -> list[str]:
    """The command that does what was wished; `home` holds the workflow, `here` is where one stands.

    Raises:
        UsageError: where a wish means nothing.
    """
    rest, own = _without_config(wishes.rest)
    config = [f"{key}={in_a_line(value)}" for key, value in settings(wishes, here).items()] + own
    return [
        *(sys.executable, "-m", "snakemake"),
        *("--snakefile", str(home / "workflow" / "Snakefile")),
        *("--profile", _profile(wishes.profile, home)),
        *(["--config", *config] if config else []),
        *(["--configfile", *wishes.config_files] if wishes.config_files else []),
        *("--directory", str(here / wishes.out)),
        *(["--dry-run"] if wishes.dry_run else []),
        *rest,
        *(["--", *wishes.target.split()] if wishes.target else []),
    ]


def environment(words: Sequence[str]) -> dict[str, str]:
    """The environment of Snakemake, which is told the `words` that were typed after `vat`.

    No file of the folder where one stands is a module of it.
    """
    typed = shlex.join(["vat", *words])
    return os.environ | {"PYTHONSAFEPATH": "1", COMMAND_VARIABLE: typed}


def settings(wishes: Wishes, here: Path) -> dict[str, Any]:
    """The settings that the wishes amount to, as in a configuration.

    Raises:
        UsageError: where a source is not there, or a setting is none.
    """
    found: dict[str, Any] = {}
    if wishes.sources:
        found["videos"] = [_source(name, here) for name in wishes.sources]
    if targets := _divided(wishes.languages):
        _put(found, "languages.targets", [] if targets == [_NOTHING] else targets)
    if spoken := _divided([wishes.spoken]):
        _put(found, "languages.source", spoken[0] if len(spoken) == 1 else spoken)
    for text in wishes.settings:
        key, sign, value = text.partition("=")
        if not sign or not all(key.split(".")):
            raise UsageError(
                f"'{text}' is no setting; write --set KEY=VALUE, such as asr.beam_size=1."
            )
        _put(found, key, _value(value))
    return found


def _put(settings: dict[str, Any], key: str, value: Any) -> None:
    *sections, last = key.split(".")
    for section in sections:
        inner = settings.setdefault(section, {})
        if not isinstance(inner, dict):
            raise UsageError(f"'{key}' is set as a whole and in part; say it once.")
        settings = inner
    settings[last] = value


def _divided(texts: Iterable[str]) -> list[str]:
    return [name for text in texts for part in text.split(",") if (name := part.strip())]


def _source(name: str, here: Path) -> str:
    if is_url(name):
        return name
    path = here / name
    if not path.exists():
        raise UsageError(f"There is no file or folder '{path}'; correct the path.")
    return str(_without_detours(path))


def _without_detours(path: Path) -> Path:
    """The path without `..`, so that a video is the same wherever one stands.

    Links are kept, as each is a video's name of its own, except before a `..`.
    """
    parts = path.parts
    last = max((n for n, part in enumerate(parts, 1) if part == ".."), default=0)
    return Path(*parts[:last]).resolve().joinpath(*parts[last:]) if last else path


def _value(text: str) -> Any:
    """What is typed as a value; only its shape is told here, types are the schema's affair."""
    try:
        return yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506
    except yaml.YAMLError:
        return text


def in_a_line(value: Any) -> str:
    """A value in one line, in which Snakemake's own reader of YAML finds the same texts."""
    text = yaml.safe_dump(value, default_flow_style=True, width=_FLOW_WIDTH)
    return text.removesuffix("\n").removesuffix("\n...")


def _profile(name: str, home: Path) -> str:
    packaged = home / "profiles" / name
    return str(packaged) if name and packaged.is_dir() else name


def _without_config(rest: Sequence[str]) -> tuple[list[str], list[str]]:
    """The options for Snakemake without `--config`, and what that one had.

    Of two options `--config`, Snakemake takes the second alone.
    """
    kept, own, inside = [], [], False
    for word in rest:
        name, sign, value = word.partition("=")
        if name in _CONFIG:
            inside = not sign
            own += [value] if sign else []
        elif inside and not word.startswith("-"):
            own.append(word)
        else:
            inside = False
            kept.append(word)
    return kept, own
