"""An answer is found wherever a person would find it, and nothing that is not whole is taken."""

import json
import time
from types import SimpleNamespace
from typing import Any

import pytest

from vat.translate.almost_json import objects
from vat.translate.model_answers import MISSING, read_answer
from vat.translate.replies import CUT, FILTERED, reply_of

ASKED = {0: "The train leaves.", 1: "Close the door.", 2: "Nobody knew."}
TEXTS = {0: 'Der "Zug" fährt.', 1: "Mach zu, bitte.", 2: "Niemand wusste es."}
ENTRIES = {
    str(at): {"begins": ASKED[at].rsplit(" ", 1)[0], "translation": text}
    for at, text in TEXTS.items()
}
WHOLE = json.dumps(ENTRIES, ensure_ascii=False)
OTHER = WHOLE.replace("Zug", "Bus")


@pytest.mark.parametrize(
    "answer",
    [
        *(WHOLE, f"```json\n{WHOLE}\n```", f"{WHOLE}\n\nNote: {{x}} and {{\\an8}} {{"),
        *(f"Subtitles {{0..2}}: {WHOLE}", f"<think>{OTHER}</think>{WHOLE}", f"{WHOLE}</think>"),
        *(f"[THINK]{{a}}[/THINK]{WHOLE}", f"Draft: {OTHER}\nFinal: {WHOLE}", f"[{WHOLE}]"),
        f"<|channel|>analysis<|message|>{OTHER}<|end|><|channel|>final<|message|>{WHOLE}",
        *(f"{WHOLE[:-1]},\n}}", WHOLE.replace('"}', '",}'), WHOLE.replace("},", "}")),
        *(WHOLE.replace('\\"', '"'), str(ENTRIES), WHOLE.replace('"0"', "0")),
        WHOLE.replace('"begins"', "“begins”").replace('"translation"', "translation"),
        WHOLE.replace("{", "{ // so\n", 1).replace("},", "}, /* and */"),
        "\n".join(json.dumps({key: entry}) for key, entry in ENTRIES.items()),
        json.dumps([{"id": int(key), **entry} for key, entry in ENTRIES.items()]),
        "\n".join(json.dumps({"number": key, **entry}) for key, entry in ENTRIES.items()),
        json.dumps({"subtitles": ENTRIES}),
        json.dumps({"result": {"translations": ENTRIES}, "context": {}}),
        json.dumps({f"subtitle {key}": entry for key, entry in ENTRIES.items()}),
        *(json.dumps(WHOLE)[1:-1], WHOLE.replace(": ", " => ")),
        WHOLE.replace('"Mach zu, bitte."', "Mach zu, bitte."),
        *(json.dumps(WHOLE), f'Here {{" it is: {WHOLE}'),
        WHOLE.replace("Zug", "Zug\n").replace(", bitte", ",\n bitte").replace("Zug\n", "Zug"),
    ],
)
def test_the_answer_is_found(answer: str) -> None:
    assert read_answer(answer, ASKED, echo=True) == (TEXTS, {})


@pytest.mark.parametrize("end", range(60, len(WHOLE) - 1))
def test_nothing_that_is_cut_is_taken(end: int) -> None:
    found, reasons = read_answer(WHOLE[:end], ASKED, echo=True)
    assert all(TEXTS[at] == text for at, text in found.items())
    assert 2 not in found
    assert reasons[2] == MISSING


def test_what_two_objects_say_differently_is_left_out() -> None:
    parts = '{"0": "Eins.", "1": "Zwei."}\n{"1": "Drei.", "2": "Vier."}'
    found, reasons = read_answer(parts, {0: "One.", 1: "Two.", 2: "Four."}, echo=False)
    assert found == {}
    assert read_answer(parts, {1: "Two."}, echo=False)[0] == {1: "Drei."}
    assert MISSING in reasons.values()


@pytest.mark.parametrize("bad", ["{" * 99_999, '{"a":' * 20_000, '{"' * 20_000, "{'x" * 9000])
def test_no_text_takes_long(bad: str) -> None:
    began = time.perf_counter()
    assert read_answer(bad, ASKED, echo=True)[0] == {}
    assert time.perf_counter() - began < 3


def test_escapes_are_read_as_meant() -> None:
    text = r"""{'0': 'a\n\u00e4 \ud83c\udfac {\an8} it\'s', "x": -1.5, 'y': None,}"""
    assert list(objects(text)) == [{"0": "a\nä 🎬 {\\an8} it's", "x": -1.5, "y": None}]


def choice(content: Any, ended: str = "stop", **fields: Any) -> Any:
    message = SimpleNamespace(content=content, **fields)
    return SimpleNamespace(message=message, finish_reason=ended)


@pytest.mark.parametrize(
    "one",
    [
        choice(WHOLE),
        choice("", reasoning_content=WHOLE),
        choice(None, reasoning=WHOLE),
        choice("<think>\n</think>\n", reasoning_content=WHOLE),
        choice(None, reasoning_details=[{"type": "reasoning.text", "text": WHOLE}]),
        choice([{"type": "text", "text": WHOLE[:9]}, {"type": "text", "text": WHOLE[9:]}]),
        choice([{"type": "thinking", "thinking": "{}"}, {"type": "text", "text": WHOLE}]),
        choice([{"type": "thinking", "thinking": [{"type": "text", "text": WHOLE}]}]),
        choice(ENTRIES),
        choice(None, tool_calls=[SimpleNamespace(function=SimpleNamespace(arguments=WHOLE))]),
    ],
)
def test_the_text_is_found_wherever_the_server_puts_it(one: Any) -> None:
    assert read_answer(reply_of(one).text, ASKED, echo=True) == (TEXTS, {})


def test_why_an_answer_lacks() -> None:
    assert reply_of(choice("", "length")).trouble == CUT
    assert reply_of(choice(WHOLE, "MAX_TOKENS")).trouble == CUT
    assert "max_cost" in reply_of(choice("", "length"), bounded=True).trouble
    assert reply_of(choice(None, "content_filter")).trouble == FILTERED
    assert "refuses" in reply_of(choice(None, refusal="I will not.")).trouble
    assert reply_of(choice("I will not.", reasoning_content=WHOLE)).text == "I will not."
    assert reply_of(None).text == ""
