"""The video with its subtitles: every stream kept, new tracks added, or text in the picture."""

import logging
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from vat.embed.burning import Burning, plan_burning
from vat.embed.check import check_result
from vat.embed.picture import read_picture
from vat.embed.settings import EmbedSettings
from vat.embed.streams import (
    MUXERS,
    Kept,
    cover_arguments,
    first_picture,
    plan_streams,
    read_tags,
    stream_arguments,
    title_arguments,
)
from vat.embed.track_files import write_tracks
from vat.embed.tracks import burnt_track, storable
from vat.errors import EmbedError
from vat.files import atomic_path
from vat.media.ffmpeg import LOCAL_ONLY, FfmpegError, run_ffmpeg
from vat.media.probe import Media, opened
from vat.subtitles.track import Track

logger = logging.getLogger(__name__)

_USUAL_SIZE: Final = (1920, 1080)


def embed(
    source: str | Path,
    media: Media,
    tracks: Sequence[Track],
    destination: str | Path,
    settings: EmbedSettings,
    *,
    ffmpeg: str,
    gpu: bool = False,
    threads: int = 2,
) -> None:
    """Write the video with its subtitles; the result is checked before it appears.

    All streams, chapters and metadata of the source are copied, but for those that the container
    cannot hold, which the log names. `gpu` tells whether this job may encode on a GPU.

    Raises:
        EmbedError: where the container cannot hold picture or sound, the picture cannot be kept as
            it is, no font shows the text, or the result is not what was planned.
    """
    video = Path(source).absolute()
    kept = plan_streams(media, settings.container)
    tracks = [storable(track) for track in tracks]
    new = tracks if settings.adds_tracks else []
    burnt = burnt_track(tracks, settings.burn_language) if settings.burns else None
    with (
        tempfile.TemporaryDirectory(prefix="vat-embed-") as folder,
        atomic_path(Path(destination).absolute()) as part,
    ):
        scratch = Path(folder)
        plan = None
        if burnt:
            plan = plan_burning(
                video, media.name, kept, burnt, settings, scratch, ffmpeg=ffmpeg, gpu=gpu
            )
        with opened(video, media.name) as container:
            tags = read_tags(container)
        arguments = _stream_arguments(video, kept, new, settings, scratch, ffmpeg)
        arguments += title_arguments(media, tags)
        output = ["-f", MUXERS[settings.container], f"file:{part}"]

        def run(plan: Burning | None) -> None:
            encoding = plan.arguments(settings, threads) if plan else []
            run_ffmpeg(
                [*arguments, *encoding, *output],
                ffmpeg=ffmpeg,
                cwd=scratch,
                total_seconds=media.duration,
                task=f"embed {media.name}",
                environment=plan.environment if plan else {},
            )

        plan = _run_on_gpu_or_cpu(run, plan, media.name, ffmpeg)
        encoded = (plan.picture, plan.number) if plan else None
        check_result(part, video, tags, media, kept, new, settings, encoded)


def _run_on_gpu_or_cpu(
    run: Callable[[Burning | None], None], plan: Burning | None, name: str, ffmpeg: str
) -> Burning | None:
    """Run as planned; where an encoder on a GPU fails after all, run again on the CPU."""
    try:
        try:
            run(plan)
        except FfmpegError as error:
            if plan is None or not plan.encoder.on_gpu:
                raise
            logger.info("%s failed (%s); the CPU encodes instead", plan.encoder.name, error)
            plan = plan.on_cpu(name, ffmpeg)
            run(plan)
    except FfmpegError as error:
        raise EmbedError(f"Subtitles cannot be put into '{name}': {error}") from error
    return plan


def _stream_arguments(
    video: Path,
    kept: Sequence[Kept],
    new: Sequence[Track],
    settings: EmbedSettings,
    scratch: Path,
    ffmpeg: str,
) -> list[str]:
    """What goes in, and which streams come out."""
    # AVI and VOB do not tell when each picture is shown; genpts works it out.
    arguments = [*LOCAL_ONLY, "-fflags", "+genpts", "-i", f"file:{video}"]
    arguments += _track_inputs(video, kept, new, settings, scratch, ffmpeg)
    arguments += stream_arguments(kept, new, settings)
    return arguments + cover_arguments(video, kept, scratch)


def _track_inputs(
    video: Path,
    kept: Sequence[Kept],
    new: Sequence[Track],
    settings: EmbedSettings,
    scratch: Path,
    ffmpeg: str,
) -> list[str]:
    """The new tracks as ffmpeg's inputs; only ASS is made for a picture of a certain size."""
    size, target = _USUAL_SIZE, first_picture(kept)
    if settings.track_format == "ass" and target:
        size = read_picture(video, target[0].index).upright
    return write_tracks(new, settings, size, scratch, ffmpeg)
