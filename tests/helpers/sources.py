"""One small video for each thing that a muxer or an encoder might lose."""

from collections.abc import Callable
from pathlib import Path

from tests.helpers.media import ffmpeg

PICTURE = ["-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=2"]
SOUND = ["-f", "lavfi", "-i", "sine=440:r=16000:d=2"]
FAST = ["-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac"]
PQ = (
    "log-level=error:hdr10=1:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:max-cll=1000,400"
    ":master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)"
)


def plain(path: Path) -> None:
    sound = "pcm_s16le" if path.suffix in (".avi", ".mov") else "aac"
    codecs = ["-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus"]
    codecs = codecs if path.suffix == ".webm" else [*FAST, "-c:a", sound]
    ffmpeg(*PICTURE, *SOUND, *codecs, path)


def two_sounds(path: Path) -> None:
    names = ["-metadata:s:a:0", "language=jpn", "-metadata:s:a:1", "language=fra"]
    names += ["-metadata:s:a:1", "title=Commentaire", "-disposition:a:1", "comment"]
    maps = ["-map", "0", "-map", "1", "-map", "2"]
    ffmpeg(*PICTURE, *SOUND, *SOUND, *maps, *FAST, *names, path)


def subtitled(path: Path) -> None:
    """An old subtitle that is default and forced, an attached font, chapters and tags."""
    folder = path.parent
    (folder / "old.srt").write_text("1\n00:00:00,200 --> 00:00:01,000\nOld\n")
    (folder / "font.ttf").write_bytes(b"font" * 100)
    (folder / "marks.txt").write_text(
        ";FFMETADATA1\ntitle=A film\nartist=Someone\n"
        "[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=1\ntitle=One\n"
        "[CHAPTER]\nTIMEBASE=1/1\nSTART=1\nEND=2\ntitle=Two\n"
    )
    inputs = [*PICTURE, *SOUND, "-i", folder / "old.srt", "-i", folder / "marks.txt"]
    maps = ["-map", "0", "-map", "1", "-map", "2", "-map_metadata", "3", "-map_chapters", "3"]
    attached = ["-attach", folder / "font.ttf", "-metadata:s:t", "mimetype=font/ttf"]
    names = ["-metadata:s:s:0", "language=eng", "-disposition:s:0", "default+forced"]
    ffmpeg(*inputs, *maps, *FAST, *attached, *names, path)


def styled(path: Path) -> None:
    """Subtitles with styles of their own, and a title of the track."""
    script = path.with_suffix(".ass")
    script.write_text(
        "[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]\n"
        "Format: Name, Fontname, Fontsize\nStyle: Default,Sans,20\n\n[Events]\n"
        "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
        "Dialogue: 0,0:00:00.20,0:00:01.00,Default,,0,0,0,,{\\i1}Old{\\i0}\n"
    )
    names = ["-metadata:s:s:0", "title=Signs", "-metadata:s:s:0", "language=ger"]
    ffmpeg(*PICTURE, "-i", script, "-map", "0", "-map", "1", *FAST, *names, path)


def covered(path: Path) -> None:
    """A picture on the cover."""
    cover = path.with_suffix(".png")
    ffmpeg("-f", "lavfi", "-i", "color=red:s=32x32", "-frames:v", "1", cover)
    inputs = [*PICTURE, *SOUND, "-i", cover, "-map", "0", "-map", "1", "-map", "2"]
    if path.suffix == ".mkv":
        attached = ["-attach", cover, "-metadata:s:t", "mimetype=image/png"]
        ffmpeg(*inputs[:-2], *FAST, *attached, "-metadata:s:t", "filename=cover.png", path)
        return
    codecs = ["-c:v:0", "libx264", "-preset", "ultrafast", "-c:v:1", "copy"]
    ffmpeg(*inputs, *codecs, "-disposition:v:1", "attached_pic", path)


def late(path: Path) -> None:
    maps = ["-map", "0", "-map", "1"]
    sound = ["-itsoffset", "1", "-f", "lavfi", "-t", "1", "-i", "sine=440:r=16000"]
    ffmpeg(*PICTURE, *sound, *maps, *FAST, path)


def turned(path: Path) -> None:
    """Stored lying, shown upright."""
    stored = path.with_name(f"stored-{path.name}")
    ffmpeg(*PICTURE, *SOUND, *FAST, stored)
    ffmpeg("-display_rotation", "90", "-i", stored, "-c", "copy", path)


def upright(path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=48x80:r=25:d=2", *FAST, path)


def deep(path: Path) -> None:
    ffmpeg(*PICTURE, "-pix_fmt", "yuv420p10le", *FAST, path)


def hdr(path: Path) -> None:
    tags = ["-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc"]
    codec = ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", PQ]
    ffmpeg(*PICTURE, "-pix_fmt", "yuv420p10le", *codec, *tags, path)


def uneven(path: Path) -> None:
    """A variable frame rate, with a gap of half a second."""
    times = "settb=1/1000,setpts='PTS+7*mod(N,3)+if(gt(N,30),500,0)'"
    rate = ["-fps_mode", "passthrough", "-enc_time_base", "1:1000"]
    ffmpeg(*PICTURE, "-vf", times, *rate, *FAST, path)


def odd(path: Path) -> None:
    picture = ["-f", "lavfi", "-i", "testsrc=s=65x49:r=25:d=2", "-pix_fmt", "yuv420p"]
    ffmpeg(*picture, "-c:v", "libvpx", "-deadline", "realtime", path)


def fields(path: Path) -> None:
    """Interlaced, the lower field first."""
    filters = ["-vf", "setfield=bff", "-flags", "+ilme+ildct"]
    ffmpeg(*PICTURE, *filters, *FAST, path)


def narrow(path: Path) -> None:
    """Pixels that are wider than high."""
    ffmpeg(*PICTURE, "-vf", "setsar=16/9", *FAST, path)


SOURCES: dict[str, tuple[str, Callable[[Path], None]]] = {
    "mkv": ("mkv", plain),
    "mp4": ("mp4", plain),
    "mov": ("mov", plain),
    "webm": ("webm", plain),
    "ts": ("ts", plain),
    "avi": ("avi", plain),
    "two sounds": ("mkv", two_sounds),
    "subtitles, attachment, chapters": ("mkv", subtitled),
    "styled subtitles": ("mkv", styled),
    "cover in mp4": ("mp4", covered),
    "cover in mkv": ("mkv", covered),
    "late sound": ("mkv", late),
    "turned": ("mp4", turned),
    "upright": ("mp4", upright),
    "10 bits": ("mkv", deep),
    "HDR": ("mkv", hdr),
    "variable rate": ("mkv", uneven),
    "odd size": ("webm", odd),
    "interlaced": ("ts", fields),
    "wide pixels": ("mp4", narrow),
}
"""Suffix and maker of each source."""


def make_source(name: str, folder: Path) -> Path:
    """Make one of SOURCES in a folder."""
    suffix, maker = SOURCES[name]
    path = folder / f"source.{suffix}"
    maker(path)
    return path
