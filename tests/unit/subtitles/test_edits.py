"""A user's corrections survive whatever is generated anew; none is lost, each conflict is told."""

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from vat.subtitles.edits import Merged, edited_texts, merge_edits
from vat.timeline import Cue


def cues(*said: tuple[float, float, str]) -> list[Cue]:
    return [Cue(at, *one) for at, one in enumerate(said, 1)]


def content(version: Sequence[Cue]) -> list[tuple[float, float, str]]:
    return [(cue.start, cue.end, cue.text) for cue in version]


THEN = cues((1, 2, "one"), (3, 4, "two"), (5, 6, "three"))


def test_a_corrected_text_stays_where_the_times_move() -> None:
    mine = cues((1, 2, "one"), (3, 4, "TWO"), (5, 6, "three"))
    now = cues((1, 2, "uno"), (3.2, 4.1, "two"), (5, 6, "three"), (7, 8, "four"))
    found = merge_edits(THEN, mine, now)
    assert content(found.cues) == [
        (1, 2, "uno"),
        (3.2, 4.1, "TWO"),
        (5, 6, "three"),
        (7, 8, "four"),
    ]
    assert (found.edits, found.conflicts) == (1, [])


def test_where_both_change_a_text_the_users_wins_and_is_told() -> None:
    mine = cues((1, 2, "one"), (3, 4, "TWO"), (5, 6, "three"))
    found = merge_edits(THEN, mine, cues((1, 2, "one"), (3, 4, "deux"), (5, 6, "three")))
    assert content(found.cues) == content(mine)
    (conflict,) = found.conflicts
    assert (conflict.start, conflict.end) == (3, 4)
    assert (conflict.generated_then, conflict.generated_now, conflict.edited) == (
        "two",
        "deux",
        "TWO",
    )


def test_split_joined_moved_deleted_and_new_cues_are_kept() -> None:
    mine = cues((0, 0.5, "new"), (1, 1.4, "o"), (1.4, 2, "ne"), (13, 14, "two"))
    found = merge_edits(THEN, mine, THEN)
    assert content(found.cues) == content(mine)
    assert found.conflicts == []
    joined = cues((1, 4, "one two"), (5, 6, "three"))
    assert content(merge_edits(THEN, joined, THEN).cues) == content(joined)


def test_a_cue_that_is_generated_over_an_edited_and_another_one_is_a_conflict() -> None:
    mine = cues((1, 2, "ONE"), (3, 4, "two"), (5, 6, "three"))
    now = cues((1, 4, "one and two"), (5, 6, "three"))
    found = merge_edits(THEN, mine, now)
    assert content(found.cues) == content(mine)
    assert [one.generated_now for one in found.conflicts] == ["one and two"]


def test_the_same_change_on_both_sides_is_none() -> None:
    mine = cues((1, 2, "one"), (3, 4, "TWO"), (5, 6, "three"))
    found = merge_edits(THEN, mine, mine)
    assert (content(found.cues), found.conflicts) == (content(mine), [])


def test_marks_and_hundredths_of_other_forms_are_no_edits() -> None:
    mine = cues((1.004, 2, "\u202bone\u202c"), (3, 4, "<i>two</i> "), (5, 5.995, "three"))
    found = merge_edits(THEN, mine, THEN)
    assert (content(found.cues), found.edits) == (content(THEN), 0)


def test_changed_texts_are_told_in_pairs() -> None:
    mine = cues((1, 2, "one"), (3, 4, "TWO"), (5, 5.4, "thr"), (5.4, 6, "ee"))
    assert [(cue.text, text) for cue, text in edited_texts(THEN, mine)] == [("two", "TWO")]


WORDS = st.text("abcdefgh", min_size=1, max_size=4)


@st.composite
def versions(draw: st.DrawFn) -> list[Cue]:
    gaps = draw(st.lists(st.tuples(st.integers(0, 20), st.integers(3, 30), WORDS), max_size=12))
    found, time = [], 0
    for gap, length, text in gaps:
        found.append(((time + gap) / 10, (time + gap + length) / 10, text))
        time += gap + length
    return cues(*found)


@st.composite
def changed(draw: st.DrawFn, version: Sequence[Cue], mark: str) -> list[Cue]:
    """The version with cues changed, moved, split, joined, deleted or new, texts marked."""
    found: list[Cue] = []
    for number, cue in enumerate(version):
        kind = draw(
            st.sampled_from(["keep", "keep", "text", "move", "split", "join", "cut", "new"])
        )
        text = f"{mark}{number}"
        middle = (cue.start + cue.end) / 2
        if kind == "text":
            found.append(replace(cue, text=text))
        elif kind == "move":
            by = draw(st.integers(-8, 8)) / 10
            found.append(replace(cue, start=max(0, cue.start + by), end=max(0, cue.start + by) + 1))
        elif kind == "split":
            found += [replace(cue, end=middle, text=text), replace(cue, start=middle)]
        elif kind == "join" and found:
            last = found.pop()
            found.append(replace(last, end=cue.end, text=f"{last.text} {text}"))
        elif kind == "new":
            found += [cue, replace(cue, start=cue.end, end=cue.end + 0.2, text=f"{text}n")]
        elif kind != "cut":
            found.append(cue)
    found.sort(key=lambda cue: (cue.start, cue.end))
    return [replace(cue, id=at) for at, cue in enumerate(found, 1)]


@given(st.data())
def test_every_edit_is_in_the_result_and_nothing_else_is_lost(data: st.DataObject) -> None:
    then = data.draw(versions())
    mine = data.draw(changed(then, "U"))
    now = data.draw(changed(then, "N"))
    found = merge_edits(then, mine, now)
    check(then, mine, now, found)


def check(then: list[Cue], mine: list[Cue], now: list[Cue], found: Merged) -> None:
    texts = " ".join(cue.text for cue in found.cues)
    for cue in mine:
        if "U" in cue.text:
            assert cue.text in [one.text for one in found.cues]
    told = " ".join(one.generated_now for one in found.conflicts)
    old = {cue.text for cue in then}
    for cue in now:
        if "N" in cue.text and cue.text not in old:
            assert cue.text in texts or cue.text in told
    assert [cue.id for cue in found.cues] == list(range(1, len(found.cues) + 1))
    assert all(cue.end > cue.start for cue in found.cues)
    assert found.cues == sorted(found.cues, key=lambda cue: (cue.start, cue.end))


@given(st.data())
def test_without_an_edit_or_without_a_new_generation_there_is_no_conflict(
    data: st.DataObject,
) -> None:
    then = data.draw(versions())
    other = data.draw(changed(then, "X"))
    generated = merge_edits(then, then, other)
    assert (content(generated.cues), generated.edits) == (content(other), 0)
    edited = merge_edits(then, other, then)
    assert (sorted(content(edited.cues)), edited.conflicts) == (sorted(content(other)), [])
    both = merge_edits(then, other, other)
    assert (sorted(content(both.cues)), both.conflicts) == (sorted(content(other)), [])


def test_a_corrected_sign_stays_where_it_was() -> None:
    then = [replace(cues((1, 2, "Exit"))[0], position=8, place="\\an2\\pos(10,20)")]
    (found,) = merge_edits(then, cues((1, 2, "Way out")), then).cues
    assert (found.text, found.position, found.place) == ("Way out", 8, "\\an2\\pos(10,20)")
