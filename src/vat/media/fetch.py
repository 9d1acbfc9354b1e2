"""How a video comes in: linked from the disk, or fetched by yt-dlp."""

import logging
import os
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from vat.errors import SourceError
from vat.files import DamagedError, atomic_path, read_json, write_json
from vat.jobs.addresses import digest_of, is_address, masked, revealed
from vat.media.containers import with_holdings
from vat.media.live_streams import check_ended
from vat.media.matroska import has_ordered_chapters
from vat.media.private_addresses import PrivateAddressError, check_entry
from vat.media.probe import Media, probe, status_of
from vat.media.stream import told_choice
from vat.media.suffixes import SUFFIXES
from vat.media.titles import one_line
from vat.media.unfinished import check_finished
from vat.media.wholeness import check_whole
from vat.media.yt_dlp import Manners, extract

logger = logging.getLogger(__name__)

ATTEMPTS: Final = 4
"""How often a fetch is tried where the network or the server fails for the moment."""

_WAIT_SECONDS = 2.0
_PERMANENT = (
    "HTTP Error 40",
    "HTTP Error 410",
    "Unsupported URL",
    "Private video",
    "not available",
    "is a live stream",
    "is larger than",
    "without an end",
    "download.cookies",
)
_PLAIN: Final = Manners()


def download(
    source: str,
    destination: str | Path,
    media_json: str | Path,
    *,
    remote: bool,
    title: str | None,
    audio_track: int | None,
    format: str | None,
    ffmpeg: str,
    manners: Manners = _PLAIN,
    check: Callable[[Path, Media], None] | None = None,
    fingerprint: str = "",
    truncated: str = "warn",
) -> None:
    """Bring one video in: `destination` links or holds it, and `media_json` says what it is.

    A fetched video stays beside `destination` until it is probed and passes `check`, so that a
    failure there does not fetch it again. A local one must still have the `fingerprint` that it had
    when the run began, and nobody may be writing to it. A `source` may be masked (see
    `vat.jobs.addresses`), and is so in what is recorded. `truncated` is "warn" or "fail".

    Raises:
        SourceError: where it cannot be had, is no video, or is damaged.
    """
    target = Path(destination)
    name = Path(source).name
    if remote:
        address, source = revealed(source), masked(source)
        here = target.with_name("fetched-" + digest_of(f"{address}\n{format}"))
        facts = fetch_url(address, here, format=format, ffmpeg=ffmpeg, manners=manners)
        name, title = facts["name"], title or facts["title"]
    else:
        check_finished(source, fingerprint)
        link_local(source, target)
        here = target
    media = probe(here, name=name, title=title, source=source, audio_track=audio_track)
    check_whole(here, name, media.duration, media.missing, truncated)
    _tell(here, media, chosen=audio_track is not None)
    media = with_holdings(media, here, ffmpeg)
    if check is not None:
        check(here, media)
    if not remote:
        check_finished(source, fingerprint)
    media.write(media_json)
    if remote:
        here.replace(target)
        _facts_file(here).unlink(missing_ok=True)


def _tell(path: Path, media: Media, *, chosen: bool) -> None:
    """Log what a video is, and which track is transcribed where nobody has `chosen` it."""
    logger.info("%s: %.3f s, audio track %s", media.name, media.duration, media.audio_track)
    choice = told_choice(media.of_type("audio"), media.audio_track, media.name)
    if choice and not chosen:
        logger.warning("%s", choice)
    if has_ordered_chapters(path):
        logger.warning(
            "the chapters of '%s' tell players to show it in another order, or with parts of other"
            " files; it is taken from its start to its end, and so plays the result",
            media.name,
        )


def link_local(source: str | Path, destination: str | Path) -> None:
    """Make `destination` a symbolic link to a local file, relative where `source` is.

    Raises:
        SourceError: where the file is missing, out of reach or no file.
    """
    path = Path(source)
    status_of(path, str(source))
    folder = Path(destination).parent.resolve()
    target = path if path.is_absolute() else os.path.relpath(path, folder)
    with atomic_path(destination) as part:
        part.symlink_to(target)


def set_dead_links_aside(links: Iterable[Path]) -> None:
    """Rename links that lead to no file any more, and back again those that do.

    Snakemake takes a dead link for a file and stops the whole run where it asks for its time. The
    link keeps its own time under either name, so that nothing is done again when a disk is back.
    """
    for link in links:
        aside = link.with_name(f"{link.name}.away")
        if link.is_symlink() and not _leads_to_a_file(link):
            logger.info("%s is a broken link and is set aside", link)
            link.rename(aside)
        elif aside.is_symlink() and _leads_to_a_file(aside) and not link.exists():
            aside.rename(link)


def _leads_to_a_file(link: Path) -> bool:
    try:
        status_of(link)
    except SourceError:
        return False
    return True


def fetch_url(
    url: str,
    destination: Path,
    *,
    format: str | None,
    ffmpeg: str,
    manners: Manners = _PLAIN,
) -> Mapping[str, str]:
    """Fetch one video to exactly `destination` and return its `name` and `title`.

    A broken fetch leaves its parts beside `destination` and is continued by the next one; a
    finished one is not repeated. Moments of weakness of server or network are waited for.

    Raises:
        SourceError: where it cannot be fetched, with yt-dlp's own reason.
    """
    from tenacity import retry, retry_if_exception, stop_after_attempt, wait_exponential

    facts_file = _facts_file(destination)
    if destination.is_file() and (known := _known_facts(facts_file)):
        logger.info("already fetched")
        return known
    options: dict[str, Any] = {
        "ffmpeg_location": ffmpeg,
        "outtmpl": {"default": f"{_plain(destination)}.%(ext)s"},
        "format": format,
        "noplaylist": True,
        "continuedl": True,
        "overwrites": False,
        "postprocessors": [],
    }
    attempt = retry(
        retry=retry_if_exception(_is_passing),
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_exponential(multiplier=_WAIT_SECONDS, max=60),
        reraise=True,
    )
    step = partial(_fetched, url, manners.private_addresses)
    info = attempt(extract)(url, options, manners, step)
    path = Path(info["requested_downloads"][0]["filepath"])
    facts = {"title": one_line(str(info.get("title") or path.stem)), "name": _name(url, info)}
    write_json(facts_file, facts)
    path.replace(destination)
    return facts


def _known_facts(file: Path) -> Mapping[str, str] | None:
    """What an earlier job noted of a fetched video; None where that is nothing or damaged."""
    try:
        facts: Mapping[str, str] = read_json(file)
        return {key: str(facts[key]) for key in ("title", "name")}
    except (DamagedError, KeyError, TypeError) as error:
        logger.warning("%s tells nothing (%s); its video is fetched again", file, error)
        return None


def expand_url(url: str, manners: Manners = _PLAIN) -> list[str]:
    """The videos behind a URL: a playlist's entries, or the URL itself.

    The address of a media file, and that of a page known to show one video, ask no server.

    Raises:
        SourceError: where the page cannot be read, or names a video at a private address.
    """
    if Path(urlsplit(url).path).suffix.lower() in SUFFIXES:
        return [url]
    from yt_dlp.extractor import gen_extractor_classes

    extractor = next((one for one in gen_extractor_classes() if one.suitable(url)), None)
    if extractor is not None and extractor.is_single_video(url):
        return [url]
    step = partial(_listed, url)
    info = extract(url, {"extract_flat": "in_playlist"}, manners, step)
    if info.get("_type") != "playlist":
        return [url]
    found = [entry.get("webpage_url") or entry.get("url") for entry in info["entries"] if entry]
    entries = [str(entry) for entry in found if entry and is_address(str(entry))]
    if not entries:
        raise SourceError(f"The playlist {masked(url)} is empty; name another.")
    if not manners.private_addresses:
        for entry in entries:
            check_entry(entry, url)
    return entries


def _listed(url: str, client: Any) -> Any:
    return client.extract_info(url, download=False)


def _fetched(url: str, private_addresses: bool, client: Any) -> Any:
    info = client.extract_info(url, download=False)
    if not private_addresses:
        _check_streams(url, info)
    check_ended(url, _chosen(info), client, live=bool(info.get("is_live")))
    return client.process_ie_result(info, download=True)


def _check_streams(url: str, info: Mapping[str, Any]) -> None:
    """See that what other programs would fetch (RTMP) is not at a private address.

    Raises:
        PrivateAddressError: where it is, also where that program is missing.
    """
    for one in _chosen(info):
        address = str(one.get("url"))
        if urlsplit(address).scheme not in ("http", "https"):
            check_entry(address, url)


def _chosen(info: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(info.get("requested_formats") or [info])


def _is_passing(error: BaseException) -> bool:
    """Whether another try may help; what the server refuses for good, it refuses again."""
    if isinstance(error, PrivateAddressError) or not isinstance(error, SourceError):
        return False
    return not any(sign in str(error) for sign in _PERMANENT)


def _facts_file(fetched: Path) -> Path:
    return fetched.with_name(f"{fetched.name}.json")


def _plain(path: Path) -> str:
    """A path for yt-dlp's template language, in which % begins a field."""
    return os.fspath(path).replace("%", "%%")


def _name(url: str, info: Mapping[str, Any]) -> str:
    """What to call a fetched video: the file in its address, else its title."""
    file = Path(unquote(urlsplit(url).path)).name
    if Path(file).suffix.lower() in SUFFIXES:
        return one_line(file)
    return one_line(str(info.get("title") or file or masked(url)))
