"""Subtitles drawn into the picture: what is drawn, by which encoder, and with which fonts."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from vat.embed.encoders import ENCODERS, Encoder, check_keeps, choose_encoder, encoder_arguments
from vat.embed.font_check import check_fonts, font_environment, visible
from vat.embed.picture import Picture, check_drawable, read_picture
from vat.embed.settings import EmbedSettings
from vat.embed.streams import Kept, first_picture, held
from vat.errors import EmbedError
from vat.files import write_text
from vat.media.stream import Stream
from vat.subtitles.ass import ass_document
from vat.subtitles.track import Track
from vat.timeline import Cue

logger = logging.getLogger(__name__)

_QUIET: Final = {"SVT_LOG": "1"}
"""SVT-AV1 writes 20 lines past ffmpeg's log level otherwise; 1 is errors."""

_WITH_MARGINS: Final = ("-apply_cropping", "codec")

_DOCUMENT: Final = "burn.ass"
"""The file is named by itself, as ffmpeg runs in its folder: no path has to survive a filter."""


@dataclass(frozen=True, slots=True)
class Burning:
    """Text on its way into a picture, which is video stream `number` of the result.

    `environment` is what ffmpeg needs to find the fonts, `input_options` go before the source.
    """

    picture: Picture
    number: int
    encoder: Encoder
    environment: Mapping[str, str]
    input_options: tuple[str, ...] = ()

    def arguments(self, settings: EmbedSettings, threads: int) -> list[str]:
        """Arguments for ffmpeg to draw and encode."""
        drawn = [f"-filter:v:{self.number}", f"ass={_DOCUMENT}"]
        return drawn + encoder_arguments(self.encoder, settings, self.picture, self.number, threads)

    def on_cpu(self, name: str, ffmpeg: str) -> "Burning":
        """The same with the encoder that needs no GPU.

        Raises:
            EmbedError: where that one cannot keep the picture of the video called `name`.
        """
        encoder = ENCODERS[self.encoder.cpu]
        check_keeps(encoder, self.picture, name, ffmpeg)
        return replace(self, encoder=encoder)


def plan_burning(
    source: Path,
    name: str,
    kept: Sequence[Kept],
    track: Track,
    settings: EmbedSettings,
    scratch: Path,
    *,
    ffmpeg: str,
    gpu: bool,
) -> Burning:
    """Choose the encoder, see that picture and fonts are fit, and write the text to `scratch`.

    Raises:
        EmbedError: where the picture cannot be kept as it is or a character has no font.
    """
    target = first_picture(kept)
    if target is None:
        raise EmbedError(f"'{name}' has no picture to burn into; set embed.mode to soft.")
    stream, number = target
    picture, encoder = fitting_encoder(source, stream, name, settings, ffmpeg=ffmpeg, gpu=gpu)
    environment = font_environment(settings, scratch) | _QUIET
    everything = Cue(1, 0.0, 1.0, visible(cue.text for cue in track.cues))
    sample = replace(track, cues=[everything], second=None, upper_lines=())
    check_fonts(
        track,
        ass_document(sample, settings.style, picture.upright),
        scratch,
        ffmpeg=ffmpeg,
        environment=environment,
    )
    document = ass_document(
        track,
        settings.style,
        picture.upright,
        pixel_aspect=picture.upright_pixel_aspect,
        transfer=picture.transfer,
    )
    write_text(scratch / _DOCUMENT, document)
    logger.info("%s burns in %s", encoder.name, track.title)
    shown = read_picture(source, stream.index)
    options = () if shown.upright == picture.upright else _WITH_MARGINS
    return Burning(picture, number, encoder, environment, options)


def fitting_encoder(
    source: Path, stream: Stream, name: str, settings: EmbedSettings, *, ffmpeg: str, gpu: bool
) -> tuple[Picture, Encoder]:
    """The encoder for a stream, and the picture that it keeps.

    The picture has its hidden margins where it could not be kept without.

    Raises:
        EmbedError: where the picture cannot be kept as it is.
    """
    try:
        return _fitting(source, stream.index, name, settings, ffmpeg=ffmpeg, gpu=gpu)
    except EmbedError as error:
        if held(stream, settings.container):
            raise
        raise EmbedError(
            f"The {stream.codec} picture of '{name}' can neither be copied into an"
            f" {settings.container} file nor encoded by {settings.encoder}; set embed.mode to none"
            " for subtitle files alone."
        ) from error


def _fitting(
    source: Path, index: int, name: str, settings: EmbedSettings, *, ffmpeg: str, gpu: bool
) -> tuple[Picture, Encoder]:
    picture = read_picture(source, index)
    check_drawable(picture, name)
    try:
        return picture, choose_encoder(settings, picture, name, gpu=gpu, ffmpeg=ffmpeg)
    except EmbedError:
        whole = read_picture(source, index, cropped=False)
        if whole.upright == picture.upright:
            raise
        logger.warning("'%s' keeps the margins that its container hides", name)
        return whole, choose_encoder(settings, whole, name, gpu=gpu, ffmpeg=ffmpeg)
