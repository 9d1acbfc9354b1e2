"""Which quality numbers of the encoders mean the same? By VMAF on made pictures, in one table.

    python -m benchmarks.encoders

For each encoder: its own number where VMAF (0 to 100, as a viewer would judge) is that of libx264
at 18, 23 and 28, the size there beside libx264's, and its speed beside libx264's. NVENC is
measured where a GPU encodes. The pictures are a zoom into the Mandelbrot set and a moving
gradient, both with grain; films differ by a number or two.
"""

import json
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.video import FFMPEG, ffmpeg
from vat.embed.encoders import ENCODERS, Encoder, encoder_arguments, probe_encoder
from vat.embed.picture import read_picture
from vat.embed.settings import EmbedSettings

CLIPS = {
    "zoom": "mandelbrot=s=640x360:r=25:start_scale=0.5:end_scale=0.02:end_pts=100,"
    "noise=alls=10:allf=t",
    "gradient": "gradients=s=640x360:r=25:speed=0.05:n=6,noise=alls=14:allf=t",
}
SECONDS = 3
TARGETS = (18, 23, 28)


@dataclass(frozen=True)
class Point:
    """One encode: the encoder's own number, VMAF, bytes, seconds."""

    own: int
    vmaf: float
    size: int
    seconds: float


def measure(clip: Path, encoder: Encoder, own: int) -> Point:
    """Encode a clip with the encoder's own number and judge it."""
    folder = clip.parent
    settings = EmbedSettings(quality=round((own - encoder.offset) / encoder.slope))
    arguments = encoder_arguments(encoder, settings, read_picture(clip, 0), 0, threads=2)
    option = f"{encoder.quality_option}:0"
    arguments[arguments.index(option) + 1] = str(own)
    begin = time.monotonic()
    ffmpeg("-i", clip, *arguments, "out.mkv", cwd=folder)
    seconds = time.monotonic() - begin
    judge = "[0:v][1:v]libvmaf=log_fmt=json:log_path=vmaf.json:n_threads=2"
    ffmpeg("-i", "out.mkv", "-i", clip, "-lavfi", judge, "-f", "null", "-", cwd=folder)
    pooled = json.loads((folder / "vmaf.json").read_text())["pooled_metrics"]
    return Point(own, pooled["vmaf"]["mean"], (folder / "out.mkv").stat().st_size, seconds)


def curve(clip: Path, encoder: Encoder) -> list[Point]:
    """Encodes over the range in which people choose."""
    steps = range(16, 53, 6) if encoder.highest > 51 else range(15, 40, 4)
    return [measure(clip, encoder, own) for own in steps]


def at(points: list[Point], vmaf: float) -> tuple[float, float, float]:
    """The own number, size and seconds at which a curve has this VMAF."""
    ordered = sorted(points, key=lambda point: point.vmaf)
    known = [point.vmaf for point in ordered]
    return (
        float(np.interp(vmaf, known, [point.own for point in ordered])),
        float(np.interp(vmaf, known, [point.size for point in ordered])),
        float(np.interp(vmaf, known, [point.seconds for point in ordered])),
    )


def main() -> None:
    """Print the table."""
    usable = [one for one in ENCODERS.values() if not probe_encoder(one.name, "yuv420p", FFMPEG)]
    found: dict[str, list[list[tuple[float, float, float]]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, source in CLIPS.items():
            clip = Path(folder) / f"{name}.mkv"
            made = ["-f", "lavfi", "-i", source, "-t", str(SECONDS), "-pix_fmt", "yuv420p"]
            ffmpeg(*made, "-c:v", "ffv1", clip, cwd=clip.parent)
            wanted = [measure(clip, ENCODERS["libx264"], own) for own in TARGETS]
            for encoder in usable:
                points = curve(clip, encoder)
                rows = [at(points, point.vmaf) for point in wanted]
                found.setdefault(encoder.name, []).append(
                    [
                        (own, size / point.size, seconds / point.seconds)
                        for (own, size, seconds), point in zip(rows, wanted, strict=True)
                    ]
                )
    print(f"{'encoder':12}" + "".join(f"  as {own}: number size time" for own in TARGETS))
    for name, clips in found.items():
        means = np.mean(clips, axis=0)
        cells = "".join(f"      {own:8.1f} {size:4.2f} {slow:4.1f}" for own, size, slow in means)
        print(f"{name:12}{cells}")


if __name__ == "__main__":
    main()
