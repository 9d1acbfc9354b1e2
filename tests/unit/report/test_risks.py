"""Cues that deserve a look come first, each with its reasons."""

import random
from typing import Any

import pytest

from tiny import lexicon
from vat.report.risks import Look, Shown, looks
from vat.subtitles.track import Track
from vat.timeline import Cue
from vat.translate.glossary import Term

SAID = (
    "We met nobody at the harbour.",
    "The boats had left at 7 in the morning.",
    "My sister wrote them a long letter.",
    "They never answered any of us.",
    "Later we heard that the storm was strong.",
)
MADE = (
    "Wir trafen niemanden am Hafen.",
    "Die Boote waren um 7 Uhr am Morgen weg.",
    "Meine Schwester schrieb ihnen einen langen Brief.",
    "Sie haben keinem von uns geantwortet.",
    "Später hörten wir, dass der Sturm stark war.",
)


def track(name: str, language: str, texts: tuple[str, ...]) -> Track:
    cues = [Cue(at + 1, at * 4.0, at * 4.0 + 3, text) for at, text in enumerate(texts)]
    return Track(language, cues, name)


def transcript(unsure: int = -1, **more: Any) -> dict[str, Any]:
    words: list[dict[str, Any]] = [
        {"start": at * 4 + n / 2, "end": at * 4 + n / 2 + 0.4, "text": text, "probability": 0.9}
        for at, said in enumerate(SAID)
        for n, text in enumerate(said.split()[:6])
    ]
    for word in words:
        if word["start"] // 4 == unsure:
            word["probability"] = 0.2
    speech = [[at * 4.0, at * 4.0 + 3] for at in range(len(SAID))]
    return {"words": words, "speech": speech, "seams": [], "quarantine": [], **more}


def first(record: dict[str, Any], made: tuple[str, ...] = MADE, **facts: Any) -> Look:
    tracks = {
        "source": Shown(track("source", "en", SAID)),
        "de": Shown(track("de", "de", made), **facts),
    }
    return max(looks(record, "source", tracks), key=lambda look: look.risk)


def test_good_subtitles_have_no_reason_to_be_looked_at() -> None:
    assert first(transcript()).reasons == []


def test_unsure_words_are_named() -> None:
    look = first(transcript(unsure=2))
    assert (look.start, look.cues) == (8.0, {"source": [2], "de": [2]})
    assert "unsure of 'My' (20%)" in look.reasons


@pytest.mark.parametrize(
    ("at", "text", "reason"),
    [
        (1, "Die Boote waren um 9 Uhr am Morgen weg.", "numbers"),
        (3, SAID[3], "source"),
        (4, "Ja.", "short"),
    ],
)
def test_translations_that_people_would_doubt(at: int, text: str, reason: str) -> None:
    made = (*MADE[:at], text, *MADE[at + 1 :])
    look = first(transcript(), made)
    assert look.cues["source"] == [at]
    assert any(reason in one for one in look.reasons), look.reasons


def test_a_term_that_the_glossary_wants_otherwise_is_found_unless_it_stands_beside() -> None:
    terms = [Term("boats", "Kähne"), Term("letter", "Brief"), Term("storm", "Brief|Orkan")]
    look = first(transcript(), terms=terms)
    assert look.reasons == ["de: the glossary wants 'Kähne' for 'boats'"]
    beside = (MADE[0], "Sie waren um 7 Uhr am Morgen weg.", f"Kähne. {MADE[2]}", *MADE[3:])
    assert first(transcript(), beside, terms=terms[:1]).reasons != look.reasons


def test_texts_that_stand_out_among_the_others() -> None:
    made = (*MADE[:4], MADE[2])
    twice = [
        look.cues["de"]
        for look in looks(
            transcript(),
            "source",
            {"source": Shown(track("source", "en", SAID)), "de": Shown(track("de", "de", made))},
        )
        if "de: the same text as for something else" in look.reasons
    ]
    assert twice == [[2], [4]]
    long = (*MADE[:4], f"{MADE[4]} {' '.join(MADE[:2])}")
    assert "de: longer than usual" in first(transcript(), long).reasons


def test_a_lost_cue_and_one_where_nobody_speaks() -> None:
    look = first(transcript(), MADE[:4])
    assert (look.cues, look.reasons) == ({"source": [4]}, ["de: nothing stands here"])
    said = {"source": Shown(track("source", "en", SAID[:4])), "de": Shown(track("de", "de", MADE))}
    alone = max(looks(transcript(), "source", said), key=lambda look: look.risk)
    assert alone.reasons == ["de: nothing stands here in the spoken language"]
    record = transcript()
    record["words"] = [word for word in record["words"] if word["start"] < 16]
    record["speech"].pop()
    assert "no word was heard in its time" in first(record).reasons


def test_what_the_stages_recorded_counts() -> None:
    report = {"doubtful": [{"id": 2, "reason": "odd"}], "untranslated": [3], "too_long": [3]}
    assert first(transcript(), report=report).reasons == ["de: not translated"]
    minor = {"id": 4, "penalty": 1, "errors": "minor awkward"}
    judged = {"remarks": [minor, {**minor, "id": 5, "penalty": 5}]}
    assert first(transcript(), report={"estimate": judged}).reasons == ["de: minor awkward"]
    report["untranslated"] = []
    assert first(transcript(), report=report).reasons == ["de: odd"]
    assert first(transcript(), check={"faults": {"reading_speed": [5]}}).reasons == [
        "de: too fast to read"
    ]


def test_what_the_model_thinks_of_its_own_words_counts() -> None:
    record = transcript()
    for word in record["words"]:
        word["segment"] = int(word["start"] // 4)
    sure = {"avg_logprob": -0.1, "no_speech_prob": 0.0, "compression_ratio": 1.0}
    record["segments"] = [dict(sure) for _ in SAID]
    assert first(record).reasons == []
    record["segments"][3] = {**sure, "no_speech_prob": 0.72}
    assert first(record).reasons == ["the model hears no speech here (72%)"]
    record["segments"][3] = {**sure, "avg_logprob": -1.2}
    assert first(record).reasons == ["the model is unsure of all that is said here"]


def test_what_sounds_like_another_language_is_named() -> None:
    window = {"start": 8.0, "end": 12.0, "language": "en", "probability": 0.1, "likeliest": "de"}
    look = first(transcript(hearings=[{**window, "start": 0.0, "probability": 0.9}, window]))
    assert (look.start, look.reasons) == (8.0, ["it sounds more like de than en (10%)"])


def test_speech_without_words_and_quarantine_are_places_without_cues() -> None:
    gone = {"id": "ab12", "start": 20.0, "end": 21.0, "text": "Thanks", "signs": ["no voice"]}
    stretch = {"start": 30.0, "end": 32.5, "reason": "no words"}
    record = transcript(
        quarantine=[{**gone, "fate": "left out"}, {**gone, "fate": "restored"}],
        coverage={"stretches": [stretch, {**stretch, "reason": "quarantined"}]},
    )
    look = first(record)
    assert (look.start, look.cues, look.reasons) == (30.0, {}, ["2.5 s of speech without words"])
    tracks = {"source": Shown(track("source", "en", SAID))}
    (back,) = [one for one in looks(record, "source", tracks) if one.restore]
    assert (back.restore, back.reasons) == (
        "ab12",
        ["left out as invented: 'Thanks' (no voice)"],
    )


def test_subtitles_that_came_with_the_video_need_no_transcript() -> None:
    assert first({}, (*MADE[:3], SAID[3], MADE[4])).cues["de"] == [3]


def test_words_that_usually_stand_for_others_are_a_reason_in_long_videos() -> None:
    chance = random.Random(1)
    said = tuple(lexicon.sentence(chance) for _ in range(120))
    made = [lexicon.translate(text) for text in said]
    made[50] = lexicon.translate(lexicon.sentence(random.Random(7)))
    tracks = {
        "source": Shown(track("source", "en", said)),
        "zh": Shown(track("zh", "zh", tuple(made))),
    }
    order = sorted(looks({}, "source", tracks), key=lambda look: -look.risk)
    place = next(at for at, look in enumerate(order) if look.cues["zh"] == [50])
    assert place < 12
    assert "zh: its words stand elsewhere for others" in order[place].reasons
