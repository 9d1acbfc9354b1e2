"""What needs no translator is not translated, and says so in the right characters."""

import pytest

from tests.helpers.chat_server import Behaviour, chat_server
from tests.helpers.translating import ask
from vat.subtitles.limits import CueSettings
from vat.timeline import Cue
from vat.translate.glossary import Term
from vat.translate.settings import Means
from vat.translate.translate import translate

LINES = CueSettings(max_columns=12)


@pytest.mark.parametrize(
    ("source", "target", "said", "written"),
    [
        ("zh", "zh-tw", "这个软件很好,对吗?", "這個軟體很好，對嗎？"),
        ("zh-hant", "zh-hans", "女兒說話", "女儿说话"),
        ("zh-tw", "zh", "女兒說話", "女兒說話"),
    ],
)
def test_chinese_is_rewritten_without_a_translator(
    source: str, target: str, said: str, written: str
) -> None:
    cues = [Cue(1, 0.0, 2.0, said), Cue(2, 3.0, 4.0, "OK")]
    found = translate(cues, source, target, None, LINES, Means())
    assert [cue.text.replace("\n", "") for cue in found.cues] == [written, "OK"]
    assert [(cue.id, cue.start, cue.end) for cue in found.cues] == [(1, 0, 2), (2, 3, 4)]
    assert max(len(line) for line in found.cues[0].text.splitlines()) <= 6
    assert (found.report.requests, found.report.sentences) == (0, 0)


def test_a_text_of_either_form_is_in_that_of_the_track() -> None:
    cues = [Cue(1, 0.0, 2.0, "皇后在后面。"), Cue(2, 3.0, 5.0, "女儿说话。")]
    found = translate(cues, "zh", "zh-hant", None, CueSettings(), Means())
    assert [cue.text for cue in found.cues] == ["皇后在後面。", "女兒說話。"]


def test_the_terms_of_another_form_of_chinese_serve(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "key")
    terms = [Term("program", "软件|软体")]
    given = Behaviour(change=lambda answer, _: dict.fromkeys(answer, "一個軟體程序"))
    with chat_server(given) as server:
        found = ask(server, None, ["This is a program."], terms=terms, target="zh-tw")
    assert found.cues[0].text == "一個軟體程序"
    assert not found.report.doubtful
    assert len(server.requests) == 1
