"""The pages of a run: results/report/index.html, and one page for each video's subtitles.

They need no network and no server: all that they show is in them, and nothing else may run in them
than the script that comes with them.
"""

import base64
import hashlib
import logging
import unicodedata
from collections.abc import Mapping, Sequence, Set
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from vat.errors import VatError
from vat.files import read_json, write_text
from vat.jobs.messages import sentence
from vat.report.gpus import read_uses
from vat.report.risks import Look, Shown, looks
from vat.subtitles.track import Track

logger = logging.getLogger(__name__)

_SPOKEN: Final = "source"
_UNREADABLE: Final = (VatError, OSError, KeyError, TypeError, ValueError, AttributeError)
_SHOWN: Final = ("subtitles", "edited", "translations")
"""The folders of a video whose records its page shows."""


def write_pages(results: Path, logs: Path, since: float, last: Sequence[Path]) -> None:
    """Write the pages of all videos that summary.json tells of, as far as they have changed.

    `logs` is the folder of the logs, `since` when the run began, in seconds of the epoch, and
    `last` the files that the run was to end with: they tell whose corrections are in force.
    What cannot be read or written is warned of: the results themselves do not need it.
    """
    try:
        summary = read_json(results / "summary.json")
        videos = [_of_video(results, one, {*last}) for one in summary["videos"]]
        gpus, whole = read_uses(logs / "gpu" / "placements.jsonl", since)
        facts = {"videos": videos, "summary": summary, "gpus": gpus, "whole": whole}
        html = _render("index.html", "index.js", **facts)
        write_text(results / "report" / "index.html", html)
    except _UNREADABLE as error:
        logger.warning("The report of this run is not written: %s", sentence(error))


def _of_video(results: Path, told: Mapping[str, Any], last: Set[Path]) -> dict[str, Any]:
    """A row of the folder's page; the video's own page is written where it has subtitles."""
    folder, page = results / told["video"], results / "report" / f"{told['video']}.html"
    row = {**told, "page": "", "minutes": None, **_figures({}, {})}
    try:
        transcript, media = _read(folder / "transcript.json"), _read(folder / "media.json")
        tracks = read_tracks(folder, last)
        row["minutes"] = media["duration"] / 60 if media else None
        row |= _figures(transcript, tracks)
        if tracks:
            edited = [one for one in last if one.parent == folder / "edited"]
            if not _is_fresh(page, folder, edited):
                found = looks(transcript, _SPOKEN, tracks)
                write_text(page, video_page(told["video"], told["name"], tracks, found))
            row["page"] = quote(page.name)
    except _UNREADABLE as error:
        logger.warning("There is no page of %s: %s", visible(told["name"]), sentence(error))
    return row


def _figures(transcript: Mapping[str, Any], tracks: Mapping[str, Shown]) -> dict[str, Any]:
    seconds = transcript.get("coverage", {}).get("seconds", {})
    shares = [one.check["shares"]["reading_speed"] for one in tracks.values() if one.check]
    costs = [c for one in tracks.values() if (c := one.report.get("cost")) is not None]
    return {
        "languages": [one.track.language for one in tracks.values()],
        "readable": min(shares, default=None),
        "no_words": seconds.get("no_words"),
        "quarantined": seconds.get("quarantined"),
        "doubtful": sum(len(one.report.get("doubtful", ())) for one in tracks.values()),
        "cost": sum(costs) if costs else None,
    }


def read_tracks(folder: Path, last: Set[Path] = frozenset()) -> dict[str, Shown]:
    """A video's tracks of one language, the spoken one first.

    They are as corrected where the corrected ones are among the `last` files of the run.
    """
    found = {}
    files = sorted(
        file for file in (folder / "subtitles").glob("*.json") if file.stem.count(".") == 0
    )
    for file in sorted(files, key=lambda file: file.stem != _SPOKEN):
        edited = folder / "edited" / file.name
        used = edited if edited.with_suffix(".srt") in last and edited.is_file() else file
        track = Track.read(used)
        if track.second is None:
            report = {} if used == edited else _read(folder / "translations" / file.name)
            found[file.stem] = Shown(track, _read(used.with_suffix(".check.json")), report)
    return found


def video_page(video: str, name: str, tracks: Mapping[str, Shown], found: list[Look]) -> str:
    """The page of one video, whose places are ordered by the script that is in it."""
    data = {
        "video": video,
        "tracks": {
            name: [[cue.start, cue.end, cue.text] for cue in one.track.cues]
            for name, one in tracks.items()
        },
        "languages": {name: one.track.language for name, one in tracks.items()},
        "looks": [asdict(look) for look in found],
    }
    return _render("video.html", "video.js", video=video, name=name, data=data)


def visible(text: str) -> str:
    """A name in which what would turn or hide the text around it is written out: `U+202E`."""
    return "".join(
        f"[U+{ord(c):04X}]" if unicodedata.category(c) in {"Cc", "Cf", "Cs"} else c for c in text
    )


def _render(template: str, script: str, **values: Any) -> str:
    pages = _environment()
    code, style = (_asset(name) for name in (script, "page.css"))
    policy = (
        f"default-src 'none'; script-src '{_digest(code)}'; style-src '{_digest(style)}';"
        " media-src 'self' file:; img-src data:; base-uri 'none'; form-action 'none'"
    )
    return pages.get_template(template).render(policy=policy, script=code, style=style, **values)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    pages = Environment(
        loader=PackageLoader("vat.report"), autoescape=True, undefined=StrictUndefined
    )
    pages.filters["visible"] = visible
    # The spoken track stays first.
    pages.policies["json.dumps_kwargs"] = {"sort_keys": False}
    return pages


def _asset(name: str) -> str:
    return (Path(__file__).parent / "templates" / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _read(path: Path) -> dict[str, Any]:
    record: dict[str, Any] = read_json(path) if path.is_file() else {}
    return record


def _is_fresh(page: Path, folder: Path, edited: Sequence[Path]) -> bool:
    """Whether a page is newer than all that it shows, and than what makes it."""
    if not page.is_file():
        return False
    own = [*Path(__file__).parent.glob("*.py"), *Path(__file__).parent.glob("templates/*")]
    shown = [folder / "transcript.json", folder / "edited"]
    shown += [file for part in _SHOWN for file in (folder / part).glob("*.json")]
    # A correction that is taken back leaves its track, and changes no time.
    unused = {*(folder / "edited").glob("*.srt")} - {*edited}
    if any(page.stat().st_mtime_ns > file.stat().st_mtime_ns for file in unused):
        return False
    times = [file.stat().st_mtime_ns for file in [*own, *shown] if file.exists()]
    return page.stat().st_mtime_ns > max(times)
