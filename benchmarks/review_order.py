"""How far up the review page puts errors that were planted in finished subtitles.

    python -m benchmarks.review_order results [--errors 50] [--seed 1]
    python -m benchmarks.review_order --lines 500

Takes the videos of a folder of results (two or more), or three invented talks of so many lines in
the tiny language, of whose words the recogniser is unsure of every thirtieth; plants errors of six
kinds in copies of their translations, one at a time, and tells how many are among the first tenth
of the places. The records of the stages stay as they are, as they would with a real error that no
stage has noticed.
"""

import argparse
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from tiny import lexicon
from vat.files import read_json
from vat.report.risks import Look, Shown, looks
from vat.report.video_page import read_tracks
from vat.subtitles.track import Track
from vat.timeline import Cue

Tracks = dict[str, Shown]
_UNSURE: Final = 1 / 30
"""The share of words of which the recogniser is unsure in an invented talk."""


def _lost(cues: list[Cue], at: int, _: Sequence[Cue]) -> None:
    del cues[at]


def _untranslated(cues: list[Cue], at: int, spoken: Sequence[Cue]) -> None:
    cues[at] = replace(cues[at], text=spoken[at].text)


def _cut(cues: list[Cue], at: int, _: Sequence[Cue]) -> None:
    """Most of the translation is missing."""
    text = cues[at].text
    cues[at] = replace(cues[at], text=text[: max(1, len(text) // 5)])


def _shifted(cues: list[Cue], at: int, _: Sequence[Cue]) -> None:
    """A subtitle stands where the one before does."""
    if at:
        length = cues[at].end - cues[at].start
        start = cues[at - 1].start
        cues[at] = replace(cues[at], start=start, end=start + length)


def _repeated(cues: list[Cue], at: int, _: Sequence[Cue]) -> None:
    """The text of the subtitle before stands here once more."""
    cues[at] = replace(cues[at], text=cues[at - 1 if at else at + 1].text)


Planter = Callable[[list[Cue], int, Sequence[Cue]], None]
KINDS: Final[dict[str, Planter]] = {
    "lost": _lost,
    "untranslated": _untranslated,
    "cut": _cut,
    "shifted": _shifted,
    "repeated": _repeated,
}


_MISTRANSLATED: Final = "mistranslated"
"""A translation that says something else, and that no other subtitle of the video has."""


def _others(
    videos: Sequence[tuple[dict[str, Any], Tracks]], tracks: Tracks, name: str
) -> list[str]:
    """What the other videos say in this language, and this one does not."""
    own = {cue.text for cue in tracks[name].track.cues}
    others = [one[name] for _, one in videos if name in one]
    return [cue.text for one in others for cue in one.track.cues if cue.text not in own]


def is_found(found: Sequence[Look], planted: Cue, share: float) -> bool:
    """Whether the place of an error is among the first ones."""
    order = sorted(found, key=lambda look: (-look.risk, look.start))
    first = order[: max(1, round(len(order) * share))]
    return any(look.start < planted.end and planted.start < look.end for look in first)


def invented(seed: int, lines: int) -> tuple[dict[str, Any], Tracks]:
    """A talk in the tiny language with its translation, and what its recognition recorded."""
    rng = random.Random(seed)
    said = [lexicon.sentence(rng) for _ in range(lines)]
    words = []
    for at, text in enumerate(said):
        parts = text.split()
        for n, word in enumerate(parts):
            sure = rng.uniform(0.2, 0.5) if rng.random() < _UNSURE else rng.uniform(0.7, 1.0)
            start = 4.0 * at + 3.0 * n / len(parts)
            times = {"start": start, "end": start + 2.9 / len(parts)}
            words.append({**times, "text": word, "probability": sure})
    speech = [[4.0 * at, 4.0 * at + 3] for at in range(lines)]
    texts = {"source": said, "zh": [lexicon.translate(text) for text in said]}
    tracks = {}
    for name, own in texts.items():
        cues = [Cue(at + 1, 4.0 * at, 4.0 * at + 3, text) for at, text in enumerate(own)]
        tracks[name] = Shown(Track("en" if name == "source" else name, cues, name))
    return {"words": words, "speech": speech, "seams": []}, tracks


def main() -> None:
    """Print a table: errors of each kind, and how many are in the first tenth."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path, nargs="?")
    parser.add_argument("--lines", type=int, default=0)
    parser.add_argument("--errors", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    if options.results is None and not options.lines:
        parser.error("name a folder of results, or give --lines")
    videos = [invented(seed, options.lines) for seed in range(3 * bool(options.lines))]
    files = options.results.glob("*/transcript.json") if options.results else ()
    videos += [
        (read_json(file), tracks)
        for file in sorted(files)
        if len(tracks := read_tracks(file.parent)) > 1
    ]
    kinds = [_MISTRANSLATED, *KINDS]
    planted, found = Counter[str](), Counter[str]()
    for number in range(options.errors):
        transcript, tracks = rng.choice(videos)
        kind = kinds[number % len(kinds)]
        name = rng.choice([name for name in tracks if name != "source"])
        cues = list(tracks[name].track.cues)
        at = rng.randrange(1, len(cues))
        place = cues[at]
        if kind == _MISTRANSLATED:
            cues[at] = replace(place, text=rng.choice(_others(videos, tracks, name)))
        else:
            KINDS[kind](cues, at, tracks["source"].track.cues)
        bad = Shown(Track(tracks[name].track.language, cues, name), {}, tracks[name].report)
        planted[kind] += 1
        found[kind] += is_found(looks(transcript, "source", {**tracks, name: bad}), place, 0.1)
    print(f"{'error':<16}{'planted':>8}{'in first 10 %':>16}")
    for kind in kinds:
        print(f"{kind:<16}{planted[kind]:>8}{found[kind]:>16}")
    share = found.total() / planted.total()
    print(f"{'all':<16}{planted.total():>8}{found.total():>16}  ({share:.0%})")


if __name__ == "__main__":
    main()
