"""What the page of a folder tells of each video: its figures, and where its files are."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from vat.embed.fates import fates
from vat.embed.settings import EmbedSettings
from vat.files import read_json
from vat.media.probe import Media
from vat.report.jobs import DoneJob
from vat.report.risks import Shown

_CONTAINERS: Final = ("mkv", "mp4")
_JUDGED: Final = ("low", "again", "better")


def figures(transcript: Mapping[str, Any], tracks: Mapping[str, Shown]) -> dict[str, Any]:
    """How good a video's subtitles are, by what the stages recorded; None where nothing did."""
    seconds = transcript.get("coverage", {}).get("seconds", {})
    shares = [one.check["shares"]["reading_speed"] for one in tracks.values() if one.check]
    costs = [c for one in tracks.values() if (c := one.report.get("cost")) is not None]
    judged = [one.report["estimate"] for one in tracks.values() if "estimate" in one.report]
    counts = {key: sum(one[key] for one in judged) for key in _JUDGED} if judged else None
    return {
        "languages": [one.track.language for one in tracks.values()],
        "readable": min(shares, default=None),
        "no_words": seconds.get("no_words"),
        "quarantined": seconds.get("quarantined"),
        "doubtful": sum(len(one.report.get("doubtful", ())) for one in tracks.values()),
        "judged": counts,
        "cost": sum(costs) if costs else None,
    }


def speed(minutes: float | None, video: str, jobs: Iterable[DoneJob]) -> float | None:
    """The length of a video by the time that its jobs took, one after another; None if unknown."""
    seconds = sum(job.seconds for job in jobs if job.video == video)
    return minutes * 60 / seconds if minutes and seconds else None


def left_out(folder: Path) -> list[str]:
    """The streams of the source that the result does not have, in words."""
    made = [one for one in _CONTAINERS if (folder / f"{folder.name}.{one}").is_file()]
    if not made:
        return []
    media = Media.read(folder / "media.json")
    found = fates(media, EmbedSettings(container=made[0]))
    return [f"{one.stream.index} ({one.stream.words})" for one in found if not one.codec]


def files(results: Path, told: Mapping[str, Any], logs: Path) -> list[tuple[str, str]]:
    """Links from the folder of the pages to a video's files: what each is called, and where."""
    folder = results / told["video"]
    record = folder / "delivery.json"
    names = read_json(record) if record.is_file() else []
    found = [results / "delivery" / name for name in names]
    if not found:
        found = [folder / f"{folder.name}.{one}" for one in _CONTAINERS]
        found += sorted((folder / "subtitles").glob("*.srt"))
    places = [path for path in found if path.is_file()]
    links = [(path.name, _link(results, path)) for path in places]
    log = logs / told["video"]
    return [*links, ("logs", _link(results, log))] if log.is_dir() else links


def _link(results: Path, path: Path) -> str:
    return quote(os.path.relpath(path, results / "report"))


def sums(rows: Sequence[Mapping[str, Any]]) -> dict[str, int] | None:
    """How many sentences of all videos a model judged badly, and what came of them."""
    judged = [row["judged"] for row in rows if row["judged"]]
    return {key: sum(one[key] for one in judged) for key in _JUDGED} if judged else None
