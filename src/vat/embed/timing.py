"""Whether picture and sound of a result run as those of the source, all and at the same times."""

import logging
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vat.embed.stream_times import Extent, Times, read_all, read_extent
from vat.embed.streams import Kept
from vat.errors import EmbedError
from vat.media.probe import Media
from vat.media.stream import Stream

logger = logging.getLogger(__name__)

SAME_SECONDS: Final = 0.005
"""How far times may part that are the same: containers round them to milliseconds."""

CONVERTED_SECONDS: Final = 0.15
"""The same for sound that is encoded anew: encoders add and drop parts of a frame at its ends."""

SMALL_BYTES: Final = 64 * 1024 * 1024
"""Files up to this are read as a whole, which takes less time than ffmpeg took to write them."""


class MovedError(EmbedError):
    """Pictures are shown at other times than in the source.

    `lags` has, by the index of the source's stream, the seconds by which decoding has to begin
    earlier for ffmpeg to leave the times alone.
    """

    def __init__(self, sentence: str, lags: Mapping[int, float]) -> None:
        """Take the sentence and the lags."""
        super().__init__(sentence)
        self.lags = lags


@dataclass(frozen=True, slots=True)
class Pair:
    """A stream of the source, and what has become of it in the result."""

    old: Stream
    new: Stream
    codec: str


def check_timing(
    path: Path,
    found: Media,
    source: Path,
    media: Media,
    kept: Sequence[Kept],
    *,
    suspicious: bool,
    advice: str = "it is not delivered",
) -> float:
    """See that picture and sound are all there, and return by how many seconds they are later.

    Beginnings and ends are those of the streams that are kept, as read. A muxer that must not write
    negative times moves everything by the same; subtitles stay with the picture. Short files, and
    those in which ffmpeg found the times `suspicious`, are compared picture by picture; and before
    anything is said, both files are read from the start, as not every container is searched well.

    `advice` is what to do where something is missing.

    Raises:
        EmbedError: where something is missing; MovedError where pictures have moved.
    """
    pairs = _pairs(kept, found)
    before = [pair.old.index for pair in pairs]
    after = [pair.new.index for pair in pairs]
    small = max(source.stat().st_size, path.stat().st_size) <= SMALL_BYTES
    if not (small or suspicious):
        old, new = read_extent(source, before), read_extent(path, after)
        shift = _shift(pairs, media, old, new)
        if _parted(pairs, media, old, new, shift, {}) is None:
            return shift
    old, old_times = read_all(source, before)
    new, new_times = read_all(path, after)
    shift = _shift(pairs, media, old, new)
    sentence = _parted(pairs, media, old, new, shift, _ticks(pairs, old_times, new_times))
    if sentence:
        raise EmbedError(f"{sentence}; {advice}.")
    check_pictures(pairs, media, old_times, new_times, shift)
    return shift


def _ticks(
    pairs: Sequence[Pair], old: Mapping[int, Times], new: Mapping[int, Times]
) -> dict[int, float]:
    """By how much more the ends of uncompressed sound may differ, by the index in the source.

    Some containers tell its times by fields of the picture (GXF); all of it is there where it has
    as many bytes as before.
    """
    return {
        pair.old.index: old[pair.old.index].tick
        for pair in pairs
        if pair.codec == "copy"
        and pair.old.codec.startswith("pcm_")
        and old[pair.old.index].size == new[pair.new.index].size
    }


def _pairs(kept: Sequence[Kept], found: Media) -> list[Pair]:
    """Pictures and sounds, first the one and then the other, without covers."""
    return [
        Pair(one.stream, new, one.codec)
        for kind in ("video", "audio")
        for one, new in zip(
            (one for one in kept if one.stream.type == kind and not one.stream.attached_pic),
            _moving(found, kind),
            strict=True,
        )
    ]


def _moving(media: Media, kind: str) -> Iterable[Stream]:
    return (stream for stream in media.of_type(kind) if not stream.attached_pic)


def _shift(pairs: Sequence[Pair], media: Media, old: Extent, new: Extent) -> float:
    """The seconds by which everything has moved: as far as the stream that moved least.

    Of a stream that starts between two key frames ffmpeg leaves out the first frames, and of sound
    that it converts the first that it cannot decode.
    """
    moved = [
        new.starts[pair.new.index] - old.starts[pair.old.index]
        for pair in pairs
        if pair.old.index in old.starts
        and pair.new.index in new.starts
        and (pair.codec in ("copy", "encode") or pair.old.type != "audio")
        # A picture that is encoded loses what an edit list hides.
        and not (old.hidden and pair.codec == "encode")
    ]
    return min(moved, default=-media.start_time) + media.start_time


def _parted(
    pairs: Sequence[Pair],
    media: Media,
    old: Extent,
    new: Extent,
    shift: float,
    ticks: Mapping[int, float],
) -> str | None:
    """What is said where a stream ends at another time than the source's; None where none does."""
    moved = shift - media.start_time
    for pair in pairs:
        ends = [
            (after[pair.new.index] - moved, before[pair.old.index])
            for before, after in ((old.lasts, new.lasts), (old.ends, new.ends))
            if pair.old.index in before and pair.new.index in after
        ]
        there = (pair.old.index in old.lasts, pair.new.index in new.lasts)
        allowed = SAME_SECONDS if pair.codec == "copy" else CONVERTED_SECONDS
        allowed += ticks.get(pair.old.index, 0.0)
        if there == (False, False) or any(abs(a - b) <= allowed for a, b in ends):
            continue
        if not ends:
            return f"The {pair.old.type} ({pair.old.codec}) of '{media.name}' is not in the result"
        now, was = (end - media.start_time for end in ends[-1])
        return (
            f"The {pair.old.type} ({pair.old.codec}) ends after {now:.3f} s in the result and after"
            f" {was:.3f} s in '{media.name}'"
        )
    return None


def check_pictures(
    pairs: Sequence[Pair],
    media: Media,
    old: Mapping[int, Times],
    new: Mapping[int, Times],
    shift: float,
) -> None:
    """See that copied pictures are shown when they were; the times are by the streams' indexes.

    Raises:
        MovedError: telling how many are not.
    """
    lags: dict[int, float] = {}
    sentence = ""
    offset = shift - media.start_time
    for pair in pairs:
        was, now = old[pair.old.index], new[pair.new.index]
        timed = was.complete and now.complete and now.shown
        if pair.old.type != "video" or pair.codec != "copy" or not timed:
            continue
        moved = [
            (abs(b - offset - a), a)
            for a, b in zip(_rest(was.shown, now.shown, offset), now.shown, strict=True)
            if abs(b - offset - a) > SAME_SECONDS
        ]
        if moved:
            most, when = max(moved)
            lags[pair.old.index] = was.lag
            sentence = (
                f"ffmpeg shows {len(moved)} pictures of '{media.name}' at other times, by up to"
                f" {most * 1000:.0f} ms, at {when - media.start_time:.3f} s, because its time"
                " stamps are out of order"
            )
    if sentence:
        raise MovedError(f"{sentence}; set embed.mode to burn, or to none.", lags)


def _rest(was: Sequence[float], now: Sequence[float], offset: float) -> list[float]:
    """The source's times of the pictures that the result has, which are `offset` seconds later.

    Of a stream that starts between two key frames the first pictures are left out, and damaged ones
    anywhere.
    """
    if len(was) == len(now):
        return list(was)
    found = []
    for time in now:
        after = bisect_left(was, time - offset)
        near = was[max(0, after - 1) : after + 1]
        found.append(min(near, key=lambda one: abs(one - (time - offset))))
    return found
