"""Which subtitles of a video are taken from what there is, known before anything runs."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from vat.errors import ConfigError, SourceError, SubtitleError
from vat.jobs.addresses import masked
from vat.jobs.given_files import read_given
from vat.languages import code_of
from vat.media.probe import fingerprint_of
from vat.media.site_subtitles import Offer
from vat.media.subtitle_streams import SubtitleStream, sound_language, subtitle_streams
from vat.planning.edits import FOLDER, SPOKEN
from vat.planning.known_sources import Probes
from vat.planning.site_subtitles import SiteAnswers, language_of
from vat.planning.sources import Video, identity
from vat.settings import MULTI
from vat.subtitles.existing import Existing, Judged, best, form_of, is_in, judge
from vat.subtitles.generated_versions import EditFolder
from vat.subtitles.likely_language import likely_language
from vat.subtitles.reading import ENDINGS, plain, read_subtitles
from vat.subtitles.settings import ASR, BOTH, EDITS, KEEP, REPLACE, SIDECAR, TRACK
from vat.subtitles.sidecars import PICTURE_ENDINGS, Sidecar, files_beside, sidecars_of

BESIDE: Final = "existing-"
"""Before the language in the name of a track that is kept beside a new one."""

_VERSION: Final = 1
"""Of what is remembered of a file; raised where it would be judged otherwise."""

_NOTHING: Final = Offer(None, 0.0)

_SAMPLE: Final = 4000
_LEAST_LETTERS: Final = 60
_SURE: Final = 0.9
"""Letters, and the detector's probability, from which a text tells its language."""

_COMMANDS: Final = re.compile(r"\{[^}]*\}")


@dataclass(frozen=True, slots=True)
class Taken:
    """What is taken for a video, by the names of tracks, and streams that are to be left out.

    `said` is what people should know of it, one sentence a line.
    """

    tracks: Mapping[str, Existing] = field(default_factory=dict)
    left_out: Sequence[int] = ()
    said: Sequence[str] = ()


_SAID: Final = 20
"""So many sentences are shown; the log of each job has its own."""


def told(taken: Mapping[str, Taken]) -> list[str]:
    """What people should know of all videos, shortened where it is much."""
    said = [sentence for one in taken.values() for sentence in one.said]
    more = [f"And {len(said) - _SAID} more such."] if len(said) > _SAID else []
    return [*said[:_SAID], *more]


def with_language(video: Video, taken: Taken) -> Video:
    """A video whose language was to be detected, in that of the subtitles that are taken."""
    source = taken.tracks.get(SPOKEN)
    if source is None or not video.is_detected:
        return video
    return replace(video, language=source.language or video.language, languages=())


@dataclass(slots=True)
class SubtitleFinder:
    """Looks for the subtitles of a run's videos; `bases` are the folders for relative paths.

    `sites` tells what sites have of those that are fetched.
    """

    config: Mapping[str, Any]
    bases: Sequence[Path]
    probes: Probes
    sites: SiteAnswers
    folders: dict[Path, list[Path]] = field(default_factory=dict)

    def take(self, video: Video, mark: str, seconds: float) -> Taken:
        """What is taken of what a video of so many seconds has; `mark` tells when it changes.

        Raises:
            ConfigError: where the configuration asks for subtitles that are not there.
        """
        judged, sound = list[Judged](), None
        if video.remote:
            offer = self.sites.offers.get(video.source, _NOTHING)
            judged = judge([*self._of_site(video, offer)], offer.seconds)
            sound = _code(offer.sound)
        elif video.subtitles not in (ASR, EDITS) or video.targets:
            found = [*self._tracks(video, mark), *self._sidecars(video)]
            judged = judge(found, seconds)
            sound = self._sound(video, mark) if found and video.is_detected else None
        source = self._source(video, judged, sound)
        taken = {SPOKEN: source} if source else {}
        said = [_said_of_source(video, source)] if source else []
        existing = self.config["subtitles"]["existing"]
        left_out = list[int]()
        for target in video.targets:
            one = best(judged, target, (SIDECAR, TRACK))
            if one is None:
                continue
            said.append(_said_of_target(video, target, one, existing))
            if existing == KEEP:
                taken[target] = one
            elif existing == BOTH and one.where == SIDECAR:
                taken[f"{BESIDE}{target}"] = one
            elif existing == REPLACE:
                left_out += [int(track.place) for track in _tracks_in(judged, target)]
        known = {video.language if source is None else source.language, *video.targets}
        return Taken(taken, left_out, [*said, *_said_of_others(video, judged, taken, known)])

    def _of_site(self, video: Video, offer: Offer) -> Iterator[Existing]:
        """What a site has of a video.

        Raises:
            ConfigError, SourceError: where what is asked for is not to be had of a site.
        """
        if video.subtitles == TRACK:
            raise ConfigError(
                f"Only its download tells what tracks '{_name(video)}' has, so subtitles.source"
                " cannot be track for it; set it to auto, or name the fetched file."
            )
        if video.subtitles == SIDECAR and (trouble := self.sites.troubles.get(video.source)):
            raise trouble
        for one in offer.files:
            sidecar = Sidecar(Path(one.path), language_of(one.tag), ())
            title = f"{one.title} (automatic)".strip() if one.automatic else one.title
            yield replace(self._read(sidecar, SIDECAR), title=title)

    def _source(self, video: Video, judged: Sequence[Judged], sound: str | None) -> Existing | None:
        """The subtitles in the spoken language, with its code; None where speech is recognised."""
        mode = video.subtitles
        if mode == ASR:
            return None
        if mode == EDITS:
            return self._edited(video)
        language = sound if video.is_detected else video.language
        if mode not in (TRACK, SIDECAR):
            known = language if video.language != MULTI else None
            one = best(judged, known, (SIDECAR, TRACK)) if known else None
        else:
            one = best(judged, language, (mode,)) or best(judged, None, (mode,) * (not language))
            one = one or _unnamed(judged, mode, language)
            if one is None:
                raise _missing(video, judged, mode, language)
        return one and replace(one, language=language or one.language)

    def _edited(self, video: Video) -> Existing:
        folder = self.bases[0] / FOLDER / video.slug
        there = EditFolder(folder).copies(SPOKEN)
        if not there:
            raise ConfigError(
                f"subtitles.source is edits, but there is no file '{FOLDER}/{video.slug}/"
                f"{SPOKEN}.srt' for '{video.source}'; write it, or set subtitles.source to auto."
            )
        file = max(there, key=lambda one: one.stat().st_mtime_ns)
        one = self._read(Sidecar(file, None, ()), EDITS)
        if one.trouble:
            raise ConfigError(one.trouble)
        language = one.language if video.is_detected else video.language
        if language is None:
            raise ConfigError(f"Nothing tells the language of '{file}'; set languages.source.")
        return replace(one, language=language)

    def _tracks(self, video: Video, mark: str) -> list[Existing]:
        def look() -> str:
            try:
                streams = subtitle_streams(video.source)
            except SourceError:
                # The download says why.
                return "[]"
            return json.dumps([_of_stream(one, mark).to_json() for one in streams])

        key, version = f"tracks {video.source}", f"{_VERSION} {mark}"
        return [
            Existing.from_json(one) for one in json.loads(self.probes.facts(key, version, look))
        ]

    def _sound(self, video: Video, mark: str) -> str | None:
        """The code of the language that the tag of a video's sound tells, if it does."""

        def look() -> str:
            try:
                return _code(sound_language(video.source, video.audio_track)) or ""
            except SourceError:
                return ""

        key = f"sound {video.audio_track} {video.source}"
        return self.probes.facts(key, f"{_VERSION} {mark}", look) or None

    def _sidecars(self, video: Video) -> Iterator[Existing]:
        path = Path(video.source)
        files = self.probes.listing(f"beside {path}", lambda: self._files_of(path))
        for sidecar in sidecars_of(path, map(Path, files)):
            yield self._read(sidecar, SIDECAR)

    def _files_of(self, video: Path) -> list[str]:
        if video.parent not in self.folders:
            endings = (*ENDINGS, *PICTURE_ENDINGS)
            files = [one for one in files_beside(video) if one.suffix.lower()[1:] in endings]
            self.folders[video.parent] = files
        return [str(one.path) for one in sidecars_of(video, self.folders[video.parent])]

    def _read(self, sidecar: Sidecar, where: str) -> Existing:
        path = sidecar.path
        place = identity(path, self.bases[:1])
        try:
            mark = fingerprint_of(str(path))
        except SourceError as error:
            return Existing(where, place, path.suffix.lower()[1:], None, trouble=str(error))
        look: Callable[[], str] = lambda: json.dumps(_of_file(sidecar, where, place).to_json())  # noqa: E731
        found = self.probes.facts(f"{where} {path}", f"{_VERSION} {mark}", look)
        return Existing.from_json(json.loads(found))


def _of_stream(stream: SubtitleStream, mark: str) -> Existing:
    sample = plain(_COMMANDS.sub("", stream.sample))
    code = _code(stream.language) or _told_by(sample)
    return Existing(
        TRACK,
        str(stream.index),
        stream.codec,
        code,
        stream.title,
        stream.marks,
        stream.cues,
        stream.first,
        stream.last,
        stream.placed,
        form_of(sample, code),
        mark,
    )


def _of_file(sidecar: Sidecar, where: str, place: str) -> Existing:
    codec = sidecar.path.suffix.lower()[1:]
    bare = Existing(where, place, codec, sidecar.language, marks=sidecar.marks)
    if codec in PICTURE_ENDINGS:
        return bare
    try:
        digest = hashlib.sha256(read_given(sidecar.path)).hexdigest()
        file = read_subtitles(sidecar.path)
    except (SubtitleError, OSError) as error:
        return replace(bare, trouble=str(error))
    cues = file.cues
    sample = "\n".join(cue.text for cue in cues[:: max(1, len(cues) // 200)])[:_SAMPLE]
    code = sidecar.language or _told_by(sample)
    return replace(
        bare,
        language=code,
        cues=len(cues),
        first=cues[0].start if cues else 0.0,
        last=max((cue.end for cue in cues), default=0.0),
        placed=file.placed / max(1, len(cues)),
        script=form_of(sample, code),
        digest=digest,
    )


def _code(tag: str | None) -> str | None:
    return code_of(tag) if tag and tag not in ("und", "mis", "mul", "zxx") else None


def _told_by(text: str) -> str | None:
    """The language that a text is in, where it is long enough to tell."""
    if sum(map(str.isalpha, text)) < _LEAST_LETTERS and not re.search("[\u3040-\u9fff]{8}", text):
        return None
    name, probability, _ = likely_language(text, "en")
    return code_of(name) if probability >= _SURE else None


def _unnamed(judged: Sequence[Judged], mode: str, language: str | None) -> Existing | None:
    """Subtitles of which nothing tells the language, where the user does."""
    open_ = [one for one in judged if one.one.language is None and one.is_usable]
    named = [Judged(replace(one.one, language=language), one.kind) for one in open_]
    return best(named, language, (mode,)) if language else None


def _tracks_in(judged: Sequence[Judged], code: str) -> list[Existing]:
    return [one.one for one in judged if one.one.where == TRACK and is_in(one.one, code)]


def _missing(
    video: Video, judged: Sequence[Judged], mode: str, language: str | None
) -> ConfigError:
    there = "; ".join(f"{one.one.words}: {one.kind}" for one in judged if one.one.where == mode)
    wanted = f"{mode} in {language}" if language else f"{mode} in a language that is told"
    return ConfigError(
        f"'{masked(video.source)}' has no {wanted} with all that is said (there is:"
        f" {there or 'none'}); set subtitles.source to auto to recognise its speech, or correct"
        " languages.source."
    )


def _said_of_source(video: Video, one: Existing) -> str:
    return (
        f"'{_name(video)}': {one.words} has what is said; its speech is not recognised"
        f" (subtitles.source: {video.subtitles})."
    )


def _said_of_target(video: Video, target: str, one: Existing, existing: str) -> str:
    fate = {
        KEEP: f"it is kept and not translated into {target} again",
        REPLACE: f"it is replaced by a translation into {target}",
        BOTH: f"it is kept beside a translation into {target}",
    }[existing]
    return f"'{_name(video)}': {one.words} exists; {fate} (subtitles.existing: {existing})."


def _said_of_others(
    video: Video, judged: Sequence[Judged], taken: Mapping[str, Existing], known: set[str | None]
) -> Iterator[str]:
    """Why others in the languages of the run are not taken, where nothing is taken in theirs."""
    languages = {one.language for one in taken.values()}
    others = [
        f"{one.one.words}: {one.kind}"
        for one in judged
        if not one.is_usable
        and one.one.language not in languages
        and (one.one.language is None or any(code and is_in(one.one, code) for code in known))
    ]
    if others:
        yield f"'{_name(video)}': not taken: {'; '.join(others)}."


def _name(video: Video) -> str:
    return masked(video.source) if video.remote else Path(video.source).name
