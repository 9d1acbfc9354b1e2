"""Full subtitles are told from signs, forced ones, commentaries and pictures; one is chosen."""

from dataclasses import replace
from typing import Any

import pytest

from vat.subtitles.existing import FULL, SDH, Existing, best, is_in, judge
from vat.subtitles.settings import SIDECAR, TRACK

HOUR = 3600.0
TALK = Existing(TRACK, "2", "subrip", "en", cues=800, first=10, last=3500)


def kind(**changes: Any) -> str:
    (judged,) = judge([replace(TALK, **changes)], HOUR)
    return judged.kind


def test_what_is_full() -> None:
    assert kind() == FULL
    assert kind(title="Dialogue & Signs") == FULL
    assert kind(cues=65) == FULL
    assert kind(marks=("hearing_impaired",)) == SDH
    assert kind(title="English [SDH]") == SDH
    (judged,) = judge([replace(TALK, cues=1, first=1, last=2)], 30.0)
    assert judged.kind == FULL


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"marks": ("forced",)}, "forced"),
        ({"title": "Signs & Songs"}, "signs"),
        ({"title": "Director's Commentary"}, "commentary"),
        ({"marks": ("comment",)}, "commentary"),
        ({"title": "SDH", "marks": ("forced", "hearing_impaired")}, "forced"),
        ({"cues": 30}, "30 subtitles in 60 minutes"),
        ({"last": 600.0}, "from 10 to 600 s"),
        ({"placed": 0.9}, "90% at places of their own"),
        ({"cues": 0}, "without any"),
        ({"codec": "hdmv_pgs_subtitle", "cues": 0}, "PGS: pictures"),
        ({"codec": "dvd_subtitle", "cues": 0}, "VobSub: pictures"),
        ({"codec": "eia_608"}, "eia_608"),
        ({"where": SIDECAR, "codec": "sup", "cues": 0}, "PGS: pictures"),
        ({"where": SIDECAR, "codec": "srt", "trouble": "line 7 is odd"}, "line 7 is odd"),
    ],
)
def test_what_is_not_all_that_is_said(changes: dict[str, Any], said: str) -> None:
    assert said in kind(**changes)


def test_a_track_with_far_fewer_than_another_shows_signs() -> None:
    judged = judge([TALK, replace(TALK, place="3", cues=150)], HOUR)
    assert [one.is_usable for one in judged] == [True, False]
    # Of another language it tells nothing.
    judged = judge([TALK, replace(TALK, place="3", language="de", cues=150)], HOUR)
    assert all(one.is_usable for one in judged)


def test_the_best_one_is_chosen() -> None:
    deaf = replace(TALK, place="3", marks=("hearing_impaired", "default"), cues=1000)
    file = replace(TALK, where=SIDECAR, place="a.srt", codec="srt", cues=700)
    judged = judge([deaf, TALK, file, replace(TALK, place="9", language="de")], HOUR)
    assert best(judged, "en", (SIDECAR, TRACK)) == file
    assert best(judged, "en", (TRACK,)) == TALK
    assert best(judge([deaf], HOUR), "en", (TRACK,)) == deaf
    assert best(judged, "fr", (SIDECAR, TRACK)) is None


@pytest.mark.parametrize(
    ("language", "script", "code", "yes"),
    [
        ("en", "", "en", True),
        (None, "", "en", False),
        ("pt", "", "pt-br", True),
        ("pt-br", "", "pt", True),
        ("zh", "Hans", "zh", True),
        ("zh-hant", "Hant", "zh", True),
        ("zh", "Hant", "zh-hant", True),
        ("zh", "Hant", "zh-cn", False),
        ("zh-tw", "Hant", "zh-hans", False),
        ("de", "", "en", False),
    ],
)
def test_languages_that_serve_each_other(
    language: str | None, script: str, code: str, yes: bool
) -> None:
    assert is_in(replace(TALK, language=language, script=script), code) is yes
