"""The whole transcript is read first, and what it tells is shown with every batch."""

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers.chat_server import Answer, Behaviour, chat_server, lines
from tests.helpers.translating import PROMPTS, WIDE
from vat.errors import ConfigError, TranslationError
from vat.timeline import Cue
from vat.translate.batches import Asked, cut
from vat.translate.first_reading import make_overview, overview_of, parts
from vat.translate.overview import Overview, read_overview
from vat.translate.people import Person, joined, read_people, write_people
from vat.translate.settings import Means, TranslateSettings
from vat.translate.translate import translate

PROMPTS = {**PROMPTS, "overview": "Read. $answer $instructions $source_language"}
MEANS = Means(timeout_seconds=5, attempts=3)
KIM = Person("Kim", "female", "a pilot")


def cues(texts: Sequence[str]) -> list[Cue]:
    return [Cue(n, n * 4.0, n * 4.0 + 3.0, text) for n, text in enumerate(texts, 1)]


def settings(server: Behaviour, **changes: Any) -> TranslateSettings:
    found = TranslateSettings("openai", "test", server.url, prompts=PROMPTS, shorten=False)
    return replace(found, **{"batch_size": 5, "context": 0} | changes)


def read(server: Behaviour, texts: Sequence[str]) -> Overview:
    return make_overview(cues(texts), "en", settings(server), MEANS)


def about_kim(said: list[str], told: dict[str, Any]) -> Any:
    """Kim is a woman, which only one line of all tells."""
    known = told["subtitles"]["0"]["so_far"].get("people", [])
    told_so = any("her" in line.split() for line in said)
    people = "Kim | female | a pilot" if told_so or known else "Kim | unknown |"
    return {"0": {"summary": f"A flight, {len(said)} lines.", "people": people}}


def with_pronoun(answer: Answer, told: dict[str, Any]) -> Answer:
    """A translation that needs a pronoun, and takes the male one unless it is told better."""
    female = any(one.get("gender") == "female" for one in told.get("people", []))
    pronoun = "她" if female else "他"
    return {
        key: {**one, "translation": f"{pronoun}{one['translation']}"} for key, one in answer.items()
    }


def test_a_pronoun_that_one_line_tells_is_right_in_every_batch(tmp_path: Path) -> None:
    said = [f"Kim says: {line}" for line in lines(40)]
    said[33] = "Kim says that the plane is her own."
    with chat_server(Behaviour(reads=about_kim, informed=with_pronoun)) as server:
        found = read(server, said)
        assert (found.people, found.warning, found.requests) == ((KIM,), "", 1)
        found.write(tmp_path / "overview.json")
        known = read_overview([tmp_path / "overview.json"], [])
        options = settings(server)
        told = translate(cues(said), "en", "zh", options, WIDE, MEANS, (), known)
        without = translate(cues(said), "en", "zh", options, WIDE, MEANS)
    assert all(cue.text.startswith("她") for cue in told.cues)
    assert all(cue.text.startswith("他") for cue in without.cues)
    batches = [json.loads(one["messages"][-1]["content"]) for one in server.requests[1:9]]
    assert {one["about"] for one in batches} == {"A flight, 40 lines."}


def near_pronoun(answer: Answer, told: dict[str, Any]) -> Answer:
    """A translator that reads what it is shown: the people, the subtitles and those around them."""
    shown = json.dumps([told["subtitles"], told["context"], told.get("people", [])])
    pronoun = "她" if "her own" in shown or '"female"' in shown else "他"
    return {
        key: {**one, "translation": f"{pronoun}{one['translation']}"} for key, one in answer.items()
    }


@pytest.mark.parametrize("order", ["forward", "backward", "shuffled"])
@pytest.mark.parametrize(("context", "near"), [(0, 5), (3, 10)])
def test_only_the_overview_makes_all_batches_right_in_whatever_order(
    monkeypatch: pytest.MonkeyPatch, order: str, context: int, near: int
) -> None:
    """Without it, a pronoun is right in the batches that show the one line that tells."""

    def ordered(waiting: Sequence[Asked], size: int) -> list[list[Asked]]:
        batches = cut(waiting, size)
        if order == "shuffled":
            random.Random(7).shuffle(batches)
        return batches[::-1] if order == "backward" else batches

    monkeypatch.setattr("vat.translate.batches.cut", ordered)
    said = [f"Kim says: {line}" for line in lines(40)]
    said[33] = "Kim says that the plane is her own."
    right = {}
    with chat_server(Behaviour(reads=about_kim, informed=near_pronoun)) as server:
        options = settings(server, context=context)
        for known in (read(server, said), Overview()):
            made = translate(
                cues(said), "en", "zh", options, WIDE, replace(MEANS, concurrency=1), (), known
            )
            right[bool(known.people)] = sum(cue.text.startswith("她") for cue in made.cues)
    assert right[True] == 40
    assert right[False] == near


def test_a_long_transcript_is_read_in_parts_each_with_what_is_known() -> None:
    said = [f"Kim says: {line}" for line in lines(1000)]
    said[5] = "Kim says that the plane is her own."
    with chat_server(Behaviour(reads=about_kim)) as server:
        found = read(server, said)
    seen = [json.loads(one["messages"][-1]["content"])["subtitles"]["0"] for one in server.requests]
    assert [line for one in seen for line in one["transcript"]] == said
    assert len(seen) == found.requests > 1
    assert found.people == (KIM,)
    assert seen[1]["so_far"]["people"][0]["gender"] == "female"


def test_a_model_that_takes_little_at_once_reads_smaller_parts() -> None:
    said = lines(400)

    def small(heard: list[str], told: dict[str, Any]) -> Any:
        return about_kim(heard, told) if len(heard) < 100 else "I am lost"

    with chat_server(Behaviour(reads=small)) as server:
        found = read(server, said)
    assert found.summary.startswith("A flight")
    assert found.warning == ""


@pytest.mark.parametrize("answer", ["", "{}", {"0": {"summary": " "}}, {"0": ["odd"]}, "[1"])
def test_a_model_without_an_answer_is_a_warning_and_ends(answer: Any) -> None:
    with chat_server(Behaviour(reads=lambda said, told: answer)) as server:
        found = read(server, lines(600))
    assert "without one" in found.warning
    assert (found.summary, found.people) == ("", ())
    assert len(server.requests) < 12


def test_a_refused_transcript_is_a_warning_and_a_wrong_key_an_error() -> None:
    with chat_server(Behaviour(forbids="stands")) as server:
        assert read(server, lines(10)).warning
    with (
        chat_server(Behaviour(statuses=[401])) as server,
        pytest.raises(TranslationError, match="OPENAI_API_KEY"),
    ):
        read(server, lines(10))


@pytest.mark.parametrize(
    "people",
    [
        "Kim | female | a pilot\nLee | male |",
        "- Kim | f | a pilot\n* Lee | M. | ",
        [
            {"name": "Kim", "gender": "Female", "note": "a pilot"},
            {"name": "Lee", "gender": "he/him"},
        ],
        ["Kim | she/her | a pilot", "Lee | man", None, 7],
    ],
)
def test_people_are_found_in_whatever_form_they_come(people: Any) -> None:
    answer = json.dumps({"0": {"summary": "A flight.", "people": people}})
    found = overview_of(f"Sure! ```json\n{answer}\n```", Overview())
    assert found is not None
    assert found.people == (KIM, Person("Lee", "male"))


def test_prose_without_people_names_nobody() -> None:
    answer = json.dumps({"summary": "Rain.", "people": "There is nobody in it."})
    found = overview_of(answer, Overview(people=(KIM,)))
    assert found is not None
    assert (found.summary, found.people) == ("Rain.", (KIM,))


def test_the_users_people_win_and_ask_anew(tmp_path: Path) -> None:
    Overview("A flight.", (Person("Kim", "male", "a pilot"), Person("Lee"))).write(
        tmp_path / "overview.json"
    )
    (tmp_path / "people.tsv").write_text("name\tgender\nKim\tfemale\n")
    (tmp_path / "v.people.tsv").write_text("name\tgender\tnote\nAda\t女\tsays du\n")
    own = [tmp_path / "people.tsv", tmp_path / "v.people.tsv"]
    known = read_overview([tmp_path / "overview.json"], own)
    assert known.people == (KIM, Person("Ada", "female", "says du"), Person("Lee"))
    texts = lines(5)
    with chat_server(Behaviour()) as server:
        means = replace(MEANS, folder=tmp_path)

        def requests(overview: Overview) -> int:
            before = len(server.requests)
            translate(cues(texts), "en", "zh", settings(server), WIDE, means, (), overview)
            return len(server.requests) - before

        assert requests(Overview()) == 1
        assert requests(Overview("About something.", (KIM,))) == 0
        assert requests(known) == 1
        assert requests(known) == 0


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("who\tgender\n", "needs the column name"),
        ("name\tgender\nKim\tcat\n", "line 2, has an unknown gender"),
        ("name\tgender\n\tmale\n", "line 2, has no name"),
        ("name\nKim\tmale\n", "line 2, has too many columns"),
        ("", "needs the column name"),
    ],
)
def test_a_wrong_table_of_people_is_named(tmp_path: Path, table: str, said: str) -> None:
    (tmp_path / "people.tsv").write_text(table)
    with pytest.raises(ConfigError, match=said):
        read_people([tmp_path / "people.tsv"])


NAMES = st.text(st.characters(codec="utf-8", categories=("L", "N", "Zs")), min_size=1).map(
    lambda text: " ".join(text.split())
)
PEOPLE = st.lists(
    st.builds(
        Person, NAMES.filter(bool), st.sampled_from(["", "female", "male", "other"]), st.just("")
    ),
    max_size=5,
)


@given(PEOPLE, PEOPLE)
def test_joined_people_lose_nobody_and_what_is_written_is_read(
    earlier: list[Person], later: list[Person]
) -> None:
    found = joined(earlier, later)
    keys = [one.name.casefold() for one in found]
    assert set(keys) == {one.name.casefold() for one in (*earlier, *later)}
    assert len(set(keys)) == len(keys)
    assert write_people(found).count("\n") == len(found) + 1


@given(st.lists(st.text(max_size=40), max_size=40), st.integers(10, 200))
def test_parts_hold_every_line_once_in_order(said: list[str], size: int) -> None:
    found = parts(said, size)
    assert [line for part in found for line in part] == said
    assert all(found)
