"""Whose turn it is: values in, an order out."""

import math
import time
from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from benchmarks import gpu_fairness
from gpulease.inventory import Gpu
from gpulease.placement import GpuView, Request, choose
from gpulease.records import Entry, Record
from gpulease.snapshots import claimed, turns_of
from gpulease.turns import HALF_LIFE_S, WAIT_WEIGHT, Party, Turns, Waiter
from gpulease.usage import Book, Holding, read_book, write_book

ANNA, BOB = 1000, 1001


def order(turns: Turns) -> list[int]:
    return [waiter.seq for waiter in turns.order()]


def test_who_waits_longest_is_next_where_nobody_used_anything() -> None:
    waiting = [Waiter(2, BOB, time=20.0), Waiter(1, ANNA, time=10.0)]
    assert order(Turns({}, waiting, now=30.0)) == [1, 2]


def test_a_single_job_goes_before_what_is_left_of_a_flood() -> None:
    flood = [Waiter(seq, ANNA, time=0.0) for seq in range(60)]
    parties = {"1000": Party(used_s=120.0, last_turn=0.0, held=2.0)}
    turns = Turns(parties, [*flood, Waiter(60, BOB, time=1.0)], now=60.0)
    assert order(turns)[0] == 60


def test_turns_go_round_among_the_runs_of_a_user() -> None:
    waiting = [Waiter(seq, ANNA, run, time=0.0) for seq, run in enumerate("aaab")]
    turns = Turns({}, waiting, now=1.0)
    assert turns.order()[0].run == "a"
    turns.take(turns.order()[0], 1.0)
    assert turns.order()[0].run == "b"


def test_a_priority_counts_within_a_user_alone() -> None:
    waiting = [
        Waiter(0, ANNA, "a", priority=0, time=0.0),
        Waiter(1, ANNA, "b", priority=9, time=5.0),
        Waiter(2, BOB, "c", priority=0, time=0.0),
    ]
    turns = Turns({"1000": Party(used_s=1000.0)}, waiting, now=10.0)
    assert order(turns) == [2, 1, 0]


@given(st.floats(0, 1e6), st.floats(0, 1e4))
def test_whoever_used_more_waits_longer_and_never_for_ever(used_s: float, since: float) -> None:
    """The bound that the documentation gives: a tenth of the difference of use."""
    now = since + used_s / WAIT_WEIGHT + 1.0
    waiting = [Waiter(0, BOB, time=now), Waiter(1, ANNA, time=since)]
    assert order(Turns({"1000": Party(used_s=used_s)}, waiting, now))[0] == 1


def test_a_place_is_told_for_one_that_does_not_wait_yet() -> None:
    turns = Turns({}, [Waiter(1, ANNA, time=0.0)], now=10.0)
    assert turns.place(Waiter(2, ANNA, time=10.0)) == 1
    assert turns.place(Waiter(1, ANNA, time=0.0)) == 0


def test_use_counts_half_after_the_half_life() -> None:
    book = Book(time=1.0, parties={"1000": Party(used_s=100.0, last_turn=1.0)})
    book.charge([], 1.0 + HALF_LIFE_S)
    assert round(book.parties["1000"].used_s) == 50


def test_leases_are_charged_while_they_last_and_by_half_where_nobody_saw_their_end() -> None:
    anna, bob = Waiter(1, ANNA, "a"), Waiter(2, BOB, "b")
    book = Book()
    book.charge([Holding("x", anna, 0.5), Holding("y", bob, 1.0)], 100.0)
    book.charge([Holding("x", anna, 0.5)], 110.0)
    assert round(book.parties["1000"].used_s) == round(book.parties["1001"].used_s) == 5
    assert round(book.parties["1000/a"].used_s) == 5
    assert book.end("x", 112.0)
    assert not book.end("x", 113.0)
    assert round(book.parties["1000"].used_s) == 6


def test_the_book_survives_and_rubbish_in_it_does_no_harm(tmp_path: Path) -> None:
    book = Book()
    book.charge([Holding("x", Waiter(1, ANNA, "a"), 0.5)], 100.0)
    book.charge([Holding("x", Waiter(1, ANNA, "a"), 0.5)], 110.0)
    write_book(tmp_path, book)
    assert read_book(tmp_path) == book
    for rubbish in (
        "",
        "[]",
        '{"time": NaN}',
        '{"time": 1e999, "parties": {}, "seen": {}}',
        "{" * 99,
    ):
        (tmp_path / "usage.json").write_text(rubbish)
        assert read_book(tmp_path) == Book()
    (tmp_path / "usage.json").unlink()
    (tmp_path / "usage.json").symlink_to("/etc/passwd")
    assert read_book(tmp_path) == Book()
    write_book(tmp_path, book)
    assert (tmp_path / "usage.json").is_symlink()


def test_a_book_of_a_time_to_come_starves_nobody() -> None:
    """The clock was set back, or somebody wrote into the file: it costs a turn and no more."""
    book = Book(5e9, {"1000": Party(1e300, last_turn=5e9)})
    book.charge([], 1e9)
    assert book.time == 1e9
    waiting = [Entry(Path("a"), Record(1, (), 1, "", "", ANNA, 1, 1e9)),
               Entry(Path("b"), Record(2, (), 1, "", "", BOB, 1, 1e9))]  # fmt: skip
    assert order(turns_of(book, [], waiting, 1e9, gpus=2)) == [2, 1]
    # As long as two devices can make anybody wait, by what is written above.
    later = 1e9 + 1 + 2 * HALF_LIFE_S / math.log(2) / WAIT_WEIGHT
    waiting[1] = replace(waiting[1], record=replace(waiting[1].record, time=later))
    assert order(turns_of(book, [], waiting, later, gpus=2)) == [1, 2]


def test_places_of_before_the_clock_was_set_back_keep_their_age() -> None:
    """An hour back: what came before waits as long as it does, and not for an hour less."""
    now, boot = time.time(), time.clock_gettime(time.CLOCK_BOOTTIME)
    before = Record(int((boot - 30) * 1e6), (), 1, "", "", ANNA, 1, now + 3600 - 30)
    after = Record(int((boot - 10) * 1e6), (), 1, "", "", BOB, 1, now - 10)
    waiting = [Entry(Path("b"), after), Entry(Path("a"), before)]
    turns = turns_of(Book(), [], waiting, now, gpus=1)
    assert [waiter.uid for waiter in turns.order()] == [ANNA, BOB]
    assert abs(turns.order()[0].time - (now - 30)) < 1


def test_what_is_free_is_left_to_those_whose_turn_it_is() -> None:
    """Bob wants three, holds one place, and looks a moment later than Anna asks again."""
    view = GpuView(Gpu(0, "GPU-0", "Model", 24000, 24000), 24000)
    turns = Turns({"1000": Party(used_s=500.0)}, [Waiter(1, BOB, time=0.0)], now=1.0)
    record = Record(1, (), 8000, "", "bob", BOB, 1, 0.0, more=1)
    place = turns.place(Waiter(2, ANNA, time=1.0))

    def is_given(waiting: Record) -> bool:
        choice = choose(Request(8000), claimed([view], turns, [waiting]), place)
        why = [reason for _, reason in choice.others]
        assert choice.chosen or why == ["free memory is left to others whose turn it is"]
        return bool(choice.chosen)

    assert is_given(record)
    assert not is_given(replace(record, more=2))
    for free in ({"rests": True}, {"only_on": ("GPU-1",)}, {"gpus": ("GPU-0", "GPU-1")}):
        assert is_given(replace(record, more=2, **free))


def test_three_users_with_equal_wishes_have_equal_parts() -> None:
    wishes = gpu_fairness.equal_wishes(((8000, 20.0), (8000, 300.0)), 1)
    gpu_fairness.simulate(wishes, (24000,))
    assert gpu_fairness.jain(gpu_fairness.shares(wishes)) >= gpu_fairness.LEAST_INDEX


def test_a_single_job_behind_a_flood_starts_within_two_ends() -> None:
    assert gpu_fairness.simulate(gpu_fairness.flood(), (24000, 24000)) <= gpu_fairness.MOST_ENDS
