"""Synthetic speech with the true time of every word, by espeak-ng's library and its own events."""

import ctypes
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_WORD, _PHONEME = 1, 7
_PARAMETERS = {"rate": 1, "volume": 2, "pitch": 3, "range": 4, "word gap": 7}


@dataclass(frozen=True)
class Spoken:
    """A spoken text: samples of shape (n,), their rate, and (word, start, end) in seconds."""

    samples: NDArray[np.float32]
    rate: int
    words: list[tuple[str, float, float]]


class _Identity(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("text", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique", ctypes.c_int),
        ("position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("milliseconds", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Identity),
    ]


_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


class Voice:
    """espeak-ng in this process. Raises OSError where its library is not installed."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL("libespeak-ng.so.1")
        self.rate = self._library.espeak_Initialize(2, 200, None, 1)
        self._blocks: list[NDArray[np.int16]] = []
        self._events: list[tuple[int, int, int, float, str]] = []
        self._callback = _CALLBACK(self._receive)
        self._library.espeak_SetSynthCallback(self._callback)

    def say(
        self, text: str, voice: str, rate: int, pitch: int, pitch_range: int = 50, gap: int = 0
    ) -> Spoken:
        """Speak a text of plain words.

        Args:
            text: words and punctuation, with one space between words.
            voice: espeak-ng's name of it, such as en-us+f2.
            rate: words per minute.
            pitch: 0 to 100.
            pitch_range: how lively the pitch is, 0 to 100.
            gap: pause between words, in units of 10 ms.

        Raises:
            ValueError: for an unknown voice, or where word events do not fit the text.
        """
        self._blocks.clear()
        self._events.clear()
        if self._library.espeak_SetVoiceByName(voice.encode()):
            raise ValueError(f"espeak-ng has no voice {voice}")
        wanted = {"rate": rate, "volume": 90, "pitch": pitch, "range": pitch_range, "word gap": gap}
        for name, value in wanted.items():
            self._library.espeak_SetParameter(_PARAMETERS[name], value, 0)
        data = text.encode() + b"\0"
        self._library.espeak_Synth(data, len(data), 0, 1, 0, 1, None, None)
        self._library.espeak_Synchronize()
        samples = np.concatenate(self._blocks).astype(np.float32) / np.float32(32768)
        return Spoken(samples, self.rate, self._words(text, len(samples) / self.rate))

    def _receive(self, wav: Any, count: int, events: Any) -> int:
        if wav and count > 0:
            self._blocks.append(np.ctypeslib.as_array(wav, (count,)).copy())
        index = 0
        while events[index].type != 0:
            event = events[index]
            name = event.id.text.decode("utf8", "replace") if event.type == _PHONEME else ""
            seconds = event.milliseconds / 1000
            self._events.append((event.type, event.position, event.length, seconds, name))
            index += 1
        return 0

    def _words(self, text: str, duration: float) -> list[tuple[str, float, float]]:
        phonemes = [(e[3], e[4]) for e in self._events if e[0] == _PHONEME]
        heard = [(e[1] - 1, e[3]) for e in self._events if e[0] == _WORD and e[2] > 0]
        starts = self._starts(text, heard, phonemes, duration)
        ends = [*starts[1:], duration]
        return [
            (word, start, _speech_end(start, end, phonemes))
            for word, start, end in zip(text.split(" "), starts, ends, strict=True)
        ]

    @staticmethod
    def _starts(
        text: str,
        heard: list[tuple[int, float]],
        phonemes: list[tuple[float, str]],
        duration: float,
    ) -> list[float]:
        """Where each word starts. espeak gives one event for "in the"; "the" starts at its D."""
        starts: list[float] = []
        position, event = 0, 0
        for word in text.split(" "):
            if event < len(heard) and heard[event][0] == position:
                starts.append(heard[event][1])
                event += 1
            elif not starts:
                raise ValueError(f"no time for '{word}' in '{text}'")
            else:
                limit = heard[event][1] if event < len(heard) else duration
                found = [t for t, p in phonemes if starts[-1] <= t < limit and p.startswith("D")]
                guess = starts[-1] + 0.6 * (limit - starts[-1])
                starts.append(found[-1] if found and word.strip(".,?") == "the" else guess)
            position += len(word) + 1
        if event != len(heard):
            raise ValueError(f"more word events than words in '{text}'")
        return starts


def _speech_end(start: float, end: float, phonemes: list[tuple[float, str]]) -> float:
    """The end of a word without the pause that follows it."""
    inside = [(t, p) for t, p in phonemes if start - 1e-6 <= t < end - 1e-6]
    silent = [p.startswith("_") or not p.strip() for _, p in inside]
    for index in range(1, len(inside)):
        if all(silent[index:]):
            return inside[index][0]
    return end
