"""The configuration's schema: closed, described, defaulted, and clear when something is wrong."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from vat.errors import ConfigError
from vat.planning.config import check, complete, load_schema, recipe, reference


@pytest.fixture(scope="module")
def schema(root: Path) -> Mapping[str, Any]:
    return load_schema(root / "workflow/schemas/config.schema.yaml")


def parts(schema: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    for key, part in schema["properties"].items():
        yield f"{path}{key}", part
        if "properties" in part:
            yield from parts(part, f"{path}{key}.")


def test_the_commented_file_states_exactly_the_schema_defaults(root: Path, schema: Any) -> None:
    written = yaml.safe_load((root / "config/config.yaml").read_text(encoding="utf-8"))
    assert complete(written, schema) == complete({}, schema)
    for name, part in parts(schema):
        if name != "pathvars" and "properties" not in part:
            value: Any = written
            for key in name.split("."):
                value = value[key]
            assert value == part["default"], name


def test_every_key_is_described_and_closed(schema: Any) -> None:
    for name, part in parts(schema):
        assert part["description"].strip(), name
        assert "default" in part, name
        if "properties" in part:
            assert part["additionalProperties"] is False, name


def test_the_demo_configuration_is_valid(root: Path, schema: Any) -> None:
    demo = yaml.safe_load((root / "config/demo.yaml").read_text(encoding="utf-8"))
    assert complete(demo, schema)["asr"]["model"] == "models/asr"


@pytest.mark.parametrize(
    ("config", "fragments"),
    [
        ({"split": {"chunk_secnds": 30}}, ["'split.chunk_secnds' is unknown", "'chunk_seconds'"]),
        ({"transalte": {}}, ["'transalte' is unknown", "'translate'"]),
        ({"languages": {"targets": ["de", "zzh"]}}, ["languages.targets[1]", "'zzh'", "'zh'"]),
        ({"languages": {"source": "atuo"}}, ["languages.source", "'atuo'", "'auto'"]),
        ({"asr": {"beam_size": "five"}}, ["asr.beam_size", "integer", "'five'"]),
        ({"embed": {"mode": "brun"}}, ["embed.mode", "'burn'", "soft, burn, both, none"]),
        ({"split": {"chunk_seconds": 1}}, ["split.chunk_seconds", "minimum"]),
        ({"videos": []}, ["videos"]),
        ({"split": 30}, ["split", "object"]),
    ],
)
def test_a_mistake_is_one_sentence_with_the_key(
    schema: Any, config: dict[str, Any], fragments: list[str]
) -> None:
    with pytest.raises(ConfigError) as error:
        complete(config, schema)
    message = str(error.value)
    assert "\n" not in message
    assert message[-1] in ".?"
    for fragment in fragments:
        assert fragment in message


def test_text_from_the_command_line_gets_its_type(schema: Any) -> None:
    said = {
        "split": {"chunk_seconds": "30"},
        "separate": {"enabled": "false"},
        "asr": {"temperature": ["0.0", "0.5"], "initial_prompt": "null", "hotwords": "12"},
        "languages": {"targets": ["no", "zh"]},
        "translate": {"base_url": "null", "context": "0"},
    }
    config = complete(said, schema)
    assert config["split"]["chunk_seconds"] == 30
    assert config["separate"]["enabled"] is False
    assert config["asr"]["temperature"] == [0.0, 0.5]
    assert config["asr"]["initial_prompt"] is None
    assert config["asr"]["hotwords"] == "12"
    assert config["languages"]["targets"] == ["no", "zh"]
    assert config["translate"]["base_url"] is None
    assert config["translate"]["context"] == 0


def test_a_partial_section_keeps_its_other_defaults(schema: Any) -> None:
    config = complete({"split": {"chunk_seconds": 30}}, schema)
    assert config["split"]["chunk_seconds"] == 30
    assert config["split"]["window_seconds"] == 30
    assert config["asr"]["model"] == "large-v3"


def test_the_recipe_has_no_key_that_only_names_means(schema: Any) -> None:
    cpu = complete({"asr": {"device": "cpu"}, "ffmpeg": "system"}, schema)
    assert recipe(cpu, schema) == recipe(complete({}, schema), schema)
    other = complete({"asr": {"beam_size": 1}}, schema)
    assert recipe(other, schema) != recipe(cpu, schema)


def test_a_row_of_a_sheet_is_checked_by_name(root: Path) -> None:
    rows = load_schema(root / "workflow/schemas/videos.schema.yaml")
    with pytest.raises(ConfigError, match=r"row 3.*'langauge' is unknown.*'language'"):
        check({"source": "x", "langauge": "en"}, rows, "video sheet 'v.tsv', row 3")
    with pytest.raises(ConfigError, match="source"):
        check({"language": "en"}, rows, "row")


def test_the_documented_keys_are_the_schema(root: Path, schema: Any) -> None:
    text = (root / "docs/configuration.md").read_text(encoding="utf-8")
    rows = load_schema(root / "workflow/schemas/videos.schema.yaml")
    assert reference(schema) in text
    assert reference(rows) in text


def test_limits_of_single_languages_are_checked_like_all_others(schema: Any) -> None:
    said = {"merge": {"languages": {"zh": {"max_lines": "1", "max_columns": "null"}}}}
    languages = complete(said, schema)["merge"]["languages"]
    assert languages == {"zh": {"max_lines": 1, "max_columns": None}}
    with pytest.raises(ConfigError, match=r"zh\.max_colums' is unknown.*'max_columns'"):
        complete({"merge": {"languages": {"zh": {"max_colums": 36}}}}, schema)
    with pytest.raises(ConfigError, match=r"unknown language 'zzh'.*'zh'"):
        complete({"merge": {"languages": {"zzh": {"max_columns": 36}}}}, schema)
    with pytest.raises(ConfigError, match=r"merge\.languages\.zh\.max_columns"):
        complete({"merge": {"languages": {"zh": {"max_columns": 3}}}}, schema)
