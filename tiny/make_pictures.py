"""Make the README's pictures: a frame with subtitles in two languages, and a page of the review.

    python -m tiny.make_pictures FONTS

Needs chromium; FONTS is a folder with a font that has Chinese. The sound is the demo's, the picture
behind the subtitles is drawn here, and the tiny models do the rest. The results are committed.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from imageio_ffmpeg import get_ffmpeg_exe

from tiny import ROOT

IMAGES: Final = ROOT / "docs" / "images"
_SIZE: Final = "640x360"
_PAGE_SIZE: Final = "1100,640"
_COLOURS: Final = "c0=0x16324f:c1=0x2a628f:c2=0x18435a:n=3:speed=0.01"
_FONT_CONFIG: Final = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><include ignore_missing="yes">/etc/fonts/fonts.conf</include><dir>{}</dir></fontconfig>
"""


def make_talk(path: Path) -> None:
    """The demo's sound under a drawn picture."""
    _ffmpeg(
        *("-f", "lavfi", "-i", f"gradients=s={_SIZE}:{_COLOURS}:r=25"),
        *("-i", str(ROOT / "demo" / "clean.mp4")),
        *("-map", "0:v", "-map", "1:a", "-shortest", "-c:v", "libx264", "-c:a", "copy", str(path)),
    )


def subtitled(video: Path, fonts: Path, folder: Path) -> Path:
    """The video with its subtitles burned in, made by the workflow below `folder`."""
    command = [*(sys.executable, "-m", "vat_command.cli"), str(video), "--to", "zh"]
    command += ["--configfile", str(ROOT / "config" / "demo.yaml"), "--out", str(folder)]
    command += ["--set", "embed.mode=both", "--set", f"embed.fonts={fonts}"]
    command += ["--set", "embed.bilingual=[zh, source]", "--set", "embed.burn_language=bilingual"]
    subprocess.run(command, check=True)
    return folder / "results" / "delivery" / f"{video.stem}.mkv"


def take_frame(video: Path, seconds: float, destination: Path) -> None:
    """One frame of a video as JPEG."""
    at = ("-ss", str(seconds), "-i", str(video))
    _ffmpeg(*at, "-frames:v", "1", "-q:v", "4", str(destination))


def take_page(page: Path, fonts: Path, destination: Path) -> None:
    """What a browser shows of a page, as PNG."""
    config = page.parent / "fonts.conf"
    config.write_text(_FONT_CONFIG.format(fonts), encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--hide-scrollbars", f"--window-size={_PAGE_SIZE}"]
    shot = [f"--screenshot={destination}", "--virtual-time-budget=4000", page.as_uri()]
    environment = os.environ | {"FONTCONFIG_FILE": str(config)}
    browser = shutil.which("chromium") or "chromium"
    subprocess.run([browser, *options, *shot], check=True, env=environment)


def _ffmpeg(*arguments: str) -> None:
    subprocess.run([get_ffmpeg_exe(), "-v", "error", "-y", *arguments], check=True)


def main(words: Sequence[str]) -> None:
    """Make both pictures with the fonts of the folder named."""
    fonts = Path(words[0]).absolute()
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        make_talk(folder / "A talk.mp4")
        made = subtitled(folder / "A talk.mp4", fonts, folder)
        take_frame(made, 10.5, IMAGES / "frame.jpg")
        (page,) = (folder / "results" / "report").glob("a-talk-*.html")
        take_page(page, fonts, IMAGES / "review.png")


if __name__ == "__main__":
    main(sys.argv[1:])
