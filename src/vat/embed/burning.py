"""Subtitles drawn into the picture: what is drawn, by which encoder, and with which fonts."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from vat.embed.encoders import (
    ENCODERS,
    Encoder,
    check_keeps,
    choose_encoder,
    encoder_arguments,
    nearest_format,
    wanted_encoder,
)
from vat.embed.font_check import check_fonts, font_environment, visible
from vat.embed.picture import Picture, check_drawable, is_rgb, read_picture
from vat.embed.settings import EmbedSettings
from vat.embed.streams import Kept, first_picture
from vat.embed.ways_out import unburnt
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
    """A picture that is encoded anew, as video stream `number` of the result; mostly with text.

    `filters` are ffmpeg's, `environment` is what it needs to find the fonts, `input_options` go
    before the source, and `instead` is what to set where the picture cannot be kept.
    """

    picture: Picture
    number: int
    encoder: Encoder
    filters: Sequence[str]
    environment: Mapping[str, str]
    instead: str
    input_options: tuple[str, ...] = ()

    def arguments(self, settings: EmbedSettings, threads: int) -> list[str]:
        """Arguments for ffmpeg to draw and encode."""
        drawn = [f"-filter:v:{self.number}", ",".join(self.filters)] if self.filters else []
        return drawn + encoder_arguments(self.encoder, settings, self.picture, self.number, threads)

    def on_cpu(self, name: str, ffmpeg: str) -> "Burning":
        """The same with the encoder that needs no GPU.

        Raises:
            EmbedError: where that one cannot keep the picture of the video called `name`.
        """
        encoder = ENCODERS[self.encoder.cpu]
        check_keeps(encoder, self.picture, name, self.instead, ffmpeg)
        return replace(self, encoder=encoder)


def plan_burning(
    source: Path,
    name: str,
    kept: Sequence[Kept],
    track: Track | None,
    settings: EmbedSettings,
    scratch: Path,
    *,
    ffmpeg: str,
    gpu: bool,
) -> Burning:
    """Choose the encoder, see that picture and fonts are fit, and write the text to `scratch`.

    Without a `track` the picture is only encoded.

    Raises:
        EmbedError: where the picture cannot be kept as it is or a character has no font.
    """
    target = first_picture(kept)
    if target is None:
        raise EmbedError(f"'{name}' has no picture to burn into; set embed.mode to soft.")
    stream, number = target
    picture, encoder = fitting_encoder(source, stream, name, settings, ffmpeg=ffmpeg, gpu=gpu)
    environment: Mapping[str, str] = _QUIET
    shown = read_picture(source, stream.index)
    filters = _from_rgb(picture) if is_rgb(shown.pixel_format) else []
    if track is not None:
        environment = font_environment(settings, scratch) | _QUIET
        _write_text(track, picture, settings, scratch, ffmpeg, environment)
        logger.info("%s burns in %s", encoder.name, track.title)
        filters = [*filters, f"ass={_DOCUMENT}"]
    options = () if shown.upright == picture.upright else _WITH_MARGINS
    instead = unburnt(source, stream, settings)
    return Burning(picture, number, encoder, filters, environment, instead, options)


def _write_text(
    track: Track,
    picture: Picture,
    settings: EmbedSettings,
    scratch: Path,
    ffmpeg: str,
    environment: Mapping[str, str],
) -> None:
    """Write what is drawn to `scratch`, after a look at its fonts."""
    everything = Cue(1, 0.0, 1.0, visible(cue.text for cue in track.cues))
    sample = replace(track, cues=[everything], second=None, upper_lines=())
    document = ass_document(sample, settings.style, picture.upright)
    check_fonts(track, document, scratch, ffmpeg=ffmpeg, environment=environment)
    document = ass_document(
        track,
        settings.style,
        picture.upright,
        pixel_aspect=picture.upright_pixel_aspect,
        transfer=picture.transfer,
    )
    write_text(scratch / _DOCUMENT, document)


def _from_rgb(picture: Picture) -> list[str]:
    """Filters that turn RGB into YUV as players expect it, of a picture that becomes YUV."""
    if is_rgb(picture.pixel_format):
        return []
    return [
        "scale=out_color_matrix=bt709:out_range=tv",
        f"format={picture.pixel_format}",
        "setparams=colorspace=bt709:range=tv",
    ]


def fitting_encoder(
    source: Path, stream: Stream, name: str, settings: EmbedSettings, *, ffmpeg: str, gpu: bool
) -> tuple[Picture, Encoder]:
    """The encoder for a stream, and the picture that it keeps.

    The picture has its hidden margins where it could not be kept without. One that no container
    takes as it is gets the pixel format that is nearest to its own.

    Raises:
        EmbedError: where the picture cannot be kept as it is.
    """
    instead = unburnt(source, stream, settings)
    try:
        picture = read_picture(source, stream.index)
    except EmbedError as error:
        logger.info("%s", error)
        raise EmbedError(
            f"The {stream.codec} picture of '{name}' cannot be encoded anew, as it cannot be"
            f" decoded; set {instead}."
        ) from error
    check_drawable(picture, name, instead)
    try:
        encoder = choose_encoder(settings, picture, name, instead, gpu=gpu, ffmpeg=ffmpeg)
    except EmbedError:
        whole = read_picture(source, stream.index, cropped=False)
        if whole.upright != picture.upright:
            logger.warning("'%s' keeps the margins that its container hides", name)
            return whole, choose_encoder(settings, whole, name, instead, gpu=gpu, ffmpeg=ffmpeg)
        if stream.in_mkv or stream.in_mp4:
            raise
        return _converted(picture, stream, name, settings, ffmpeg)
    return picture, encoder


def _converted(
    picture: Picture, stream: Stream, name: str, settings: EmbedSettings, ffmpeg: str
) -> tuple[Picture, Encoder]:
    """The picture with the nearest pixel format that the encoder takes."""
    encoder = ENCODERS[wanted_encoder(settings, picture).cpu]
    nearest = nearest_format(encoder.name, picture, ffmpeg)
    if nearest is None:
        raise EmbedError(
            f"The {stream.codec} picture of '{name}' can neither be copied into an"
            f" {settings.container} file nor encoded by {encoder.name}; set embed.mode to none"
            " for subtitle files alone."
        )
    logger.warning(
        "the picture of '%s' is stored as %s, as %s takes no %s",
        name,
        nearest,
        encoder.name,
        picture.pixel_format,
    )
    return replace(picture, pixel_format=nearest, colour=(*picture.colour[:3], 0)), encoder
