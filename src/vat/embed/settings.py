"""How subtitles are put into a video, and where it goes: the sections `embed` and `delivery`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from vat.settings import LanguageOrSource, Rule, Text, TrackName, means, setting
from vat.subtitles.styles import AUTO
from vat.subtitles.track import WORD_ENDINGS

COVER: Final = "cover"
"""Instead of the path of a still picture."""

_SIDECARS: Final = ("srt", "vtt", "ass", *WORD_ENDINGS)


@dataclass(frozen=True, slots=True)
class EmbedSettings:
    """The keys of the configuration's `embed` section.

    A job is given the text of a style file of one's own as `style`.
    """

    mode: str = setting(
        "soft",
        "soft: tracks the viewer can switch. burn: into the picture. both: both in one file."
        " none: subtitle files only.",
        enum=("soft", "burn", "both", "none"),
    )
    container: str = setting(
        "mkv",
        "Container of the result; mkv keeps nearly every stream, mp4 fewer. What it cannot hold is"
        " tried and told before the video is worked on.",
        enum=("mkv", "mp4"),
    )
    unsupported: str = setting(
        "leave-out",
        "What becomes of a video with a stream that the container cannot hold: leave-out makes the"
        " result without it and warns, fail refuses the video before it is worked on.",
        enum=("leave-out", "fail"),
    )
    still: Text | None = setting(
        None,
        "The picture of a video that is made of sound alone: cover (its own, else black), the path"
        " of a picture, or null. With null, no video is made of sound files.",
    )
    source_track: bool = setting(False, "Whether the spoken language gets a track, too.")
    bilingual: Sequence[LanguageOrSource] = setting(
        (),
        "Two languages for one more track, the upper one first, such as [zh, source]; source is"
        " the spoken one. It comes before the others.",
        maxItems=2,
        uniqueItems=True,
    )
    track_format: str = setting(
        "srt",
        "Form of the new tracks in mkv; ass carries the style. An mp4 file has its own form.",
        enum=("srt", "ass"),
    )
    default_track: bool = setting(True, "Whether players show the first new track by themselves.")
    forced_track: bool = setting(
        False,
        "Whether the first new track is marked as forced, which many players show even where"
        " subtitles are off.",
    )
    burn_language: TrackName | None = setting(
        None,
        "Which track is burned in: a language, source, bilingual, or null for the first.",
    )
    style: Text = setting(
        AUTO,
        "How burned-in text looks: clean, boxed, vertical (for upright videos), auto (clean or"
        " vertical, by the picture), or the path of a style file.",
    )
    fonts: str | None = means(None, "A folder with fonts to use beside those of the host, or null.")
    encoder: str = setting(
        "libx264",
        "Video encoder where subtitles are burned in. The nvenc ones run on a GPU that has them,"
        " else on the CPU; auto: H.264, or HEVC for more than 8 bits, by nvenc where the host has"
        " it.",
        enum=(
            *("libx264", "libx265", "libsvtav1", "auto"),
            *("h264_nvenc", "hevc_nvenc", "av1_nvenc"),
        ),
    )
    quality: int = setting(
        20,
        "Constant quality on libx264's scale, turned into each encoder's own; smaller is better"
        " and larger in bytes.",
        minimum=0,
        maximum=51,
    )
    gpu_mem_mb: int = means(
        1000,
        "GPU memory that one job with an nvenc encoder asks for, in MB.",
        minimum=0,
        maximum=10_000_000,
    )

    @property
    def burns(self) -> bool:
        """Whether text is drawn into the picture."""
        return self.mode in ("burn", "both")

    @property
    def adds_tracks(self) -> bool:
        """Whether the result has tracks that the viewer can switch."""
        return self.mode in ("soft", "both")


@dataclass(frozen=True, slots=True)
class DeliverySettings:
    """The keys of the configuration's `delivery` section."""

    how: str = setting(
        "link",
        "link: relative links to the results. copy: files of their own. none: no such folder.",
        enum=("link", "copy", "none"),
    )
    sidecars: Sequence[Annotated[str, Rule("enum", _SIDECARS)]] = setting(
        ("srt",),
        "Subtitle files to put beside each video, called as players expect; words.vtt and words.ass"
        " are those of the spoken language with the time of every word.",
        uniqueItems=True,
    )
