"""Who speaks when by pyannote.audio, for who has installed it and may load its models.

Its models are behind an account, so nothing of it is needed anywhere else.
"""

import functools
import os
from typing import Any, Final

from vat.errors import ModelError
from vat.media.sound import SPEECH_RATE, read_span
from vat.speech.speakers import Found, Speakers, Turn, joined
from vat.speech.voice_prints import VoicePrint
from vat.timeline import Interval, without

TOKEN: Final = "HF_TOKEN"  # noqa: S105 - the variable's name
"""The environment variable with the token of the account that accepted the models' conditions."""


def diarized(speech: str, model: str, device: str, least: int, most: int | None) -> Found:
    """Who speaks when in a file, by a pipeline of pyannote.audio 4; `device` is cuda or cpu.

    Raises:
        ModelError: where pyannote.audio is not installed, or the pipeline cannot be loaded.
    """
    import soundfile
    import torch

    pipeline = load_pipeline(model, device)
    sound = read_span(speech, 0.0, soundfile.info(speech).duration)
    heard = {"waveform": torch.from_numpy(sound)[None], "sample_rate": SPEECH_RATE}
    limits = {"min_speakers": least, **({"max_speakers": most} if most else {})}
    said = pipeline(heard, **limits)
    whole, apart = said.speaker_diarization, said.exclusive_speaker_diarization
    labels = {label: f"S{at}" for at, label in enumerate(_in_order(whole), 1)}
    alone, all_ = _by_label(apart), _by_label(whole)
    pieces = [Turn(*one, labels[name]) for name, turns in alone.items() for one in turns]
    overlaps = [
        Turn(*one, labels[name])
        for name, turns in all_.items()
        for one in without(turns, alone.get(name, []))
    ]
    in_order = sorted(pieces, key=lambda one: one.start), sorted(overlaps, key=lambda o: o.start)
    return Found(
        Speakers(joined(in_order[0]), tuple(in_order[1])), _prints(said, whole, labels, all_)
    )


@functools.cache
def load_pipeline(model: str, device: str) -> Any:
    """A pipeline, loaded once per process.

    Raises:
        ModelError: where pyannote.audio is not installed, or the pipeline cannot be loaded.
    """
    # Nobody else is told what is done here.
    os.environ.setdefault("PYANNOTE_METRICS_ENABLED", "0")
    try:
        from pyannote.audio import Pipeline
    except ImportError as error:
        raise ModelError(
            "speakers.backend is pyannote, which is not installed here; run 'pip install"
            " vat-subtitles[pyannote]', or set speakers.backend to voices."
        ) from error
    import torch

    try:
        pipeline = Pipeline.from_pretrained(model, token=os.environ.get(TOKEN))
        if pipeline is None:
            raise ValueError("access was refused")
        pipeline.to(torch.device(device))
    except Exception as error:
        raise ModelError(
            f"The pipeline '{model}' of pyannote cannot be loaded ({error}); accept its conditions"
            f" on its page, and set {TOKEN} to a token of that account."
        ) from error
    return pipeline


def _by_label(annotation: Any) -> dict[str, list[Interval]]:
    """The turns of each label, in order."""
    found = dict[str, list[Interval]]()
    for segment, _, label in annotation.itertracks(yield_label=True):
        found.setdefault(label, []).append((round(segment.start, 3), round(segment.end, 3)))
    return {label: sorted(turns) for label, turns in found.items()}


def _in_order(annotation: Any) -> list[str]:
    """The labels in the order of speaking."""
    turns = _by_label(annotation)
    return sorted(turns, key=lambda label: turns[label][0])


def _prints(
    said: Any, whole: Any, labels: dict[str, str], turns: dict[str, list[Interval]]
) -> tuple[VoicePrint, ...]:
    """How each speaker sounds; the rows are in the order of the annotation's own labels."""
    import numpy as np

    found, rows = [], said.speaker_embeddings
    if rows is None:
        rows = np.full((len(whole.labels()), 1), np.nan)
    for label, row in zip(whole.labels(), rows, strict=True):
        length = float(np.linalg.norm(row))
        # Who speaks only where others do has no embedding.
        known = np.isfinite(length) and length > 0
        vector = tuple(round(float(one), 4) for one in np.asarray(row) / length) if known else ()
        seconds = round(sum(end - start for start, end in turns[label]), 3)
        found.append(VoicePrint(labels[label], seconds, vector))
    return tuple(found)
