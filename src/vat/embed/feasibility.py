"""What is known of a result before its video is worked on: what it cannot hold, keep or show."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from vat.embed.burning import fitting_encoder
from vat.embed.settings import EmbedSettings
from vat.embed.streams import Kept, first_picture, is_encoded, plan_streams
from vat.embed.ways_out import shown_by_mkv, way_out
from vat.errors import EmbedError
from vat.media.containers import with_holdings
from vat.media.probe import Media


def feasibility(section: Mapping[str, Any], ffmpeg: str) -> Callable[[Path, Media], None]:
    """The check of a video against a configuration's section `embed`; see `check_feasible`."""
    return partial(check_feasible, settings=EmbedSettings(**section), ffmpeg=ffmpeg)


def check_feasible(source: Path, media: Media, settings: EmbedSettings, ffmpeg: str) -> None:
    """See that a video can be made as the settings want it; what it will lack is logged.

    An encoder on a GPU is judged by its brother on the CPU, which does the work where it cannot.

    Raises:
        EmbedError: naming what cannot be held, kept or shown, and a way out that works.
    """
    if settings.mode == "none" or not media.has_picture:
        return
    kept = plan_streams(media, settings, encodes=settings.burns)
    check_shows(source, media, settings, kept)
    target = first_picture(kept)
    if target and is_encoded(kept):
        fitting_encoder(source, target[0], media.name, settings, ffmpeg=ffmpeg, gpu=False)


def tried(media: Media, source: Path, ffmpeg: str) -> Media:
    """The media with what the containers hold of it, tried now where no download has."""
    untried = any(stream.in_mkv is None for stream in media.streams)
    return with_holdings(media, source, ffmpeg) if untried else media


def check_shows(source: Path, media: Media, settings: EmbedSettings, kept: Sequence[Kept]) -> None:
    """See that the result will not show what an edit list hides; Matroska has none.

    Raises:
        EmbedError: telling how much is hidden.
    """
    copied = [
        one.stream
        for one in kept
        if one.stream.type == "video" and one.codec == "copy" and not one.stream.attached_pic
    ]
    if hidden := shown_by_mkv(source, copied, settings.container):
        raise EmbedError(
            f"'{media.name}' hides its first {hidden:.3f} s by an edit list, which an mkv file"
            f" would show; {way_out(media, settings, [])}."
        )
