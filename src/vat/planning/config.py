"""The configuration: checked against its schema, completed, and explained when it is wrong."""

import difflib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any, Final, cast

import yaml
from jsonschema import Draft202012Validator, ValidationError, validators

from vat.errors import ConfigError
from vat.languages import LANGUAGES, code_of, nearest
from vat.planning.schema import Schema, schema_of
from vat.planning.settings import Config, SheetRow

_SHOWN: Final = 120
_PRINTABLE_BITS: Final = 10_000
_DEEPEST: Final = 20
_MOST: Final = 1_000_000
"""Values in a configuration; the most are a list of videos."""

CONFIG: Final[Schema] = schema_of(Config, "Configuration of VAT")
SHEET_ROW: Final[Schema] = schema_of(SheetRow, "One row of a video sheet")

_LIKENESS: Final = 0.6
"""What difflib takes for similar; a suggestion that is less so misleads."""


def _words(language_format: str) -> list[str]:
    """What a value of such a format may be beside a code, as its name says."""
    return language_format.split("-or-")[1:]


def _check_language(
    _: object, language_format: str, value: object, __: object
) -> Iterator[ValidationError]:
    if isinstance(value, str) and value not in (*LANGUAGES, *_words(language_format)):
        yield ValidationError(f"{value!r} is no {language_format}")


def _is_integer(_: object, value: object) -> bool:
    """Whether a value is an integer; 5.0, which JSON Schema takes for one, fails in libraries."""
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(_: object, value: object) -> bool:
    """Whether a value is a number that a setting can have: YAML's .inf and .nan are none."""
    return _is_integer(_, value) or (isinstance(value, float) and math.isfinite(value))


_Validator: Final = cast("Any", validators).extend(
    Draft202012Validator,
    {"format": _check_language},
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many(
        {"integer": _is_integer, "number": _is_number}
    ),
)


def complete(config: Mapping[str, Any]) -> dict[str, Any]:
    """Check `config` and fill in the defaults; `config` itself is not changed.

    Raises:
        ConfigError: naming the first wrong key and, for a misspelt one, the nearest valid one.
    """
    return _fill(checked(config, CONFIG), CONFIG)


def checked(
    record: Mapping[str, Any], schema: Schema, where: str = "configuration"
) -> dict[str, Any]:
    """`record` with values of the right types and languages by their codes, once it is right.

    `where` names the record in the message.

    Raises:
        ConfigError: naming the first fault.
    """
    _check_size(record, where)
    typed: dict[str, Any] = _typed(record, schema)
    check(typed, schema, where)
    return typed


def check(record: Mapping[str, Any], schema: Schema, where: str = "configuration") -> None:
    """Check `record` against `schema`; `where` names it in the message.

    Raises:
        ConfigError: one sentence about the first fault.
    """
    faults = sorted(
        _Validator(schema).iter_errors(record), key=lambda fault: list(map(str, fault.path))
    )
    for fault in faults:
        sentence = f"In the {where}, {_explain(fault)}"
        raise ConfigError(sentence if sentence.endswith("?") else f"{sentence}.")


def _check_size(record: Mapping[str, Any], where: str) -> None:
    """See that a record can be walked through: YAML's anchors may repeat a part for ever.

    Raises:
        ConfigError: where it is nested too deeply or is too large.
    """
    left, seen = [(0, cast("Any", record))], 0
    while left:
        depth, value = left.pop()
        seen += 1
        if depth > _DEEPEST or seen > _MOST:
            raise ConfigError(f"The {where} is too large or nested too deeply; correct it.")
        inner = value.values() if isinstance(value, Mapping) else value
        if isinstance(inner, str) or not isinstance(inner, Iterable):
            continue
        left.extend((depth + 1, one) for one in inner)


def recipe(config: Mapping[str, Any], schema: Schema = CONFIG) -> dict[str, Any]:
    """What of a complete `config` shapes the results: all keys but the means."""
    parts = schema["properties"]
    return {
        key: recipe(value, parts[key]) if "properties" in parts[key] else value
        for key, value in config.items()
        if not parts[key].get("x-means")
    }


def _typed(value: Any, schema: Schema) -> Any:
    """Give text the type that the schema asks for: Snakemake hands over `--config` as text."""
    if isinstance(value, Mapping):
        parts, others = schema.get("properties", {}), schema.get("additionalProperties") or {}
        names = schema.get("propertyNames", {})
        return {
            _coded(key, names): _typed(one, parts.get(key, others)) for key, one in value.items()
        }
    if isinstance(value, list):
        return [_typed(one, schema.get("items", {})) for one in value]
    if isinstance(value, int) and value.bit_length() > _PRINTABLE_BITS:
        # Python cannot even print it.
        return math.copysign(math.inf, value >> (value.bit_length() - 1))
    kinds = schema.get("type", "string")
    wanted = kinds if isinstance(kinds, list) else [kinds]
    means_null = value == "null" and "null" in wanted
    names_no_choice = value not in schema.get("enum", [value])
    if isinstance(value, str) and ("string" not in wanted or means_null or names_no_choice):
        try:
            return yaml.safe_load(value)
        except (yaml.YAMLError, ValueError, RecursionError):
            return value
    return _coded(value, schema)


def _coded(value: Any, schema: Schema) -> Any:
    """A language by its code, where the schema asks for a language and it can be told."""
    wanted = schema.get("format")
    if not wanted or not isinstance(value, str) or value in _words(wanted):
        return value
    return code_of(value) or value


def _fill(config: Mapping[str, Any], schema: Schema) -> dict[str, Any]:
    full: dict[str, Any] = {}
    for key, part in schema["properties"].items():
        value = config.get(key, deepcopy(part.get("default")))
        full[key] = _fill(value, part) if part.get("properties") else value
    return full


def _said(value: object) -> str:
    """A value as a message shows it, cut where it is long."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _explain(fault: ValidationError) -> str:
    """The fault as the end of a sentence."""
    key = _dotted(fault)
    value = fault.instance
    rule, schema = cast("Any", fault.validator_value), cast("Any", fault.schema)
    if fault.validator == "additionalProperties":
        known = list(schema.get("properties", {}))
        unknown = min(str(name) for name in cast("Any", value) if name not in known)
        place = f"{key}.{unknown}" if key else unknown
        return f"the key {_said(place)} is unknown{_nearest(unknown, known)}"
    if fault.validator == "format":
        near = nearest(str(value))[:1] or _close(str(value), _words(rule))
        return f"{key!r} names the unknown language {_said(value)}{_meant(near)}"
    if fault.validator == "enum":
        known = [choice if isinstance(choice, str) else str(choice).lower() for choice in rule]
        choices = f"{key!r} is {_said(value)}, not one of: {', '.join(known)}"
        return choices + _nearest(str(value), known)
    if fault.validator == "type":
        place = f"a key of {key!r}" if "propertyNames" in fault.absolute_schema_path else repr(key)
        return f"{place} must be {_wanted(rule, schema, value)}"
    if fault.validator == "required":
        return fault.message.replace("is a required property", "is missing")
    return f"{key!r}: {_bounded(fault)}"


def _wanted(kinds: str | list[str], schema: Schema, value: object) -> str:
    """Of what type a value must be, and which it is."""
    if kinds == "array":
        return f"a list, such as {_example(schema)}, not {_said(value)}"
    wanted = " or ".join(kinds) if isinstance(kinds, list) else kinds
    # YAML takes an unquoted no, Norwegian, for false.
    hint = "; put a word like no into quotes" if value is False and "string" in wanted else ""
    return f"of type {wanted}, not {_said(value)}{hint}"


def _bounded(fault: ValidationError) -> str:
    """What is wrong with a value of the right type, in jsonschema's words."""
    told = fault.message
    if len(told) <= 2 * _SHOWN:
        return told
    rest = told.removeprefix(repr(fault.instance))
    return _said(fault.instance) + (rest if len(rest) <= _SHOWN else " is wrong")


def _dotted(fault: ValidationError) -> str:
    text = ""
    for part in fault.absolute_path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def _example(schema: Schema) -> str:
    """A list as it is written in YAML, of values that are right."""
    items = schema["items"]
    if "format" in items:
        return "[zh, en]"
    examples = {"string": ("a", "b"), "number": (0.5, 1.0)}
    values: Sequence[Any] = items.get("enum") or examples.get(items.get("type"), (1, 2))
    return f"[{', '.join(map(str, values[:2]))}]"


def _nearest(word: str, known: list[str]) -> str:
    return _meant(_close(word, known))


def _close(word: str, known: list[str]) -> list[str]:
    return difflib.get_close_matches(word.lower(), known, n=1, cutoff=_LIKENESS)


def _meant(near: list[str]) -> str:
    return f"; did you mean '{near[0]}'?" if near else ""
