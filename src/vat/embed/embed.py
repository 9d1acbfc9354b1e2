"""The video with its subtitles: every stream kept, new tracks added, or text in the picture."""

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from vat.embed.burning import Burning, plan_burning
from vat.embed.check import check_result
from vat.embed.feasibility import check_shows, tried
from vat.embed.picture import read_picture
from vat.embed.settings import EmbedSettings
from vat.embed.still import media_of, with_still
from vat.embed.streams import (
    Kept,
    cover_arguments,
    first_picture,
    is_encoded,
    plan_streams,
    read_tags,
    stream_arguments,
    title_arguments,
)
from vat.embed.timing import MovedError
from vat.embed.track_files import write_tracks
from vat.embed.tracks import burnt_track, storable
from vat.embed.ways_out import is_copied
from vat.errors import EmbedError
from vat.files import atomic_path, scratch_folder
from vat.media.containers import MUXER_OPTIONS, MUXERS
from vat.media.ffmpeg import LOCAL_ONLY, FfmpegError, run_ffmpeg
from vat.media.probe import Media, opened, zero_of
from vat.media.stream import input_options
from vat.subtitles.track import Track

logger = logging.getLogger(__name__)

_USUAL_SIZE: Final = (1920, 1080)

_TICK: Final = 0.0005

_INVALID: Final = "Invalid data found"
"""What ffmpeg says where a packet cannot be put into a container."""

_TOLERANT: Final = ("-fflags", "+discardcorrupt")

_BAD_TIMES: Final = re.compile(
    r"replacing by guess|[Nn]on-monotonic|Invalid timestamps|incorrect timestamps|avoid negative"
    r"|Timestamps are unset"
)
"""What ffmpeg says where it changes the times of packets."""


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
    media = tried(media, video, ffmpeg)
    with ExitStack() as stack:
        if settings.still and not media.has_picture:
            folder = stack.enter_context(scratch_folder())
            video = with_still(video, media, settings, folder, ffmpeg)
            media = tried(media_of(video, media), video, ffmpeg)
        _embed(video, media, tracks, Path(destination).absolute(), settings, ffmpeg, gpu, threads)


def _embed(
    video: Path,
    media: Media,
    tracks: Sequence[Track],
    destination: Path,
    settings: EmbedSettings,
    ffmpeg: str,
    gpu: bool,
    threads: int,
) -> None:
    if settings.burns and not media.has_picture:
        logger.warning("'%s' has no picture to burn into; it gets tracks", media.name)
        settings = replace(settings, mode="soft")
    tracks = [storable(track) for track in tracks]
    new = tracks if settings.adds_tracks else []
    burnt = burnt_track(tracks, settings.burn_language) if settings.burns else None
    first = media.first_picture
    # Where there is nothing to draw, what was to be drawn into is copied if that works.
    copied = first is None or is_copied(video, first, settings.container)
    kept = plan_streams(media, settings, encodes=bool(burnt) or (settings.burns and not copied))
    check_shows(video, media, settings, kept)
    with (
        scratch_folder() as scratch,
        atomic_path(destination, video.stat().st_size) as part,
    ):
        plan = None
        if is_encoded(kept):
            plan = plan_burning(
                video, media.name, kept, burnt, settings, scratch, ffmpeg=ffmpeg, gpu=gpu
            )
        work = _Work(video, media, kept, new, settings, scratch, part, ffmpeg, threads)
        work.write(plan)


@dataclass(slots=True)
class _Work:
    """One video on its way into `part`, with the `new` tracks; `scratch` is for other files."""

    video: Path
    media: Media
    kept: Sequence[Kept]
    new: Sequence[Track]
    settings: EmbedSettings
    scratch: Path
    part: Path
    ffmpeg: str
    threads: int
    damaged: bool = field(default=False, init=False)
    tags: Mapping[str, str] = field(init=False)
    streams: list[str] = field(init=False)

    def __post_init__(self) -> None:
        """Read the source's tags, and write the tracks that become ffmpeg's inputs."""
        with opened(self.video, self.media.name) as container:
            self.tags = read_tags(container)
        self._prepare()

    def _prepare(self) -> None:
        kept, new, settings = self.kept, self.new, self.settings
        inputs = _track_inputs(self.video, kept, new, settings, self.scratch, self.ffmpeg)
        outputs = stream_arguments(kept, new, settings)
        outputs += cover_arguments(self.video, kept, self.scratch)
        self.streams = [*inputs, *outputs, *title_arguments(self.media, self.tags)]

    def write(self, plan: Burning | None) -> None:
        """Write the result and check it; where copied pictures came late, once more without."""
        name = self.media.name
        plan, said = _run_on_gpu_or_cpu(lambda plan: self._run(plan, {}), plan, name, self.ffmpeg)
        try:
            self._check(plan, said)
        except MovedError as error:
            if not any(error.lags.values()):
                raise
            logger.info("%s; decoding begins earlier instead", error)
            self._check(plan, self._run(plan, error.lags))

    def _run(self, plan: Burning | None, lags: Mapping[int, float]) -> str:
        arguments = [*(_TOLERANT if self.damaged else ())]
        arguments += source_arguments(self.video, self.media, self.kept, plan) + self.streams
        arguments += plan.arguments(self.settings, self.threads) if plan else []
        arguments += [*_earlier(self.kept, lags), *MUXER_OPTIONS[self.settings.container]]
        arguments += ["-f", MUXERS[self.settings.container]]
        try:
            return run_ffmpeg(
                [*arguments, f"file:{self.part}"],
                ffmpeg=self.ffmpeg,
                cwd=self.scratch,
                total_seconds=self.media.duration,
                task=f"embed {self.media.name}",
                environment=plan.environment if plan else {},
            )
        except FfmpegError as error:
            if _INVALID not in error.said or not self._spares_more():
                raise
            return self._run(plan, lags)

    def _spares_more(self) -> bool:
        """Prepare for another run that takes more damage; False where there is nothing to try.

        First, packets that the source marks as damaged are left out. Then AAC is decoded: in a
        container of another kind a packet without its header cannot be copied.
        """
        broken = [one for one in self.kept if (one.stream.codec, one.codec) == ("aac", "copy")]
        if self.damaged and not broken:
            return False
        if not self.damaged:
            logger.warning(
                "'%s' has damaged packets, as where a broadcast was received badly; they are left"
                " out",
                self.media.name,
            )
        else:
            logger.warning("its sound cannot be copied so, and becomes FLAC")
            self.kept = [replace(one, codec="flac") if one in broken else one for one in self.kept]
            self._prepare()
        self.damaged = True
        return True

    def _check(self, plan: Burning | None, said: str) -> None:
        check_result(
            self.part,
            self.video,
            self.tags,
            self.media,
            self.kept,
            self.new,
            self.settings,
            plan.picture if plan else None,
            suspicious=bool(_BAD_TIMES.search(said)),
        )


def _run_on_gpu_or_cpu(
    run: Callable[[Burning | None], str], plan: Burning | None, name: str, ffmpeg: str
) -> tuple[Burning | None, str]:
    """Run as planned; where an encoder on a GPU fails after all, run again on the CPU."""
    try:
        try:
            said = run(plan)
        except FfmpegError as error:
            if plan is None or not plan.encoder.on_gpu:
                raise
            logger.info("%s failed (%s); the CPU encodes instead", plan.encoder.name, error)
            plan = plan.on_cpu(name, ffmpeg)
            said = run(plan)
    except FfmpegError as error:
        raise EmbedError(f"Subtitles cannot be put into '{name}': {error}") from error
    return plan, said


def source_arguments(
    video: Path, media: Media, kept: Sequence[Kept], plan: Burning | None
) -> list[str]:
    """The source as ffmpeg's first input, its zero where the sound and the cues have theirs."""
    mapped = [one.stream.index for one in kept if not one.cover]
    with opened(video, media.name) as container:
        later = zero_of(container, mapped) - media.start_time
    offset = ["-itsoffset", f"{later:.6f}"] if abs(later) >= _TICK else []
    # AVI and VOB do not tell when each picture is shown; genpts works it out.
    odd = input_options(one.stream for one in kept)
    source = [*LOCAL_ONLY, *odd, "-fflags", "+genpts", *offset, "-i", f"file:{video}"]
    return [*(plan.input_options if plan else ()), *source]


def _earlier(kept: Sequence[Kept], lags: Mapping[int, float]) -> list[str]:
    """Let the decoding of copied pictures begin earlier by so many seconds, by stream index."""
    videos = [one.stream for one in kept if one.stream.type == "video" and not one.cover]
    return [
        argument
        for number, stream in enumerate(videos)
        if lags.get(stream.index)
        for argument in (f"-bsf:v:{number}", f"setts=dts=DTS-{lags[stream.index]:.6f}/TB")
    ]


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
