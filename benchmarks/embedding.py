"""How much slower is embedding than copying? Beside a plain `ffmpeg -c copy`, in one table.

    python -m benchmarks.embedding [megabytes] [folder]

A made video of one hour and two subtitle tracks of 1490 cues. The two programs take turns, and the
fastest of five rounds counts; the ratio of CPU seconds holds on a busy machine, too. Memory is the
largest resident size of the process and all of its children, for the hour and for its first tenth:
flat if they are alike. MP4 is written with +faststart by both, which copies the file once more.
Files are written to `folder`; in /dev/shm no disk blurs the figures.
"""

import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.video import FFMPEG, ffmpeg
from vat.embed.embed import embed
from vat.embed.settings import EmbedSettings
from vat.media.probe import probe
from vat.subtitles.track import Track
from vat.timeline import Cue

HOUR = 3600
CLIP_SECONDS = 10
ROUNDS = 5


def make_hour(folder: Path, megabytes: int) -> Path:
    """A video of one hour and about so many megabytes: one clip of noise, over and over."""
    clip, hour = folder / "clip.mkv", folder / "hour.mkv"
    rate = f"{megabytes * 8 * 1024 // HOUR - 70}k"
    picture = f"testsrc2=s=1280x720:r=25:d={CLIP_SECONDS},noise=alls=60:allf=t"
    sources = ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", f"sine=440:d={CLIP_SECONDS}"]
    codecs = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "50", "-b:v", rate]
    ffmpeg(*sources, *codecs, "-maxrate", rate, "-bufsize", rate, "-c:a", "aac", clip)
    ffmpeg("-stream_loop", str(HOUR // CLIP_SECONDS - 1), "-i", clip, "-c", "copy", hour)
    return hour


def cues(seconds: int) -> list[Cue]:
    """A cue every 2.4 s."""
    number = int(seconds / 2.4) - 10
    return [
        Cue(n + 1, round(n * 2.4 + 0.123, 3), round(n * 2.4 + 2.2, 3), f"Line {n}\nand another")
        for n in range(number)
    ]


@dataclass(frozen=True)
class Cost:
    """What one run takes: seconds by the clock and of CPU, and the peak of memory in MB."""

    seconds: float
    cpu: float
    memory: float

    def least(self, other: "Cost") -> "Cost":
        """The shorter times and the larger memory of two runs of the same."""
        return Cost(
            min(self.seconds, other.seconds),
            min(self.cpu, other.cpu),
            max(self.memory, other.memory),
        )


def cost(work: Callable[[], None]) -> Cost:
    """What `work` takes with its children; memory is what it adds to this process's."""
    me, peak, done = psutil.Process(), 0, threading.Event()
    base = me.memory_info().rss

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.25):
            sizes = [me.memory_info().rss - base]
            for child in me.children(recursive=True):
                try:
                    sizes.append(child.memory_info().rss)
                except psutil.NoSuchProcess:
                    continue
            peak = max(peak, sum(sizes))

    watcher = threading.Thread(target=watch)
    watcher.start()
    begin, before = time.monotonic(), os.times()
    work()
    seconds, after = time.monotonic() - begin, os.times()
    done.set()
    watcher.join()
    return Cost(seconds, sum(after[:4]) - sum(before[:4]), peak / 2**20)


def compare(source: Path, seconds: int, container: str) -> tuple[Cost, Cost]:
    """The cost of a plain copy and of embedding."""
    media = probe(source, name=source.name, title=None, source="", audio_track=None)
    tracks = [Track("zh", cues(seconds)), Track("de", cues(seconds))]
    settings = EmbedSettings(container=container)
    out = source.with_name(f"out.{container}")
    flags = ["-movflags", "+faststart"] if container == "mp4" else []

    def copy() -> None:
        ffmpeg("-i", source, "-map", "0", "-c", "copy", *flags, out)

    def put() -> None:
        embed(source, media, tracks, out, settings, ffmpeg=FFMPEG)

    def once(work: Callable[[], None]) -> Cost:
        try:
            return cost(work)
        finally:
            out.unlink(missing_ok=True)

    plain, ours = once(copy), once(put)
    for _ in range(ROUNDS - 1):
        plain, ours = plain.least(once(copy)), ours.least(once(put))
    return plain, ours


def main(megabytes: str = "2000", folder: str | None = None) -> None:
    """Print the table."""
    print("container  length   copy s  embed s  ratio  ratio of CPU  copy MB  embed MB")
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        hour = make_hour(Path(scratch), int(megabytes))
        tenth = hour.with_name("tenth.mkv")
        ffmpeg("-i", hour, "-t", str(HOUR // 10), "-c", "copy", tenth)
        for container in ("mkv", "mp4"):
            for source, seconds in ((tenth, HOUR // 10), (hour, HOUR)):
                plain, ours = compare(source, seconds, container)
                print(
                    f"{container:9}{seconds:>6} s{plain.seconds:9.2f}{ours.seconds:9.2f}"
                    f"{ours.seconds / plain.seconds:7.2f}{ours.cpu / plain.cpu:14.2f}"
                    f"{plain.memory:9.0f}{ours.memory:10.0f}",
                    flush=True,
                )


if __name__ == "__main__":
    main(*sys.argv[1:])
