"""Talks of real speech whose words are known."""

import csv
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from tests.helpers.real_weights import UnavailableError

RATE = 16000
Sound = NDArray[np.float32]

_PACKAGE = "pocketsphinx-testdata"
_LIBRIVOX = "usr/share/pocketsphinx/test/data/librivox"
_ROOM_LEVEL = 2e-4
_SECONDS = 120


@dataclass(frozen=True)
class Clip:
    """A recording, and what is said in it; its language is "music" or "noise" where nothing is."""

    sound: Sound
    language: str
    text: str


@dataclass(frozen=True)
class Sentence:
    """What is said between two moments, in seconds."""

    start: float
    end: float
    text: str


@dataclass
class Talk:
    """A talk that grows by what is said and by what lies between."""

    name: str
    language: str = "en"
    pieces: list[Sound] = field(default_factory=list)
    sentences: list[Sentence] = field(default_factory=list)
    silence: list[tuple[float, float]] = field(default_factory=list)
    samples: int = 0

    @property
    def seconds(self) -> float:
        """How long the talk is by now."""
        return self.samples / RATE

    @property
    def sound(self) -> Sound:
        """The whole talk."""
        return np.concatenate(self.pieces)

    def say(self, clip: Clip, *, loudness: float = 1.0, under: Sound | None = None) -> None:
        """Say what a clip says, with a sound under it that is 10 dB softer."""
        sound, start = clip.sound * np.float32(loudness), self.seconds
        if under is not None:
            noise = np.resize(under, len(sound))
            ratio = np.sqrt(np.mean(sound**2) / (np.mean(noise**2) + 1e-12)) * 10 ** (-10 / 20)
            sound = sound + noise * np.float32(ratio)
        self._add(sound)
        self.sentences.append(Sentence(start, self.seconds, clip.text))

    def pause(self, seconds: float, sound: Sound | None = None) -> None:
        """Nobody speaks; there is a sound, or the faint hiss of a room."""
        count, start = round(seconds * RATE), self.seconds
        if sound is None:
            chance = np.random.default_rng(self.samples)
            sound = chance.standard_normal(count, np.float32) * np.float32(_ROOM_LEVEL)
        self._add(np.resize(sound, count))
        self.silence.append((start, self.seconds))

    def write(self, path: Path) -> Path:
        """Write the talk as a WAV file."""
        soundfile.write(path, np.clip(self.sound, -1, 1), RATE, subtype="PCM_16")
        return path

    def _add(self, sound: Sound) -> None:
        self.pieces.append(sound.astype(np.float32))
        self.samples += len(sound)


def librivox(cache: Path) -> Talk:
    """Five sentences of an audio book, from a Debian package that apt-get brings.

    Raises:
        UnavailableError: where it cannot.
    """
    folder = cache / _PACKAGE
    if not folder.is_dir():
        _unpack_package(folder)
    data = folder / _LIBRIVOX
    names = (data / "fileids").read_text(encoding="utf-8").split()
    lines = (data / "transcription").read_text(encoding="utf-8").splitlines()
    talk = Talk("librivox")
    talk.pause(1.0)
    for name, line in zip(names, lines, strict=True):
        text = re.sub(r"</?s>|\(.*\)", "", line).strip()
        sound, _ = soundfile.read(data / f"{name}.wav", dtype="float32")
        talk.say(Clip(sound, "en", text))
        talk.pause(0.8)
    return talk


def _unpack_package(folder: Path) -> None:
    apt, dpkg = shutil.which("apt-get"), shutil.which("dpkg")
    if apt is None or dpkg is None:
        raise UnavailableError(f"there is no apt-get to fetch {_PACKAGE} with")
    part = folder.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    command = [apt, "download", "-q", _PACKAGE]
    done = subprocess.run(command, cwd=part, capture_output=True, text=True, check=False)
    packages = list(part.glob("*.deb"))
    if not packages:
        raise UnavailableError(f"apt-get cannot get {_PACKAGE} ({done.stderr.strip()[-200:]})")
    subprocess.run([dpkg, "-x", str(packages[0]), str(part)], check=True)
    part.rename(folder)


def clips(folder: Path) -> dict[str, Clip]:
    """The clips of a folder with clips.tsv (columns file, language, text) and clips/."""
    with (folder / "clips.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    found = dict[str, Clip]()
    for row in rows:
        sound, rate = soundfile.read(folder / "clips" / row["file"], dtype="float32")
        if rate != RATE:
            raise ValueError(f"{row['file']} has {rate} Hz; clips are of {RATE} Hz")
        found[Path(row["file"]).stem] = Clip(sound, row["language"], row["text"] or "")
    return found


def english_talks(found: Mapping[str, Clip], seconds: float = _SECONDS) -> list[Talk]:
    """Two talks of the English clips: plain speech, and one hard to hear."""
    spoken = [clip for clip in found.values() if clip.language == "en"]
    sounds = [clip.sound for clip in found.values() if clip.language in ("music", "noise")]
    return [_lecture(spoken, seconds), _hard(spoken, sounds, seconds)]


def chinese_talks(found: Mapping[str, Clip]) -> list[Talk]:
    """The Chinese clips three times in their order, and six times in others; none without clips.

    Few clips said again and again are hard for Whisper, and where it errs depends on their order.
    """
    spoken = [clip for clip in found.values() if clip.language == "zh"]
    if not spoken:
        return []
    talk, other, chance = Talk("chinese", "zh"), Talk("orders", "zh"), np.random.default_rng(5)
    talk.pause(0.5)
    for clip in spoken * 3:
        talk.say(clip)
        talk.pause(0.45)
    other.pause(0.5)
    for index in chance.permutation(6 * len(spoken)):
        other.say(spoken[index % len(spoken)])
        other.pause(float(chance.choice([0.15, 0.45, 0.8, 1.5])))
    return [talk, other]


def many_languages(found: Mapping[str, Clip]) -> tuple[Talk, list[str]]:
    """A talk in which the language changes with every sentence, and the languages in order."""
    spoken = [clip for clip in found.values() if clip.language not in ("music", "noise")]
    first = list({clip.language: clip for clip in spoken if len(clip.sound) > 4 * RATE}.values())
    talk = Talk("polyglot")
    for clip in first:
        talk.say(clip)
        talk.pause(0.6)
    return talk, [clip.language for clip in first]


def _lecture(spoken: Sequence[Clip], seconds: float) -> Talk:
    talk, chance = Talk("lecture"), np.random.default_rng(3)
    talk.pause(0.8)
    while talk.seconds < seconds:
        for index in chance.permutation(len(spoken)):
            talk.say(spoken[index])
            talk.pause(float(chance.choice([0.1, 0.4, 0.8, 1.5])))
    return talk


def _hard(spoken: Sequence[Clip], sounds: Sequence[Sound], seconds: float) -> Talk:
    """Loud and soft, over music and voices, with long stretches in which nobody speaks."""
    talk, chance = Talk("hard"), np.random.default_rng(11)
    talk.pause(30)
    for index in chance.permutation(len(spoken)):
        place = int(chance.integers(len(sounds) + 1))
        under = sounds[place] if place < len(sounds) else None
        talk.say(spoken[index], loudness=float(chance.choice([1, 0.5, 0.1])), under=under)
        talk.pause(float(chance.choice([0.1, 0.4, 1.3, 2.0, 3.5])))
    for sound in sounds:
        talk.pause(20, sound)
    while talk.seconds < seconds:
        talk.say(spoken[int(chance.integers(len(spoken)))])
        talk.pause(8)
    return talk
