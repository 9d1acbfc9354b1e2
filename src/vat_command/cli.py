"""The command line of `vat`."""

import argparse
import logging
import os
import sys
import webbrowser
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from difflib import get_close_matches
from importlib.metadata import version
from pathlib import Path
from typing import Final, NoReturn

from vat.errors import UsageError, VatError
from vat.jobs.messages import is_of_system, sentence
from vat_command.home import home
from vat_command.hooks import check_hook
from vat_command.snakemake_call import LOCAL, Wishes, environment, snakemake_call
from vat_command.watch import Asked, watch

_WRONG_USE: Final = 2
_COMMANDS: Final = {
    "doctor": "see whether this host is ready: GPUs, models, translation server, fonts, disk",
    "forecast": "tell how long it takes, how many GPU-hours, and what it costs",
    "edits": "lay out copies of the subtitles to correct, in the folder edits",
    "glossary": "propose terms whose translation is to be fixed",
    "review": "show the pages of the last run, where subtitles can be corrected",
    "watch": "subtitle what is put into a folder, as soon as it is whole",
    "demo": "subtitle three short videos with tiny models: no network, no key, no GPU",
}
_LONGEST_WAIT: Final = 86_400
"""Seconds between two looks, at most: a timer of the system serves who looks once a day."""

_WITHOUT_TARGET: Final = ("demo", "watch")
_EPILOG: Final = """
commands, each in the place of the first SOURCE (a folder of such a name is ./demo):
{commands}

What follows -- goes to Snakemake:

  vat talks --to zh,ja                        subtitles in Chinese and Japanese
  vat talks --to zh -n                        what would be done
  vat talks --to zh -- --cores 8 --quiet      as Snakemake's own options say
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Entry of the command vat; the exit status, where Snakemake does not take the process over."""
    words = list(sys.argv[1:] if argv is None else argv)
    if not words:
        _parser().print_help()
        return _WRONG_USE
    try:
        command, wishes, given = _read(words)
        if command == "review":
            return _review(Path(wishes.out))
        if command == "watch" and not wishes.dry_run:
            return _watch(words, wishes, given)
        _become(snakemake_call(wishes, home(), Path.cwd()), environment(words))
    except VatError as error:
        print(f"vat: {error}", file=sys.stderr)
        return _WRONG_USE if isinstance(error, UsageError) else 1
    except OSError as error:
        if not is_of_system(error):
            raise
        print(f"vat: {sentence(error)}", file=sys.stderr)
        return 1


def _become(call: Sequence[str], variables: Mapping[str, str]) -> NoReturn:
    """Let Snakemake take the place of this process, so that signals reach it alone."""
    os.execve(call[0], list(call), variables)  # noqa: S606


def _watch(words: Sequence[str], wishes: Wishes, given: argparse.Namespace) -> int:
    check_hook(given.hook)
    logging.basicConfig(level=logging.INFO, format="vat: %(message)s", stream=sys.stderr)
    library = logging.getLogger("vat")
    before = library.level
    # What a look finds odd, the run says once.
    library.setLevel(logging.ERROR)
    try:
        return watch(Asked(words, wishes, given.every, given.hook), home(), Path.cwd())
    finally:
        library.setLevel(before)


def read_wishes(words: Sequence[str]) -> tuple[str, Wishes]:
    """The command, "" for making subtitles, and what is wished of it.

    Raises:
        UsageError: where the words mean nothing.
    """
    return _read(words)[:2]


def _read(words: Sequence[str]) -> tuple[str, Wishes, argparse.Namespace]:
    cut = words.index("--") if "--" in words else len(words)
    own, rest = list(words[:cut]), words[cut + 1 :]
    command = own.pop(0) if own and own[0] in _COMMANDS else ""
    given = _parser(command).parse_intermixed_args(own)
    wishes = Wishes(
        sources=given.sources,
        target="" if command in _WITHOUT_TARGET else command,
        out=given.out,
        languages=given.to,
        spoken=given.spoken,
        dry_run=given.dry_run,
        profile=given.profile,
        config_files=given.configfile,
        settings=given.set,
        rest=rest,
    )
    if command == "demo":
        wishes = _of_the_demo(wishes)
    if not command:
        _check_sources(wishes)
    return command, wishes, given


def _of_the_demo(wishes: Wishes) -> Wishes:
    if wishes.sources:
        raise UsageError("The demo has its own videos; leave out 'demo' to subtitle others.")
    files = [str(home() / "config" / "demo.yaml"), *wishes.config_files]
    return replace(wishes, sources=[str(home() / "demo")], config_files=files)


def _check_sources(wishes: Wishes) -> None:
    if not wishes.sources and not wishes.config_files:
        raise UsageError("Name a folder, a video or a URL to subtitle; vat --help tells the rest.")
    for name in wishes.sources[:1]:
        near = get_close_matches(name, _COMMANDS, n=1, cutoff=0.75)
        if near and not Path(name).exists():
            raise UsageError(f"There is no '{name}' here; did you mean vat {near[0]}?")


def _review(out: Path) -> int:
    """Serve the pages of the last run in a folder until somebody ends it; the exit status."""
    page = (out / "results" / "report" / "index.html").absolute()
    if not page.is_file():
        raise UsageError(
            f"There is no '{page}'; run vat FOLDER first, or name the folder of the run with --out."
        )
    from vat.report.server import ReviewServer, Shelf, serve

    here = out.absolute()
    server = ReviewServer(Shelf(here / "results", here / "logs", here / "edits"))
    print(f"Open {server.url}\nCtrl-C here, or a button on the pages, ends it.", flush=True)
    if "DISPLAY" in os.environ or "WAYLAND_DISPLAY" in os.environ:
        webbrowser.open(server.url)
    with suppress(KeyboardInterrupt):
        serve(server)
    return 0


class _Parser(argparse.ArgumentParser):
    """One that lets its caller say what is wrong."""

    def error(self, message: str) -> NoReturn:
        """Raise what argparse prints."""
        raise UsageError(f"{message[:1].upper()}{message[1:]}; see vat --help.")


def _wait(text: str) -> float:
    """Seconds between two looks."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 1 <= seconds <= _LONGEST_WAIT:
        raise argparse.ArgumentTypeError(f"'{text}' is no number of seconds from 1 to 86400")
    return seconds


def _parser(command: str = "") -> argparse.ArgumentParser:
    listed = "\n".join(f"  {name:<10}{what}" for name, what in _COMMANDS.items())
    parser = _Parser(
        prog=f"vat {command}".strip(),
        description=_COMMANDS.get(command, "Make videos with translated subtitles.").capitalize(),
        epilog="" if command else _EPILOG.format(commands=listed),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("sources", nargs="*", metavar="SOURCE", help="folder, video, URL, or sheet (.tsv, .csv)")
    to = "languages to translate into, such as zh or zh,ja; none for the spoken one only"
    add("--to", action="append", default=[], metavar="LANGUAGES", help=to)
    spoken = "the language spoken; found out where it is left out"
    add("--from", dest="spoken", default="", metavar="LANGUAGE", help=spoken)
    out = "folder below which results, logs and models are written; this one if left out"
    add("--out", default=".", metavar="FOLDER", help=out)
    add("-n", "--dry-run", action="store_true", help="only say what would be done")
    setting = "a setting, such as asr.model=large-v3-turbo; may be repeated"
    add("--set", action="append", default=[], metavar="KEY=VALUE", help=setting)
    file = "a file with settings; may be repeated"
    add("--configfile", action="append", default=[], metavar="FILE", help=file)
    profile = "where jobs run: local-gpu (if left out), slurm, or a profile of your own"
    add("--profile", default=LOCAL, help=profile)
    if command == "watch":
        every = "seconds between looks; 20 if left out"
        add("--every", type=_wait, default=20.0, metavar="SECONDS", help=every)
        hook = "what is told of each video that is done: a command, or an address"
        add("--on-video-done", dest="hook", default="", metavar="HOOK", help=hook)
    add("--version", action="version", version=f"vat {version('vat-subtitles')}")
    return parser


if __name__ == "__main__":
    sys.exit(main())
