"""The command line of gpulease."""

import argparse
import json
import logging
import os
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NoReturn

from gpulease import __version__
from gpulease.account import describe_account, parse_since, read_account
from gpulease.errors import GpuLeaseError, LedgerAwayError, NoGpuError, UsageError
from gpulease.explain import explain
from gpulease.folder import scope_folder
from gpulease.placement import COMPUTE_JOBS, Request, split_names
from gpulease.pool import Pool
from gpulease.sizes import parse_mb
from gpulease.status import WATCH_S, describe_error, describe_status, read_status
from gpulease.system_folder import make_system_folder

_WRONG_USE: Final = 2
_CLEAR: Final = "\x1b[H\x1b[2J"


def main(argv: Sequence[str] | None = None) -> int:
    """Entry of the command gpulease; the exit status."""
    logging.basicConfig(level=logging.INFO, format="gpulease: %(message)s", stream=sys.stderr)
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        parsed = _parser().parse_args(words)
        return int(parsed.command(parsed))
    except GpuLeaseError as error:
        _tell(error, as_json=_asks_for_json(words))
        return _WRONG_USE if isinstance(error, UsageError) else 1
    except KeyboardInterrupt:
        return 130


def _asks_for_json(words: Sequence[str]) -> bool:
    """Whether JSON was asked for, also by a command that means nothing; not by the program run."""
    return "--json" in words and "run" not in words[: words.index("--json")]


def _tell(error: GpuLeaseError, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"error": describe_error(error)}))
    else:
        print(f"gpulease: {error}", file=sys.stderr)


class _Parser(argparse.ArgumentParser):
    """One that lets its caller say what is wrong."""

    def error(self, message: str) -> NoReturn:
        """Raise what argparse prints."""
        raise UsageError(f"{message}; see {self.prog} --help.")


def _size(text: str) -> int:
    try:
        return parse_mb(text)
    except UsageError as error:
        raise argparse.ArgumentTypeError(str(error).rstrip(".")) from None


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0.1 <= seconds <= 86400:
        raise argparse.ArgumentTypeError("give seconds from 0.1 to 86400")
    return seconds


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="gpulease", description="GPU memory on shared hosts, promised to one job at a time."
    )
    parser.add_argument("--version", action="version", version=f"gpulease {__version__}")
    parser.add_argument(
        "--scope", default="system", help="who shares: system, group, user, or a folder"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    status = commands.add_parser("status", help="show the GPUs, who leases them and who waits")
    top = commands.add_parser("top", help="the same again and again")
    for command, watch in ((status, 0.0), (top, WATCH_S)):
        command.add_argument("--json", action="store_true", help="for programs")
        command.add_argument(
            "--watch",
            type=_seconds,
            nargs="?",
            const=WATCH_S,
            default=watch,
            metavar="SECONDS",
            help=f"look again every so many seconds, by default {WATCH_S:g}",
        )
        command.set_defaults(command=_status)
    _add_run(commands)
    account = commands.add_parser("account", help="who used how much of the GPUs")
    account.add_argument(
        "--since", default="7d", metavar="TIME", help="2d, 12h, 2026-11-20; default 7d"
    )
    account.add_argument("--json", action="store_true", help="for programs")
    account.set_defaults(command=_account)
    init = commands.add_parser("init", help="make the folder that all users of the host share")
    init.add_argument("--system", action="store_true", required=True, help="as root, for all users")
    init.set_defaults(command=_init)
    return parser


def _add_run(commands: Any) -> None:
    run = commands.add_parser("run", help="run a command on the GPU with the most room")
    memory = run.add_mutually_exclusive_group(required=True)
    memory.add_argument("--mem", type=_size, dest="mem_mb", help="memory on each GPU: 8G, 8000M")
    memory.add_argument("--mem-mb", type=int, help="memory in MB on each GPU")
    run.add_argument("--gpus", type=int, default=1, help="number of distinct GPUs")
    run.add_argument("--exclude", default="", help="GPUs not to use: 0,GPU-8f2a")
    run.add_argument("--max-jobs-per-gpu", type=int, default=0, help="0 for any number")
    run.add_argument(
        "--compute-jobs",
        type=int,
        default=COMPUTE_JOBS,
        help=f"most jobs that compute at a time on one GPU; 0 for any; default {COMPUTE_JOBS}",
    )
    run.add_argument("--priority", type=int, default=0, help="higher ones of your own go first")
    run.add_argument("--timeout", type=float, help="seconds to wait; for ever by default")
    run.add_argument(
        "--without-gpu",
        choices=["cpu", "error"],
        default="error",
        help="what to do where there is no GPU: run the command without, or fail (default)",
    )
    run.add_argument("cmd", nargs=argparse.REMAINDER, metavar="-- CMD", help="the command")
    run.set_defaults(command=_run)


def _run(parsed: argparse.Namespace) -> int:
    command = parsed.cmd[1:] if parsed.cmd[:1] == ["--"] else parsed.cmd
    if not command or parsed.mem_mb < 0 or parsed.gpus < 1:
        raise UsageError(
            "Nothing to run; write gpulease run --mem 8G -- CMD, with one GPU or more."
        )
    pool = Pool(parsed.scope)
    request = Request(
        parsed.mem_mb,
        parsed.gpus,
        split_names(parsed.exclude),
        parsed.max_jobs_per_gpu,
        Path(command[0]).name,
        max_computing=parsed.compute_jobs,
        priority=max(0, parsed.priority),
    )
    try:
        pool.wait_for_driver(parsed.timeout)
        lease = pool.acquire(request, parsed.timeout)
    except NoGpuError as error:
        if parsed.without_gpu == "error":
            raise
        logging.warning("%s It runs on the CPU.", error)
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
        return _become(command)
    logging.info("%s on %s", request.label, explain(lease.choice, request.mem_mb))
    os.environ.update(lease.environment)
    lease.hold_here()
    try:
        return _become(command)
    finally:
        lease.release()


def _become(command: Sequence[str]) -> int:
    """Replace this process by the command; returns only where that is not possible."""
    # Python ignores it, and what is ignored stays so in the program.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        os.execvp(command[0], list(command))  # noqa: S606
    except OSError as error:
        print(f"gpulease: {command[0]} cannot be run ({error.strerror}).", file=sys.stderr)
        return 127 if isinstance(error, FileNotFoundError) else 126


def _status(parsed: argparse.Namespace) -> int:
    pool = Pool(parsed.scope)
    first = True
    while True:
        try:
            failed = _show_status(pool, parsed, first=first)
        except LedgerAwayError as error:
            if not parsed.watch:
                raise
            # It passes, and so whoever watches goes on.
            _tell(error, as_json=parsed.json)
            failed = True
        if not parsed.watch:
            return int(failed)
        first = False
        time.sleep(parsed.watch)


def _show_status(pool: Pool, parsed: argparse.Namespace, *, first: bool) -> bool:
    """Print it; whether the driver told nothing."""
    status = read_status(pool)
    if parsed.json:
        print(json.dumps(status), flush=True)
        return "error" in status
    if parsed.watch and sys.stdout.isatty():
        print(_CLEAR, end="")
    elif not first:
        print()
    if "error" in status:
        print(f"gpulease: {status['error']['message']}", file=sys.stderr, flush=True)
    for line in describe_status(status):
        print(line)
    sys.stdout.flush()
    return "error" in status


def _account(parsed: argparse.Namespace) -> int:
    account = read_account(Pool(parsed.scope), parse_since(parsed.since, time.time()))
    lines = [json.dumps(account)] if parsed.json else describe_account(account)
    print("\n".join(lines))
    return 0


def _init(parsed: argparse.Namespace) -> int:
    for line in make_system_folder(scope_folder("system")):
        print(line)
    return 0


def run_as_program() -> None:
    """Run the command line of this process."""
    with suppress(BrokenPipeError):
        sys.exit(main())
