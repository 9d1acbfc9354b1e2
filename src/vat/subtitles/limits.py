"""How large and how fast a subtitle may be, by the language it is written in."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import Any, Final

from vat.languages import base


@dataclass(frozen=True, slots=True)
class CueSettings:
    """Limits of a cue; the defaults are those of Latin script.

    A line has at most `max_columns`; a wide character (Chinese, Japanese, Korean) takes two. Times
    are seconds on screen; `min_gap_seconds` lie between two cues.

    The values are those of Netflix's timed text style guides: 42 columns, 2 lines, 20 characters
    per second in programmes for adults, 7 s at most, and a gap of two frames (at 24 per second).
    """

    max_columns: int = 42
    max_lines: int = 2
    max_columns_per_second: float = 20.0
    min_seconds: float = 1.0
    max_seconds: float = 7.0
    min_gap_seconds: float = 0.083


_CHINESE = CueSettings(max_columns=36, max_columns_per_second=18.0)
_JAPANESE = CueSettings(max_columns=36, max_columns_per_second=14.0)
_KOREAN = CueSettings(max_columns=32, max_columns_per_second=24.0)
_THAI = CueSettings(max_columns=35, max_columns_per_second=17.0)

PRESETS: Final[Mapping[str, CueSettings]] = MappingProxyType(
    {"zh": _CHINESE, "yue": _CHINESE, "ja": _JAPANESE, "ko": _KOREAN, "th": _THAI}
)
"""The limits of scripts that differ from Latin, from the same guides: 9 characters per second in
Chinese, 7 in Japanese (of the deaf's subtitles, which like these hold all that is said), 12 in
Korean; lines of 16 wide characters. In Chinese and Japanese 18 are allowed, for translations that
come out long; lines of about equal width mostly stay below 16."""


def cue_settings(language: str, section: Mapping[str, Any]) -> CueSettings:
    """The limits for one language: its preset, changed by the configuration.

    `section` has keys of `CueSettings`, where null leaves the preset's value, and `languages` with
    the same keys by language code, which go first; `zh` speaks for `zh-hant`, too.
    """
    shared = base(language)
    single = section.get("languages") or {}
    found = PRESETS.get(shared, CueSettings())
    known = {field.name for field in fields(CueSettings)}
    for changes in (section, single.get(shared, {}), single.get(language, {})):
        wanted = {key: changes[key] for key in known if changes.get(key) is not None}
        found = replace(found, **wanted)
    return found
