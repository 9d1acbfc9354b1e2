"""What a rule asks is answered from the plan alone, without Snakemake."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.media import ffmpeg, make_video
from vat.errors import ConfigError
from vat.planning import answers, voice_encoder
from vat.planning.answers import Answers, grown
from vat.planning.plan import make_plan


@dataclass(frozen=True)
class Job:
    """A job's wildcards."""

    video: str
    language: str = "zh"


Ask = Callable[..., Answers]


@pytest.fixture
def ask(root: Path, tmp_path: Path) -> Ask:
    """Answers for a video of 12 s in chunks of 5 s, and whatever else is configured."""
    video = make_video(tmp_path / "talk.mp4", 12)

    def call(**config: Any) -> Answers:
        whole = {"videos": str(video), "split": {"chunk_seconds": 5}} | config
        plan = make_plan(whole, root=root, here=tmp_path, skip=[])
        return Answers(plan, "there/results", "there/resources")

    return call


def job_of(ask: Answers) -> Job:
    return Job(ask.all_source_cues(Job(""))[0].split("/")[1])


def test_what_is_made_ends_with_the_delivery(ask: Ask) -> None:
    made = ask(languages={"source": "en", "targets": ["zh", "de"]})
    video = job_of(made).video
    assert made.finished(Job("")) == [
        f"<results>/{video}/delivery.json",
        f"<results>/{video}/{video}.mkv",
        *(f"<results>/{video}/subtitles/{code}.srt" for code in ("zh", "de", "source")),
    ]
    bare = ask(embed={"mode": "none"}, delivery={"how": "none"}, languages={"targets": []})
    assert bare.finished(Job("")) == [f"<results>/{video}/subtitles/source.srt"]
    assert bare.embedded_video(Job(video)) == []


def test_what_is_put_back_in_a_video_is_put_back_in_it_alone(ask: Ask, tmp_path: Path) -> None:
    made = ask(quarantine={"restore": ["ab12"]})
    job = job_of(made)
    assert made.quarantine(job) == made.settings("quarantine")
    (tmp_path / f"edits/{job.video}").mkdir(parents=True)
    (tmp_path / f"edits/{job.video}/restore.txt").write_text("cd34\nab12\n")
    assert made.quarantine(job)["restore"] == ["ab12", "cd34"]
    assert made.quarantine(Job("another")) == made.settings("quarantine")


def test_no_video_is_made_of_a_sound_file(ask: Ask, tmp_path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "sine=440:d=2", tmp_path / "podcast.mp3")
    for mode in ("soft", "burn"):
        made = ask(videos=str(tmp_path / "podcast.mp3"), embed={"mode": mode})
        video = job_of(made).video
        assert made.embedded_video(Job(video)) == []
        assert f"<results>/{video}/{video}.mkv" not in made.finished(Job(""))
        assert f"<results>/{video}/delivery.json" in made.finished(Job(""))


def test_earlier_videos_go_first(ask: Ask, tmp_path: Path) -> None:
    first, second = (make_video(tmp_path / name, 2) for name in ("b.mp4", "a.mp4"))
    made = ask(videos=[str(first), str(second)])
    priorities = [made.priority(Job(path.split("/")[1])) for path in made.all_source_cues(Job(""))]
    assert priorities == [2, 1]
    assert made.before_all == 3


def test_chunks_and_their_words(ask: Ask) -> None:
    made = ask()
    job = job_of(made)
    assert made.chunks(job) == 3
    assert made.words(job, 2) == [f"<results>/{job.video}/words/000{n}.json" for n in (1, 2)]


def test_only_a_remote_video_has_a_format(ask: Ask) -> None:
    made = ask()
    assert (made.remote(job_of(made)), made.format(job_of(made))) == (False, None)
    away = ask(videos="https://127.0.0.1:9/talk.mp4", download={"format": "worst"})
    job = job_of(away)
    assert (away.remote(job), away.format(job), away.chunks(job)) == (True, "worst", None)
    assert away.fingerprint(job) == ""
    assert away.delivery_name(job) is None


def test_a_named_model_is_fetched_and_a_local_one_is_not(ask: Ask, root: Path) -> None:
    named = ask(asr={"model": "large-v3"}, separate={"model": "kim"})
    job = job_of(named)
    assert named.fetched("asr") == "<resources>/models/asr/large-v3"
    assert named.model("asr") == "there/resources/models/asr/large-v3"
    assert named.fetched_separator(job) == "<resources>/models/separate/kim"
    assert ask(separate={"model": "kim", "enabled": False}).fetched_separator(job) == []
    local = ask(asr={"model": "models/asr"})
    assert local.fetched("asr") == []
    assert local.model("asr") == str(root / "models" / "asr")
    with pytest.raises(ConfigError, match="no/such"):
        ask(asr={"model": "./no/such"})


def test_the_detector_is_fetched_where_the_language_is_unknown(ask: Ask) -> None:
    unknown = ask(languages={"source": "auto"}, split={"language_model": "small"})
    assert unknown.fetched_detector(job_of(unknown)) == "<resources>/models/asr/small"
    known = ask(languages={"source": "en"}, split={"language_model": "small"})
    assert known.fetched_detector(job_of(known)) == []


@pytest.mark.parametrize(
    ("source", "language", "languages"),
    [
        ("multi", "multi", ()),
        (["en", "de"], "multi", ("en", "de")),
        (["de"], "de", ()),
        ("auto", "auto", ()),
    ],
)
def test_several_languages_may_be_spoken(
    ask: Ask, source: Any, language: str, languages: tuple[str, ...]
) -> None:
    made = ask(languages={"source": source}, split={"language_model": "small"})
    job = job_of(made)
    assert (made.language(job), made.possible_languages(job)) == (language, languages)
    assert bool(made.fetched_detector(job)) == (language in ("auto", "multi"))


@pytest.mark.parametrize("source", ["multi", ["en", "de"], "de"])
def test_an_english_model_is_refused_where_another_language_may_be_spoken(
    ask: Ask, source: Any
) -> None:
    with pytest.raises(ConfigError, match="knows only English"):
        ask(languages={"source": source}, asr={"model": "models/asr"})


def test_the_model_of_the_trial_is_fetched_where_one_is_made(ask: Ask) -> None:
    for enabled, needed in (("auto", True), (True, False), (False, False)):
        separate = {"model": "kim", "enabled": enabled}
        made = ask(languages={"source": "en"}, separate=separate)
        job = job_of(made)
        assert made.separation(job) == enabled
        assert bool(made.fetched_judge(job)) is needed
        assert bool(made.fetched_separator(job)) is (enabled is not False)


def test_the_spoken_language_is_passed_on(ask: Ask) -> None:
    made = ask(
        languages={"source": "en", "targets": ["zh", "en"]},
        translate={"backend": "ctranslate2", "model": "facebook/nllb-200-distilled-600M"},
    )
    video = job_of(made).video
    copied, translated = Job(video, "en"), Job(video, "zh")
    assert made.translation_settings(copied) is None
    assert made.translation_gpus(copied) == made.translation_gpu_mem_mb(copied, 3) == 0
    assert made.fetched_translator(copied) == []
    assert made.translation_mem_mb(copied, 1) == 2000
    folder = "models/translate/facebook--nllb-200-distilled-600M"
    assert made.fetched_translator(translated) == f"<resources>/{folder}"
    settings = made.translation_settings(translated)
    assert settings is not None
    assert settings["model"] == f"there/resources/{folder}"
    assert made.translation_gpus(translated) == 1
    assert made.translation_gpu_mem_mb(translated, 1) > 0


def test_a_server_needs_no_gpu_and_no_model(ask: Ask) -> None:
    made = ask(translate={"backend": "openai", "model": "some-model"})
    job = job_of(made)
    assert made.fetched_translator(job) == made.fetched("translator") == []
    assert made.translation_gpus(job) == made.terms_gpus == made.terms_gpu_mem_mb(job, 1) == 0
    settings = made.translation_settings(job)
    assert settings is not None
    assert settings["model"] == "some-model"


@pytest.mark.parametrize(("attempt", "asked"), [(1, 8000), (2, 12000), (3, 16000)])
def test_each_attempt_asks_for_half_as_much_memory_again(
    ask: Ask, attempt: int, asked: int
) -> None:
    made = ask(asr={"model": "large-v3"})
    assert made.asr_gpu_mem_mb(job_of(made), attempt) == asked
    assert grown(300)(job_of(made), attempt) == 300 * attempt


def test_the_cpu_asks_for_no_gpu(ask: Ask) -> None:
    made = ask(asr={"device": "cpu"}, separate={"device": "cpu"})
    job = job_of(made)
    assert made.asr_gpus == made.asr_gpu_mem_mb(job, 1) == 0
    assert made.separation_gpus(job) == made.separation_gpu_mem_mb(job, 1) == 0


def test_without_separation_there_is_no_worker_for_it(ask: Ask) -> None:
    off, on = ask(separate={"enabled": False}), ask(separate={"enabled": True})
    assert off.separation_worker(job_of(off)) == "none"
    assert off.separation_gpus(job_of(off)) == 0
    assert (on.separation_worker(job_of(on)), on.separation_gpus(job_of(on))) == ("separate", 1)


@pytest.mark.parametrize(
    ("embed", "driver", "gpus"),
    [
        ({"mode": "burn", "encoder": "h264_nvenc"}, False, 1),
        ({"mode": "burn", "encoder": "auto"}, True, 1),
        ({"mode": "burn", "encoder": "auto"}, False, 0),
        ({"mode": "burn", "encoder": "libx264"}, True, 0),
        ({"mode": "soft", "encoder": "h264_nvenc"}, True, 0),
    ],
)
def test_only_an_encoder_of_pictures_asks_for_a_gpu(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, embed: dict[str, str], driver: bool, gpus: int
) -> None:
    monkeypatch.setattr(answers, "driver_encodes", lambda: driver)
    made = ask(embed=embed)
    assert made.embedding_gpus(job_of(made)) == gpus
    assert (made.embedding_gpu_mem_mb(job_of(made), 1) > 0) == bool(gpus)


def test_tracks_choose_inputs_and_not_params(ask: Ask, tmp_path: Path) -> None:
    style = tmp_path / "mine.ass"
    style.write_text("mine", encoding="utf-8")
    made = ask(
        languages={"source": "en", "targets": ["zh"]},
        embed={"source_track": True, "bilingual": ["zh", "source"], "style": str(style)},
        delivery={"sidecars": ["srt", "ass"]},
    )
    job = job_of(made)
    folder = f"<results>/{job.video}/subtitles"
    tracks = [f"{folder}/{name}" for name in ("zh+source", "zh", "source")]
    assert made.tracks(job) == [f"{track}.json" for track in tracks]
    assert made.sidecars(job) == [f"{track}.{end}" for track in tracks for end in ("srt", "ass")]
    assert not {"source_track", "bilingual"} & set(made.embed_settings)
    assert made.embed_settings["style"] == "mine"


def test_a_glossary_is_proposed_for_every_target(ask: Ask) -> None:
    made = ask(languages={"source": "en", "targets": ["zh", "de"]})
    assert made.proposed_glossaries(Job("")) == [
        "<results>/glossary/zh.tsv",
        "<results>/glossary/de.tsv",
    ]


def test_folders_in_params_are_whole(ask: Ask) -> None:
    made = ask()
    assert made.delivery_folder == "there/results/delivery"
    assert made.translations == "there/resources/translations"
    assert made.delivery_name(job_of(made)) == "talk"


def test_a_run_begins_only_with_the_key_of_its_translator(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    made = ask(translate={"backend": "openai"}, languages={"source": "en", "targets": ["zh"]})
    with pytest.raises(ConfigError, match="OPENAI_API_KEY"):
        made.begin({"download", "translate"})
    assert not (tmp_path / "there").exists()
    made.begin({"embed", "deliver"}).close()
    assert (tmp_path / "there/resources/translations/spending.jsonl").read_text().count("run") == 1


def test_words_get_their_times_where_that_is_asked_for(ask: Ask) -> None:
    plain = ask(languages={"source": "en"})
    job = job_of(plain)
    files = [f"<results>/{job.video}/subtitles/source.words.{ending}" for ending in ("vtt", "ass")]
    assert not set(files) & set(plain.finished(job))
    assert plain.word_sidecars(job) == []
    made = ask(languages={"source": "en"}, merge={"word_times": True})
    assert set(files) <= set(made.finished(job))
    assert made.word_sidecars(job) == []
    assert made.settings("merge") == plain.settings("merge")
    delivered = ask(languages={"source": "en"}, delivery={"sidecars": ["srt", "words.ass"]})
    assert set(files) <= set(delivered.finished(job))
    spoken = f"<results>/{job.video}/subtitles/source.json"
    assert delivered.word_sidecars(job) == [spoken, *files[1:]]
    assert delivered.sidecars(job) == plain.sidecars(job)


def test_chinese_gets_into_another_form_without_a_translator(ask: Ask) -> None:
    server = {"backend": "openai"}
    made = ask(languages={"source": "zh", "targets": ["zh-tw", "de"]}, translate=server)
    video = job_of(made).video
    job, other = Job(video, "zh-tw"), Job(video, "de")
    assert made.translation_settings(job) is None
    assert made.translation_settings(other) is not None
    assert (made.overview(job), made.glossaries(job), made.fetched_translator(job)) == ([], [], [])
    alone = ask(languages={"source": "zh", "targets": ["zh-tw"]}, translate=server)
    assert alone.all_overviews(job) == []
    here = ask(
        languages={"source": "zh", "targets": ["zh-tw"]},
        translate={"backend": "ctranslate2", "model": "owner/nllb-600m"},
    )
    assert (here.translation_gpus(job), here.fetched_translator(job)) == (0, [])


def test_cuts_are_looked_for_only_where_subtitles_go_with_them(ask: Ask, tmp_path: Path) -> None:
    plain = ask()
    job = job_of(plain)
    assert plain.shots(job) == []
    made = ask(merge={"shot_changes": True})
    assert made.shots(job) == [f"<results>/{job.video}/shots.json"]
    assert made.settings("merge") == plain.settings("merge")
    ffmpeg("-f", "lavfi", "-i", "sine=440:d=2", tmp_path / "podcast.mp3")
    heard = ask(videos=str(tmp_path / "podcast.mp3"), merge={"shot_changes": True})
    assert heard.shots(job_of(heard)) == []


def test_speakers_are_looked_for_where_it_is_asked_with_an_encoder(
    ask: Ask, tmp_path: Path
) -> None:
    plain = ask()
    assert (plain.speakers(job_of(plain)), plain.voice_encoder) == ([], None)
    weights = tmp_path / "pretrained.pt"
    weights.touch()
    made = ask(speakers={"enabled": True, "model": str(weights)})
    assert made.speakers(job_of(made)) == [f"<results>/{job_of(made).video}/speakers.json"]
    assert made.voice_encoder == str(weights)
    assert made.settings("merge") == plain.settings("merge")
    assert made.speaker_settings(job_of(made)) == {
        **{"backend": "voices", "at_least": 1, "at_most": None, "across": False}
    }
    assert made.voice_prints == "there/resources/voices"
    for missing in ({"enabled": True}, {"enabled": True, "model": str(tmp_path / "none.pt")}):
        with pytest.raises(ConfigError, match="pip download --no-deps Resemblyzer"):
            ask(speakers=missing)


def test_speakers_get_a_gpu_only_where_that_is_asked_for(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = tmp_path / "pretrained.pt"
    weights.touch()
    section: dict[str, Any] = {"enabled": True, "model": str(weights)}
    made = ask(speakers=section)
    job = job_of(made)
    assert (made.speaker_gpus, made.speaker_gpu_mem_mb(job, 1)) == (0, 0)
    made = ask(speakers=section | {"device": "auto"})
    assert (made.speaker_gpus, made.speaker_gpu_mem_mb(job, 1)) == (1, 1000)
    assert made.speaker_gpu_mem_mb(job, 2) == 1500
    pyannote = {"enabled": True, "backend": "pyannote", "device": "cuda"}
    monkeypatch.setitem(sys.modules, "pyannote", None)
    with pytest.raises(ConfigError, match=r"pip install vat-subtitles\[pyannote\]"):
        ask(speakers=pyannote)
    monkeypatch.setattr(voice_encoder, "find_spec", lambda name: name)
    made = ask(speakers=pyannote)
    assert made.voice_encoder == "pyannote/speaker-diarization-community-1"
    assert made.speaker_gpu_mem_mb(job, 1) == 3000
    folder = tmp_path / "pipeline"
    folder.mkdir()
    assert ask(speakers=pyannote | {"model": str(folder)}).voice_encoder == str(folder)
    with pytest.raises(ConfigError, match=r"speakers\.at_most is 1"):
        ask(speakers=section | {"at_least": 2, "at_most": 1})


def test_the_names_of_speakers_shape_the_subtitles(ask: Ask, tmp_path: Path) -> None:
    plain = ask()
    job = job_of(plain)
    assert plain.spoken_settings(job) == plain.settings("merge")
    (tmp_path / "a.pt").touch()
    section: dict[str, Any] = {"enabled": True, "model": str(tmp_path / "a.pt")}
    made = ask(speakers=section)
    assert made.spoken_settings(job) == {
        **plain.settings("merge"),
        **{"speakers": [], "speaker_prefix": False},
    }
    (tmp_path / "speakers").mkdir()
    table = tmp_path / "speakers" / f"{job.video}.speakers.tsv"
    table.write_text("label\tname\tgender\nS1\tAnn\tf\n", "utf-8")
    named = {"label": "S1", "name": "Ann", "gender": "female", "note": ""}
    assert ask(speakers=section).spoken_settings(job)["speakers"] == [named]
    table.write_text("label\tname\tgender\nS1\tAnn\tcat\n", "utf-8")
    with pytest.raises(ConfigError, match="unknown gender"):
        ask(speakers=section).spoken_settings(job)
