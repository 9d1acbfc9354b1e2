"""The plan of streams: what will be copied, converted and left out, before anything runs."""

import json
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from vat.embed.fates import counted, fates, recorded
from vat.embed.feasibility import check_feasible
from vat.embed.settings import EmbedSettings
from vat.errors import VatError
from vat.jobs.addresses import digest_of
from vat.jobs.messages import sentence
from vat.media.containers import MADE, with_holdings
from vat.media.ffmpeg import ffmpeg_path
from vat.media.probe import Media, probe
from vat.planning.known_sources import Probes
from vat.planning.plan import Plan
from vat.planning.sources import Video

SECONDS: Final = 5.0
"""How long a dry run tries videos that no earlier one has tried; a video takes half a second."""


def told_streams(plan: Plan, seconds: float = SECONDS) -> str:
    """What becomes of the streams of the videos that are files, for people to read.

    A video is tried once for as long as it and the settings stay the same; those for which there is
    no time are counted.
    """
    settings = EmbedSettings(**plan.config["embed"])
    probes = Probes(plan.bases[0] / ".snakemake" / "vat" / "streams.json")
    untried, whole, until = 0, 0, time.monotonic() + seconds
    settled = digest_of(json.dumps(plan.config["embed"], default=str))
    lines = list[str]()
    with _silence():
        for slug, video in plan.videos.items():
            key, mark = f"streams {video.source}", f"{plan.fingerprints[slug]} {settled}"
            known = probes.known.get(key, [""])[0] == mark
            if video.remote or not (known or time.monotonic() < until):
                untried += 1
                continue
            said = probes.facts(key, mark, partial(_tried, video, settings, plan))
            told = [f"  {text}" for text in json.loads(said)]
            whole += not told
            lines += told
    probes.save()
    lines += [f"  {whole} videos: all is copied"] * bool(whole)
    lines += [f"  {untried} videos: told by the next dry run, or their download"] * bool(untried)
    shown = (
        "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in t) for t in lines
    )
    return "\n".join(["Streams of the results:", *shown])


def _tried(video: Video, settings: EmbedSettings, plan: Plan) -> str:
    """A JSON array of lines about one video; none where all is copied."""
    name = Path(video.source).name
    if settings.mode == "none" or (video.is_sound and not settings.still):
        return json.dumps([f"{name}: no video is made"])
    try:
        ffmpeg = ffmpeg_path(plan.config["ffmpeg"])
        media = probe(
            video.source,
            name=name,
            title=video.title,
            source=video.source,
            audio_track=video.audio_track,
        )
        media = with_holdings(media, video.source, ffmpeg)
        check_feasible(Path(video.source), media, settings, ffmpeg)
    except (VatError, OSError) as error:
        return json.dumps([f"{name}: REFUSED. {sentence(error)}"])
    found = fates(media, settings, encodes=settings.burns and media.has_picture)
    why = [f"  {one.why}" for one in found if one.why]
    copied = all(one.codec in ("copy", MADE) for one in found) and not why
    return json.dumps([] if copied else [f"{name}: {counted(found)}", *why])


def recorded_streams(folder: Path, embed: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """What became of the streams of a video in a folder of results, for summary.json."""
    path, settings = folder / "media.json", EmbedSettings(**embed)
    if settings.mode == "none" or not path.exists():
        return []
    media = Media.read(path)
    plain = replace(settings, mode="soft") if not media.has_picture else settings
    return recorded(fates(media, plain, encodes=plain.burns))


@contextmanager
def _silence() -> Iterator[None]:
    """No warnings meanwhile: the jobs give them, and what they say is shown here."""
    library = logging.getLogger("vat")
    before = library.level
    library.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        library.setLevel(before)
