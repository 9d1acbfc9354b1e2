"""Is one voice alone told to be one, and are any two told to be two?

    python -m benchmarks.speaker_pairs FOLDER ENCODER

FOLDER and ENCODER are as benchmarks/speakers.py wants them. Every voice speaks 40 s alone, clean
and over each bed at 10 dB; of each two, the windows are put together. A pair is right where two
voices are found, and 95 of 100 windows are given to the right one.
"""

import argparse
import itertools
import tempfile
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.dialogues import talk, voices_of
from tests.helpers.real_talks import RATE, Sound
from vat.speech.vad import speech_intervals, speech_probability
from vat.speech.voice_groups import grouped
from vat.speech.voices import VoiceEncoder, Voices, listen

SECONDS = 40
RIGHT = 0.95


def alone(recordings: list[Sound], bed: Sound | None, encoder: VoiceEncoder) -> Voices:
    """How the windows of one person's speech sound."""
    one = talk("alone", {"one": recordings}, SECONDS, 5, bed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "speech.flac"
        soundfile.write(path, one.sound.clip(-1, 1), RATE)
        speech = speech_intervals(speech_probability(path, one.seconds), one.seconds)
        return listen(path, speech, encoder)


def are_told_apart(one: Voices, other: Voices) -> bool:
    """Whether two people who speak one after the other are found to be two, and which is which."""
    later = one.windows[-1][1] + 1
    windows = [*one.windows, *((start + later, end + later) for start, end in other.windows)]
    found = grouped(Voices(windows, np.vstack([one.vectors, other.vectors])))
    if len(found.means) != 2:
        return False
    true = np.repeat([0, 1], [len(one.windows), len(other.windows)])
    same = float(np.mean(np.array(found.numbers) == true))
    return max(same, 1 - same) >= RIGHT


def main() -> None:
    """Print a line for each bed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("encoder", type=Path)
    chosen = parser.parse_args()
    english, others, beds = voices_of(chosen.folder)
    voices, encoder = {**english, **others}, VoiceEncoder(chosen.encoder, 1)
    for name, bed in {"clean": None, **beds}.items():
        heard = {who: alone([*said], bed, encoder) for who, said in voices.items()}
        single = sum(len(grouped(one).means) == 1 for one in heard.values())
        pairs = [*itertools.combinations(heard, 2)]
        joined = [pair for pair in pairs if not are_told_apart(heard[pair[0]], heard[pair[1]])]
        print(f"{name}: {single} of {len(heard)} alone are one; ", end="")
        print(
            f"{len(pairs) - len(joined)} of {len(pairs)} pairs are two; wrong: {joined}", flush=True
        )


if __name__ == "__main__":
    main()
