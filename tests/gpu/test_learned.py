"""What is learnt of the memory of jobs: the table, and what is asked for by it."""

import logging
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpulease.learned import ENOUGH_JOBS, GROWTH, Learned, Peak, with_margin

amounts = st.integers(1, 200_000)


def note(learned: Learned, *peaks: int, model: str = "A") -> None:
    for peak in peaks:
        learned.note_peak("asr", model, peak)


def test_a_peak_counts_once_enough_jobs_were_measured(tmp_path: Path) -> None:
    learned = Learned(tmp_path / "learned" / "gpu_memory.json")
    asked = []
    for _ in range(ENOUGH_JOBS):
        asked.append(learned.request_mb("asr", 8000, ["A"]))
        note(learned, 3000)
    assert asked == [8000] * ENOUGH_JOBS
    assert learned.request_mb("asr", 8000, ["A"]) == with_margin(3000) == 3200
    assert learned.request_mb("asr large", 8000, ["A"]) == 8000
    assert learned.request_mb("asr", 8000, ["B"]) == 8000
    note(learned, 3300, 2000, 2000, model="B")
    assert learned.request_mb("asr", 8000, ["A", "B"]) == with_margin(3300)


def test_a_model_that_was_never_measured_may_take_half_as_much_again(tmp_path: Path) -> None:
    learned = Learned(tmp_path / "gpu_memory.json")
    note(learned, *[3000] * ENOUGH_JOBS)
    assert learned.request_mb("asr", 8000, ["A", "B"]) == round(3200 * GROWTH)
    assert learned.request_mb("asr", 4000, ["A", "B"]) == 4000
    note(learned, 6000, model="B")
    assert learned.request_mb("asr", 8000, ["A", "B"]) == with_margin(6000)
    learned.note_short("asr", "C", 4800)
    assert learned.request_mb("asr", 8000, ["A", "C"]) == 8000


def test_the_table_is_shared_and_outlives_its_writer(tmp_path: Path) -> None:
    file = tmp_path / "gpu_memory.json"
    learned, others = [Learned(file) for _ in range(8)], Learned(file)

    def write(one: Learned) -> None:
        for _ in range(25):
            one.note_peak("asr", "A", 3000)

    threads = [threading.Thread(target=write, args=[one]) for one in learned]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert others.peaks() == {("asr", "A"): Peak(3000, 200)}
    assert {path.name for path in tmp_path.iterdir()} == {"gpu_memory.json", "gpu_memory.lock"}


@pytest.mark.parametrize(
    "text", ["", "[]", '{"peaks": 3}', '{"peaks": [{"work": "asr", "gpu": "A", "peak_mb": "x"}]}',
             '{"peaks": [{"work": "asr", "gpu": "A", "peak_mb": -1, "jobs": 9, "short_mb": 0}]}'],
)  # fmt: skip
def test_a_broken_table_is_named_and_replaced(
    text: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "gpu_memory.json"
    file.write_text(text)
    learned = Learned(file)
    with caplog.at_level(logging.WARNING):
        assert learned.request_mb("asr", 8000, ["A"]) == 8000
    assert str(file) in caplog.text
    note(learned, 3000, 3000, 3000)
    assert Learned(file).request_mb("asr", 8000, ["A"]) == 3200


def test_where_nothing_can_be_kept_jobs_ask_for_what_they_declare(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    learned = Learned(tmp_path / "file" / "gpu_memory.json")
    with caplog.at_level(logging.WARNING):
        note(learned, 3000, 3000, 3000)
    assert "cannot be kept" in caplog.text
    assert learned.request_mb("asr", 8000, ["A"]) == 8000


@given(st.lists(amounts, min_size=ENOUGH_JOBS, max_size=9), amounts, st.integers(0, 200_000))
def test_never_below_what_was_seen_nor_what_was_too_little(
    peaks: list[int], declared: int, short: int
) -> None:
    asked = Peak(max(peaks), len(peaks), short).request_mb(declared)
    assert asked >= max(peaks)
    assert asked > short
    if max(peaks) <= declared and short < declared:
        assert asked <= declared, "the ceiling was never wrong"


@given(amounts, st.integers(0, ENOUGH_JOBS - 1), amounts)
def test_an_out_of_memory_counts_at_once(declared: int, jobs: int, short: int) -> None:
    assert Peak(0, jobs, short).request_mb(declared) == max(declared, round(short * GROWTH))
