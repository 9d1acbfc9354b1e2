"""What sites tell of the subtitles of a run's videos, asked once and remembered."""

import json
import logging
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Final
from urllib.parse import urlsplit

from vat.errors import SourceError
from vat.jobs.addresses import digest_of, hide
from vat.languages import base, code_of
from vat.media.site_subtitles import Offer, fetch_offer
from vat.media.suffixes import SUFFIXES
from vat.planning.known_sources import Probes
from vat.planning.sources import Video
from vat.subtitles.settings import ASR, AUTOMATIC, EDITS, NONE, SIDECAR, TRACK

logger = logging.getLogger(__name__)

_AT_ONCE: Final = 8
"""Sites are asked about so many videos at a time; an answer takes a second or two."""

_ORIGINAL: Final = "-orig"
"""At the end of YouTube's tag of captions in the language that is spoken."""


@dataclass(slots=True)
class SiteAnswers:
    """What sites offer, by URL; files lie in `folder`.

    A site that cannot be reached is not asked about other videos, as they may be many: `download`
    will say why. Its answer holds from then on, so that nothing is made anew because it changes.
    """

    kind: str
    folder: Path
    probes: Probes
    offers: dict[str, Offer] = field(default_factory=dict)
    troubles: dict[str, SourceError] = field(default_factory=dict)
    _away: Event = field(default_factory=Event)

    def ask(self, videos: Iterable[Video]) -> None:
        """Ask about all those videos of which nothing is known yet."""
        wanted = [video for video in videos if self._is_asked(video)]
        unknown = [video for video in wanted if not self._recall(video)]
        if unknown and self.probes.renew:
            if len(unknown) > _AT_ONCE:
                logger.warning("asking for the subtitles of %d videos", len(unknown))
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                for video, offer in zip(unknown, pool.map(self._fetched, unknown), strict=True):
                    if offer:
                        self._keep(video, offer)

    def _is_asked(self, video: Video) -> bool:
        """Whether a site may have what a video needs; the address of a bare file has nothing."""
        is_page = Path(urlsplit(video.source).path).suffix.lower() not in SUFFIXES
        is_needed = video.subtitles not in (ASR, EDITS, TRACK) or video.targets
        return video.remote and self.kind != NONE and is_page and bool(is_needed)

    def _recall(self, video: Video) -> bool:
        known = self.probes.known.get(self._key(video))
        if known is None or known[0] != self._mark(video):
            return False
        offer = Offer.from_json(json.loads(known[1]))
        if not all(Path(one.path).is_file() for one in offer.files):
            return False
        self.offers[video.source] = offer
        return True

    def _fetched(self, video: Video) -> Offer | None:
        if self._away.is_set():
            return None
        folder = self.folder / digest_of(f"{hide(video.source)}\n{self._mark(video)}")

        def choose(people: Sequence[str], machine: Sequence[str], sound: str | None) -> list[str]:
            return chosen(video, people, machine, sound)

        automatic = self.kind == AUTOMATIC
        try:
            return fetch_offer(
                video.source, folder, choose, automatic=automatic, manners=self.probes.manners
            )
        except SourceError as error:
            self.troubles[video.source] = error
            if not error.final:
                self._away.set()
            return None

    def _keep(self, video: Video, offer: Offer) -> None:
        self.offers[video.source] = offer
        value = json.dumps(offer.to_json())
        self.probes.facts(self._key(video), self._mark(video), lambda: value)

    def _key(self, video: Video) -> str:
        return f"subtitles of {hide(video.source)}"

    def _mark(self, video: Video) -> str:
        wanted = (video.language, *video.targets, "any" if video.subtitles == SIDECAR else "")
        return f"1 {self.kind} {' '.join(wanted)}"


def ask_sites(kind: str, probes: Probes, videos: Iterable[Video]) -> SiteAnswers:
    """What sites have for those videos that are fetched; `kind` is the setting subtitles.sites."""
    answers = SiteAnswers(kind, probes.path.with_name("subtitles"), probes)
    answers.ask(videos)
    return answers


def chosen(
    video: Video, people: Sequence[str], machine: Sequence[str], sound: str | None
) -> list[str]:
    """The tags of the subtitles that a video may take, of those by people and by the site itself.

    The latter are taken in the spoken language alone: a translation by a machine is what VAT makes.
    """
    told = _base(sound or "") if video.is_detected else base(video.language)
    if video.subtitles in (ASR, EDITS):
        told = None
    wanted = {told, *map(base, video.targets)}
    every = video.subtitles == SIDECAR and told is None
    found = [tag for tag in people if every or _base(tag) in wanted]
    if told is not None and all(_base(tag) != told for tag in found):
        own = [tag for tag in machine if _base(tag) == told]
        found += sorted(own, key=lambda tag: (not tag.endswith(_ORIGINAL), len(tag)))[:1]
    return found


def language_of(tag: str) -> str | None:
    """The code of the language of a site's tag, after which the site may put marks of its own."""
    return code_of(tag.removesuffix(_ORIGINAL)) or code_of(tag.partition("-")[0])


def _base(tag: str) -> str | None:
    code = language_of(tag)
    return None if code is None else base(code)
