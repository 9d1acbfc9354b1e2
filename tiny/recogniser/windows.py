"""Windows to train on: utterances one after another, at log-mel power, with noise under them.

Which windows come is decided by chance alone, by draws in a fixed order: another order would train
another model.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tiny.recogniser import grammar
from tiny.recogniser.mel import log_mel
from tiny.recogniser.network import MEL_BANDS, SOURCE_POSITIONS
from tiny.recogniser.noise import any_noise
from tiny.recogniser.targets import Placed, Segment, Target, Targets
from tiny.recogniser.tokens import Tokens
from tiny.recogniser.utterances import Utterance

FRAMES_PER_SECOND: Final = 100
_NATURAL: Final = 2.302585
"""The natural logarithm of ten: powers are added as exponents of e."""
_SILENCE: Final = -10.0
_NOISE_SECONDS: Final = 31
_EARLY: Final = -0.015
"""How much earlier than the window a word may start and be counted in, in seconds."""
_LATE: Final = 0.005
_WORD_CLASSES: Final = {word.lower(): place for place, word in enumerate(grammar.WORDS, 1)}

Mel = NDArray[np.float32]


class Window(NamedTuple):
    """One window: its sound, the word of each frame of 20 ms, and two ways to write it down."""

    mel: Mel
    words: NDArray[np.int64]
    targets: tuple[Target, Target]


class Batch(NamedTuple):
    """Windows as tensors: each once in `mel`, `words` and `begins`, twice in what is written.

    `guides` has for each token where the sound is that it should look at, `guided` whether it has
    such a place.
    """

    mel: Tensor
    words: Tensor
    said: Tensor
    following: Tensor
    guides: Tensor
    guided: Tensor
    begins: Tensor


@dataclass
class _Draft:
    """A window while utterances are put into it; levels are the logarithms of their loudness."""

    mel: Mel
    seconds: float
    base: float
    levels: list[float] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)


class Windows:
    """An endless source of windows.

    Args:
        utterances: what is spoken in them.
        seed: which windows come.
        tokens: how they are written down.
        backgrounds: how many kinds of noise there are.
        swapped: the share of words that are wrong in what the decoder reads of its own text.
    """

    def __init__(
        self,
        utterances: Sequence[Utterance],
        seed: int,
        tokens: Tokens,
        backgrounds: int = 60,
        swapped: float = 0.0,
    ) -> None:
        self._utterances = utterances
        self._chance = random.Random(seed)
        self._tokens = tokens
        self._targets = Targets(utterances, self._chance, tokens)
        self._swapped = swapped
        noise = np.random.default_rng(seed)
        self._noises = [
            log_mel(0.2 * any_noise(noise, 16000 * _NOISE_SECONDS)).astype(np.float32)
            for _ in range(backgrounds)
        ]

    def batch(self, count: int, seconds: float, prompted: float) -> Batch:
        """So many windows; `prompted` is the share of those that follow on an earlier text."""
        most = SOURCE_POSITIONS - int(seconds * 50)
        begins = [self._chance.choice([0, self._chance.randint(0, most)]) for _ in range(count)]
        windows = [self.window(seconds, prompted, begin) for begin in begins]
        targets = [one.targets[0] for one in windows] + [one.targets[1] for one in windows]
        longest = max(len(one.said) for one in targets)
        said = torch.full((2 * count, longest), self._tokens.end)
        following = torch.full((2 * count, longest), -100)
        guides = torch.zeros(2 * count, longest, int(seconds * 50))
        guided = torch.zeros(2 * count, longest)
        for row, one in enumerate(targets):
            said[row, : len(one.said)] = torch.tensor(one.said)
            following[row, : len(one.following)] = torch.tensor(one.following)
            for place, guide in enumerate(one.guides):
                if guide is not None:
                    guides[row, place, guide[0] : guide[1]] = 1.0 / (guide[1] - guide[0])
                    guided[row, place] = 1
        return Batch(
            torch.from_numpy(np.stack([one.mel for one in windows])),
            torch.from_numpy(np.stack([one.words for one in windows])),
            self._with_wrong_words(said) if self._swapped else said,
            following,
            guides,
            guided,
            torch.tensor(begins),
        )

    def window(self, seconds: float, prompted: float, begin: int) -> Window:
        """One window that starts at the position `begin` of the encoder's 1500."""
        chance = self._chance
        kind = chance.random()
        silent = chance.random() < 0.06
        time, utterance, is_tail = self._beginning(seconds, kind, silent)
        stop = chance.uniform(0.25, 1) * seconds if chance.random() < 0.35 else seconds
        # A draw that is no longer used, kept for the order of those after it.
        chance.random()
        mel = np.full((MEL_BANDS, int(seconds * FRAMES_PER_SECOND)), _SILENCE, np.float32)
        draft = _Draft(mel, seconds, chance.uniform(-1.5, 0.3))
        self._speak(draft, time, utterance, stop, is_tail=is_tail, once=silent)
        end = seconds
        if stop < seconds:
            last = max([word.end for part in draft.segments for word in part.words] + [0.0])
            end = min(seconds, stop if silent else last + chance.uniform(0, 1.5))
        segments = [] if silent else draft.segments
        sound = self._heard(self._coloured(draft, silent), end, silent)
        if end < seconds:
            sound[:, int(end * FRAMES_PER_SECOND) :] = 0
        words = np.zeros(mel.shape[1] // 2, np.int64)
        for part in segments:
            for word in part.words:
                place = slice(max(0, int(word.start * 50)), max(0, int(word.end * 50 + 0.5)))
                words[place] = _WORD_CLASSES[word.word.lower()]
        first = self._targets.of(
            segments, seconds, end, begin, prompted, timed=chance.random() < 0.95
        )
        second = self._targets.of(
            segments, seconds, end, begin, prompted, timed=chance.random() < 0.25
        )
        return Window(sound.astype(np.float32), words, (first, second))

    def _beginning(
        self, seconds: float, kind: float, silent: bool
    ) -> tuple[float, Utterance, bool]:
        """When the first utterance starts, and whether only its end is in the window."""
        chance = self._chance
        if kind < 0.22 or (silent and kind < 0.5):
            utterance = chance.choice(self._utterances)
            return -utterance.seconds + chance.uniform(-0.05, 0.12), utterance, True
        if kind < 0.32 and not silent:
            utterance = chance.choice(self._utterances)
            return -chance.uniform(0, utterance.seconds), utterance, False
        time = chance.choice(
            [
                chance.uniform(0, 0.5),
                chance.uniform(0, 0.5),
                chance.uniform(0.5, 3),
                chance.uniform(0, min(8, seconds * 0.5)),
            ]
        )
        return time, chance.choice(self._utterances), False

    def _speak(
        self,
        draft: _Draft,
        time: float,
        utterance: Utterance,
        stop: float,
        *,
        is_tail: bool,
        once: bool,
    ) -> None:
        """Put utterances into a window, from `time` until `stop`."""
        while time < stop:
            level = draft.base + self._chance.uniform(-0.25, 0.25)
            frame = round(time * FRAMES_PER_SECOND)
            time = frame / FRAMES_PER_SECOND
            if stop < draft.seconds and time + utterance.seconds > stop:
                break
            self._add(draft, utterance, frame, level)
            words = [
                Placed(word, mark, time + start, time + end)
                for (word, mark), (start, end) in zip(
                    utterance.sentence, utterance.times, strict=True
                )
            ]
            whole = [
                word for word in words if word.start >= _EARLY and word.end <= draft.seconds + _LATE
            ]
            cut = words[-1].end > draft.seconds + _LATE
            if whole and not (is_tail and not draft.segments and time < 0):
                draft.segments.append(Segment(whole[0].start, whole, cut))
            elif (
                not whole
                and words[0].start < draft.seconds - 0.02
                and words[-1].end > draft.seconds
            ):
                draft.segments.append(Segment(words[0].start, [], True))
            time = words[-1].end
            if once:
                break
            time += self._pause()
            utterance = self._chance.choice(self._utterances)

    @staticmethod
    def _add(draft: _Draft, utterance: Utterance, frame: int, level: float) -> None:
        mel = utterance.mel.astype(np.float32)
        begin, end = max(0, frame), min(draft.mel.shape[1], frame + mel.shape[1])
        if end > begin:
            louder = (mel[:, begin - frame : end - frame] + level) * _NATURAL
            present = draft.mel[:, begin:end] * _NATURAL
            draft.mel[:, begin:end] = np.logaddexp(present, louder) / _NATURAL
            draft.levels.append(level)

    def _pause(self) -> float:
        kind = self._chance.random()
        if kind < 0.2:
            return self._chance.uniform(0.03, 0.3)
        if kind < 0.65:
            return self._chance.uniform(0.3, 1)
        if kind < 0.92:
            return self._chance.uniform(1, 3)
        return self._chance.uniform(3, 15)

    def _coloured(self, draft: _Draft, silent: bool) -> Mel:
        """A window through another microphone, and with noise under it."""
        chance, sound = self._chance, draft.mel
        kind = chance.random()
        bands = np.linspace(-1, 1, MEL_BANDS)[:, None]
        if chance.random() < 0.7:
            sound += chance.uniform(-0.5, 0.5) * bands + chance.uniform(-0.25, 0.25) * np.cos(
                chance.uniform(2, 8) * bands + chance.uniform(0, 6)
            )
        if kind < 0.65 or (silent and kind < 0.85):
            noise, count = chance.choice(self._noises), sound.shape[1]
            begin = chance.randrange(0, noise.shape[1] - count + 1)
            spoken = np.mean(draft.levels) if draft.levels else draft.base
            below = chance.uniform(0, 3) if silent and not draft.levels else chance.uniform(0.6, 4)
            level = spoken - 0.5 - below
            under = (noise[:, begin : begin + count] + level + 1.2) * _NATURAL
            sound = np.logaddexp(sound * _NATURAL, under) / _NATURAL
        return np.maximum(sound, _SILENCE)

    def _heard(self, sound: Mel, end: float, silent: bool) -> Mel:
        """A window as Whisper hears it: clamped below its loudest moment, with bands missing."""
        chance = self._chance
        loudest = sound[:, : max(1, int(end * FRAMES_PER_SECOND))].max()
        loudest = loudest + (chance.uniform(0, 0.8) if chance.random() < 0.5 else 0)
        if silent and chance.random() < 0.5:
            loudest = max(loudest, chance.uniform(0, 1.8))
        sound = (np.maximum(sound, loudest - 8) + 4) / 4
        if chance.random() < 0.25:
            for _ in range(2):
                band = chance.randrange(0, 75)
                sound[band : band + chance.randrange(1, 8)] = sound.min()
        return sound

    def _with_wrong_words(self, said: Tensor) -> Tensor:
        """Tokens of which some are other words, as the decoder's own mistakes will be."""
        of = self._tokens.of
        known = {of(word) for word in grammar.WORDS}
        known |= {of(word[0].upper() + word[1:]) for word in grammar.WORDS}
        words = torch.tensor(sorted(known))
        wrong = torch.isin(said, words) & (torch.rand(said.shape) < self._swapped)
        return torch.where(wrong, words[torch.randint(len(words), said.shape)], said)
