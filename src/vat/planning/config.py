"""The configuration: checked against its schema, completed, and explained when it is wrong."""

import difflib
import sys
from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from string import Template
from typing import Any, cast

import yaml
from jsonschema import Draft202012Validator, FormatChecker, ValidationError

from vat.errors import ConfigError
from vat.languages import LANGUAGES

Schema = Mapping[str, Any]

_formats = FormatChecker()


@_formats.checks("language")
def _is_language(value: object) -> bool:
    return not isinstance(value, str) or value in LANGUAGES


@_formats.checks("language-or-auto")
def _is_language_or_auto(value: object) -> bool:
    return value == "auto" or _is_language(value)


@_formats.checks("language-or-source")
def _is_language_or_source(value: object) -> bool:
    return value == "source" or _is_language(value)


@_formats.checks("language-or-source-or-bilingual")
def _is_track(value: object) -> bool:
    return value == "bilingual" or _is_language_or_source(value)


def load_schema(path: str | Path) -> Schema:
    """Read a JSON Schema written as YAML."""
    schema: Schema = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    return schema


def complete(config: Mapping[str, Any], schema: Schema) -> dict[str, Any]:
    """Check `config` and fill in the schema's defaults; `config` itself is not changed.

    Raises:
        ConfigError: naming the first wrong key and, for a misspelt one, the nearest valid one.
    """
    typed = _typed(config, schema)
    check(typed, schema)
    return _fill(typed, schema)


def check(record: Mapping[str, Any], schema: Schema, where: str = "configuration") -> None:
    """Check `record` against `schema`; `where` names it in the message.

    Raises:
        ConfigError: one sentence about the first fault.
    """
    validator = Draft202012Validator(schema, format_checker=_formats)
    faults = sorted(validator.iter_errors(record), key=lambda fault: list(map(str, fault.path)))
    for fault in faults:
        sentence = f"In the {where}, {_explain(fault)}"
        raise ConfigError(sentence if sentence.endswith("?") else f"{sentence}.")


def recipe(config: Mapping[str, Any], schema: Schema) -> dict[str, Any]:
    """What of `config` shapes the results: all keys but those marked `x-machine`."""
    kept: dict[str, Any] = {}
    for key, value in config.items():
        part = schema["properties"][key]
        if part.get("x-machine"):
            continue
        kept[key] = recipe(value, part) if part.get("properties") else value
    return kept


def reference(schema: Schema) -> str:
    """The schema as a Markdown table: key, type, default, meaning."""
    rows = ["| key | values | default | meaning |", "|---|---|---|---|"]
    for key, part in _keys(schema):
        values = " \\| ".join(map(str, part["enum"])) if "enum" in part else _types(part)
        meaning = part["description"].replace("|", "\\|")
        rows.append(f"| `{key}` | {values} | {_default(part)} | {meaning} |")
    return "\n".join(rows) + "\n"


def _typed(value: Any, schema: Schema) -> Any:
    """Give text the type that the schema asks for: Snakemake hands over `--config` as text."""
    if isinstance(value, Mapping):
        parts, others = schema.get("properties", {}), schema.get("additionalProperties") or {}
        return {key: _typed(one, parts.get(key, others)) for key, one in value.items()}
    if isinstance(value, list):
        return [_typed(one, schema.get("items", {})) for one in value]
    kinds = schema.get("type", "string")
    wanted = kinds if isinstance(kinds, list) else [kinds]
    means_null = value == "null" and "null" in wanted
    if isinstance(value, str) and ("string" not in wanted or means_null):
        try:
            return yaml.safe_load(value)
        except yaml.YAMLError:
            return value
    return value


def _fill(config: Mapping[str, Any], schema: Schema) -> dict[str, Any]:
    full: dict[str, Any] = {}
    for key, part in schema["properties"].items():
        value = config.get(key, deepcopy(part.get("default")))
        full[key] = _fill(value, part) if part.get("properties") else value
    return full


def _keys(schema: Schema, prefix: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    for key, part in schema["properties"].items():
        if part.get("properties"):
            yield from _keys(part, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", part


def _default(part: Mapping[str, Any]) -> str:
    if "default" not in part:
        return ""
    text = yaml.safe_dump(part["default"], default_flow_style=True, allow_unicode=True)
    return f"`{text.removesuffix('...' + chr(10)).strip()}`"


def _types(part: Mapping[str, Any]) -> str:
    kinds = part["type"] if isinstance(part["type"], list) else [part["type"]]
    if kinds == ["array"]:
        return f"list of {part['items']['type']}s"
    return " \\| ".join(kinds)


def _explain(fault: ValidationError) -> str:
    """The fault as the end of a sentence."""
    key = _dotted(fault)
    value = fault.instance
    rule, schema = cast("Any", fault.validator_value), cast("Any", fault.schema)
    if fault.validator == "additionalProperties":
        known = list(schema.get("properties", {}))
        unknown = min(str(name) for name in cast("Any", value) if name not in known)
        place = f"{key}.{unknown}" if key else unknown
        return f"the key '{place}' is unknown{_nearest(unknown, known)}"
    if fault.validator == "format":
        known = [*LANGUAGES, *rule.split("-or-")[1:]]
        return f"'{key}' names the unknown language '{value}'{_nearest(str(value), known)}"
    if fault.validator == "enum":
        known = [str(choice) for choice in rule]
        return f"'{key}' is '{value}'{_nearest(str(value), known)}, one of: {', '.join(known)}"
    if fault.validator == "type":
        wanted = " or ".join(rule) if isinstance(rule, list) else rule
        return f"'{key}' must be of type {wanted}, not {value!r}"
    if fault.validator == "required":
        return fault.message.replace("is a required property", "is missing")
    return f"'{key}': {fault.message}"


def _dotted(fault: ValidationError) -> str:
    text = ""
    for part in fault.absolute_path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def _nearest(word: str, known: list[str]) -> str:
    near = difflib.get_close_matches(word.lower(), known, n=1, cutoff=0.0)
    return f"; did you mean '{near[0]}'?" if near else ""


_PAGE = Template("""\
# Configuration

Every key may stand in a file given with `--configfile` or on the command line
(`--config 'split={chunk_seconds: 300}'` is merged into the section). Unknown keys are refused.
A change reruns the stages whose results depend on it; keys that name only means (devices, memory,
ffmpeg) rerun nothing.

$config
## Columns of a video sheet

A tab-separated file (`.tsv`) named in `videos`. An empty cell takes the configuration's value.

$videos""")


def main(folder: str) -> None:
    """Print the reference of all settings, as docs/configuration.md holds it."""
    schemas = {
        name: load_schema(Path(folder) / f"{name}.schema.yaml") for name in ("config", "videos")
    }
    page = _PAGE.substitute({name: reference(schema) for name, schema in schemas.items()})
    sys.stdout.write(page)


if __name__ == "__main__":
    main(*sys.argv[1:])
