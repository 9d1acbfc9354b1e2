"""The pages of a run: results/report/index.html, and one page for each video's subtitles.

They need no network and no server: all that they show is in them, and nothing else may run in them
than the script that comes with them.
"""

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from vat.errors import VatError
from vat.files import read_json, write_json, write_text
from vat.jobs.messages import sentence
from vat.report.jobs import DoneJob, done_jobs
from vat.report.machine import machine_facts
from vat.report.rendering import render, visible
from vat.report.risks import Shown, looks
from vat.report.rows import figures, files, left_out, speed, sums
from vat.report.run import Run
from vat.report.video_page import (
    SPOKEN,
    is_fresh,
    read_hearings,
    read_record,
    read_tracks,
    video_page,
)
from vat.report.waveform import Strips

logger = logging.getLogger(__name__)

_UNREADABLE: Final = (VatError, OSError, KeyError, TypeError, ValueError, AttributeError)


def write_pages(run: Run) -> None:
    """Write the pages of all videos that summary.json tells of, as far as they have changed.

    What cannot be read or written is warned of: the results themselves do not need it.
    """
    try:
        summary = read_json(run.results / "summary.json")
        jobs = done_jobs(run.benchmarks) if run.benchmarks else []
        strips = Strips()
        videos = [_of_video(run, one, jobs, strips) for one in summary["videos"]]
        facts = {"videos": videos, "summary": summary, "judged": sums(videos)}
        facts |= {"machine": machine_facts(run, jobs), "made_with": _made_with(run)}
        html = render("index.html", "index.js", **facts)
        write_text(run.results / "report" / "index.html", html)
    except _UNREADABLE as error:
        logger.warning("The report of this run is not written: %s", sentence(error))


def _made_with(run: Run) -> dict[str, Any]:
    """Versions and the like, also as provenance.json; an empty record where they are not told."""
    found = dict(run.made_with())
    if found:
        found["models"] = read_record(run.results / "models.json")
        write_json(run.results / "provenance.json", found)
    return found


def _of_video(
    run: Run, told: Mapping[str, Any], jobs: Sequence[DoneJob], strips: Strips
) -> dict[str, Any]:
    """A row of the folder's page; the video's own page is written where it has subtitles."""
    results, folder = run.results, run.results / told["video"]
    row = {**told, "page": "", "minutes": None, "speed": None, "files": [], "left_out": []}
    row |= figures({}, {})
    try:
        transcript, media = (
            read_record(folder / name) for name in ("transcript.json", "media.json")
        )
        row["minutes"] = media["duration"] / 60 if media else None
        row["speed"] = speed(row["minutes"], told["video"], jobs)
        row["files"], row["left_out"] = files(results, told, run.logs), left_out(folder)
        tracks = read_tracks(folder, {*run.last}, partial(run.glossary, told["video"]))
        row |= figures(transcript, tracks)
        if tracks:
            row["page"] = quote(_with_page(run, told, transcript, tracks, strips).name)
    except _UNREADABLE as error:
        logger.warning("There is no page of %s: %s", visible(told["name"]), sentence(error))
    return row


def _with_page(
    run: Run,
    told: Mapping[str, Any],
    transcript: Mapping[str, Any],
    tracks: Mapping[str, Shown],
    strips: Strips,
) -> Path:
    """The page of a video, which is written where there is none that shows all."""
    video, name = told["video"], told["name"]
    page = run.results / "report" / f"{video}.html"
    tables = {table for track in tracks for table in run.glossary(video, track)}
    if not is_fresh(page, run.results / video, {*run.last}, visible(name), tables):
        heard = {**transcript, "hearings": read_hearings(run.results / video)} if transcript else {}
        found, strip = looks(heard, SPOKEN, tracks), _strip(run, video, strips)
        write_text(page, video_page(video, name, tracks, found, strip))
    return page


def _strip(run: Run, video: str, strips: Strips) -> Mapping[str, Any] | None:
    """The strip of a video's sound; a page does without where the sound cannot be read."""
    import soundfile

    try:
        return strips.of(run.results / video / "speech.flac")
    except soundfile.LibsndfileError as error:
        logger.warning("There is no strip of the sound of %s: %s", video, error)
        return None
