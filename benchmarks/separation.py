"""Is speech separated where that helps, and only there: errors with, without, and as decided.

python -m benchmarks.separation [--model NAME] [FOLDER]

Without FOLDER, the demo's talks, clean and under broadband noise, with the tiny models. With a
folder of clips (see tests/helpers/real_talks.py), its English ones, clean and over its music,
with a real Whisper model; the separator is the demo's either way.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from benchmarks.video import ffmpeg
from tests.helpers.real_scores import alignment, tokens
from tests.helpers.real_talks import clips
from tests.helpers.real_weights import whisper
from vat.media.sound import to_speech
from vat.speech.asr import load_model, transcribe_span
from vat.speech.separate import separate
from vat.speech.separation import speech_of
from vat.speech.settings import AsrSettings
from vat.speech.vad import speech_intervals, speech_probability
from vat.timeline import Span

ROOT = Path(__file__).resolve().parents[1]
SEPARATOR = str(ROOT / "models/separator")
Sound = NDArray[np.float32]


@dataclass(frozen=True)
class Case:
    """A sound and what is said in it."""

    name: str
    sound: Sound
    rate: int
    text: str


def over(speech: Sound, other: Sound, decibels: float) -> Sound:
    """Speech over another sound that is so much softer."""
    loud = speech[np.abs(speech) > 1e-3]
    level = np.sqrt(np.mean(loud**2) / np.mean(other**2)) * 10 ** (-decibels / 20)
    return np.asarray(speech + other * level, np.float32)


def demo_cases(folder: Path) -> Iterator[Case]:
    """The demo's talks; the clean one under noise, too."""
    for truth in sorted((ROOT / "demo").glob("*.json")):
        video = next(path for path in truth.parent.glob(f"{truth.stem}.m*"))
        ffmpeg("-i", video, folder / "sound.wav")
        sound, rate = soundfile.read(folder / "sound.wav", dtype="float32")
        text = " ".join(one["text"] for one in json.loads(truth.read_text())["sentences"])
        yield Case(f"{truth.stem}, as it is", sound, rate, text)
        if truth.stem == "clean":
            yield from noisy("clean", sound, rate, text)


def noisy(name: str, sound: Sound, rate: int, text: str) -> Iterator[Case]:
    """A talk under broadband noise."""
    noise = np.random.default_rng(1).standard_normal(sound.shape, np.float32)
    for decibels in (25, 20, 15, 10):
        yield Case(f"{name}, noise {decibels} dB below", over(sound, noise, decibels), rate, text)


def clip_cases(folder: Path) -> Iterator[Case]:
    """The English clips of a folder one after another, clean, over music and under noise."""
    found = list(clips(folder).values())
    said = [clip for clip in found if clip.language == "en"]
    pause = np.zeros(8000, np.float32)
    speech = np.concatenate([np.concatenate([clip.sound, pause]) for clip in said])
    text = " ".join(clip.text for clip in said)
    yield Case("clips, as they are", speech, 16000, text)
    for clip in (clip for clip in found if clip.language == "music"):
        music = np.resize(clip.sound, len(speech))
        for decibels in (10, 0, -5):
            mixed = over(speech, music, decibels)
            yield Case(f"clips, music {decibels} dB below", mixed, 16000, text)
    yield from noisy("clips", speech, 16000, text)


def errors(path: Path, seconds: float, text: str, model: str) -> float:
    """Percent of the words that a model gets wrong."""
    speech = speech_intervals(speech_probability(path, seconds), seconds)
    span, settings = Span((0, seconds), (0, seconds)), AsrSettings(temperature=(0.0,))
    loaded = load_model(model, "cpu", "auto", 1)
    heard = transcribe_span(path, span, "en", loaded, settings, speech)
    one, other = tokens(text, "en"), [t for w in heard.words for t in tokens(w.text, "en")]
    pairs = alignment(one, other)
    return 100 * sum(i is None or j is None or one[i] != other[j] for i, j in pairs) / len(one)


def row(case: Case, folder: Path, model: str) -> str:
    """A line of the table."""
    audio, plain, clean, chosen = (folder / f"{n}.flac" for n in ("a", "plain", "clean", "chosen"))
    soundfile.write(audio, np.clip(case.sound, -1, 1), case.rate)
    seconds = len(case.sound) / case.rate
    to_speech(audio, plain)
    separate(audio, clean, SEPARATOR, device="cpu", threads=1)
    files, models = (str(audio), str(chosen)), (SEPARATOR, model)
    decided = speech_of(*files, seconds, "auto", "en", *models, device="cpu", threads=1)
    rates = map(partial(errors, seconds=seconds, text=case.text, model=model), (plain, clean))
    without, separated = rates
    figures = decided["figures"]
    return (
        f"| {case.name} | {without:.1f} | {separated:.1f}"
        f" | {'yes' if decided['separated'] else 'no'} | {100 * figures['survived']:.0f}"
        f" | {figures['mix']['probability']:.3f} | {figures['speech']['probability']:.3f} |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--model", default="base")
    given = parser.parse_args()
    print(
        "| talk | errors without separation, % of words | with | separated | speech that survives,"
        " % | probability of words without | with |"
    )
    print("|---|--:|--:|---|--:|--:|--:|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cases = clip_cases(given.folder) if given.folder else demo_cases(folder)
        real = given.folder is not None
        model = whisper(given.model, ROOT / "resources") if real else ROOT / "models/asr"
        for case in cases:
            print(row(case, folder, str(model)), flush=True)


if __name__ == "__main__":
    main()
