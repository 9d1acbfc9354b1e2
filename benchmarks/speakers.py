"""Who speaks when in dialogues of real recordings: diarization error, words, cues, and time.

    pip install pyannote.metrics
    python -m benchmarks.speakers FOLDER ENCODER [--seed N] [--half english|others]

FOLDER has recordings as tests/helpers/real_talks.py wants them, ENCODER is what speakers.model
names. The limits of vat.speech were chosen on dialogues with seeds 0 and 1, of both halves. Percent
of the time of turns, without a collar, with one of 0.25 s on either side, and where who pauses
inside a turn for 0.3 s does not speak; of the first wrong speaker, missed, and nobody's; words with
the wrong speaker; cues of the track that have words of two; seconds of CPU per second of sound,
voice detection apart.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import soundfile

from benchmarks.dialogues import Dialogue, Said, dialogues, voices_of
from tests.helpers.real_talks import RATE
from vat.speech.speakers import Speakers, Turn, turns_of
from vat.speech.vad import speech_intervals, speech_probability
from vat.speech.voices import VoiceEncoder, listen
from vat.subtitles.cues import make_cues
from vat.subtitles.limits import cue_settings
from vat.subtitles.spoken import by_speaker
from vat.timeline import Word
from vat.transcript.speakers import speakers_of

COLUMNS = (
    "dialogue | DER % | with collar | without pauses | wrong | missed | nobody's | speakers | words"
    " | cues"
)


@dataclass(frozen=True)
class Score:
    """How well one dialogue came out; the shares are of 1."""

    name: str
    error: float
    forgiving: float
    pauseless: float
    parts: dict[str, float]
    found: int
    true: int
    words: float
    mixed: int
    cpu: float

    def row(self) -> str:
        """A line of the table."""
        shares = [self.error, self.forgiving, self.pauseless, *self.parts.values()]
        said = " | ".join(f"{100 * one:.1f}" for one in shares)
        people = f"{self.found} of {self.true}"
        rest = f"{100 * self.words:.1f} | {self.mixed} | {self.cpu:.3f}"
        return f"| {self.name} | {said} | {people} | {rest} |"


def found_in(dialogue: Dialogue, encoder: VoiceEncoder, folder: Path) -> tuple[Speakers, float]:
    """Who speaks when in a dialogue, and what finding that took, in seconds of CPU."""
    path = folder / "speech.flac"
    soundfile.write(path, dialogue.sound.clip(-1, 1), RATE)
    speech = speech_intervals(speech_probability(path, dialogue.seconds), dialogue.seconds)
    began = time.process_time()
    found = turns_of(listen(path, speech, encoder), speech, duration=dialogue.seconds).speakers
    return found, time.process_time() - began


def score(dialogue: Dialogue, found: Speakers, cpu: float) -> Score:
    """What is right and what is wrong about turns that were found."""
    true = annotation(dialogue.turns)
    # They may overlap, so each has a track of its own.
    guessed = annotation([*found.turns, *found.overlaps])
    strict, forgiving = (_errors(true, guessed, dialogue.seconds, one) for one in (0.0, 0.5))
    spoken = _errors(annotation(dialogue.spoken), guessed, dialogue.seconds, 0.0)
    total = strict["total"]
    parts = ("confusion", "missed detection", "false alarm")
    return Score(
        dialogue.name,
        strict["diarization error rate"],
        forgiving["diarization error rate"],
        spoken["diarization error rate"],
        {name: strict[name] / total for name in parts},
        len(guessed.labels()),
        dialogue.speakers,
        *_words(dialogue, found.turns, names_of(true, guessed)),
        cpu / dialogue.seconds,
    )


def annotation(turns: Sequence[Said | Turn]) -> Any:
    """Turns as the scorer takes them."""
    from pyannote.core import Annotation, Segment

    made = Annotation()
    for number, turn in enumerate(turns):
        made[Segment(turn.start, turn.end), number] = turn.speaker
    return made


def _errors(true: Any, guessed: Any, seconds: float, collar: float) -> Any:
    from pyannote.core import Segment, Timeline
    from pyannote.metrics.diarization import DiarizationErrorRate

    whole = Timeline([Segment(0, seconds)])
    return DiarizationErrorRate(collar=collar)(true, guessed, uem=whole, detailed=True)


def names_of(true: Any, guessed: Any) -> dict[str, str]:
    """Who each label that was found stands for, by the scorer's own choice; both annotations."""
    from pyannote.metrics.diarization import DiarizationErrorRate

    found: dict[str, str] = DiarizationErrorRate().optimal_mapping(true, guessed)
    return found


def _words(dialogue: Dialogue, turns: Sequence[Turn], names: dict[str, str]) -> tuple[float, int]:
    """The share of words with the wrong speaker, and how many cues have words of two people."""
    said = sorted(dialogue.words, key=lambda word: word.start)
    words = [Word(one.start, one.end, f"word{at}", 1.0) for at, one in enumerate(said)]
    given = speakers_of(words, turns)
    words = [replace(word, speaker=label) for word, label in zip(words, given, strict=True)]
    wrong = sum(names.get(label) != one.speaker for label, one in zip(given, said, strict=True))
    whose = {word.text: one.speaker for word, one in zip(words, said, strict=True)}
    cues = [
        cue for run in by_speaker(words) for cue in make_cues(run, "en", cue_settings("en", {}))
    ]
    mixed = sum(len({whose[word] for word in cue.text.split()}) > 1 for cue in cues)
    return wrong / len(words), mixed


def scores(folder: Path, weights: Path, seed: int, half: str) -> Iterator[Score]:
    """The rows of the table, each as soon as it is known."""
    english, others, beds = voices_of(folder)
    encoder = VoiceEncoder(weights, 1)
    for dialogue in dialogues(english if half == "english" else others, beds, seed):
        with tempfile.TemporaryDirectory() as place:
            found, cpu = found_in(dialogue, encoder, Path(place))
        yield score(dialogue, found, cpu)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("encoder", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--half", choices=("english", "others"), default="others")
    chosen = parser.parse_args()
    print(f"| {COLUMNS} | CPU |\n|{'---|' * 11}", flush=True)
    for one in scores(chosen.folder, chosen.encoder, chosen.seed, chosen.half):
        print(one.row(), flush=True)


if __name__ == "__main__":
    main()
