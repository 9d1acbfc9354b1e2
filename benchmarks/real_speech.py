"""How well is real speech heard, and at what price: VAT and plain faster-whisper on the same talks.

python -m benchmarks.real_speech [--seconds 180] [--model base] [--talk NAME] [--way TEXT] FOLDER

FOLDER has clips.tsv (columns file, language, text) and clips/ (see tests/helpers/real_talks.py);
talks are made of its English and its Chinese clips. Without it there is only the audio book that a
Debian package brings. --talk takes one of the talks alone: librivox, lecture, hard, chinese, or
orders, in which the Chinese clips are shuffled; --way takes the listeners alone whose name contains
the text. Either may be given more than once.
Starts are measured against the voice detection's, at phrases after a pause. Errors are of words, or
of characters in Chinese, where both forms of writing count as one. SubER is VAT's of its
subtitles, and faster-whisper's of its segments.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.subtitle_edit_rate import edit_rate, reference_cues
from tests.helpers.real_scores import Score, score
from tests.helpers.real_talks import Talk, chinese_talks, clips, english_talks, librivox
from tests.helpers.real_weights import whisper
from vat.speech.asr import load_model, transcribe_chunk, transcribe_window
from vat.speech.settings import SplitSettings
from vat.speech.split import split
from vat.subtitles.spoken import spoken_track
from vat.timeline import Cue, Interval, Part, Word
from vat.transcript.merge import merge
from vat.transcript.settings import QuarantineSettings, SeamSettings

ROOT = Path(__file__).resolve().parents[1]
THREADS = 1


@dataclass(frozen=True)
class Outcome:
    """What one way of listening made of a talk; `doubted` counts the words in quarantine."""

    score: Score
    cues: Sequence[Cue]
    cpu_seconds: float
    bare_seconds: float = 0.0
    doubted: int = 0


Listener = Callable[[Talk, Path, Path, Sequence[Interval]], Outcome]


def vat(
    chunk_seconds: float, batch: int, talk: Talk, sound: Path, model: Path, _: Sequence[Interval]
) -> Outcome:
    """VAT from split to merge."""
    call: dict[str, Any] = {
        "speech": str(sound),
        "model": str(model),
        "settings": {"compute_type": "int8", "batch_size": batch},
        "device": "cpu",
        "threads": THREADS,
    }
    began = time.process_time()
    chunks, probability = split(
        sound,
        talk.seconds,
        expected=None,
        language=talk.language,
        language_model="",
        settings=SplitSettings(chunk_seconds=chunk_seconds),
    )
    numbers, shared = range(1, len(chunks.spans) + 1), {"chunks": chunks.to_json(), **call}
    parts = [Part.from_json(transcribe_chunk(number=number, **shared)) for number in numbers]
    decode = partial(transcribe_window, **call)
    made = merge(chunks, parts, probability, decode, SeamSettings(), QuarantineSettings())
    spent = time.process_time() - began
    coverage = made.coverage
    return Outcome(
        score(talk, made.words, made.speech),
        spoken_track(made, {})[0].cues,
        spent,
        coverage["seconds"]["no_words"],
        coverage["words"]["quarantined"],
    )


def plain(
    options: Mapping[str, Any],
    batch: int,
    talk: Talk,
    sound: Path,
    model: Path,
    speech: Sequence[Interval],
) -> Outcome:
    """faster-whisper alone, with its voice detection."""
    from faster_whisper import BatchedInferencePipeline

    loaded = load_model(str(model), "cpu", "int8", THREADS)
    began = time.process_time()
    pipeline = BatchedInferencePipeline(loaded) if batch > 1 else loaded
    batched = {"batch_size": batch} if batch > 1 else {}
    segments, _ = pipeline.transcribe(
        str(sound),
        language=talk.language,
        vad_filter=True,
        word_timestamps=True,
        chunk_length=30,
        **batched,
        **options,
    )
    told = list(segments)
    spent = time.process_time() - began
    words = [
        Word(float(word.start), float(word.end), word.word.strip(), float(word.probability))
        for segment in told
        for word in segment.words
    ]
    cues = [
        Cue(number, float(segment.start), float(segment.end), segment.text.strip())
        for number, segment in enumerate(told, 1)
    ]
    return Outcome(score(talk, words, speech), cues, spent)


WAYS: Mapping[str, Listener] = {
    "VAT, chunks of 30 s": partial(vat, 30.0, 1),
    "VAT, chunks of 60 s": partial(vat, 60.0, 1),
    "VAT, chunks of 600 s": partial(vat, 600.0, 1),
    "VAT, batches of 8": partial(vat, 600.0, 8),
    "faster-whisper": partial(plain, {"condition_on_previous_text": False}, 1),
    "faster-whisper, conditioned": partial(plain, {"condition_on_previous_text": True}, 1),
    "faster-whisper, batches of 8": partial(plain, {}, 8),
}


def rows(talk: Talk, sound: Path, model: Path, ways: Mapping[str, Listener]) -> Iterator[str]:
    """A line of the table for each way of listening to a talk."""
    chunks, _ = split(
        sound,
        talk.seconds,
        expected=None,
        language=talk.language,
        language_model="",
        settings=SplitSettings(),
    )
    speech, reference = chunks.speech, reference_cues(talk)
    load_model(str(model), "cpu", "int8", THREADS)
    idle = sum(end - start for start, end in talk.silence) / 3600
    for name, listen in ways.items():
        found = listen(talk, sound, model, speech)
        heard = found.score
        yield (
            f"| {talk.name} | {name} | {heard.error_percent:.2f} | {heard.wrong} | {heard.missing}"
            f" | {heard.added} | {edit_rate(found.cues, reference, talk.language):.1f}"
            f" | {heard.start_error(50) * 1000:.0f}"
            f" | {heard.start_error(95) * 1000:.0f} | {heard.invented / idle:.0f}"
            f" | {found.doubted} | {found.bare_seconds:.1f}"
            f" | {found.cpu_seconds / talk.seconds * 60:.1f} |"
        )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--seconds", type=float, default=180.0)
    parser.add_argument("--model", default="base")
    parser.add_argument("--talk", action="append", default=[])
    parser.add_argument("--way", action="append", default=[])
    given = parser.parse_args()
    chosen = given.way or [""]
    ways = {name: WAYS[name] for name in WAYS if any(text in name for text in chosen)}
    talks = [librivox(ROOT / "resources" / "real")]
    if given.folder is not None:
        found = clips(given.folder)
        talks += [*english_talks(found, given.seconds), *chinese_talks(found)]
    model = whisper(given.model, ROOT / "resources")
    print(
        "| talk | listener | errors, % of words | wrong | missing | added | SubER"
        " | starts off, median, ms | 95th percentile | invented, words/h of silence | quarantined"
        " | s of speech without words | CPU s per minute |"
    )
    print("|---|---|" + "--:|" * 11)
    with tempfile.TemporaryDirectory() as folder:
        for talk in talks:
            if given.talk and talk.name not in given.talk:
                continue
            sound = talk.write(Path(folder) / f"{talk.name}.wav")
            for row in rows(talk, sound, model, ways):
                print(row, flush=True)


if __name__ == "__main__":
    main()
