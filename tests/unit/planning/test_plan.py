"""What a run will do is known from the configuration and a look at the files."""

import os
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.media import make_video
from vat.errors import ConfigError
from vat.planning.plan import check_api_key
from vat.translate.settings import TranslateSettings


def test_chunks_follow_from_the_length(make: Any, tmp_path: Path) -> None:
    for seconds in (1, 12):
        make_video(tmp_path / f"{seconds}.mp4", seconds)
    plan = make(videos=[str(tmp_path)], split={"chunk_seconds": 5})
    assert sorted(plan.chunks.values()) == [1, 3]


def test_languages_and_tracks(make: Any, tmp_path: Path) -> None:
    make_video(tmp_path / "v.mp4", 1)

    def of(source: str, targets: list[str], **embed: Any) -> tuple[list[str], list[str]]:
        languages = {"source": source, "targets": targets}
        plan = make(videos="v.mp4", languages=languages, embed=embed)
        (video,) = plan.videos
        return plan.languages(video), plan.tracks(video)

    assert of("en", ["zh", "ja"]) == (["zh", "ja", "en"], ["zh", "ja"])
    assert of("auto", ["zh"]) == (["zh"], ["zh"])
    assert of("auto", []) == ([], ["source"])
    assert of("en", ["zh"], source_track=True) == (["zh", "en"], ["zh", "source"])
    assert of("zh", ["zh"], source_track=True) == (["zh"], ["zh"])


def test_targets_are_what_is_translated_or_already_spoken(make: Any, tmp_path: Path) -> None:
    make_video(tmp_path / "v.mp4", 1)

    def of(source: str, targets: list[str], backend: str) -> list[str]:
        languages = {"source": source, "targets": targets}
        plan = make(videos="v.mp4", languages=languages, translate={"backend": backend})
        (video,) = plan.videos
        found: list[str] = plan.targets(video)
        return found

    assert of("en", ["zh", "ja"], "openai") == ["zh", "ja"]
    assert of("auto", ["zh"], "openai") == ["zh"]
    assert of("zh", ["zh"], "none") == ["zh"]
    assert of("en", ["zh"], "none") == []


def test_a_bilingual_track_comes_first_and_needs_its_languages(make: Any, tmp_path: Path) -> None:
    make_video(tmp_path / "v.mp4", 1)

    def of(*pair: str) -> list[str]:
        plan = make(videos="v.mp4", languages={"source": "en"}, embed={"bilingual": list(pair)})
        found: list[str] = plan.tracks(next(iter(plan.videos)))
        return found

    assert of("zh", "source") == ["zh+source", "zh"]
    assert of("en", "zh") == ["en+zh", "zh"]
    with pytest.raises(ConfigError, match=r"names ja, but '.*v\.mp4' gets.* source, zh, en only"):
        of("zh", "ja")
    with pytest.raises(ConfigError, match="one language"):
        of("zh")


@pytest.mark.parametrize(
    ("spoken", "embed", "said"),
    [
        ("en", {"burn_language": "zh"}, None),
        (
            "en",
            {"burn_language": "fr"},
            r"is fr, but '.*v\.mp4' has no such track; name one of: zh",
        ),
        ("en", {"burn_language": "source"}, "embed.source_track to true"),
        ("en", {"burn_language": "en"}, "embed.source_track to true"),
        ("en", {"burn_language": "en", "source_track": True}, None),
        ("auto", {"burn_language": "en", "source_track": True}, None),
        ("auto", {"burn_language": "bilingual", "source_track": True}, "one of: zh, source"),
        ("zh", {"burn_language": "source"}, "name one of: zh"),
        ("en", {"burn_language": "bilingual", "bilingual": ["zh", "source"]}, None),
        ("en", {"burn_language": "fr", "mode": "soft"}, None),
        ("en", {"fonts": "nowhere"}, "'nowhere' does not exist; correct embed.fonts"),
        ("en", {"fonts": "nowhere", "mode": "soft"}, None),
        ("en", {"fonts": "."}, None),
    ],
)
def test_what_is_burned_in_is_known_to_be_there(
    make: Any, tmp_path: Path, spoken: str, embed: dict[str, Any], said: str | None
) -> None:
    (tmp_path / "v.mp4").write_bytes(b"no video")
    config = {"videos": "v.mp4", "languages": {"source": spoken}, "embed": {"mode": "burn"} | embed}
    if said is None:
        make(**config)
    else:
        with pytest.raises(ConfigError, match=said):
            make(**config)


def test_a_video_inside_the_working_folder_is_named_relative_to_it(
    make: Any, tmp_path: Path
) -> None:
    outside = make_video(tmp_path.parent / f"{tmp_path.name}-outside.mp4", 1)
    (tmp_path / "in").mkdir()
    make_video(tmp_path / "in" / "v.mp4", 1)
    plan = make(videos=["in/v.mp4", str(outside), "https://127.0.0.1:9/w.mp4"])
    sources = [plan.source(video) for video in plan.videos]
    assert sources == ["in/v.mp4", str(outside), "https://127.0.0.1:9/w.mp4"]


def test_a_model_in_a_folder_is_found_beside_the_snakefile(
    make: Any, root: Path, tmp_path: Path
) -> None:
    make_video(tmp_path / "v.mp4", 1)
    plan = make(videos="v.mp4")
    assert plan.model_folder("models/asr", "asr") == str(root / "models/asr")
    assert plan.model_folder("large-v3", "asr") is None
    assert plan.model_folder("owner/name", "asr") is None
    with pytest.raises(ConfigError, match=r"\./nowhere"):
        plan.model_folder("./nowhere", "asr")
    (tmp_path / "mine").mkdir()
    os.mkfifo(tmp_path / "mine" / "model.bin")
    with pytest.raises(ConfigError, match=r"mine/model\.bin' in the folder of a model is no file"):
        plan.model_folder("mine", "asr")


@pytest.mark.parametrize(
    ("translate", "needed"),
    [
        ({}, True),
        ({"backend": "openai"}, True),
        ({"base_url": "http://localhost:1/v1"}, False),
        ({"backend": "ctranslate2"}, False),
        ({"backend": "none"}, False),
    ],
)
def test_the_key_is_asked_for_only_where_it_is_needed(
    make: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    translate: dict[str, Any],
    needed: bool,
) -> None:
    make_video(tmp_path / "v.mp4", 1)
    plan = make(videos="v.mp4", translate=translate)
    monkeypatch.setenv("OPENAI_API_KEY", "key")
    check_api_key(plan)
    monkeypatch.delenv("OPENAI_API_KEY")
    if needed:
        with pytest.raises(ConfigError, match="OPENAI_API_KEY"):
            check_api_key(plan)
    else:
        check_api_key(plan)


def test_whether_a_key_is_needed_is_decided_by_video(
    make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_video(tmp_path / "v.mp4", 1)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    check_api_key(make(videos="v.mp4", languages={"source": "zh", "targets": ["zh"]}))
    (tmp_path / "sheet.tsv").write_text("source\ttargets\nv.mp4\tde\n")
    with pytest.raises(ConfigError, match="OPENAI_API_KEY"):
        check_api_key(make(videos="sheet.tsv", languages={"source": "zh", "targets": []}))


@pytest.mark.parametrize(
    ("source", "targets", "needed"),
    [
        ("en", [], False),
        ("auto", [], False),
        ("zh", ["zh-tw", "zh-hans", "zh"], False),
        ("zh-hant", ["zh-cn"], False),
        ("zh", ["zh-tw", "de"], True),
        ("yue", ["zh-tw"], True),
        ("auto", ["zh-tw"], True),
    ],
)
def test_no_key_is_needed_where_nothing_is_translated(
    make: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    source: str,
    targets: list[str],
    needed: bool,
) -> None:
    make_video(tmp_path / "v.mp4", 1)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    languages = {"source": source, "targets": targets}
    plan = make(videos="v.mp4", languages=languages, translate={"backend": "openai"})
    if needed:
        with pytest.raises(ConfigError, match="OPENAI_API_KEY"):
            check_api_key(plan)
    else:
        check_api_key(plan)
    (video,) = plan.videos
    without = make(videos="v.mp4", languages=languages, translate={"backend": "none"})
    assert (without.targets(video) == targets) == (not needed)


def test_what_shapes_a_translation_is_known_before_it_runs(make: Any, tmp_path: Path) -> None:
    make_video(tmp_path / "v.mp4", 1)
    base = {"videos": "v.mp4", "languages": {"targets": ["zh-hant", "la"]}}
    first = make(**base)
    (video,) = first.videos
    settings = first.translation(video, "zh-hant")
    assert set(settings["prompts"]) == {"translate", "shorten"}
    assert "traditional" in settings["style"]
    assert first.translation(video, "la")["style"] == ""
    assert "traditional" not in first.translation(video, "zh-hans")["style"]
    assert "max_cost" not in settings
    assert TranslateSettings(**settings).glossary == ""
    (tmp_path / "config/prompts").mkdir(parents=True)
    (tmp_path / "config/prompts/translate.txt").write_text("Mine.")
    assert first.translation(video, "la")["prompts"]["translate"] == "Mine."
    local = make(**base, translate={"backend": "ctranslate2", "model": "x", "review": True})
    assert set(local.translation(video, "la")) == {"backend", "model", "on_failure", "glossary"}
    judged = make(**base, translate={"estimate": True}).translation(video, "la")
    assert judged["prompts"].keys() == {"translate", "estimate", "refine", "shorten"}
    assert TranslateSettings(**judged).estimate_candidates == 3
    assert make(**base, translate={"estimate_share": 1}).translation(
        video, "la"
    ) == first.translation(video, "la")
    assert set(make(**base, translate={"review": True}).translation(video, "la")["prompts"]) == {
        "translate",
        "review",
        "shorten",
    }


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        (b"Into $language", r"translate\.txt has a wrong placeholder.*\$target_language"),
        (b"It costs 5 $.", "wrong placeholder"),
        ("Übersetze".encode("latin-1"), r"translate\.txt' cannot be read"),
    ],
)
def test_a_wrong_prompt_is_told_before_anything_runs(
    make: Any, tmp_path: Path, prompt: bytes, said: str
) -> None:
    make_video(tmp_path / "v.mp4", 1)
    (tmp_path / "config/prompts").mkdir(parents=True)
    (tmp_path / "config/prompts/translate.txt").write_bytes(prompt)
    with pytest.raises(ConfigError, match=said):
        make(videos="v.mp4")


def test_glossaries_of_all_videos_and_of_one(make: Any, tmp_path: Path) -> None:
    for name in ("a", "b"):
        make_video(tmp_path / f"{name}.mp4", 1)
    folder = tmp_path / "terms"
    folder.mkdir()
    plan = make(videos=["a.mp4", "b.mp4"], translate={"glossary": "terms"})
    one, other = plan.videos
    none = plan.translation(one, "zh")["glossary"]
    (folder / "zh.tsv").write_text("source\ttarget\ncar\t车\n")
    shared = plan.translation(one, "zh")["glossary"]
    (folder / f"{one}.zh.tsv").write_text("source\ttarget\ncar\t汽车\n")
    assert plan.glossary(one, "zh") == ["terms/zh.tsv", f"terms/{one}.zh.tsv"]
    assert plan.glossary(other, "zh") == plan.glossary(None, "zh") == ["terms/zh.tsv"]
    assert len({none, shared, plan.translation(one, "zh")["glossary"]}) == 3
    assert plan.translation(other, "zh")["glossary"] == shared
    assert plan.proposal("zh")["prompts"].keys() == {"terms"}
    (folder / f"{other}.zh-tw.tsv").write_text("source\ttarget\ncar\t車子\n")
    assert plan.glossary(one, "zh-tw") == ["terms/zh.tsv", f"terms/{one}.zh.tsv"]
    assert plan.glossary(other, "zh-tw") == ["terms/zh.tsv", f"terms/{other}.zh-tw.tsv"]
    (folder / "de.tsv").write_text("car,Auto\n")
    with pytest.raises(ConfigError, match=r"glossary '.*de\.tsv'"):
        make(videos="a.mp4", translate={"glossary": "terms"})
