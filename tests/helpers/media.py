"""Small media files for tests, made by the bundled ffmpeg."""

import subprocess
from pathlib import Path

import av
import numpy as np
from imageio_ffmpeg import get_ffmpeg_exe
from numpy.typing import NDArray

FFMPEG = get_ffmpeg_exe()
HOSTILE = [
    "-dash first.mkv",
    'it\'s "quoted".mkv',
    "[brackets] {braces} 100% $HOME.mkv",
    "测试 🎬, a: b; c.mkv",
    "new\nline.mkv",
    "y" * 200 + ".mkv",
]


def ffmpeg(*arguments: object) -> None:
    """Run ffmpeg quietly; fail the test where it fails."""
    command = [FFMPEG, "-v", "error", "-nostdin", "-y", *map(str, arguments)]
    subprocess.run(command, check=True)


def make_video(
    path: Path,
    seconds: float = 2.0,
    *,
    sound: str | None = "sine=440:r=16000",
    late: float = 0,
    rate: int = 25,
) -> Path:
    """A 64x48 video of `rate` frames per second; its sound starts `late` seconds in."""
    arguments = ["-f", "lavfi", "-i", f"testsrc2=s=64x48:r={rate}:d={seconds}"]
    if sound:
        arguments += [
            "-itsoffset",
            str(late),
            "-f",
            "lavfi",
            "-t",
            str(seconds - late),
            "-i",
            sound,
        ]
        arguments += [
            "-map",
            "0:v",
            "-map",
            "1:a",
            "-c:a",
            "pcm_s16le" if path.suffix == ".avi" else "aac",
        ]
    arguments += ["-c:v", "libx264", "-preset", "ultrafast"]
    ffmpeg(*arguments, f"file:{path}")
    return path


def streams(path: Path) -> list[tuple[str, str]]:
    """Type and codec of each stream."""
    with av.open(f"file:{path}") as container:
        return [
            (s.type, s.codec_context.codec.canonical_name if s.codec_context else "")
            for s in container.streams
        ]


def frames(path: Path) -> list[tuple[float, NDArray[np.float32]]]:
    """Time and grey values of each picture."""
    with av.open(f"file:{path}") as container:
        return [
            (float(frame.time), frame.to_ndarray(format="gray").astype(np.float32))
            for frame in container.decode(video=0)
        ]


def packets(path: Path) -> list[tuple[str, float, float, bytes]]:
    """Language, start, duration and bytes of each subtitle packet."""
    found = []
    with av.open(f"file:{path}") as container:
        for packet in container.demux(*container.streams.subtitles):
            if packet.size > 2:
                base = packet.time_base
                stream = packet.stream
                assert base is not None
                assert packet.pts is not None
                assert packet.duration is not None
                found.append(
                    (
                        str(stream.metadata.get("language")),
                        float(packet.pts * base),
                        float(packet.duration * base),
                        bytes(packet),
                    )
                )
    return found
