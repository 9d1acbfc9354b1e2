"""Half of a file is never taken for the whole while somebody copies it, in any container."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.media import FFMPEG, ffmpeg, make_video
from vat.errors import SourceError
from vat.media.fetch import download
from vat.media.probe import fingerprint_of

COPY = """
import sys, time
with open(sys.argv[1], "rb") as source, open(sys.argv[2], "wb", buffering=0) as target:
    data = source.read()
    target.write(data[: len(data) // 2])
    print(flush=True)
    sys.stdin.readline()
    target.write(data[len(data) // 2 :])
"""


@contextmanager
def half_copied(whole: Path, copy: Path) -> Iterator[None]:
    """A copy that stands still in its middle, and is finished afterwards."""
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", COPY, str(whole), str(copy)]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as process:
        assert process.stdout
        assert process.stdout.readline()
        yield
        process.communicate(b"\n")
    assert copy.read_bytes() == whole.read_bytes()


def bring_in(video: Path, folder: Path) -> Path:
    options: dict[str, Any] = dict.fromkeys(("title", "audio_track", "format"))
    options |= {"remote": False, "ffmpeg": FFMPEG, "fingerprint": fingerprint_of(str(video))}
    download(str(video), folder / "source", folder / "media.json", **options)
    return folder / "media.json"


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("original") / "v.mkv"
    return make_video(path, 20, sound="anoisesrc=r=16000:a=0.1", rate=10)


@pytest.mark.parametrize(
    ("suffix", "options"),
    [
        (".mp4", ()),
        (".mp4", ("-movflags", "+faststart")),
        (".mp4", ("-movflags", "+frag_keyframe+empty_moov")),
        (".mkv", ()),
        (".mkv", ("-live", "1")),
        (".ts", ()),
        (".flv", ("-flvflags", "no_duration_filesize")),
    ],
)
def test_a_copy_that_stands_still_is_left_for_the_next_run(
    suffix: str, options: tuple[str, ...], original: Path, tmp_path: Path
) -> None:
    whole, copy = tmp_path / f"whole{suffix}", tmp_path / f"copy{suffix}"
    ffmpeg("-i", original, "-c", "copy", *options, whole)
    with (
        half_copied(whole, copy),
        pytest.raises(SourceError, match=rf"'{copy.name}' is still open for writing in python"),
    ):
        bring_in(copy, tmp_path)
    assert not (tmp_path / "media.json").exists()
    assert bring_in(copy, tmp_path).exists()


def test_who_only_reads_a_file_stops_nobody(original: Path, tmp_path: Path) -> None:
    video = Path(shutil.copy(original, tmp_path / "v.mkv"))
    with video.open("rb") as file, subprocess.Popen(["/bin/sleep", "60"], stdin=file) as reader:
        assert bring_in(video, tmp_path).exists()
        reader.kill()
