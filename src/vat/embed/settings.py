"""How subtitles are put into a video."""

from dataclasses import dataclass

from vat.subtitles.styles import AUTO


@dataclass(frozen=True, slots=True)
class EmbedSettings:
    """The keys of the configuration's `embed` section that shape the result.

    `style` is one of the styles that come along, "auto", or the text of a style file of one's own;
    `fonts` a folder with fonts to use beside those of the host.
    """

    mode: str = "soft"
    container: str = "mkv"
    track_format: str = "srt"
    default_track: bool = True
    forced_track: bool = False
    burn_language: str | None = None
    style: str = AUTO
    fonts: str | None = None
    encoder: str = "libx264"
    quality: int = 20

    @property
    def burns(self) -> bool:
        """Whether text is drawn into the picture."""
        return self.mode in ("burn", "both")

    @property
    def adds_tracks(self) -> bool:
        """Whether the result has tracks that the viewer can switch."""
        return self.mode in ("soft", "both")
