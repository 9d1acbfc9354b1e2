"""The subtitles that a site has for a video: which there are, and the wanted ones as files."""

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

from vat.files import Record, write_text
from vat.media.titles import one_line
from vat.media.yt_dlp import Manners, extract

logger = logging.getLogger(__name__)

_TAG: Final = re.compile(r"[A-Za-z0-9]+(?:[-_][A-Za-z0-9]+)*")
"""A language's tag becomes a part of a file's name, so that nothing else is one."""

_FORMS: Final = ("srt", "vtt", "ass", "ssa", "ttml", "dfxp")
"""What is taken of what a site offers, the first one first."""

_TIMED_XML: Final = ("ttml", "dfxp")
_XML_ID: Final = "{http://www.w3.org/XML/1998/namespace}id"
_NAMES: Final = ("id", _XML_ID, "style")
"""What a style does not hand on."""


@dataclass(frozen=True, slots=True)
class SiteFile(Record):
    """Subtitles of a site as a file: the site's tag of the language, and what it calls them.

    `automatic` ones are the site's own recognition of speech.
    """

    tag: str
    path: str
    title: str
    automatic: bool


@dataclass(frozen=True, slots=True)
class Offer(Record):
    """What a site tells of a video: the tag of its sound's language or None, and its seconds or 0.

    `files` are the subtitles that were wanted.
    """

    sound: str | None
    seconds: float
    files: tuple[SiteFile, ...] = ()


Choice = Callable[[Sequence[str], Sequence[str], str | None], Sequence[str]]
"""Which tags are wanted, of those by people, those of automatic ones, and the sound's own tag."""


def fetch_offer(
    url: str, folder: Path, choose: Choice, *, automatic: bool, manners: Manners
) -> Offer:
    """Ask a site what subtitles it has for a video, and fetch those that are wanted.

    Automatic ones are offered to `choose` only where they are asked for.

    Raises:
        SourceError: where the site cannot be asked, with yt-dlp's own reason.
    """
    folder.mkdir(parents=True, exist_ok=True)
    options = {
        "skip_download": True,
        "ignore_no_formats_error": True,
        "noplaylist": True,
        "writesubtitles": True,
        "writeautomaticsub": automatic,
        "subtitleslangs": [],
        "subtitlesformat": "/".join(_FORMS),
        "outtmpl": {"default": f"{folder / 'site'}".replace("%", "%%") + ".%(ext)s"},
        "overwrites": True,
    }

    def step(client: Any) -> Any:
        info = client.extract_info(url, download=False)
        people, machine = (_tags(info, one) for one in ("subtitles", "automatic_captions"))
        wanted = choose(people, machine if automatic else (), info.get("language"))
        # Tags are patterns to yt-dlp.
        client.params["subtitleslangs"] = [re.escape(tag) for tag in wanted]
        return client.process_ie_result(info, download=True) if wanted else info

    return _offer(extract(url, options, manners, step))


def _tags(info: Mapping[str, Any], kind: str) -> list[str]:
    """The languages in which there are subtitles in a form that is read."""
    found = info.get(kind) or {}
    return [
        tag
        for tag, forms in found.items()
        if _TAG.fullmatch(tag) and any(form.get("ext") in _FORMS for form in forms)
    ]


def _offer(info: Mapping[str, Any]) -> Offer:
    people = info.get("subtitles") or {}
    files = []
    for tag, one in (info.get("requested_subtitles") or {}).items():
        if (path := one.get("filepath")) and (readable := _readable(Path(path), tag)):
            title = one_line(str(one.get("name") or ""))
            files.append(SiteFile(tag, str(readable), title, tag not in people))
    return Offer(info.get("language"), float(info.get("duration") or 0.0), tuple(files))


def _readable(path: Path, tag: str) -> Path | None:
    """The file itself, or SubRip beside it where it is XML with times; None where it is damaged."""
    if path.suffix[1:] not in _TIMED_XML:
        return path
    from yt_dlp.utils import dfxp2srt

    try:
        subtitles = dfxp2srt(_with_whole_styles(path.read_bytes()))
    except (ValueError, LookupError, SyntaxError) as error:
        # XML that cannot be parsed is a SyntaxError, an unknown encoding a LookupError.
        logger.warning("the site's subtitles in %s cannot be read (%s): %s", tag, error, path)
        return None
    if not subtitles.strip():
        logger.warning("the site's subtitles in %s have no text with times: %s", tag, path)
        return None
    readable = path.with_suffix(".srt")
    write_text(readable, subtitles)
    return readable


def _with_whole_styles(data: bytes) -> bytes:
    """Timed XML whose styles name no others: each has what it had from those.

    yt-dlp waits for ever for a style that is not there, has nothing that it knows, or is one's own.
    """
    # As yt-dlp does for files that are marked wrongly.
    data = data.replace(b"encoding='UTF-16'", b"encoding='UTF-8'")
    root = ElementTree.fromstring(data)  # noqa: S314
    styles = [one for one in root.iter() if one.tag.rpartition("}")[2] == "style"]
    if not any("style" in one.attrib for one in styles):
        return data
    own = {one.get("id", "") or one.get(_XML_ID, ""): dict(one.attrib) for one in styles}
    for style in styles:
        found: dict[str, str] = {}
        for name in reversed(_ancestors(style.get("style", ""), own)):
            found |= {key: value for key, value in own[name].items() if key not in _NAMES}
        style.attrib.update({**found, **style.attrib})
        style.attrib.pop("style", None)
    return ElementTree.tostring(root)


def _ancestors(named: str, styles: Mapping[str, Mapping[str, str]]) -> list[str]:
    """The names of all styles that a list of names leads to, nearer ones first, each once.

    Of those in one list, the last one counts most.
    """
    found = [name for name in reversed(named.split()) if name in styles]
    seen = set(found)
    for one in found:
        for name in reversed(styles[one].get("style", "").split()):
            if name in styles and name not in seen:
                seen.add(name)
                found.append(name)
    return found
