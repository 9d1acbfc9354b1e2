"""When a place is decoded again, and which words leave: the sections `seams` and `quarantine`."""

from collections.abc import Sequence
from dataclasses import dataclass

from vat.settings import Text, setting


@dataclass(frozen=True, slots=True)
class SeamSettings:
    """The keys of the configuration's `seams` section; lengths are in seconds."""

    min_score: float = setting(
        0.8,
        "Score of a seam below which it is decoded again, from 0 (nothing heard alike) to 1 (every"
        " word heard alike, no speech lost). In the project's own test talks, seams without a"
        " wrong word score 0.84 or more.",
        minimum=0,
        maximum=1,
    )
    window_seconds: float = setting(
        20,
        "Length in seconds of what is decoded again, with the place in its middle; Whisper hears"
        " 30 s at once.",
        minimum=8,
        maximum=30,
    )
    hole_seconds: float = setting(
        0.4,
        "Speech of this length in seconds, half a second away from any word, is decoded again.",
        minimum=0.01,
        maximum=3600,
    )


@dataclass(frozen=True, slots=True)
class QuarantineSettings:
    """The keys of the configuration's `quarantine` section.

    `restore` has ids of items that stay in the transcript, or "all". The thresholds are those of
    Whisper's own decoder (logprob_threshold, compression_ratio_threshold, no_speech_threshold).
    """

    restore: Sequence[Text] = setting(
        (),
        "Items that stay in the subtitles after all: their ids in transcript.json, or [all].",
        uniqueItems=True,
    )
    limit: float = setting(
        2.5,
        "How strong the evidence must be. No voice 2.5, faint voice 1, clear voice -1, too fast 2,"
        " uncertain 1, repetitive 1, no speech 0.5, known phrase 0.5.",
        exclusiveMinimum=0.5,
        maximum=1000,
    )
    no_voice: float = setting(
        0.1,
        "Probability of speech (Silero) below which there is no voice within half a second of a"
        " word. Silero ends speech at 0.35; the test talks' music and noise alone stay below.",
        minimum=0,
        maximum=0.35,
    )
    avg_logprob: float = setting(
        -1.0,
        "Mean log-probability below which words are uncertain; Whisper's own logprob_threshold.",
        minimum=-1000,
        maximum=0,
    )
    compression_ratio: float = setting(
        2.4,
        "Compression ratio of the text above which it is repetitive; Whisper's own"
        " compression_ratio_threshold.",
        minimum=0.01,
        maximum=1000,
    )
    no_speech_prob: float = setting(
        0.6,
        "Probability above which Whisper itself hears no speech; its own no_speech_threshold.",
        minimum=0,
        maximum=1,
    )
    words_per_second: float = setting(
        10.0,
        "Faster than this nobody speaks: the fastest talkers reach about 7 words, or 10 Chinese"
        " characters or Japanese syllables, per second.",
        minimum=0.1,
        maximum=1000,
    )
