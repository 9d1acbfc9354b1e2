"""What is lost is heard again with as little decoding as will do."""

from dataclasses import replace

import numpy as np
import pytest

from tests.helpers.transcripts import Listener, joined, part, spans_of, texts, voice_of
from vat.timeline import Word


@pytest.mark.parametrize(
    ("count", "beside", "first", "alone"),
    [(12, [], 8, True), (5, [], 8, False), (12, [0], 8, False), (12, [], 0, False)],
)
def test_a_long_phrase_that_is_lost_without_a_trace_is_heard_alone_at_once(
    count: int, beside: list[int], first: int, alone: bool
) -> None:
    """Some words, a phrase of `count` that is lost, and the rest."""
    end = first + count
    starts = [20 + 0.3 * n + 1.2 * ((n >= first) + (n >= end)) for n in range(28)]
    said = [Word(start, start + 0.28, f"w{n}", 0.9) for n, start in enumerate(starts)]
    lost = said[first:end]
    stray = [replace(lost[at], start=lost[0].start - 0.6, end=lost[0].start - 0.5) for at in beside]
    draft = [*said[:first], *stray, *said[end:]]
    speech = [(a[0].start, a[-1].end) for a in (said[:first], lost, said[end:]) if a]
    spans, listen = spans_of([], 40, 2), Listener(said)
    voice = np.maximum(voice_of(speech, 40, 0.95), 0.2)
    merged = joined(spans, [part(1, spans[0], draft)], speech, voice=voice, decode=listen)
    assert texts(merged) == [word.text for word in said]
    (window,) = listen.windows
    assert (window[1] - window[0] < 2 + lost[-1].end - lost[0].start) is alone
