"""A translator is told in every batch who says each subtitle, and each half of a dialogue."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.chat_server import Answer, Behaviour, chat_server
from tests.helpers.translating import PROMPTS, WIDE
from vat.speech.speaker_names import Speaker
from vat.subtitles.limits import CueSettings
from vat.subtitles.lines import columns
from vat.timeline import Cue
from vat.translate.job import Judgement, Report, Translation
from vat.translate.overview import Overview
from vat.translate.people import Person
from vat.translate.sentences import sentences
from vat.translate.settings import Means, TranslateSettings
from vat.translate.speakers import TOLD, with_speakers
from vat.translate.translate import translate

SPEAKERS = (Speaker("S1", "Ann", "female", "the host"), Speaker("S2"), Speaker("S3", "Bob", "male"))
CUES = [
    Cue(1, 0.0, 2.0, "I am tired of all this.", speakers=("S1",)),
    Cue(2, 3.0, 6.0, "- Are you really?\n- I certainly am.", speakers=("S2", "S1")),
    Cue(3, 7.0, 9.0, "So you should go home.", speakers=("S3",)),
    Cue(4, 10.0, 12.0, "Somebody laughs out loud."),
]


def translated(
    server: Behaviour, folder: Path | None, speakers: tuple[Speaker, ...] = SPEAKERS, **changes: Any
) -> Translation:
    settings = TranslateSettings(
        "openai", "test", server.url, prompts=PROMPTS, shorten=False, **changes
    )
    means = Means(folder=folder, attempts=2, timeout_seconds=5)
    return translate(CUES, "en", "zh", settings, WIDE, means, (), Overview(), speakers)


def shown(server: Behaviour) -> list[dict[str, Any]]:
    """What the model was shown with each request."""
    return [json.loads(one["messages"][-1]["content"]) for one in server.requests]


def test_every_batch_tells_who_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "key")
    with chat_server(Behaviour()) as server:
        found = translated(server, None, batch_size=2)
    assert [cue.id for cue in found.cues] == [1, 2, 3, 4]
    assert [cue.speakers for cue in found.cues] == [cue.speakers for cue in CUES]
    assert [line[:2] for line in found.cues[1].text.splitlines()] == ["- ", "- "]
    told = dict[str, str]()
    for request in shown(server):
        assert request["people"][0] == {"name": "Ann", "gender": "female", "note": "the host"}
        told |= request["speakers"]
    assert told == {"0": "Ann", "1": "S2", "2": "Ann", "3": "Bob"}
    assert all(TOLD in one["messages"][0]["content"] for one in server.requests)


def test_without_speakers_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "key")
    plain = [Cue(cue.id, cue.start, cue.end, cue.text) for cue in CUES]
    settings = {"prompts": PROMPTS, "shorten": False}
    with chat_server(Behaviour()) as server:
        chosen = TranslateSettings("openai", "test", server.url, **settings)  # type: ignore[arg-type]
        translate(plain, "en", "zh", chosen, WIDE, Means(attempts=2))
    assert shown(server)
    assert not any({"speakers", "people"} & {*request} for request in shown(server))
    assert not any(TOLD in one["messages"][0]["content"] for one in server.requests)


def test_half_a_dialogue_has_room_for_one_line(
    prompts: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "key")
    said = "Of course we all could have gone there yesterday by the early morning train."
    both = Cue(1, 0.0, 20.0, f"- {said}\n- {said}", speakers=("S1", "S2"))
    whole = Cue(2, 21.0, 31.0, said, speakers=("S1",))

    def bad(answer: Answer, told: dict[str, Any]) -> Answer:
        return {
            key: {**one, "errors": "major: wrong"} if "errors" in one else one
            for key, one in answer.items()
        }

    with chat_server(Behaviour(informed=bad)) as server:
        settings = TranslateSettings(
            *("openai", "test", server.url), prompts=prompts, estimate=True, estimate_share=1.0
        )
        given = "en", "zh", replace(settings, shorten=False), CueSettings(), Means(attempts=2)
        long = translate([both, whole], *given)
        assert [columns(line) for line in long.cues[0].text.splitlines()] == [58, 58]
        assert long.report.too_long == [1]
        server.requests.clear()
        found = translate([both, whole], "en", "zh", settings, CueSettings(), Means(attempts=2))
    assert [columns(line) for line in found.cues[0].text.splitlines()] == [44, 44]
    assert found.report.too_long == []
    asked = [item for one in shown(server) for item in one["subtitles"].values()]
    asked = [item for item in asked if isinstance(item, dict)]
    assert {item["room"] for item in asked if "room" in item} == {40, 84}
    assert [item["columns"] for item in asked if "columns" in item] == [40, 40]


def test_another_name_or_gender_is_another_question(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "key")
    with chat_server(Behaviour()) as server:
        translated(server, tmp_path)
        asked = len(server.requests)
        translated(server, tmp_path)
        assert len(server.requests) == asked
        translated(server, tmp_path, (Speaker("S1", "Ann", "male"), *SPEAKERS[1:]))
        assert len(server.requests) > asked


def test_the_people_of_the_overview_are_known_by_their_names() -> None:
    proposed = Overview("A talk.", (Person("Eve", "female"), Person("ann", "", "a doctor")), "x")
    found = with_speakers(proposed, SPEAKERS)
    assert found.people == (
        Person("ann", "female", "the host"),
        Person("Bob", "male"),
        Person("Eve", "female"),
    )
    assert found.own.startswith("x ")
    assert with_speakers(proposed, (Speaker("S1"),)) is proposed


def test_no_sentence_has_two_speakers() -> None:
    cues = [
        Cue(1, 0, 1, "and then we", speakers=("S1",)),
        Cue(2, 1, 2, "went home", speakers=("S1",)),
        Cue(3, 2, 3, "as you should", speakers=("S2",)),
    ]
    assert sentences(cues, "en") == [range(2), range(2, 3)]


def test_what_is_said_of_half_a_cue_is_said_of_the_cue() -> None:
    report = Report(doubtful={2: "a", -2: "b", -3: "c"}, too_long=[-2, 2], untranslated=[-4])
    report.judgement = Judgement(remarks={-2: (5, "x"), 2: (1, "y")})
    report.count_whole_cues()
    assert report.doubtful == {2: "a; b", 3: "c"}
    assert (report.too_long, report.untranslated) == ([2], [4])
    assert report.judgement.remarks == {2: (5, "x")}
