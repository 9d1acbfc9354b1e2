"""Whether a host and a configuration are ready for a run: a finding per thing, with the remedy."""

import os
import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from vat.embed.font_check import check_fonts, font_environment
from vat.embed.settings import EmbedSettings
from vat.errors import FINAL_STATUS, VatError
from vat.files import scratch_folder, write_text
from vat.jobs.messages import sentence
from vat.languages import LANGUAGES
from vat.media.ffmpeg import ffmpeg_path
from vat.planning.answers import Answers
from vat.planning.models import check_folder, size_on_hub
from vat.planning.sources import is_url
from vat.subtitles.ass import ass_document
from vat.subtitles.track import Track
from vat.timeline import Cue
from vat.translate.server_check import ask_one_word
from vat.translate.settings import SERVERS

GREEN, YELLOW, RED = "green", "yellow", "red"
_MARKS: Final = {GREEN: "ok", YELLOW: "look", RED: "BAD"}
_COLOURS: Final = {GREEN: "\033[32m", YELLOW: "\033[33m", RED: "\033[31m"}
_PLAIN: Final = "\033[0m"

_LEAST_DISK_MB: Final = 2_000
"""MB without which not even one short video can be worked on."""

_REMEDIES: Final = (
    (
        r"libcublas|cublas.*(not found|cannot be loaded)",
        "cuBLAS 12 is missing: pip install nvidia-cublas-cu12",
    ),
    (
        r"libcudnn",
        "cuDNN is missing or does not fit: pip install --force-reinstall nvidia-cudnn-cu12",
    ),
    (
        r"no kernel image|not compatible with the current PyTorch|invalid device function|sm_\d+",
        "the card is newer or older than the installed packages: pip install --upgrade torch"
        " ctranslate2, or exclude the card with local-gpu-exclude",
    ),
    (
        r"driver version is insufficient|driver.* too old|forward compatibility",
        "the driver is older than the CUDA libraries: update the NVIDIA driver",
    ),
    (
        r"no CUDA-capable device|not compiled with CUDA|no NVIDIA driver",
        "the installed packages see no GPU: check nvidia-smi, and that torch is a CUDA build",
    ),
    (r"out of memory", "the GPU is full: see gpulease status"),
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one thing; `level` is green, yellow or red."""

    level: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class _JobOf:
    """A job of a video, as the plan's answers ask for it."""

    video: str
    language: str = ""


def with_a_video(config: Mapping[str, Any], here: Path, root: Path) -> Mapping[str, Any]:
    """The configuration, with a video of the demo where the folder that it names is not there.

    `here` and `root` are as for `make_plan`; a host can be looked at before there are videos.
    """
    named = config.get("videos")
    missing = (
        isinstance(named, str)
        and not is_url(named)
        and not (any((base / Path(named).expanduser()).exists() for base in (here, root)))
    )
    return {**config, "videos": str(root / "demo" / "clean.mp4")} if missing else config


def remedy(said: str) -> str:
    """What to do about an error of a CUDA library; "" for one that is not known."""
    return next((cure for sign, cure in _REMEDIES if re.search(sign, said, re.IGNORECASE)), "")


def of_gpus(
    trials: Sequence[tuple[str, int | None, str]], without_gpu: str, trouble: str
) -> Iterator[Finding]:
    """A finding per GPU from its name, the status of its trial (None: not tried), and its words.

    `without_gpu` says why there is none, `trouble` why those that there are cannot be used.
    """
    if trouble:
        yield Finding(RED, "GPU", trouble)
    elif without_gpu:
        yield Finding(YELLOW, "GPU", f"{without_gpu} Everything runs on the CPU, slowly.")
    for name, status, said in trials:
        lines = [line for line in said.splitlines() if line]
        works = ", ".join(line.removesuffix(": works") for line in lines if ": works" in line)
        wrong = "; ".join(line for line in lines if ": works" not in line)
        if status is None:
            yield Finding(YELLOW, name, f"not tried: {said}")
        elif status == 0:
            yield Finding(GREEN, name, f"computes: {works}")
        else:
            cure = remedy(said)
            told = wrong[-600:] or f"the trial ended with status {status}"
            yield Finding(RED, name, f"{told}{f' -- {cure}' if cure else ''}")


def named_models(answers: Answers) -> list[tuple[str, str, str]]:
    """Kind, name and folder of every model that a run may use; without torch no separator."""
    separates = any(answers.separates(_JobOf(video)) for video in answers.shown_videos)
    uses = {use: one for use, one in answers.uses.items() if separates or use != "separator"}
    found = ((kind, name, answers.model(use)) for use, (kind, name) in uses.items())
    return [(kind, name, folder) for kind, name, folder in found if folder]


def of_models(models: Iterable[tuple[str, str, str]]) -> Iterator[Finding]:
    """A finding per model: kind, name, and the folder where it lies or will lie."""
    for kind, name, folder in dict.fromkeys(models):
        subject = f"model {name}"
        try:
            if Path(folder).is_dir():
                check_folder(kind, folder, name)
                yield Finding(GREEN, subject, f"is in {folder}")
                continue
            size = size_on_hub(kind, name) / 2**30
            yield Finding(GREEN, subject, f"will be fetched from the hub ({size:.1f} GB)")
        except VatError as error:
            yield Finding(RED, subject, sentence(error))


def of_translator(options: Mapping[str, Any]) -> Finding:
    """Whether the server of the `translate` section answers."""
    if options["backend"] not in SERVERS:
        return Finding(GREEN, "translation", f"needs no server (backend {options['backend']})")
    try:
        model, answer = ask_one_word(options)
    except VatError as error:
        return Finding(RED, "translation", sentence(error))
    if not answer.strip():
        return Finding(YELLOW, "translation", f"{model} answers, but with nothing")
    return Finding(GREEN, "translation", f"{model} answers")


def of_fonts(embed: Mapping[str, Any], languages: Iterable[str], ffmpeg: str) -> Iterator[Finding]:
    """Whether the fonts show each language, where subtitles are drawn into the picture."""
    if embed["mode"] not in ("burn", "both"):
        yield Finding(GREEN, "fonts", "not needed: players bring their own (embed.mode)")
        return
    settings = EmbedSettings(fonts=embed["fonts"])
    for code in dict.fromkeys(languages):
        subject = f"fonts for {LANGUAGES[code].english}"
        track = Track(code, [Cue(1, 0.0, 1.0, LANGUAGES[code].native)], code)
        try:
            _draw(track, settings, ffmpeg_path(ffmpeg))
        except VatError as error:
            yield Finding(RED, subject, sentence(error))
        else:
            yield Finding(GREEN, subject, "are here")


def _draw(track: Track, settings: EmbedSettings, ffmpeg: str) -> None:
    with scratch_folder() as scratch:
        environment = font_environment(settings, scratch)
        document = ass_document(track)
        check_fonts(track, document, scratch, ffmpeg=ffmpeg, environment=environment)


def of_folder(folder: str, doubt: str, error: str) -> Finding:
    """Whether all who use the GPUs meet in one folder, from what the pool says of it."""
    if error:
        return Finding(RED, "folder of the GPU pool", error)
    if doubt:
        return Finding(YELLOW, "folder of the GPU pool", doubt)
    return Finding(GREEN, "folder of the GPU pool", f"{folder}; locks work in it")


def of_disk(folder: Path, sources: Iterable[Path]) -> Finding:
    """Whether a folder's disk has room for what a run makes of the local videos."""
    there = next(one for one in (folder.absolute(), *folder.absolute().parents) if one.is_dir())
    free = shutil.disk_usage(there).free // 2**20
    # A result holds every stream of its source; speech and pieces come on top, for a while.
    needed = sum(path.stat().st_size for path in sources if path.is_file()) * 5 // 4 // 2**20
    told = f"{free} MB are free for results in {there}"
    if free < _LEAST_DISK_MB:
        return Finding(RED, "disk", f"only {told}; make room, or use --directory on another disk")
    if free < needed:
        return Finding(YELLOW, "disk", f"{told}, and all videos together may need {needed} MB")
    return Finding(GREEN, "disk", told)


def of_setup(
    config: Mapping[str, Any],
    models: Iterable[tuple[str, str, str]],
    languages: Iterable[str],
    results: Path,
    sources: Iterable[Path],
) -> Iterator[Finding]:
    """The findings about all but GPUs; arguments are those of the other functions here."""
    yield from of_models(models)
    yield of_translator(config["translate"])
    yield from of_fonts(config["embed"], languages, config["ffmpeg"])
    yield of_disk(results, sources)


def lines(findings: Sequence[Finding], *, colour: bool) -> list[str]:
    """One line per finding, and the verdict."""
    said = []
    for one in findings:
        mark = f"{_MARKS[one.level]:<4}"
        mark = f"{_COLOURS[one.level]}{mark}{_PLAIN}" if colour else mark
        text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in one.text)
        said.append(f"{mark}  {one.subject}: {text}")
    counts = {level: sum(one.level == level for one in findings) for level in _MARKS}
    verdict = "Not ready" if counts[RED] else "Ready"
    return [*said, f"{verdict}: {', '.join(f'{n} {level}' for level, n in counts.items())}."]


def wants_colour(stream: Any, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether a stream takes colours: a terminal, and NO_COLOR (no-color.org) is not set."""
    return bool(stream.isatty()) and not environment.get("NO_COLOR")


def tell(findings: Iterable[Finding], log: Path) -> int:
    """Show findings on the terminal; the exit status: that of what no retry mends where one is red.

    The log has what is red.
    """
    found = list(findings)
    print("\n".join(["", *lines(found, colour=wants_colour(sys.stderr)), ""]), file=sys.stderr)
    red = [one for one in found if one.level == RED]
    write_text(log, "".join(f"{one.subject}: {one.text}\n" for one in red))
    return FINAL_STATUS if red else 0
