"""Settings as JSON Schema: closed, described, defaulted."""

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin, get_type_hints

from vat.settings import Key

Schema = Mapping[str, Any]

_TYPES: Final = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    NoneType: "null",
}


def schema_of(kind: type, title: str) -> Schema:
    """The schema of a dataclass whose fields are keys; `x-means` marks those of the means."""
    dialect = "https://json-schema.org/draft/2020-12/schema"
    return {"$schema": dialect, "title": title, **_object(kind)}


def _object(kind: Any) -> dict[str, Any]:
    types = get_type_hints(kind, include_extras=True)
    keys = {one.name: (one, Key.of(one)) for one in fields(kind)}
    required = [name for name, (_, key) in keys.items() if key.is_required]
    return {
        "type": "object",
        "additionalProperties": False,
        **({"required": required} if required else {}),
        "properties": {name: _property(types[name], *key) for name, key in keys.items()},
    }


def _property(hint: Any, declared: Field[Any], key: Key) -> dict[str, Any]:
    part = {"description": key.meaning, **_ruled(_value(hint), key.rules)}
    if declared.default_factory is not MISSING:
        # That of a section is its keys' own.
        part["default"] = {}
    elif declared.default is not MISSING:
        part["default"] = _plain(declared.default)
    if key.is_means:
        part["x-means"] = True
    # Last, where people who read it do not overlook the rest.
    if "properties" in part:
        part["properties"] = part.pop("properties")
    return part


def _value(hint: Any) -> dict[str, Any]:
    """What a type says about its values."""
    kind, arguments = get_origin(hint), get_args(hint)
    if is_dataclass(hint):
        return _object(hint)
    if kind is Annotated:
        base, *rules = arguments
        return _ruled(_value(base), {rule.keyword: rule.value for rule in rules})
    if kind in (Union, UnionType):
        parts = [_value(one) for one in arguments]
        merged = {keyword: value for part in parts for keyword, value in part.items()}
        return {**merged, "type": [part["type"] for part in parts]}
    if kind is Sequence:
        return {"type": "array", "items": _value(arguments[0])}
    if kind is Mapping:
        names, values = map(_value, arguments)
        return {"type": "object", "propertyNames": names, "additionalProperties": values}
    return {"type": _TYPES[hint]}


def _ruled(part: Mapping[str, Any], rules: Mapping[str, Any]) -> dict[str, Any]:
    """A schema with further keywords; a choice of values says their type, too."""
    ruled = {**part, **{keyword: _plain(value) for keyword, value in rules.items()}}
    if "enum" in rules:
        del ruled["type"]
    return ruled


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
