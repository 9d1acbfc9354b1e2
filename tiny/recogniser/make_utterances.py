"""Speak the utterances that the recogniser is trained on.

    python -m tiny.recogniser.make_utterances SEED COUNT OUTPUT.npz

12,000 of them are eight hours of speech, made in about a minute. Needs espeak-ng and scipy.
"""

import argparse
import random
import time
from pathlib import Path
from typing import Final

import numpy as np

from tiny.recogniser import grammar
from tiny.recogniser.mel import log_mel
from tiny.recogniser.speech import RATE, Speaker
from tiny.recogniser.utterances import Utterance, save

LONGEST_SECONDS: Final = 9
_MARGIN_SECONDS: Final = 0.06
_ACCENTS: Final = ["en-us"] * 4 + ["en"] * 3 + ["en-gb-x-rp", "en-gb-scotland", "en-us-nyc"]
_SPEAKERS: Final = (
    [""] * 3
    + [f"+m{number}" for number in range(1, 8)]
    + [f"+f{number}" for number in range(1, 6)]
    + ["+Andy", "+Alex", "+linda", "+steph"]
)


def utterance(chance: random.Random, speaker: Speaker) -> Utterance | None:
    """Speak one sentence; None where espeak-ng cannot say it, or where it is too long."""
    sentence = grammar.sentence(chance)
    text = grammar.text_of(sentence)
    voice = chance.choice(_ACCENTS) + chance.choice(_SPEAKERS)
    rate, pitch, pitch_range = (
        chance.randint(125, 195),
        chance.randint(25, 75),
        chance.randint(25, 75),
    )
    try:
        sound, words = speaker.say(
            text, voice, rate, pitch, pitch_range, chance.choice([0, 0, 0, 1, 3])
        )
    except ValueError:
        return None
    sound = sound[: int((words[-1][2] + _MARGIN_SECONDS) * RATE)]
    if len(sound) > LONGEST_SECONDS * RATE:
        return None
    times = [(start, end) for _, start, end in words]
    return Utterance(sentence, times, log_mel(sound).astype(np.float16))


def main() -> None:
    """Speak and write the utterances."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seed", type=int)
    parser.add_argument("count", type=int)
    parser.add_argument("output", type=Path)
    wanted = parser.parse_args()
    chance, speaker, began = random.Random(wanted.seed), Speaker(), time.time()
    made: list[Utterance] = []
    failed = 0
    while len(made) < wanted.count:
        one = utterance(chance, speaker)
        failed += one is None
        made += [one] if one else []
    save(wanted.output, made)
    hours = sum(one.mel.shape[1] for one in made) / 360_000
    print(f"{len(made)} utterances, {hours:.3f} h, in {time.time() - began:.0f} s; {failed} failed")


if __name__ == "__main__":
    main()
