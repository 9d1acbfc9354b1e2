"""Translation in the workflow: what a change reruns, what two runs pay for, where no key may be."""

import json
import shutil
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.chat_server import FAULTS, Behaviour, chat_server, chinese
from tests.helpers.workflow import Workflow, demo

KEY = "sk-very-secret-key-9876543210"


def openai(server: Behaviour, *more: str) -> list[str]:
    options = ["backend: openai", f"base_url: '{server.url}'", "model: test", *more]
    return demo("--config", f"translate={{{', '.join(options)}}}")


@contextmanager
def command_lines() -> Iterator[set[str]]:
    """Every command line that any process had meanwhile."""
    seen: set[str] = set()
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.02):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    seen.add(path.read_text(errors="replace"))
                except OSError:
                    continue

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def ada(said: list[str], told: dict[str, Any]) -> Any:
    return {"0": {"summary": "Cars and boats.", "people": "Ada | she | drives"}}


@pytest.fixture(scope="module")
def translated(
    workflow: Workflow, finished_demo: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, Behaviour, set[str], str]]:
    """The demo, translated anew by a server that often fails."""
    directory = tmp_path_factory.mktemp("server") / "run"
    shutil.copytree(finished_demo, directory, symlinks=True)
    faults = [name for name in FAULTS if name not in ("cut", "cut in half", "mistranslate")]
    behaviour = Behaviour(faults=faults, rate=0.2, passing=[429, 500], unrest=0.1, reads=ada)
    with chat_server(behaviour) as server, command_lines() as seen:
        run = workflow(
            directory, *openai(server, "input_price: 1", "output_price: 4"), OPENAI_API_KEY=KEY
        )
        assert run.status == 0, run.output
        assert run.jobs() == {"all": 1, "overview": 3, "translate": 3, "embed": 3, "deliver": 3}
        yield directory, server, seen, run.output


Translated = tuple[Path, Behaviour, set[str], str]


def folders(directory: Path) -> list[Path]:
    return sorted(path.parent for path in directory.glob("results/*/media.json"))


def test_every_cue_is_translated_and_what_it_took_is_reported(translated: Translated) -> None:
    directory, server, _, _ = translated
    tokens = 0
    for folder in folders(directory):
        source, target, report = (
            json.loads((folder / name).read_text("utf-8"))
            for name in ("subtitles/source.json", "subtitles/zh.json", "translations/zh.json")
        )
        assert [cue["text"].replace("\n", "") for cue in target["cues"]] == [
            chinese(" ".join(cue["text"].split())) for cue in source["cues"]
        ]
        assert report["cost"] == pytest.approx(
            (report["tokens"]["input"] + 4 * report["tokens"]["output"]) / 1e6, abs=1e-5
        )
        assert (report["untranslated"], report["doubtful"]) == ([], [])
        tokens += report["tokens"]["output"]
        log = (directory / f"logs/{folder.name}/translate/zh.log").read_text("utf-8")
        assert "tokens, which cost" in log
    assert tokens > 0
    assert set(server.keys) == {f"Bearer {KEY}"}


def test_the_key_is_nowhere(workflow: Workflow, translated: Translated) -> None:
    directory, _, seen, output = translated
    report = workflow(directory, *demo("--report", "report.html"), OPENAI_API_KEY=KEY)
    assert report.status == 0, report.output
    assert KEY not in output + report.output
    assert any("snakemake" in line for line in seen)
    assert not any(KEY in line for line in seen)
    files = [path for path in directory.rglob("*") if path.is_file()]
    assert len([path for path in files if ".snakemake" in path.parts]) > 10
    assert [path for path in files if KEY.encode() in path.read_bytes()] == []


def test_a_changed_prompt_or_glossary_reruns_translation_and_what_follows(
    workflow: Workflow, translated: Translated
) -> None:
    directory, server, _, _ = translated

    def planned(*more: str) -> dict[str, int]:
        run = workflow(directory, *openai(server, *more), "-n", OPENAI_API_KEY=KEY)
        assert run.status == 0, run.output
        return run.jobs()

    glossary = directory / "glossary"
    glossary.mkdir()
    (glossary / "ja.tsv").write_text("source\ttarget\ncar\t車\n")
    assert planned("glossary: glossary", "concurrency: 9", "requests_per_minute: 5") == {}
    video = folders(directory)[0].name
    (glossary / f"{video}.zh.tsv").write_text("source\ttarget\ncar\t汽车\n")
    assert planned("glossary: glossary") == {"all": 1, "translate": 1, "embed": 1, "deliver": 1}
    prompt = directory / "config/prompts/translate.txt"
    prompt.parent.mkdir(parents=True)
    prompt.write_text("Into $target_language. $answer")
    assert planned() == {"all": 1, "translate": 3, "embed": 3, "deliver": 3}
    prompt.unlink()
    (glossary / f"{video}.people.tsv").write_text("name\tgender\nKim\tfemale\n")
    with_people = {"all": 1, "translate": 1, "embed": 1, "deliver": 1}
    (glossary / f"{video}.zh.tsv").unlink()
    assert planned("glossary: glossary") == with_people


def test_a_second_run_pays_only_for_what_is_not_remembered(
    workflow: Workflow, translated: Translated
) -> None:
    directory, server, _, _ = translated
    before = Counter(server.asked())
    run = workflow(directory, *openai(server), "-R", "translate", OPENAI_API_KEY=KEY)
    assert run.status == 0, run.output
    assert run.jobs()["translate"] >= 3
    assert Counter(server.asked()) - before == Counter()


def test_terms_are_proposed_into_a_file_to_edit(workflow: Workflow, translated: Translated) -> None:
    directory, server, _, _ = translated
    run = workflow(directory, *openai(server), "--", "glossary", OPENAI_API_KEY=KEY)
    assert run.status == 0, run.output
    lines = (directory / "results/glossary/zh.tsv").read_text("utf-8").splitlines()
    assert lines[0] == "source\ttarget\tnote"
    people = (directory / "results/glossary/people.tsv").read_text("utf-8")
    assert people == "name\tgender\tnote\nAda\tfemale\tdrives\n"
    for line in lines[1:]:
        source, target, note = line.split("\t")
        assert target == chinese(source)
        assert "times, as in: " in note


def test_a_model_on_a_server_may_have_the_name_of_a_folder(
    workflow: Workflow, finished_demo: Path
) -> None:
    server = Behaviour(url="http://127.0.0.1:9/v1")
    command = openai(server)
    command[-1] = command[-1].replace("model: test", "model: /models/served-elsewhere")
    assert workflow(finished_demo, *command, "-n").status == 0


def test_targets_share_the_work_before_them(workflow: Workflow, tmp_path: Path) -> None:
    jobs = workflow(
        tmp_path, *demo("-n", "--config", "languages={source: en, targets: [zh, ja, de]}")
    ).jobs()
    assert (jobs["merge"], jobs["translate"]) == (3, 9)


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ("max_cost: 3", "translate.max_cost works only if the prices are known"),
        ("glossary: nowhere", "nowhere"),
        ("prompts: nowhere", "nowhere/translate.txt"),
    ],
)
def test_a_wrong_setting_is_one_sentence(
    workflow: Workflow, finished_demo: Path, option: str, sentence: str
) -> None:
    run = workflow(finished_demo, *openai(Behaviour(url="http://127.0.0.1:9/v1"), option), "-n")
    assert run.status != 0
    assert sentence in run.output
    assert "Traceback" not in run.output


def test_a_corrected_source_asks_for_its_sentence_alone(
    workflow: Workflow, translated: Translated
) -> None:
    directory, server, _, _ = translated
    video = folders(directory)[0].name
    folder = directory / f"results/{video}"
    before = json.loads((folder / "subtitles/zh.json").read_text("utf-8"))["cues"]
    blocks = (folder / "subtitles/source.srt").read_text("utf-8").split("\n\n")
    number, times, *_ = blocks[2].split("\n")
    blocks[2] = "\n".join([number, times, "The captain sees Seven Green Boats."])
    edits = directory / f"edits/{video}"
    edits.mkdir(parents=True)
    (edits / "source.srt").write_text("\n\n".join(blocks), "utf-8")
    server.faults.clear()
    server.unrest, asked = 0, len(server.requests)
    run = workflow(directory, *openai(server), OPENAI_API_KEY=KEY)
    assert run.status == 0, run.output
    assert run.jobs() == {"all": 1, "edit": 1, "translate": 1, "embed": 1, "deliver": 1}
    assert len(server.requests) - asked <= 1
    after = json.loads((folder / "subtitles/zh.json").read_text("utf-8"))["cues"]
    changed = [one["id"] for one, other in zip(before, after, strict=True) if one != other]
    assert changed == [3]
