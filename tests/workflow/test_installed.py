"""The distribution alone makes subtitles: installed from its wheel, without the repository."""

import os
import signal
import subprocess
import sys
import sysconfig
import urllib.request
from pathlib import Path

import pytest

from tests.helpers.media import streams
from tests.helpers.workflow import silent_video

PIP = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]


@pytest.fixture(scope="module")
def vat(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command in an environment with the wheel.

    What it depends on is taken from the environment of the tests, so that no network is needed.
    """
    folder = tmp_path_factory.mktemp("installed")
    build = ["wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(root)]
    subprocess.run([*PIP, *build], check=True)
    (wheel,) = folder.glob("*.whl")
    made = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(made)], check=True)
    python = str(made / "bin" / "python")
    subprocess.run([*PIP, "--python", python, "install", "--no-deps", wheel], check=True)
    ask = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
    place = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=True).stdout
    # A .pth file in a folder that a .pth file names is not read: the repository stays unknown.
    (Path(place.strip()) / "others.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    return made / "bin" / "vat"


def run(vat: Path, here: Path, *words: str) -> subprocess.CompletedProcess[str]:
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.run(
        [vat, *words],
        cwd=here,
        env=kept,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )


def reviewed(vat: Path, here: Path) -> str:
    """The page that `vat review` serves."""
    with subprocess.Popen([vat, "review"], cwd=here, stdout=subprocess.PIPE, text=True) as serving:
        try:
            assert serving.stdout
            address = serving.stdout.readline().split()[1]
            with urllib.request.urlopen(address) as page:  # noqa: S310
                return str(page.read().decode())
        finally:
            serving.send_signal(signal.SIGINT)
            assert serving.wait(20) == 0


def test_the_wheel_has_the_whole_workflow(vat: Path, root: Path) -> None:
    (home,) = vat.parents[1].glob("lib/*/site-packages/vat_command/home")
    for folder in ("workflow", "scripts", "envs", "config", "profiles", "models", "demo"):
        files = [path for path in (root / folder).rglob("*") if path.is_file()]
        wanted = {path.relative_to(root) for path in files if "__pycache__" not in path.parts}
        links = [path for path in (root / folder).iterdir() if path.is_symlink()]
        wanted -= {p for p in wanted for link in links if link in (root / p).parents}
        missing = {path for path in wanted if not (home / path).is_file()}
        assert missing == set()


@pytest.mark.long
def test_the_installed_command_subtitles_a_video(vat: Path, root: Path, tmp_path: Path) -> None:
    here = tmp_path / "a place of one's own"
    here.mkdir()
    # A file that would take the place of a module, if the folder where one stands were searched.
    (here / "yaml.py").write_text("raise SystemExit('not this one')\n")
    video = here / "two tracks.mkv"
    video.write_bytes((root / "demo" / "two tracks.mkv").read_bytes())
    (home,) = vat.parents[1].glob("lib/*/site-packages/vat_command/home")
    tiny = ["--configfile", str(home / "config" / "demo.yaml")]

    planned = run(vat, here, video.name, "--to", "zh", *tiny, "-n")
    assert planned.returncode == 0, planned.stdout
    assert "asr_chunk" in planned.stdout
    assert not (here / "results" / "delivery").exists()

    done = run(vat, here, video.name, "--to", "zh", *tiny, "--", "--cores", "2")
    assert done.returncode == 0, done.stdout
    assert str(root) not in done.stdout
    delivered = here / "results" / "delivery"
    assert {path.name for path in delivered.iterdir()} >= {"two tracks.mkv", "two tracks.zh.srt"}
    kinds = [kind for kind, _ in streams(delivered / "two tracks.mkv")]
    assert kinds.count("subtitle") == 1

    again = run(vat, here, "two tracks.mkv", "--to", "zh", *tiny)
    assert again.returncode == 0, again.stdout
    assert "two tracks.mkv" in reviewed(vat, here)
    copies = run(vat, here, "edits", video.name, "--to", "zh", *tiny)
    assert copies.returncode == 0, copies.stdout
    assert list(here.glob("edits/*/zh.srt"))


def test_settings_that_are_wrong_are_said_in_one_sentence(vat: Path, tmp_path: Path) -> None:
    silent_video(tmp_path / "in" / "a.mp4", 3)
    refused = run(vat, tmp_path, "in", "--to", "zh", "--set", "asr.modle=tiny")
    assert refused.returncode != 0
    assert "did you mean" in refused.stdout
    assert "Traceback" not in refused.stdout
    assert len(refused.stdout.strip().splitlines()) <= 2
