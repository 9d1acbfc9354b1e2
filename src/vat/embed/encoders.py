"""Video encoders: which one can keep a picture as it is, and how its quality is set."""

import ctypes
import logging
import re
import subprocess
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from av.codec import find_best_pix_fmt_of_list

from vat.embed.picture import Picture
from vat.embed.settings import EmbedSettings
from vat.errors import EmbedError
from vat.media.ffmpeg import complaint
from vat.subtitles.styles import AUTO

logger = logging.getLogger(__name__)

NVENC_LIBRARY: Final = "libnvidia-encode.so.1"
"""The part of NVIDIA's driver without which no GPU encodes."""

_PROBE_SECONDS: Final = 60
_OTHER_NAMES: Final = frozenset(
    {"yuvj420p", "yuvj422p", "yuvj444p", "nv12", "nv16", "nv20le", "nv21"}
)
"""Formats that are others in another order or of another range; nothing is turned into them."""

_DEEP: Final = {"yuv420p10le": "p010le"}
"""Formats that NVENC knows by another name."""


@dataclass(frozen=True, slots=True)
class Encoder:
    """A video encoder of ffmpeg.

    `cpu` is the encoder that makes the same kind of stream without a GPU. `offset` and `slope` turn
    a quality on libx264's scale into this encoder's own, `lowest` to `highest`.
    """

    name: str
    cpu: str
    quality_option: str
    offset: float = 0.0
    slope: float = 1.0
    lowest: int = 0
    highest: int = 51

    @property
    def on_gpu(self) -> bool:
        """Whether it needs a GPU."""
        return self.name != self.cpu

    def quality(self, quality: int) -> int:
        """This encoder's own number for a quality on libx264's scale."""
        own = round(self.offset + self.slope * quality)
        return min(self.highest, max(self.lowest, own))


ENCODERS: Final = {
    encoder.name: encoder
    for encoder in (
        Encoder("libx264", "libx264", "-crf:v"),
        Encoder("libx265", "libx265", "-crf:v"),
        Encoder("libsvtav1", "libsvtav1", "-crf:v", -2.2, 1.76, lowest=1, highest=63),
        Encoder("h264_nvenc", "libx264", "-cq:v", lowest=1),
        Encoder("hevc_nvenc", "libx265", "-cq:v", lowest=1),
        Encoder("av1_nvenc", "libsvtav1", "-cq:v", lowest=1),
    )
}
"""All encoders by name; the numbers are measured by benchmarks/encoders.py, NVENC's are not."""


def driver_encodes() -> bool:
    """Whether this host's driver has NVENC at all; asks no GPU."""
    try:
        ctypes.CDLL(NVENC_LIBRARY)
    except OSError:
        return False
    return True


def choose_encoder(
    settings: EmbedSettings, picture: Picture, name: str, instead: str, *, gpu: bool, ffmpeg: str
) -> Encoder:
    """The encoder for a picture: the configured one, or the CPU's where no GPU can do it.

    "auto" is H.264, or HEVC for more than 8 bits, by NVENC where that works. `gpu` tells whether
    this job has a GPU, `instead` what to set where there is no way.

    Raises:
        EmbedError: where the encoder cannot keep the picture as it is.
    """
    encoder = wanted_encoder(settings, picture)
    if encoder.on_gpu:
        reason = _no_gpu(encoder, picture, gpu=gpu, ffmpeg=ffmpeg)
        if not reason:
            return encoder
        logger.info("%s: %s; %s on the CPU encodes instead", encoder.name, reason, encoder.cpu)
        encoder = ENCODERS[encoder.cpu]
    check_keeps(encoder, picture, name, instead, ffmpeg)
    return encoder


def wanted_encoder(settings: EmbedSettings, picture: Picture) -> Encoder:
    """The configured encoder, whatever it can do."""
    if settings.encoder == AUTO:
        return ENCODERS["hevc_nvenc" if picture.deep else "h264_nvenc"]
    return ENCODERS[settings.encoder]


def nearest_format(encoder: str, picture: Picture, ffmpeg: str) -> str | None:
    """The pixel format that an encoder takes and that loses least of a picture; None without one.

    libavutil knows how formats compare.
    """
    taken = [
        one
        for one in sorted(pixel_formats(encoder, ffmpeg))
        if one not in _OTHER_NAMES
        and _not_kept(encoder, replace(picture, pixel_format=one), ffmpeg) is None
    ]
    if not taken:
        return None
    best, _ = find_best_pix_fmt_of_list(taken, picture.pixel_format)
    return best.name if best else None


def _no_gpu(encoder: Encoder, picture: Picture, *, gpu: bool, ffmpeg: str) -> str | None:
    """Why NVENC cannot encode a picture, None where it can."""
    if not gpu:
        return "this job has no GPU"
    if picture.interlaced:
        return "NVENC keeps no interlaced picture"
    pixel_format = nvenc_format(picture.pixel_format)
    if pixel_format not in ("yuv420p", "p010le"):
        return f"NVENC keeps no {picture.pixel_format} picture"
    if 1 in (picture.width % 2, picture.height % 2):
        return f"NVENC keeps no picture of {picture.width}x{picture.height} pixels"
    said = probe_encoder(encoder.name, pixel_format, ffmpeg)
    return f"the GPU does not encode ({said})" if said else None


def nvenc_format(pixel_format: str) -> str:
    """NVENC's name of a pixel format."""
    return _DEEP.get(pixel_format, pixel_format)


def probe_encoder(name: str, pixel_format: str, ffmpeg: str) -> str | None:
    """Encode a few small frames; return ffmpeg's complaint, None where it works.

    That an encoder is listed says only that ffmpeg knows it: an A100 or H100 has none, and a
    driver allows so many sessions at once.
    """
    source = ["-f", "lavfi", "-i", f"color=s=256x256:d=0.2,format={pixel_format}"]
    trial = [*source, "-c:v", name, "-f", "null", "-"]
    said = complaint(trial, ffmpeg=ffmpeg, limit_seconds=_PROBE_SECONDS)
    return said and said.splitlines()[0]


def check_keeps(encoder: Encoder, picture: Picture, name: str, instead: str, ffmpeg: str) -> None:
    """See that a CPU encoder can keep a picture's format, size and fields.

    Raises:
        EmbedError: naming what it cannot keep, and an encoder that can, if there is one.
    """
    reason = _not_kept(encoder.name, picture, ffmpeg)
    if reason is None:
        return
    others = [
        one.name
        for one in ENCODERS.values()
        if not one.on_gpu and _not_kept(one.name, picture, ffmpeg) is None
    ]
    advice = f"embed.encoder to {others[0]} or " if others else ""
    raise EmbedError(
        f"{encoder.name} cannot keep the picture of '{name}': {reason}; set {advice}{instead}."
    )


def _not_kept(encoder: str, picture: Picture, ffmpeg: str) -> str | None:
    if picture.pixel_format not in pixel_formats(encoder, ffmpeg):
        return f"it takes no {picture.pixel_format}"
    size = f"{picture.width}x{picture.height}"
    # What was tried: libx264 and libx265 refuse an odd number of lines or columns where colour
    # has half of them; libx264 keeps the fields of 4:2:0 pictures whose height is a multiple of 4.
    halved = (
        "420" in picture.pixel_format and picture.height % 2,
        any(kind in picture.pixel_format for kind in ("420", "422")) and picture.width % 2,
    )
    if encoder != "libsvtav1" and any(halved):
        return f"it takes no odd sizes such as {size}"
    if picture.interlaced and encoder != "libx264":
        return "it takes no interlaced pictures"
    if picture.interlaced and picture.height % 4:
        return f"it takes no interlaced pictures of {size}"
    return None


@cache
def pixel_formats(encoder: str, ffmpeg: str) -> frozenset[str]:
    """What an encoder of this ffmpeg takes; empty where there is no such encoder."""
    command = [ffmpeg, "-hide_banner", "-nostdin", "-h", f"encoder={encoder}"]
    help_text = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    match = re.search(r"Supported pixel formats: (.*)", help_text)
    return frozenset(match[1].split() if match else ())


def encoder_arguments(
    encoder: Encoder, settings: EmbedSettings, picture: Picture, stream: int, threads: int
) -> list[str]:
    """Arguments for ffmpeg to encode video stream `stream` of the result, counted from 0."""
    own = encoder.quality(settings.quality)
    arguments = [f"-c:v:{stream}", encoder.name, f"{encoder.quality_option}:{stream}", str(own)]
    # Every frame keeps its time, to the source's own tick: of a variable rate nothing is rounded.
    arguments += [f"-fps_mode:v:{stream}", "passthrough", f"-enc_time_base:v:{stream}", "demux"]
    arguments += [f"-threads:v:{stream}", str(threads)]
    pixel_format = picture.pixel_format
    if encoder.on_gpu:
        pixel_format = nvenc_format(pixel_format)
        # Without a rate of 0, ffmpeg's default of 2 Mbit/s would bound the quality.
        arguments += [f"-rc:v:{stream}", "vbr", f"-b:v:{stream}", "0"]
        arguments += [f"-preset:v:{stream}", "p5"]
    elif encoder.name == "libx265":
        arguments += ["-x265-params", f"log-level=error:pools={threads}"]
    elif encoder.name == "libsvtav1":
        arguments += [f"-preset:v:{stream}", "8", "-svtav1-params", f"lp={threads}"]
    if picture.interlaced:
        arguments += [f"-flags:v:{stream}", "+ilme+ildct"]
    if encoder.name in ("libx265", "hevc_nvenc") and settings.container == "mp4":
        arguments += [f"-tag:v:{stream}", "hvc1"]
    return [*arguments, f"-pix_fmt:v:{stream}", pixel_format]
