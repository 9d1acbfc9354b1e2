"""A model judges translations; what it finds wrong is mended, all else stays as it was."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.asking import MEANS, Asker
from tests.helpers.chat_server import Answer, Behaviour, chat_server, chinese, lines
from vat.subtitles.limits import CueSettings
from vat.translate.estimate import Estimate
from vat.translate.job import Translation

pytestmark = pytest.mark.usefixtures("server_key")

COUNT = 40
WRONG = (3, 17, 30)
"""The places of the planted errors."""

Informed = Callable[[Answer, dict[str, Any]], Any]


def other(text: str) -> str:
    """A translation of something else, which no check of answers tells from a right one."""
    number = text.rsplit(maxsplit=1)[-1]
    return chinese(f"Nobody of them would ever want such things there {number}")


def planted(also: Informed = lambda answer, told: answer) -> Informed:
    """Drafts of the places are wrong; `also` changes all other answers."""
    bad = {lines(COUNT)[at] for at in WRONG}

    def informed(answer: Answer, told: dict[str, Any]) -> Any:
        items = told["subtitles"]
        if not all(isinstance(item, str) for item in items.values()):
            return also(answer, told)
        return {
            key: {**entry, "translation": other(items[key])} if items[key] in bad else entry
            for key, entry in answer.items()
        }

    return informed


def texts_of(found: Translation) -> list[str]:
    return [cue.text.replace("\n", "") for cue in found.cues]


def wrong(found: Translation) -> list[int]:
    """The places whose translation is another one than it should be."""
    return [at for at, text in enumerate(texts_of(found)) if text != chinese(lines(COUNT)[at])]


def about(server: Behaviour, sign: str) -> list[dict[str, Any]]:
    """The requests whose prompt has a sign."""
    return [one for one in server.requests if sign in one["messages"][0]["content"]]


JUDGES, MENDS = "You judge", "You mend"


def test_planted_errors_are_found_and_mended_and_good_lines_stay(ask: Asker) -> None:
    with chat_server(Behaviour(informed=planted())) as server:
        plain = ask(server, COUNT)
        assert wrong(plain) == [*WRONG]
        assert "estimate" not in plain.report.to_json()
        server.requests.clear()
        found = ask(server, COUNT, estimate=True)
    assert texts_of(found) == [chinese(text) for text in lines(COUNT)]
    assert found.report.to_json()["estimate"] == {
        "sentences": COUNT,
        "judged": COUNT,
        "low": 3,
        "again": 3,
        "better": 3,
        "remarks": [],
    }
    assert found.report.doubtful == {}
    assert len(about(server, JUDGES)) == COUNT // 10 + 1
    (mended,) = about(server, MENDS)
    assert "says something else" in mended["messages"][1]["content"]


def test_no_more_is_asked_again_than_the_share_allows(ask: Asker) -> None:
    with chat_server(Behaviour(informed=planted())) as server:
        found = ask(server, COUNT, estimate=True, estimate_share=0.05)
    (left,) = wrong(found)
    judgement = found.report.judgement
    assert judgement is not None
    assert (judgement.low, judgement.again, judgement.better) == (3, 2, 2)
    assert judgement.remarks == {left + 1: (5, "major mistranslation: says something else")}
    assert "says something else" in found.report.doubtful[left + 1]


def test_where_no_candidate_is_better_the_draft_stays(ask: Asker) -> None:
    def stubborn(answer: Answer, told: dict[str, Any]) -> Answer:
        return {
            key: {**entry, "translation": other(told["subtitles"][key]["subtitle"])}
            if "translation" in entry
            else entry
            for key, entry in answer.items()
        }

    with chat_server(Behaviour(informed=planted(stubborn))) as server:
        found = ask(server, COUNT, estimate=True, estimate_candidates=2)
    assert [texts_of(found)[at] for at in WRONG] == [other(lines(COUNT)[at]) for at in WRONG]
    assert sorted(found.report.doubtful) == [at + 1 for at in WRONG]
    assert len(about(server, MENDS)) == 2
    assert '"tried"' in about(server, MENDS)[1]["messages"][1]["content"]


def test_the_best_candidate_that_can_be_read_in_its_time_is_taken(ask: Asker) -> None:
    """The first candidate is right and too long, the second one right and short."""

    def longwinded(answer: Answer, told: dict[str, Any]) -> Answer:
        changed = dict(answer)
        for key, entry in answer.items():
            item = told["subtitles"][key]
            right = chinese(item["subtitle"])
            if "translation" in entry:
                shorter = right[:8] + right[-3:]
                changed[key] = {
                    **entry,
                    "translation": shorter if "tried" in item else right + right[:5],
                }
            else:
                wrong = item["translation"] == other(item["subtitle"])
                changed[key] = {**entry, "errors": "critical: nonsense" if wrong else ""}
        return changed

    layout = CueSettings(max_columns=42, max_columns_per_second=10)
    with chat_server(Behaviour(informed=planted(longwinded))) as server:
        found = ask(server, COUNT, estimate=True, layout=layout)
    for at in WRONG:
        right = chinese(lines(COUNT)[at])
        assert texts_of(found)[at] == right[:8] + right[-3:]
        assert at + 1 not in found.report.too_long


@pytest.mark.parametrize("answer", [None, {}, "no", {"0": {"errors": 7}}])
def test_a_model_that_cannot_judge_changes_nothing(ask: Asker, answer: Any) -> None:
    def useless(right: Answer, told: dict[str, Any]) -> Any:
        return answer

    with chat_server(Behaviour(informed=planted(useless))) as server:
        plain, found = ask(server, COUNT), ask(server, COUNT, estimate=True)
    assert texts_of(found) == texts_of(plain)
    judgement = found.report.judgement
    assert judgement is not None
    assert (judgement.judged, judgement.again) == (0, 0)


def test_judgements_that_moved_to_another_sentence_are_asked_for_again(ask: Asker) -> None:
    def moved(answer: Answer, told: dict[str, Any]) -> Answer:
        if len(answer) < 10:
            return answer
        return dict(zip(answer, [*answer.values()][1:] + [*answer.values()][:1], strict=True))

    with chat_server(Behaviour(informed=planted(moved))) as server:
        found = ask(server, COUNT, estimate=True)
    assert texts_of(found) == [chinese(text) for text in lines(COUNT)]


def test_judgements_are_paid_for_once(ask: Asker, tmp_path: Path) -> None:
    means = replace(MEANS, folder=tmp_path)
    with chat_server(Behaviour(informed=planted())) as server:
        first = ask(server, COUNT, means=means, estimate=True)
        before = len(server.requests)
        second = ask(server, COUNT, means=means, estimate=True)
        assert len(server.requests) == before
    assert second.cues == first.cues
    assert second.report.judgement == first.report.judgement


@pytest.mark.parametrize(
    ("said", "penalty"),
    [
        ([""], 0),
        (["None"], 0),
        (["no errors"], 0),
        (["major: no-error"], 0),
        (["Critical:\nno-error\nMajor:\naccuracy/mistranslation - 'left'\nMinor:\nno-error"], 5),
        (["minor awkward: stiff\nmajor omission: the number"], 6),
        (["major mistranslation: says left; should say right"], 5),
        (["major omission; minor spelling"], 6),
        (["critical untranslated"], 25),
        (["it is wrong"], 1),
        (["No critical errors"], 0),
        (["No major errors found."], 0),
        (["There are no major errors"], 0),
        (["No critical, major or minor errors were found in the translation."], 0),
        (["No critical errors. No major errors; no minor issues"], 0),
        (["No critical or major"], 0),
        (["Critical: none, Major: none, Minor: none"], 0),
        (
            [
                "No issues",
                "no problems",
                "No mistakes or omissions",
                "The translation is accurate.",
            ],
            0,
        ),
        (["No critical errors, but a major omission: the number"], 5),
        (["No major errors; minor awkward"], 1),
        (["No significant or other translation errors were detected."], 0),
        (["critical: no translation"], 25),
        (["No translation"], 1),
        (["major: no error is named, though the text has one"], 5),
    ],
)
def test_errors_weigh_by_their_severity(said: list[str], penalty: int) -> None:
    assert Estimate.of(said).penalty == penalty


def test_errors_come_as_lists_and_objects_too(ask: Asker) -> None:
    def objects(answer: Answer, told: dict[str, Any]) -> Answer:
        def entry(one: dict[str, Any]) -> dict[str, Any]:
            if "errors" not in one:
                return one
            found = {"explanation": "a minor matter to nobody", "severity": "major"}
            return {**one, "errors": [found] if one["errors"] else []}

        return {key: entry(one) for key, one in answer.items()}

    with chat_server(Behaviour(informed=planted(objects))) as server:
        found = ask(server, COUNT, estimate=True)
    assert texts_of(found) == [chinese(text) for text in lines(COUNT)]
