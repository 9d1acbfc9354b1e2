"""The files that show all settings, written from their declarations: `make config`."""

import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any, Final

import yaml

from vat.files import write_text
from vat.planning.config import CONFIG, SHEET_ROW
from vat.planning.schema import Schema

_COLUMNS: Final = 118
"""Of a line of comment in config.yaml."""

_SNAKEMAKES_OWN: Final = ("pathvars",)
"""Keys that Snakemake reads by itself, and that config.yaml leaves to its users."""

_SCHEMA: Final = """\
# yaml-language-server: $schema=https://json-schema.org/draft/2020-12/schema
# Written by `make config` from the declarations in src/vat/*/settings.py. Unknown keys are refused.
# `x-means: true` marks a key that results do not depend on: changing it reruns nothing.
"""

_CONFIG: Final = """\
# yaml-language-server: $schema=../workflow/schemas/config.schema.yaml
# The defaults for real work, written by `make config`. Settings of your own go into a file given
# with --configfile, or on the command line, where a section is merged, not replaced:
#   snakemake --profile local-gpu --config videos=/path/to/folder 'split={chunk_seconds: 300}'
"""

_PAGE: Final = Template("""\
# Configuration

Every key may stand in a file given with `--configfile` or on the command line
(`--config 'split={chunk_seconds: 300}'` is merged into the section). Unknown keys are refused.
A change reruns the stages whose results depend on it; changing a key with an asterisk (devices,
memory, limits, prices) reruns nothing.

$config
## Columns of a video sheet

A tab-separated file (`.tsv`) named in `videos`. An empty cell takes the configuration's value.

$columns""")


def files() -> dict[str, str]:
    """The content of each file by its path below the folder of the Snakefile."""
    page = _PAGE.substitute(config=table(CONFIG), columns=table(SHEET_ROW))
    return {
        "workflow/schemas/config.schema.yaml": _SCHEMA + _yaml(CONFIG),
        "workflow/schemas/videos.schema.yaml": _SCHEMA + _yaml(SHEET_ROW),
        "config/config.yaml": _CONFIG + "".join(_commented(CONFIG)),
        "docs/configuration.md": page,
    }


def table(schema: Schema) -> str:
    """A schema as a Markdown table: key, values, default, meaning."""
    rows = ["| key | values | default | meaning |", "|---|---|---|---|"]
    for key, part in _keys(schema):
        name = f"`{key}` \\*" if part.get("x-means") else f"`{key}`"
        default = f"`{_value(part['default'])}`" if "default" in part else ""
        cells = (" \\| ".join(_values(part)), default, part["description"].replace("|", "\\|"))
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def _keys(schema: Schema, prefix: str = "") -> Iterator[tuple[str, Schema]]:
    for key, part in schema["properties"].items():
        if "properties" in part:
            yield from _keys(part, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", part


def _values(part: Schema) -> list[str]:
    if "enum" in part:
        return _named(part["enum"])
    kinds = part["type"] if isinstance(part["type"], list) else [part["type"]]
    if kinds != ["array"]:
        return kinds
    items = part["items"]
    if "enum" in items:
        return [f"list of {_listed(items['enum'], 'and')}"]
    return [f"list of {items['type']}s"]


def _commented(schema: Schema, indent: str = "") -> Iterator[str]:
    """The keys with their defaults, each below its meaning."""
    for key, part in schema["properties"].items():
        if key in _SNAKEMAKES_OWN:
            continue
        inside = "properties" in part
        yield "\n" if not indent else ""
        yield _comment(part["description"] + _choices(part), indent)
        yield f"{indent}{key}:\n" if inside else f"{indent}{key}: {_value(part['default'])}\n"
        if inside:
            yield from _commented(part, indent + "  ")


def _comment(text: str, indent: str) -> str:
    lines = textwrap.wrap(
        text,
        _COLUMNS,
        initial_indent=f"{indent}# ",
        subsequent_indent=f"{indent}# ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "".join(f"{line}\n" for line in lines)


def _choices(part: Schema) -> str:
    """The values to choose from, where the meaning does not name them all."""
    several = part.get("items", {}).get("enum")
    choices = _named(several or part.get("enum", ()))
    if all(choice in part["description"] for choice in choices):
        return ""
    return f" {'Any' if several else 'One'} of: {', '.join(choices)}."


def _named(choices: Sequence[Any]) -> list[str]:
    """Values as they are written: true, and not True."""
    return [choice if isinstance(choice, str) else _value(choice) for choice in choices]


def _listed(words: list[str], last: str) -> str:
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def _value(value: Any) -> str:
    """A value on one line of YAML."""
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=float("inf"))
    return text.removesuffix("...\n").strip()


def _yaml(schema: Mapping[str, Any]) -> str:
    return yaml.safe_dump(schema, sort_keys=False, allow_unicode=True, width=_COLUMNS)


def main(root: str) -> None:
    """Write all of them below the folder `root`."""
    for path, text in files().items():
        write_text(Path(root) / path, text)


if __name__ == "__main__":
    main(*sys.argv[1:])
