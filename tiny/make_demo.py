"""Make the demo's videos and the truth about them. Needs espeak-ng; the results are committed.

    python -m tiny.make_demo

Each video has a .json file beside it: what is said when, and its right translation.
"""

import json
import random
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from imageio_ffmpeg import get_ffmpeg_exe
from numpy.typing import NDArray

from tiny import ROOT, lexicon
from tiny.music import music
from tiny.voice import Voice

DEMO = ROOT / "demo"
FADE_SECONDS = 0.5

Sound = NDArray[np.float32]
Sentence = dict[str, Any]


def talk(
    seed: int, voice: str, rate: int, seconds: float, silent: tuple[float, float] = (0, 0)
) -> tuple[Sound, int, list[Sentence]]:
    """A talk of about `seconds`: its samples and its sentences. Nobody speaks during `silent`."""
    engine, chance = Voice(), random.Random(seed)
    samples = np.zeros(round(seconds * engine.rate), np.float32)
    sentences: list[Sentence] = []
    time = chance.uniform(0.6, 1.2)
    while True:
        text = lexicon.sentence(chance)
        if not 5 <= len(text.split()) <= lexicon.MOST_WORDS:
            continue
        try:
            spoken = engine.say(text, voice, rate, 50)
        except ValueError:
            continue
        length = spoken.words[-1][2]
        if time < silent[1] and time + length > silent[0]:
            time = silent[1]
        if time + length + 0.5 > seconds:
            return samples, engine.rate, sentences
        begin = round(time * engine.rate)
        sound = spoken.samples[: round((length + 0.06) * engine.rate)]
        samples[begin : begin + len(sound)] += sound[: len(samples) - begin]
        words = [
            {"word": word, "start": round(time + start, 3), "end": round(time + end, 3)}
            for word, start, end in spoken.words
        ]
        sentences.append(
            {
                "text": text,
                "translation": lexicon.translate(text),
                "start": words[0]["start"],
                "end": words[-1]["end"],
                "words": words,
            }
        )
        time += length + chance.uniform(0.5, 1.4)


def with_music(speech: Sound, rate: int, seed: int, decibels: float) -> Sound:
    """Speech in stereo with music under it, `decibels` below the speech."""
    loud = speech[np.abs(speech) > 0.02]
    under = music(len(speech), np.random.default_rng(seed), rate)
    level = np.sqrt(np.mean(loud**2)) / np.sqrt(np.mean(under**2)) * 10 ** (-decibels / 20)
    ramp = np.minimum(np.arange(len(speech)), np.arange(len(speech))[::-1]) / (FADE_SECONDS * rate)
    mixed = np.stack([speech, speech]) + under * level * np.minimum(ramp, 1)
    whole: Sound = (mixed / np.abs(mixed).max() * 0.8).astype(np.float32)
    return whole


def video(
    name: str,
    sounds: list[Sound],
    rate: int,
    sentences: list[Sentence],
    options: list[str],
    chapters: str = "",
) -> None:
    """Write one video with a moving picture, and the truth beside it."""
    seconds = sounds[0].shape[-1] / rate
    with tempfile.TemporaryDirectory() as scratch:
        command = [get_ffmpeg_exe(), "-v", "error", "-y"]
        picture = f"testsrc2=s=320x180:r=25:d={seconds},format=yuv420p"
        command += ["-f", "lavfi", "-i", picture]
        for number, sound in enumerate(sounds):
            path = Path(scratch) / f"{number}.wav"
            soundfile.write(path, sound.T, rate)
            command += ["-i", str(path)]
        if chapters:
            marks = Path(scratch) / "chapters.txt"
            marks.write_text(chapters)
            command += ["-i", str(marks), "-map_chapters", str(len(sounds) + 1)]
        command += ["-map", "0:v"]
        for number in range(len(sounds)):
            command += ["-map", f"{number + 1}:a"]
        command += ["-c:v", "libx264", "-preset", "slow", "-crf", "36", "-g", "250"]
        command += ["-c:a", "aac", "-b:a", "64k", "-ar", "44100", *options, str(DEMO / name)]
        subprocess.run(command, check=True)
    truth = {"duration": seconds, "sentences": sentences}
    text = json.dumps(truth, ensure_ascii=False, indent=1)
    (DEMO / name).with_suffix(".json").write_text(text + "\n", encoding="utf-8")


def main() -> None:
    """Make the three videos."""
    speech, rate, sentences = talk(17, "en-us", 155, 62)
    video("clean.mp4", [speech], rate, sentences, ["-metadata", "title=A clean talk"])

    speech, rate, sentences = talk(22, "en+f2", 150, 45, silent=(20, 25))
    chapters = (
        ";FFMETADATA1\n"
        "[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=20\ntitle=First part\n"
        "[CHAPTER]\nTIMEBASE=1/1\nSTART=20\nEND=45\ntitle=Second part\n"
    )
    sound = with_music(speech, rate, 5, 14)
    video("music.mkv", [sound], rate, sentences, ["-metadata", "title=A talk"], chapters)

    speech, rate, sentences = talk(39, "en-us+m3", 155, 25)
    other, _, _ = talk(44, "en-us+f4", 150, 25)
    tracks = ["-metadata:s:a:0", "title=Commentary", "-metadata:s:a:1", "language=eng"]
    tracks += ["-disposition:a:0", "0", "-disposition:a:1", "default"]
    video("two tracks.mkv", [other, speech], rate, sentences, tracks)


if __name__ == "__main__":
    main()
