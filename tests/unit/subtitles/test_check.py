"""The check names what is wrong with cues, and finds nothing where nothing is."""

import json

import pytest

from vat.subtitles.check import check_cues, onset_offsets
from vat.subtitles.limits import CueSettings
from vat.timeline import Cue, Word

SETTINGS = CueSettings()
GOOD = [
    Cue(1, 1.0, 3.0, "The red car stops."),
    Cue(2, 3.083, 5.0, "It has been a long\nand quiet day."),
    Cue(3, 9.0, 10.0, "Yes."),
]


def test_good_cues_have_no_faults() -> None:
    check = check_cues(GOOD, "en", SETTINGS)
    assert set(check.shares.values()) == {1.0}
    assert not any(check.faults.values())


@pytest.mark.parametrize(
    ("cue", "names"),
    [
        (Cue(2, 3.083, 9.1, "Fine."), {"no_overlap", "gap"}),
        (Cue(2, 3.05, 5.0, "Fine."), {}),
        (Cue(2, 3.083, 8.95, "Fine."), {"gap"}),
        (Cue(2, 3.083, 8.0, "x" * 43), {"line_length"}),
        (Cue(2, 3.083, 8.0, "测" * 22), {"line_length"}),
        (Cue(2, 3.083, 8.0, "a\nb\nc"), {"line_count"}),
        (Cue(2, 3.083, 4.0, "Fine."), {"long_enough"}),
    ],
)
def test_each_fault_is_found_under_its_name(cue: Cue, names: set[str]) -> None:
    cues = [GOOD[0], cue, GOOD[2]]
    faults = check_cues(cues, "en", SETTINGS).faults
    found = {name for name, ids in faults.items() if 2 in ids}
    assert found == set(names)
    shares = check_cues(cues, "en", SETTINGS).shares
    assert all(shares[name] == pytest.approx(2 / 3) for name in names)


def test_a_gap_is_missed_by_the_cue_before_it() -> None:
    cues = [GOOD[0], Cue(2, 3.05, 5.0, "Fine."), Cue(3, 20, 28, "Long.")]
    faults = check_cues(cues, "en", SETTINGS).faults
    assert (faults["gap"], faults["not_too_long"]) == ([1], [3])


def test_reading_speed_counts_columns_per_second_on_screen() -> None:
    limit = [Cue(1, 0, 2, "x" * 40), Cue(2, 10, 12, "x" * 41)]
    check = check_cues(limit, "en", SETTINGS)
    assert check.faults["reading_speed"] == [2]
    assert check.shares["reading_speed"] == 0.5


def test_speech_that_is_too_fast_is_no_fault_of_the_layout() -> None:
    fast = [Cue(n + 1, n * 2.0, n * 2.0 + 1.9, "x" * 41 + "\n" + "y" * 20) for n in range(5)]
    check = check_cues(fast, "en", SETTINGS)
    assert check.shares["reading_speed"] == 0
    assert check.shares["reading_speed_if_possible"] == 1


def test_a_cue_that_goes_too_early_could_have_been_read() -> None:
    cues = [Cue(1, 0, 1, "x" * 30), Cue(2, 5, 6, "Yes.")]
    assert check_cues(cues, "en", SETTINGS).faults["reading_speed_if_possible"] == [1]


def test_a_fast_cue_beside_a_slow_one_could_have_been_read_with_it() -> None:
    cues = [Cue(1, 0, 0.917, "x" * 30), Cue(2, 1, 6, "Slow words.")]
    assert check_cues(cues, "en", SETTINGS).faults["reading_speed_if_possible"] == [1]
    long = [cues[0], Cue(2, 1, 6, "x" * 40 + "\n" + "x" * 40)]
    assert check_cues(long, "en", SETTINGS).faults["reading_speed_if_possible"] == []


def test_offsets_are_taken_where_speech_begins_with_the_cue() -> None:
    words = [
        Word(1.0, 1.4, "One", 0.9),
        Word(1.4, 1.9, "two.", 0.9),
        Word(2.0, 2.5, "Three", 0.9),
        Word(5.1, 5.5, "four.", 0.9),
        Word(8.0, 8.4, "five", 0.9),
    ]
    cues = [Cue(1, 1.0, 1.9, "One two."), Cue(2, 2.0, 2.9, "Three"), Cue(3, 5.1, 6, "four.")]
    cues.append(Cue(4, 8.0, 9.0, "five"))
    speech = [(1.06, 2.5), (3.5, 3.6), (5.0, 5.5), (20.0, 21.0)]
    assert onset_offsets(cues, words, speech) == pytest.approx([-0.06, 0.1])
    assert onset_offsets(cues, words, []) == onset_offsets([], words, speech) == []


def test_the_result_can_be_written_as_json() -> None:
    check = check_cues(GOOD, "en", SETTINGS, [-0.2, 0.1, 0.05])
    record = json.loads(json.dumps(check.to_json(), allow_nan=False))
    assert record["onset_offset"] == {
        "cues": 3,
        "median_seconds": 0.05,
        "median_distance_seconds": 0.1,
    }
    assert record["limits"]["max_columns"] == 42
    assert record["faults"] == {}
    wide = [Cue(7, 0, 3, "x" * 43)]
    assert check_cues(wide, "en", SETTINGS).to_json()["faults"] == {"line_length": [7]}


def test_no_cues_have_no_faults() -> None:
    record = check_cues([], "zh", SETTINGS, []).to_json()
    assert set(record["shares"].values()) == {1.0}
    assert record["onset_offset"] is None
