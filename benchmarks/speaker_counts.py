"""Are as many speakers found as there are, in dialogues of any people?

    pip install pyannote.metrics
    python -m benchmarks.speaker_counts FOLDER ENCODER [--seeds 14 15 16 17]

FOLDER and ENCODER are as benchmarks/speakers.py wants them. For each seed and kind of dialogue,
people are drawn among those who speak English, and among the others; turns are mostly whole
recordings. How many dialogues have as many speakers as there are, more, and fewer; the diarization
error rates in percent, the mean and the worst. The limits of vat.speech.voice_groups were chosen
on other dialogues of the same recordings.
"""

import argparse
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from benchmarks.dialogues import Dialogue, Voices, talk, voices_of
from benchmarks.speakers import Score, found_in, score
from tests.helpers.real_talks import Sound
from vat.speech.voices import VoiceEncoder

KINDS = (
    ("one", 1, 40, ""),
    ("one over music", 1, 40, "music"),
    ("one over babble", 1, 40, "noise"),
    ("two", 2, 80, ""),
    ("two over music", 2, 80, "music"),
    ("two over babble", 2, 80, "noise"),
    ("three", 3, 110, ""),
    ("three over babble", 3, 110, "noise"),
    ("five", 5, 150, ""),
)
"""A name, how many speak, for how many seconds, over what."""

LONGEST = 12.0


def drawn(voices: Voices, beds: Mapping[str, Sound], seed: int) -> Iterator[Dialogue]:
    """One dialogue of each kind, of people who are drawn anew for each."""
    chance = np.random.default_rng([seed, 1])
    for number, (name, count, seconds, bed) in enumerate(KINDS):
        people = {who: voices[who] for who in chance.permutation([*voices])[:count].tolist()}
        under = beds[bed] if bed else None
        yield talk(name, people, seconds, 31 * seed + number, under, longest=LONGEST)


def row(name: str, found: list[Score]) -> str:
    """A line of the table."""
    more = sum(one.found > one.true for one in found)
    fewer = sum(one.found < one.true for one in found)
    errors = [100 * one.error for one in found]
    counts = f"{len(found) - more - fewer} of {len(found)} | {more} | {fewer}"
    return f"| {name} | {counts} | {sum(errors) / len(errors):.1f} | {max(errors):.1f} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("encoder", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[14, 15, 16, 17])
    chosen = parser.parse_args()
    english, others, beds = voices_of(chosen.folder)
    encoder, kinds = VoiceEncoder(chosen.encoder, 1), dict[str, list[Score]]()
    for seed in chosen.seeds:
        for voices in (english, others):
            for dialogue in drawn(voices, beds, seed):
                with tempfile.TemporaryDirectory() as folder:
                    found = found_in(dialogue, encoder, Path(folder))
                kinds.setdefault(dialogue.name, []).append(score(dialogue, *found))
    print(f"| dialogues | right | more | fewer | DER % | worst |\n|{'---|' * 6}")
    for name, scores in kinds.items():
        print(row(name, scores))
    print(row("all", [one for scores in kinds.values() for one in scores]))


if __name__ == "__main__":
    main()
