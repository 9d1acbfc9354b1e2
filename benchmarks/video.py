"""ffmpeg, as the benchmarks make their videos with it."""

import subprocess
from pathlib import Path

from imageio_ffmpeg import get_ffmpeg_exe

FFMPEG = get_ffmpeg_exe()


def ffmpeg(*arguments: str | Path, cwd: Path | None = None) -> None:
    """Run ffmpeg quietly, in a folder; fail where it fails."""
    command = [FFMPEG, "-v", "error", "-nostdin", "-y", *map(str, arguments)]
    subprocess.run(command, check=True, cwd=cwd)
