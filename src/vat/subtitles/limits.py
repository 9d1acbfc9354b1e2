"""How large and how fast a subtitle may be, by the language it is written in."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import Any, Final

from vat.languages import base
from vat.settings import Language, setting


# Without slots, which would hide the defaults: CueSettings takes its defaults from here.
@dataclass(frozen=True)
class LimitSettings:
    """Limits of a cue, as they are configured; null takes what the script of the language wants."""

    max_columns: int | None = setting(
        None,
        "Widest line of a subtitle, where a Chinese, Japanese or Korean character takes two"
        " columns; null takes what the script of the language wants (Latin 42, Chinese and"
        " Japanese 36, Korean 32, Thai 35, others 42).",
        minimum=10,
        maximum=1000,
    )
    max_lines: int = setting(2, "Most lines of a subtitle.", minimum=1, maximum=100)
    max_columns_per_second: float | None = setting(
        None,
        "Highest reading speed, or null for the script's own (Latin 20, Chinese 18, Japanese 14,"
        " Korean 24, Thai 17, others 20). Where there is time, subtitles stay long enough for 0.85"
        " of it.",
        minimum=0.1,
        maximum=1000,
    )
    min_seconds: float = setting(
        1.0,
        "Shortest time a subtitle stays, where the next one leaves room.",
        minimum=0,
        maximum=60,
    )
    max_seconds: float = setting(7.0, "Longest time a subtitle stays.", minimum=0.1, maximum=3600)
    min_gap_seconds: float = setting(
        0.083,
        "Least time between two subtitles; 0.083 is two frames at 24 per second.",
        minimum=0,
        maximum=60,
    )


@dataclass(frozen=True)
class MergeSettings(LimitSettings):
    """The keys of the configuration's `merge` section."""

    languages: Mapping[Language, LimitSettings] = setting(
        {},
        "The keys above for single languages, spoken or translated into, such as {zh:"
        " {max_columns: 36}}; they go first.",
    )
    shot_changes: bool = setting(
        False,
        "Whether subtitles that come or go within 12 frames of a cut of the picture do so at the"
        " cut. The whole picture is decoded for it.",
    )
    word_times: bool = setting(
        False,
        "Whether the subtitles of the spoken language are also written with the time of every word:"
        " source.words.vtt, and source.words.ass for karaoke.",
    )


@dataclass(frozen=True, slots=True)
class CueSettings:
    """Limits of a cue; the defaults are those of Latin script.

    A line has at most `max_columns`; a wide character (Chinese, Japanese, Korean) takes two. Times
    are seconds on screen; `min_gap_seconds` lie between two cues.

    The values are those of Netflix's timed text style guides: 42 columns, 2 lines, 20 characters
    per second in programmes for adults, 7 s at most, and a gap of two frames (at 24 per second).
    """

    max_columns: int = 42
    max_lines: int = LimitSettings.max_lines
    max_columns_per_second: float = 20.0
    min_seconds: float = LimitSettings.min_seconds
    max_seconds: float = LimitSettings.max_seconds
    min_gap_seconds: float = LimitSettings.min_gap_seconds


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
