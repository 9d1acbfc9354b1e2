"""Which subtitles that exist are taken: the section `subtitles`."""

from dataclasses import dataclass
from typing import Final

from vat.settings import setting

ASR, TRACK, SIDECAR, EDITS = "asr", "track", "sidecar", "edits"
SOURCES: Final = ("auto", ASR, TRACK, SIDECAR, EDITS)
KEEP, REPLACE, BOTH = "keep", "replace", "both"
MANUAL, AUTOMATIC, NONE = "manual", "automatic", "none"


@dataclass(frozen=True, slots=True)
class SubtitleSettings:
    """The keys of the configuration's `subtitles` section."""

    source: str = setting(
        "auto",
        "Where the subtitles in the spoken language come from. auto: from a file beside the video,"
        " else from a track of the video, where it is in the spoken language and shows all that is"
        " said; else speech is recognised. asr: speech is recognised. track, sidecar: from there,"
        " or the run is refused. edits: from edits/{video}/source.srt.",
        enum=SOURCES,
    )
    existing: str = setting(
        KEEP,
        "What becomes of subtitles that a video has in a target language. keep: they are used, and"
        " not translated again. replace: they are left out, and translated anew. both: they are"
        " kept beside the new ones.",
        enum=(KEEP, REPLACE, BOTH),
    )
    sites: str = setting(
        MANUAL,
        "Which subtitles that a site has for a URL count as files beside the video. manual: those"
        " by people. automatic: those that the site itself recognised in the spoken language, too."
        " none: the site is not asked.",
        enum=(MANUAL, AUTOMATIC, NONE),
    )
    relayout: bool = setting(
        False,
        "Whether the lines of subtitles that were taken are broken anew where they are too long or"
        " too many; their times stay.",
    )
