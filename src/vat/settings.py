"""How the configuration's keys are declared: once, in the package whose code obeys them.

A section is a frozen dataclass; each of its fields says the key's type, default and meaning, and
which values are right. `vat.planning` puts the sections together, checks a configuration against
them, and writes the schema, config.yaml and the documentation from them.

Snakemake compares params as they are printed: a new order of a section's keys reruns its stages.

A key either belongs to the recipe, which shapes results, or to the means, which results do not
depend on: a device, a limit, a price. A change of the recipe reruns the stages it concerns; a
change of the means reruns nothing. A job's params hold the recipe alone, so that a section made
from them has the defaults of the means; a script takes the means from Snakemake's configuration.
"""

from dataclasses import Field, dataclass, field
from typing import Annotated, Any, Final, TypeVar, cast

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rule:
    """A keyword of JSON Schema, as a part of an annotated type."""

    keyword: str
    value: Any


Text = Annotated[str, Rule("minLength", 1)]
"""Text that is not empty."""

Language = Annotated[str, Rule("format", "language")]
LanguageOrAutoOrMulti = Annotated[str, Rule("format", "language-or-auto-or-multi")]
LanguageOrSource = Annotated[str, Rule("format", "language-or-source")]
TrackName = Annotated[str, Rule("format", "language-or-source-or-bilingual")]
"""A code of vat.languages, or one of the words in the name of the format."""

AUTO: Final = "auto"
MULTI: Final = "multi"
"""Instead of a language: it is detected once for a video, or in every stretch of its speech."""

Auto = Annotated[str, Rule("pattern", "^auto$")]
"""The word auto, beside a number."""

DEVICES: Final = ("auto", "cuda", "cpu")

_KEY: Final = "setting"


@dataclass(frozen=True, slots=True)
class Key:
    """What is known of a key beside its type and default.

    `rules` are keywords of JSON Schema for its value. A key that `is_required` has no default.
    """

    meaning: str
    rules: dict[str, Any]
    is_means: bool = False
    is_required: bool = False

    @classmethod
    def of(cls, declared: "Field[Any]") -> "Key":
        """The key that a field of a section declares."""
        return cast("Key", declared.metadata[_KEY])


def setting(default: T, meaning: str, **rules: Any) -> T:
    """A key of the recipe, with JSON Schema's keywords for its value (`minimum=1`)."""
    return _declared(default, Key(meaning, rules))


def means(default: T, meaning: str, **rules: Any) -> T:
    """A key of the means."""
    return _declared(default, Key(meaning, rules, is_means=True))


def section(kind: type[T], meaning: str) -> T:
    """A section of the configuration, whose keys are the fields of the dataclass `kind`."""
    return field(default_factory=kind, metadata={_KEY: Key(meaning, {})})


def column(meaning: str, *, required: bool = False, **rules: Any) -> Any:
    """A column of a table; an empty cell leaves it out."""
    return field(metadata={_KEY: Key(meaning, rules, is_required=required)})


def _declared(default: T, key: Key) -> T:
    # Dataclasses refuse a default that all instances would share and could change.
    if isinstance(default, dict):
        return cast("T", field(default_factory=default.copy, metadata={_KEY: key}))
    return field(default=default, metadata={_KEY: key})
