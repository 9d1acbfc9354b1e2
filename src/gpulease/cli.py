"""The commands `gpulease status` and `gpulease run`."""

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
from typing import Any

from gpulease.errors import GpuLeaseError, NoGpuError
from gpulease.explain import explain
from gpulease.ledger import Entry
from gpulease.placement import COMPUTE_JOBS, GpuView, Request, split_names
from gpulease.pool import Pool


def main(argv: Sequence[str] | None = None) -> int:
    """Entry of the command gpulease; the exit status."""
    logging.basicConfig(level=logging.INFO, format="gpulease: %(message)s", stream=sys.stderr)
    parsed = _parser().parse_args(argv)
    try:
        return int(parsed.command(parsed))
    except GpuLeaseError as error:
        print(f"gpulease: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="gpulease", description="GPU memory on shared hosts, promised to one job at a time."
    )
    parser.add_argument(
        "--scope", default="system", help="who shares: system, group, user, or a folder"
    )
    commands = parser.add_subparsers(required=True)
    status = commands.add_parser("status", help="show the GPUs, who leases them and who waits")
    status.add_argument("--json", action="store_true", help="for programs")
    status.set_defaults(command=_status)
    run = commands.add_parser("run", help="run a command on the GPU with the most room")
    run.add_argument("--mem-mb", type=int, required=True, help="memory in MB on each GPU")
    run.add_argument("--gpus", type=int, default=1, help="number of distinct GPUs")
    run.add_argument("--exclude", default="", help="GPUs not to use: 0,GPU-8f2a")
    run.add_argument("--max-jobs-per-gpu", type=int, default=0, help="0 for any number")
    run.add_argument(
        "--compute-jobs",
        type=int,
        default=COMPUTE_JOBS,
        help=f"most jobs that compute at a time on one GPU; 0 for any; default {COMPUTE_JOBS}",
    )
    run.add_argument("--timeout", type=float, help="seconds to wait; for ever by default")
    run.add_argument(
        "--without-gpu",
        choices=["cpu", "error"],
        default="error",
        help="what to do where there is no GPU: run the command without, or fail (default)",
    )
    run.add_argument("cmd", nargs=argparse.REMAINDER, metavar="-- CMD", help="the command")
    run.set_defaults(command=_run)
    return parser


def _run(parsed: argparse.Namespace) -> int:
    command = parsed.cmd[1:] if parsed.cmd[:1] == ["--"] else parsed.cmd
    if not command or parsed.mem_mb < 0 or parsed.gpus < 1:
        raise GpuLeaseError(
            "Nothing to run; write gpulease run --mem-mb 8000 -- CMD, with one GPU or more."
        )
    pool = Pool(parsed.scope)
    request = Request(
        parsed.mem_mb,
        parsed.gpus,
        split_names(parsed.exclude),
        parsed.max_jobs_per_gpu,
        Path(command[0]).name,
        max_computing=parsed.compute_jobs,
    )
    try:
        pool.wait_for_driver()
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
    with pool.look() as look:
        views, leases, tickets = look.views, look.leases, pool.ledger.tickets()
    facts = [_facts(view, leases) for view in views]
    if parsed.json:
        print(json.dumps({"gpus": facts, "waiting": [_entry(entry) for entry in tickets]}))
        return 0
    for fact in facts:
        print(
            f"GPU {fact['index']}  {fact['name']}  {fact['uuid']}\n"
            f"    {fact['free_mb']} of {fact['total_mb']} MB free, {fact['load']:.0%} loaded"
        )
        for entry in fact["leases"]:
            print(f"    {_line(entry)}")
    for entry in tickets:
        print(f"waiting: {_line(_entry(entry))}")
    return 0


def _facts(view: GpuView, leases: Sequence[Entry]) -> dict[str, Any]:
    gpu = view.gpu
    return {
        "index": gpu.index,
        "uuid": gpu.uuid,
        "name": gpu.name,
        "total_mb": gpu.total_mb,
        "free_mb": view.free_mb,
        "load": round(view.load, 4),
        "trouble": view.trouble,
        "unified": gpu.unified,
        "leases": [_entry(entry) for entry in leases if gpu.uuid in entry.record.gpus],
    }


def _entry(entry: Entry) -> dict[str, Any]:
    record = entry.record
    return {
        "label": record.label,
        "user": record.user,
        "pid": record.pid,
        "mem_mb": record.mem_mb,
        "declared_mb": record.declared_mb or record.mem_mb,
        "since_s": round(time.time() - record.time, 1),
    }


def _line(entry: dict[str, Any]) -> str:
    other = entry["mem_mb"] != entry["declared_mb"]
    declared = f" ({entry['declared_mb']} MB declared)" if other else ""
    return (
        f"{entry['mem_mb']} MB{declared}  {entry['label'] or 'a job'} of {entry['user']},"
        f" process {entry['pid']}, for {entry['since_s']:.0f} s"
    )


def run_as_program() -> None:
    """Run the command line of this process."""
    with suppress(BrokenPipeError):
        sys.exit(main())
