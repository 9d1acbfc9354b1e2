"""The configuration's schema: closed, described, defaulted, and clear when something is wrong."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from vat.embed.settings import EmbedSettings
from vat.errors import ConfigError
from vat.planning.config import CONFIG, SHEET_ROW, check, complete, recipe
from vat.planning.reference import files
from vat.speech.settings import AsrSettings, SplitSettings
from vat.transcript.settings import QuarantineSettings, SeamSettings
from vat.translate.settings import TranslateSettings


def parts(schema: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    for key, part in schema["properties"].items():
        yield f"{path}{key}", part
        if "properties" in part:
            yield from parts(part, f"{path}{key}.")


def test_the_commented_file_states_exactly_the_schema_defaults(root: Path) -> None:
    written = yaml.safe_load((root / "config/config.yaml").read_text(encoding="utf-8"))
    assert complete(written) == complete({})
    for name, part in parts(CONFIG):
        if name != "pathvars" and "properties" not in part:
            value: Any = written
            for key in name.split("."):
                value = value[key]
            assert value == part["default"], name


def test_every_key_is_described_and_closed() -> None:
    for name, part in parts(CONFIG):
        assert part["description"].strip(), name
        assert "default" in part, name
        if "properties" in part:
            assert part["additionalProperties"] is False, name


def test_the_demo_configuration_is_valid(root: Path) -> None:
    demo = yaml.safe_load((root / "config/demo.yaml").read_text(encoding="utf-8"))
    assert complete(demo)["asr"]["model"] == "models/asr"


@pytest.mark.parametrize(
    ("config", "fragments"),
    [
        ({"split": {"chunk_secnds": 30}}, ["'split.chunk_secnds' is unknown", "'chunk_seconds'"]),
        ({"transalte": {}}, ["'transalte' is unknown", "'translate'"]),
        (
            {"languages": {"targets": ["de", "zzh"]}},
            ["languages.targets[1]", "unknown language 'zzh'."],
        ),
        ({"languages": {"targets": ["swedsh"]}}, ["'swedsh'; did you mean 'sv'?"]),
        ({"languages": {"targets": "zh"}}, ["must be a list, such as [zh, en], not 'zh'"]),
        ({"delivery": {"sidecars": "srt"}}, ["must be a list, such as [srt, vtt], not 'srt'"]),
        ({"embed": {"encoder": "qqq"}}, ["embed.encoder"]),
        ({"languages": {"source": "atuo"}}, ["languages.source", "'atuo'", "'auto'"]),
        ({"asr": {"beam_size": "five"}}, ["asr.beam_size", "integer", "'five'"]),
        ({"embed": {"mode": "brun"}}, ["embed.mode", "'burn'", "soft, burn, both, none"]),
        ({"split": {"chunk_seconds": 1}}, ["split.chunk_seconds", "minimum"]),
        ({"videos": []}, ["videos"]),
        ({"split": 30}, ["split", "object"]),
        ({"split": None}, ["split", "object"]),
        ({"split": {"chunk_seconds": float("nan")}}, ["split.chunk_seconds", "number", "nan"]),
        ({"split": {"chunk_seconds": float("inf")}}, ["split.chunk_seconds", "number", "inf"]),
        ({"split": {"chunk_seconds": True}}, ["split.chunk_seconds", "number", "True"]),
        ({"asr": {"beam_size": True}}, ["asr.beam_size", "integer", "True"]),
        ({"asr": {"beam_size": "[5"}}, ["asr.beam_size", "integer", "'[5'"]),
        ({"asr": {"beam_size": "9" * 5000}}, ["asr.beam_size", "integer", "'999"]),
        ({"asr": {"beam_size": "[" * 5000}}, ["asr.beam_size", "integer", "'[[["]),
        ({"asr": {"device": 0}}, ["asr.device", "is 0", "auto, cuda, cpu"]),
        ({"asr": {"temperature": [0.0, 2.0]}}, ["asr.temperature[1]", "maximum"]),
        ({"delivery": {"sidecars": ["srt", "txt"]}}, ["sidecars[1]", "srt, vtt, ass"]),
        ({"embed": {"burn_language": "sorce"}}, ["embed.burn_language", "'source'"]),
        ({1: 2}, ["'1' is unknown"]),
        ({"split": {"a\nb": 1}}, ["unknown"]),
        ({"pathvars": {"a\nb": 1}}, ["string", "not 1"]),
        ({"embed": {"mode": "a\nb"}}, ["embed.mode"]),
        ({"languages": {"source": "a\nb"}}, ["languages.source"]),
        ({"languages": {"source": False}}, ["languages.source", "put a word like no into quotes"]),
        (
            {"merge": {"languages": {False: {}}}},
            ["a key of 'merge.languages'", "like no into quotes"],
        ),
        ({"asr": {"beam_size": 5.0}}, ["asr.beam_size", "integer", "5.0"]),
    ],
)
def test_a_mistake_is_one_sentence_with_the_key(
    config: dict[str, Any], fragments: list[str]
) -> None:
    with pytest.raises(ConfigError) as error:
        complete(config)
    message = str(error.value)
    assert "\n" not in message
    assert message[-1] in ".?"
    for fragment in fragments:
        assert fragment in message


def test_a_configuration_without_an_end_is_one_sentence() -> None:
    endless: list[Any] = []
    endless.append(endless)
    many: list[Any] = ["x"] * 30
    for _ in range(6):
        many = [many] * 30
    for wrong in (endless, many):
        with pytest.raises(ConfigError, match="too large or nested too deeply"):
            complete({"videos": wrong})


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner),
)
PLACES = st.sampled_from([name.split(".") for name, _ in parts(CONFIG)])


@given(PLACES, VALUES)
def test_whatever_is_said_is_taken_or_refused_in_one_sentence(place: list[str], said: Any) -> None:
    for key in reversed(place):
        said = {key: said}
    message = ""
    try:
        check(complete(said), CONFIG)
    except ConfigError as error:
        message = str(error)
    assert len(message.splitlines()) <= 1
    assert not message or message[-1] in ".?"


def test_text_from_the_command_line_gets_its_type() -> None:
    said = {
        "split": {"chunk_seconds": "30"},
        "separate": {"enabled": "false"},
        "asr": {"temperature": ["0.0", "0.5"], "initial_prompt": "null", "hotwords": "12"},
        "languages": {"targets": ["no", "zh"]},
        "translate": {"base_url": "null", "context": "0"},
    }
    config = complete(said)
    assert config["split"]["chunk_seconds"] == 30
    assert config["separate"]["enabled"] is False
    assert config["asr"]["temperature"] == [0.0, 0.5]
    assert config["asr"]["initial_prompt"] is None
    assert config["asr"]["hotwords"] == "12"
    assert config["languages"]["targets"] == ["no", "zh"]
    assert config["translate"]["base_url"] is None
    assert config["translate"]["context"] == 0


def test_a_partial_section_keeps_its_other_defaults() -> None:
    config = complete({"split": {"chunk_seconds": 30}})
    assert config["split"]["chunk_seconds"] == 30
    assert config["split"]["window_seconds"] == 30
    assert config["asr"]["model"] == "auto"


def test_the_recipe_has_no_key_that_only_names_means() -> None:
    cpu = complete({"asr": {"device": "cpu"}, "ffmpeg": "system"})
    assert recipe(cpu) == recipe(complete({}))
    other = complete({"asr": {"beam_size": 1}})
    assert recipe(other) != recipe(cpu)


def test_a_row_of_a_sheet_is_checked_by_name() -> None:
    with pytest.raises(ConfigError, match=r"row 3.*'langauge' is unknown.*'language'"):
        check({"source": "x", "langauge": "en"}, SHEET_ROW, "video sheet 'v.tsv', row 3")
    with pytest.raises(ConfigError, match="source"):
        check({"language": "en"}, SHEET_ROW, "row")


@pytest.mark.parametrize("path", files())
def test_a_file_that_shows_the_settings_is_what_make_config_writes(root: Path, path: str) -> None:
    assert (root / path).read_text(encoding="utf-8") == files()[path]


def test_the_commented_file_names_every_value_to_choose_from(root: Path) -> None:
    text = " ".join((root / "config/config.yaml").read_text(encoding="utf-8").split())
    for name, part in parts(CONFIG):
        key = name.rpartition(".")[2]
        choices = part.get("enum") or part.get("items", {}).get("enum", ())
        above = [before[-400:] for before in text.split(f" {key}: ")]
        assert any(
            all(str(choice).lower() in before.lower() for choice in choices) for before in above
        ), name


@pytest.mark.parametrize(
    ("section", "settings"),
    [
        ("split", SplitSettings),
        ("asr", AsrSettings),
        ("seams", SeamSettings),
        ("quarantine", QuarantineSettings),
        ("embed", EmbedSettings),
        ("translate", TranslateSettings),
    ],
)
def test_a_job_knows_every_key_of_its_recipe(section: str, settings: Any) -> None:
    assert recipe(complete({}))[section].keys() <= {one.name for one in fields(settings)}


def test_the_recipe_is_json_as_it_was_written() -> None:
    said = {"split": {"chunk_seconds": 300, "pad_seconds": 2.0}, "asr": {"temperature": [0]}}
    shaped = recipe(complete(said))
    assert json.loads(json.dumps(shaped)) == shaped
    texts = json.dumps([shaped["split"]["chunk_seconds"], shaped["split"]["pad_seconds"]])
    assert texts == "[300, 2.0]"
    assert shaped["asr"]["temperature"] == [0]


@pytest.mark.parametrize("number", [10**400, -(10**400), 10**5000], ids=["large", "small", "huge"])
def test_a_number_beyond_all_sense_is_refused_with_its_range(number: int) -> None:
    with pytest.raises(ConfigError, match=r"chunk_seconds.*(imum of \d+|not inf)\.$") as error:
        complete({"split": {"chunk_seconds": number}})
    assert len(str(error.value)) < 300


def test_a_default_that_one_run_changes_is_not_the_next_ones() -> None:
    complete({})["languages"]["targets"].append("de")
    complete({})["merge"]["languages"]["zh"] = {}
    assert complete({})["languages"]["targets"] == ["zh"]
    assert complete({})["merge"]["languages"] == {}


def test_languages_may_be_named_as_people_do() -> None:
    said = {
        "languages": {"source": "Chinese", "targets": ["zh-TW", "pt_BR", "Deutsch", "jp"]},
        "merge": {"languages": {"eng": {"max_lines": 1}}},
        "embed": {"burn_language": "zh-TW"},
    }
    full = complete(said)
    assert full["languages"] == {"source": "zh", "targets": ["zh-tw", "pt-br", "de", "ja"]}
    assert full["merge"]["languages"] == {"en": {"max_lines": 1}}
    assert full["embed"]["burn_language"] == "zh-tw"
    assert complete({"languages": {"source": ["eng", "German"]}})["languages"]["source"] == [
        "en",
        "de",
    ]


def test_limits_of_single_languages_are_checked_like_all_others() -> None:
    said = {"merge": {"languages": {"zh": {"max_lines": "1", "max_columns": "null"}}}}
    languages = complete(said)["merge"]["languages"]
    assert languages == {"zh": {"max_lines": 1, "max_columns": None}}
    with pytest.raises(ConfigError, match=r"zh\.max_colums' is unknown.*'max_columns'"):
        complete({"merge": {"languages": {"zh": {"max_colums": 36}}}})
    with pytest.raises(ConfigError, match=r"unknown language 'zzh'\."):
        complete({"merge": {"languages": {"zzh": {"max_columns": 36}}}})
    with pytest.raises(ConfigError, match=r"merge\.languages\.zh\.max_columns"):
        complete({"merge": {"languages": {"zh": {"max_columns": 3}}}})
