"""Fonts for burned-in text: which one a language takes, and which ones are missing."""

import os
import re
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

from vat.embed.settings import EmbedSettings
from vat.errors import EmbedError
from vat.files import write_text
from vat.media.ffmpeg import FfmpegError, run_ffmpeg
from vat.subtitles.fonts import Font, font_with
from vat.subtitles.track import Track

_MISSING = re.compile(r"failed to find any fallback with glyph 0x([0-9A-Fa-f]+)")
"""What libass says before it draws a box; it goes on, and ends without an error."""

_NO_FONT_AT_ALL: Final = "\0"
"""libass names no other character where the host has not a single font."""

_SYSTEM_FONTS: Final = "/etc/fonts/fonts.conf"
_NAMED = 8


def visible(texts: Iterable[str]) -> str:
    """The distinct characters of texts that need a glyph, in order."""
    hidden = ("Cc", "Cf", "Zs", "Zl", "Zp")
    characters = {character for text in texts for character in text}
    return "".join(sorted(one for one in characters if unicodedata.category(one) not in hidden))


def font_environment(settings: EmbedSettings, scratch: Path) -> dict[str, str]:
    """What ffmpeg's environment needs for the folder `settings.fonts` to be searched, too.

    Raises:
        EmbedError: where there is no such folder.
    """
    if settings.fonts is None:
        return {}
    folder = Path(settings.fonts).expanduser().absolute()
    if not folder.is_dir():
        raise EmbedError(f"The folder '{folder}' does not exist; correct embed.fonts.")
    system = os.environ.get("FONTCONFIG_FILE", _SYSTEM_FONTS)
    write_text(
        scratch / "fonts.conf",
        '<?xml version="1.0"?>\n<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">\n'
        f'<fontconfig>\n<include ignore_missing="yes">{escape(system)}</include>\n'
        f"<dir>{escape(str(folder))}</dir>\n"
        '<cachedir prefix="xdg">fontconfig</cachedir>\n</fontconfig>\n',
    )
    return {"FONTCONFIG_FILE": str(scratch / "fonts.conf")}


def check_fonts(
    track: Track, document: str, scratch: Path, *, ffmpeg: str, environment: Mapping[str, str]
) -> None:
    """See that the fonts have every character of a track, before an hour is encoded.

    `document` is the ASS file of one cue that holds them all, in the style of the track.

    Raises:
        EmbedError: where a character has no font, naming the font to install.
    """
    write_text(scratch / "check.ass", document)
    arguments = ["-f", "lavfi", "-i", "color=s=1280x720:r=1:d=1", "-vf", "ass=check.ass"]
    try:
        said = run_ffmpeg(
            [*arguments, "-f", "null", "-"], ffmpeg=ffmpeg, cwd=scratch, environment=environment
        )
    except FfmpegError as error:
        raise EmbedError(
            f"This ffmpeg cannot draw subtitles ({error}); set ffmpeg to bundled."
        ) from error
    named = [chr(int(code, 16)) for code in dict.fromkeys(_MISSING.findall(said))]
    # libass looks for a glyph of a mark of direction, too, and then draws none.
    missing = [one for one in named if visible([one])]
    if _NO_FONT_AT_ALL in named:
        missing = list(visible(cue.text for cue in track.cues))
    if missing:
        raise EmbedError(missing_fonts(missing, track.title))


def missing_fonts(characters: Iterable[str], title: str) -> str:
    """One sentence about characters that no font of the host has."""
    wanted: dict[Font, list[str]] = {}
    for character in characters:
        wanted.setdefault(font_with(character), []).append(character)
    named = [c for group in wanted.values() for c in group]
    some = " ".join(f"{c} (U+{ord(c):04X})" for c in named[:_NAMED])
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    fonts = ", ".join(f"{font.family} (Debian: {font.package})" for font in wanted)
    return (
        f"No font on this host shows {some}{more} of the subtitles in {title}; install {fonts},"
        " name a folder that has it in embed.fonts, or set embed.mode to soft."
    )
