"""Declarations of settings become JSON Schema."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import pytest
from jsonschema import Draft202012Validator

from vat.planning.config import CONFIG, SHEET_ROW
from vat.planning.reference import table
from vat.planning.schema import Schema, schema_of
from vat.settings import Language, Rule, Text, column, means, section, setting


@dataclass(frozen=True)
class Inner:
    """A section."""

    many: Sequence[Annotated[float, Rule("maximum", 1)]] = setting((0.5,), "Some.", minItems=1)
    either: str | Sequence[Text] = setting("x", "One or more.")


@dataclass(frozen=True)
class Outer:
    """A whole."""

    number: int | None = setting(None, "A number.", minimum=0)
    choice: str = means("a", "This | that.", enum=("a", "b"))
    inner: Inner = section(Inner, "More.")
    by_language: Mapping[Language, Inner] = setting({}, "By language.")


def inner() -> Schema:
    found: Schema = schema_of(Outer, "t")["properties"]["inner"]["properties"]
    return found


def test_each_type_says_its_values() -> None:
    keys = schema_of(Outer, "t")["properties"]
    number = {"description": "A number.", "type": ["integer", "null"], "minimum": 0}
    assert keys["number"] == number | {"default": None}
    floats = {"type": "array", "items": {"type": "number", "maximum": 1}}
    assert inner()["many"] == floats | {"description": "Some.", "minItems": 1, "default": [0.5]}
    assert inner()["either"] == {
        "description": "One or more.",
        "type": ["string", "array"],
        "items": {"type": "string", "minLength": 1},
        "default": "x",
    }


def test_a_choice_of_the_means_is_marked() -> None:
    choice = {"description": "This | that.", "enum": ["a", "b"], "default": "a", "x-means": True}
    assert schema_of(Outer, "t")["properties"]["choice"] == choice


def test_sections_are_closed_wherever_they_stand() -> None:
    keys = schema_of(Outer, "t")["properties"]
    closed = {"type": "object", "additionalProperties": False, "properties": inner()}
    assert keys["inner"] == closed | {"description": "More.", "default": {}}
    assert keys["by_language"]["propertyNames"] == {"type": "string", "format": "language"}
    assert keys["by_language"]["additionalProperties"] == closed


def test_a_row_requires_only_what_it_cannot_do_without() -> None:
    @dataclass(frozen=True)
    class Row:
        """A row."""

        name: Text = column("A name.", required=True)
        size: int = column("A size.")

    schema = schema_of(Row, "t")
    assert schema["required"] == ["name"]
    assert schema["properties"]["size"] == {"description": "A size.", "type": "integer"}


def test_a_field_that_is_no_setting_is_refused() -> None:
    @dataclass(frozen=True)
    class Forgotten:
        """A section."""

        size: int = 1

    with pytest.raises(KeyError):
        schema_of(Forgotten, "t")


@pytest.mark.parametrize("schema", [CONFIG, SHEET_ROW])
def test_what_is_written_is_json_schema(schema: Schema) -> None:
    Draft202012Validator.check_schema(schema)


def test_a_table_marks_the_means_and_keeps_its_columns() -> None:
    rows = table(schema_of(Outer, "t")).splitlines()
    assert r"| `choice` \* | a \| b | `a` | This \| that. |" in rows
    assert "| `inner.many` | list of numbers | `[0.5]` | Some. |" in rows
