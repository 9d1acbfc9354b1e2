"""Small files of the odd kinds that cameras, recorders and broadcasts leave, made by ffmpeg."""

from collections.abc import Callable
from pathlib import Path

from tests.helpers.media import ffmpeg

PICTURE = ["-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=2"]
SOUND = ["-f", "lavfi", "-i", "sine=440:r=16000:d=2"]
FAST = ["-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac"]
BOTH = ["-map", "0", "-map", "1"]
PACKET = 188


def cover(path: Path, codec: str) -> Path:
    """A picture of 16x16."""
    file = path.with_name(f"cover.{codec}")
    ffmpeg("-f", "lavfi", "-i", "color=red:s=16x16", "-frames:v", "1", file)
    return file


def attached(path: Path, codec: str, mime: str) -> None:
    inputs = [*PICTURE, *SOUND, *FAST, "-attach", cover(path, codec)]
    ffmpeg(*inputs, "-metadata:s:t", f"mimetype={mime}", path)


def gif_cover(path: Path) -> None:
    attached(path, "gif", "image/gif")


def webp_cover(path: Path) -> None:
    attached(path, "webp", "image/webp")


def tiff_cover(path: Path) -> None:
    attached(path, "tiff", "image/tiff")


def bmp_cover(path: Path) -> None:
    inputs = [*PICTURE, *SOUND, "-i", cover(path, "bmp"), *BOTH, "-map", "2"]
    codecs = ["-c:v:0", "libx264", "-preset", "ultrafast", "-c:v:1", "copy"]
    ffmpeg(*inputs, *codecs, "-disposition:v:1", "attached_pic", "-f", "mp4", path)


def unknown_attachment(path: Path) -> None:
    file = path.with_name("notes.bin")
    file.write_bytes(bytes(range(256)))
    ffmpeg(*PICTURE, *FAST, "-attach", file, "-metadata:s:t", "mimetype=application/x-what", path)


def unknown_sound(path: Path) -> None:
    """A second audio track of a codec that nobody decodes, as of phones that record in APAC."""
    ffmpeg(*PICTURE, *SOUND, *SOUND, *BOTH, "-map", "2", *FAST, path)
    whole = path.read_bytes()
    for was, now in ((b"mp4a", b"apac"), (b"esds", b"free")):
        at = whole.rindex(was)
        whole = whole[:at] + now + whole[at + 4 :]
    path.write_bytes(whole)


def sound_without_packets(path: Path) -> None:
    """A broadcast that announces sound and has none."""
    ffmpeg(*PICTURE, *SOUND, *FAST, "-f", "mpegts", path)
    whole = path.read_bytes()
    packets = [whole[at : at + PACKET] for at in range(0, len(whole), PACKET)]
    sound = 0x101
    kept = [one for one in packets if (one[1] & 0x1F) << 8 | one[2] != sound]
    path.write_bytes(b"".join(kept))


def timecode(path: Path) -> None:
    ffmpeg(*PICTURE, *FAST, "-timecode", "01:00:00:00", path)


def big_endian_floats(path: Path) -> None:
    ffmpeg(*PICTURE, *SOUND, *FAST, "-c:a", "pcm_f32be", path)


def long_frames(path: Path) -> None:
    """ALAC, whose frames have 4,096 samples."""
    ffmpeg(*PICTURE, *SOUND, *FAST, "-c:a", "alac", path)


def uneven_end(path: Path) -> None:
    """The last picture stays for 0.3 s."""
    times = "settb=1/1000,setpts='PTS+if(gt(N,47),260,0)'"
    rate = ["-fps_mode", "passthrough", "-enc_time_base", "1:1000"]
    ffmpeg(*PICTURE, "-vf", times, *rate, *FAST, path)


def studio(path: Path) -> None:
    ffmpeg(*PICTURE, "-c:v", "mpeg2video", "-bf", "2", "-f", "mxf", path)


def blu_ray_sound(path: Path) -> None:
    sound = ["-f", "lavfi", "-i", "sine=r=48000:d=2", "-c:a", "pcm_bluray"]
    ffmpeg(*PICTURE, *sound, *FAST[:4], "-f", "mpegts", "-mpegts_m2ts_mode", "1", path)


def webvtt(path: Path) -> None:
    text = path.with_suffix(".vtt")
    text.write_text("WEBVTT\n\n00:00.200 --> 00:01.000\nOld\n")
    ffmpeg(*PICTURE, "-i", text, *BOTH, *FAST, "-c:s", "webvtt", path)


def mkvmerges_webvtt(path: Path) -> None:
    """WebVTT under the name that mkvmerge gives it, which ffmpeg does not know."""
    webvtt(path)
    was, now = b"\x92D_WEBVTT/SUBTITLES", b"\x8dS_TEXT/WEBVTT\xec\x83\0\0\0"
    path.write_bytes(path.read_bytes().replace(was, now))


def late_everything(path: Path) -> None:
    """A clock that starts at 100 s."""
    ffmpeg(*PICTURE, *SOUND, *FAST, "-output_ts_offset", "100", path)


def long_header(path: Path) -> None:
    """A FLV whose header promises 1.5 s more than there is."""
    ffmpeg(*PICTURE, *SOUND, *FAST, "-flvflags", "+no_duration_filesize", path)


def layouts(path: Path) -> None:
    """Sound that changes from two channels to one in the middle."""
    parts = []
    for number, channels in enumerate(("2", "1")):
        part = path.with_name(f"part{number}.ts")
        sound = ["-f", "lavfi", "-i", "sine=440:r=48000:d=1"]
        offset = ["-output_ts_offset", str(number)]
        ffmpeg(
            "-f",
            "lavfi",
            "-i",
            "testsrc2=s=64x48:r=25:d=1",
            *sound,
            *FAST,
            "-ac",
            channels,
            *offset,
            part,
        )
        parts.append(part.read_bytes())
    path.write_bytes(b"".join(parts))


def chapters(path: Path) -> None:
    """QuickTime keeps the titles of chapters in a track of text."""
    facts = path.with_name("chapters.txt")
    chapter = "[CHAPTER]\nTIMEBASE=1/1000\nSTART={}\nEND={}\ntitle={}\n"
    facts.write_text(
        ";FFMETADATA1\n" + chapter.format(0, 900, "One") + chapter.format(900, 2000, "Two")
    )
    ffmpeg(*PICTURE, *SOUND, "-i", facts, *BOTH, "-map_chapters", "2", *FAST, path)


def marks(path: Path) -> None:
    sound = ["-metadata:s:a:0", "language=jpn", "-disposition:a:0", "original"]
    ffmpeg(*PICTURE, *SOUND, *BOTH, *FAST, *sound, path)


def late_sound(path: Path) -> None:
    ffmpeg(*PICTURE, "-itsoffset", "1.2", *SOUND, *BOTH, *FAST, "-t", "2", path)


def broken_first_packet(path: Path) -> None:
    """A recording that begins in the middle of a frame of AC-3, with a header that promises one."""
    ffmpeg(*PICTURE, *SOUND, *BOTH, *FAST[:4], "-c:a", "ac3", path)
    whole = bytearray(path.read_bytes())
    at = whole.index(b"\x0b\x77")
    # The codes of rate and length (fscod, frmsizecod) become ones that do not exist.
    whole[at + 4] = 0xFF
    path.write_bytes(whole)


def theora(path: Path) -> None:
    """Pictures that stay the same have packets without content."""
    still = ["-f", "lavfi", "-i", "color=red:s=64x48:r=25:d=2"]
    ffmpeg(*still, *SOUND, *BOTH, "-c:v", "libtheora", "-c:a", "libvorbis", path)


def animation(path: Path) -> None:
    """A codec that Matroska holds in a mode in which packets tell no time of being shown."""
    ffmpeg(*PICTURE, *SOUND, *BOTH, "-c:v", "gif", "-c:a", "libopus", path)


def flash(path: Path) -> None:
    ffmpeg(*PICTURE, *SOUND, *BOTH, "-c:v", "flv1", "-c:a", "mp3", "-ar", "44100", path)


def of(*codecs: str, rate: str = "48000", also: tuple[str, ...] = ()) -> Callable[[Path], None]:
    """Two seconds of picture and sound in the codecs of a kind: picture, sound, and options."""
    picture, sound, *more = codecs

    def make(path: Path) -> None:
        own = ["-c:v", picture, "-c:a", sound, "-ar", rate, *more]
        ffmpeg(*PICTURE, *SOUND, *also, *BOTH, *own, path)

    return make


def trimmed(path: Path) -> None:
    """A film whose beginning is cut off by an edit list, between two key frames."""
    whole = path.with_name("whole.mp4")
    long = [part.replace("d=2", "d=3") for part in (*PICTURE, *SOUND)]
    ffmpeg(*long, *BOTH, *FAST, "-g", "250", whole)
    ffmpeg("-ss", "1", "-i", whole, "-c", "copy", path)


def two_pictures(path: Path) -> None:
    ffmpeg(*PICTURE, *SOUND, *PICTURE, *BOTH, "-map", "2", *FAST, path)


def wrapping_clock(path: Path) -> None:
    """A broadcast whose clock of 33 bits begins anew after a second."""
    ffmpeg(*PICTURE, *SOUND, *BOTH, *FAST, "-output_ts_offset", f"{2**33 / 90000 - 1:.3f}", path)


def early_sound(path: Path) -> None:
    ffmpeg("-itsoffset", "0.5", *PICTURE, *SOUND, *BOTH, *FAST, path)


def open_group(path: Path) -> None:
    """A broadcast of which the first key frame was not received."""
    long = [part.replace("d=2", "d=3") for part in (*PICTURE, *SOUND)]
    whole = path.with_name("whole.ts")
    ffmpeg(*long, *BOTH, "-c:v", "mpeg2video", "-g", "25", "-bf", "2", "-c:a", "mp2", whole)
    data = whole.read_bytes()
    count = len(data) // PACKET
    path.write_bytes(data[: 3 * PACKET] + data[count // 4 * PACKET :])


def dolby_vision(profile: int) -> Callable[[Path], None]:
    """An MP4 file whose picture says that it is of a profile of Dolby Vision."""

    def make(path: Path) -> None:
        ffmpeg(*PICTURE, *SOUND, *BOTH, *FAST, path)
        bits = profile << 9 | 1 << 3 | 0b101  # level 1, with metadata and a base layer
        record = b"\x01\x00" + bits.to_bytes(2, "big") + b"\x20" + bytes(19)
        box = (8 + len(record)).to_bytes(4, "big") + b"dvvC" + record
        data = bytearray(path.read_bytes())
        entry = data.index(b"avc1", data.index(b"stsd")) - 4
        end = entry + int.from_bytes(data[entry : entry + 4], "big")
        holders = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")
        for begin in (*(data.index(kind, data.index(b"moov")) - 4 for kind in holders), entry):
            size = int.from_bytes(data[begin : begin + 4], "big") + len(box)
            data[begin : begin + 4] = size.to_bytes(4, "big")
        data[end:end] = box
        path.write_bytes(data)

    return make


def damaged_broadcast(path: Path) -> None:
    """Ten seconds, of which one was not received."""
    long = [part.replace("d=2", "d=10") for part in (*PICTURE, *SOUND)]
    ffmpeg(*long, *BOTH, *FAST, path)
    whole = path.read_bytes()
    count = len(whole) // PACKET
    cut, end = count // 2 * PACKET, (count // 2 + count // 10) * PACKET
    path.write_bytes(whole[:cut] + whole[end:])


ODDITIES: dict[str, tuple[str, Callable[[Path], None]]] = {
    "gif cover": ("mkv", gif_cover),
    "webp cover": ("mkv", webp_cover),
    "tiff cover": ("mkv", tiff_cover),
    "bmp cover": ("m4v", bmp_cover),
    "unknown attachment": ("mkv", unknown_attachment),
    "sound that nobody decodes": ("mp4", unknown_sound),
    "sound without packets": ("ts", sound_without_packets),
    "timecode": ("mov", timecode),
    "big-endian floats": ("mov", big_endian_floats),
    "ALAC": ("m4v", long_frames),
    "uneven end": ("flv", uneven_end),
    "MXF": ("mxf", studio),
    "Blu-ray sound": ("m2ts", blu_ray_sound),
    "WebVTT": ("mkv", webvtt),
    "mkvmerge's WebVTT": ("mkv", mkvmerges_webvtt),
    "clock at 100 s": ("ts", late_everything),
    "no duration": ("flv", long_header),
    "changing layout": ("ts", layouts),
    "chapters": ("mov", chapters),
    "marks": ("mkv", marks),
    "late sound": ("mkv", late_sound),
    "broken first packet": ("mkv", broken_first_packet),
    "Theora": ("ogv", theora),
    "animation": ("mkv", animation),
    "Flash": ("swf", flash),
    "RealVideo": ("rm", of("rv10", "ac3")),
    "plain RGB": ("mov", of("rawvideo", "pcm_s16le", "-pix_fmt", "rgb24")),
    "Sorenson": ("mov", of("svq1", "pcm_alaw")),
    "recorded screen": ("flv", of("flashsv", "mp3", rate="44100")),
    "ProRes": ("mov", of("prores_ks", "pcm_s24le")),
    "Windows Media": ("wmv", of("wmv2", "wmav2")),
    "recorded television": ("wtv", of("mpeg2video", "mp2")),
    "DV": ("dv", of("dvvideo", "pcm_s16le", "-s", "720x576", "-pix_fmt", "yuv420p", "-ac", "2")),
    "GXF": ("gxf", of("mpeg2video", "pcm_s16le", "-s", "720x576")),
    "old phone": ("3gp", of("h263", "libopencore_amrnb", "-s", "176x144", "-ac", "1", rate="8000")),
    "LATM": ("ts", of("libx264", "aac", "-mpegts_flags", "latm")),
    "DVD": ("dvd", of("mpeg2video", "ac3")),
    "telephone": ("flv", of("flv1", "nellymoser", "-ac", "1", rate="22050")),
    "AV1": ("webm", of("libsvtav1", "libopus", "-svtav1-params", "lp=1")),
    "JPEG 2000": ("mov", of("jpeg2000", "pcm_s24be")),
    "old camera": ("avi", of("mjpeg", "adpcm_ms")),
    "trimmed": ("mp4", trimmed),
    "two pictures": ("mkv", two_pictures),
    "wrapping clock": ("ts", wrapping_clock),
    "early sound": ("mkv", early_sound),
    "open group": ("ts", open_group),
}
"""Suffix and maker of each kind."""


def make_oddity(name: str, folder: Path) -> Path:
    """Make one of ODDITIES in a folder."""
    suffix, maker = ODDITIES[name]
    path = folder / f"odd.{suffix}"
    maker(path)
    return path
