"""Configurations as nobody should write them, made from the schema, and what planning says."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import yaml
from hypothesis import strategies as st

from vat.errors import VatError
from vat.jobs.messages import is_of_system, sentence
from vat.planning.answers import Answers
from vat.planning.config import CONFIG
from vat.planning.plan import make_plan

_ODD: Final[st.SearchStrategy[Any]] = st.sampled_from(
    (
        *(None, True, False, 0, 1, -1, 10**400, -(10**400), 2**63),
        *(float("nan"), float("inf"), float("-inf"), 1e308, 5e-324, -0.0),
        *("", " ", "null", "no", "1e999", "\0", "a\0b", "\n", "\ud800", "x" * 5000, "x" * 300),
        *("../" * 40, "/", "/dev/null", "/proc/self/mem", "~", "~nobody-at-all/x", "a/b", "a//b"),
        *("http://[::1", "http://", "https://u:p@h/v.mp4", "http://h:99999/v.mp4", "ftp://h/v.mp4"),
        *("http://[fe80::1%25eth0]/v.mp4", "https://h/v.mp4?k=Zx81QmLk20VtB9q7", "://", "a://"),
        *(
            "9" * 5000,
            "[" * 5000,
            "http://h:port/v1",
            "http://h\0/v1",
            "http://\u2488/v1",
            "http://h/ v1",
        ),
        *("{video}", "{wildcards.x}", "%s", "<results>", "<none>", "[", "{", "$x", "zh", "auto"),
        *(date(2026, 1, 1), b"bytes", [], {}, [[]], {"a": 1}, {1: 2}, {None: None}, [None, "zh"]),
    )
)


def _right(part: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """A value that a schema allows, or nearly."""
    if "enum" in part:
        return st.sampled_from(part["enum"])
    kinds = part.get("type", "string")
    choices: list[st.SearchStrategy[Any]] = []
    for kind in kinds if isinstance(kinds, list) else [kinds]:
        low, high = part.get("minimum", 0), part.get("maximum", 10**6)
        if kind == "integer":
            choices += [st.integers(int(low), int(high)), st.just(low - 1), st.just(high + 1)]
        elif kind == "number":
            choices += [st.floats(low, high), st.sampled_from([low, high, high * 2 + 1])]
        elif kind == "boolean":
            choices.append(st.booleans())
        elif kind == "array":
            choices.append(st.lists(_right(part.get("items", {})), max_size=4))
        elif kind == "object":
            others = part.get("additionalProperties") or {}
            choices.append(st.dictionaries(st.sampled_from(("zh", "en", "x")), _value(others)))
        elif kind == "null":
            choices.append(st.none())
        else:
            texts = (
                "zh",
                "en",
                "auto",
                "source",
                "demo",
                "models/asr",
                "https://h/v.mp4",
                "config",
            )
            choices += [st.sampled_from(texts), st.text(max_size=20)]
    return st.one_of(choices)


def _value(part: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    if part.get("properties"):
        keys = {key: _value(one) for key, one in part["properties"].items()}
        return st.fixed_dictionaries({}, optional=keys)
    return st.one_of(_right(part), _ODD)


@dataclass(frozen=True)
class Change:
    """A key of the configuration, by its path, and its new value."""

    path: tuple[Any, ...]
    value: Any

    def on(self, config: dict[str, Any]) -> None:
        """Make the change."""
        for key in self.path[:-1]:
            inner = config.get(key)
            config[key] = inner if isinstance(inner, dict) else {}
            config = config[key]
        config[self.path[-1]] = self.value


def _changes() -> st.SearchStrategy[Change]:
    choices: list[st.SearchStrategy[Change]] = []
    for section, part in CONFIG["properties"].items():
        choices.append(st.builds(Change, st.just((section,)), st.one_of(_value(part), _ODD)))
        for key, one in part.get("properties", {}).items():
            choices.append(st.builds(Change, st.just((section, key)), _value(one)))
    odd_keys = st.sampled_from(("", "asrr", "résumé", 1, None, True, "a.b", "x" * 3000))
    choices.append(st.builds(Change, st.tuples(odd_keys), _ODD))
    choices.append(st.builds(Change, st.tuples(st.sampled_from(("asr", "merge")), odd_keys), _ODD))
    return st.one_of(choices)


def configurations(root: Path) -> st.SearchStrategy[dict[str, Any]]:
    """The demo's configuration with up to four changes."""
    demo: dict[str, Any] = yaml.safe_load((root / "config/demo.yaml").read_text(encoding="utf-8"))
    demo["videos"] = str(root / "demo")

    def changed(changes: list[Change]) -> dict[str, Any]:
        config: dict[str, Any] = deepcopy(demo)
        for change in changes:
            change.on(config)
        return config

    return st.lists(_changes(), min_size=1, max_size=4).map(changed)


@dataclass(frozen=True)
class _Job:
    video: str
    language: str


def planned(config: Mapping[str, Any], root: Path, here: Path) -> str:
    """Plan a configuration and ask all that the rules ask; the sentence where it is refused."""
    try:
        plan = make_plan(config, root=root, here=here, skip=[])
        ask = Answers(plan, "results", "resources")
        for video in plan.videos:
            for language in plan.targets(video):
                _ask_all(ask, _Job(video, language))
    except (VatError, OSError) as error:
        # As the workflow does.
        if isinstance(error, OSError) and not is_of_system(error):
            raise
        return sentence(error)
    return ""


def _ask_all(ask: Answers, job: _Job) -> None:
    for name in ("finished", "source", "title", "chunks", "tracks", "sidecars", "delivery_name"):
        getattr(ask, name)(job)
    for name in ("translation_settings", "terms_settings", "glossaries", "embedded_video"):
        getattr(ask, name)(job)
    for name in ("asr_gpu_mem_mb", "translation_mem_mb", "embedding_gpu_mem_mb", "terms_mem_mb"):
        getattr(ask, name)(job, 3)
