"""A function by its name, called in the worker of this job, or here where there is none.

    words = gpulease.call("vat.speech.asr:transcribe_chunk", speech="speech.flac", number=1, ...)

Arguments and result are JSON values, wherever the call is made, so that it gives the same in both
places. What the function prints and logs lands where this process writes.
"""

import functools
import json
import os
import socket
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from gpulease.errors import WorkerError
from gpulease.workers.messages import receive, send

WORKER_VARIABLE: Final = "GPULEASE_WORKER"
"""Names the socket of the job's worker; the key lies beside it."""


def call(function: str, /, **arguments: Any) -> Any:
    """The result of "package.module:function" with these arguments.

    Where there is no worker, the memory of this job's lease is confirmed first (`confirm`).

    Raises:
        WorkerError: where the worker is gone, or the function raised what is not an error of its
            own package; the worker's traceback is in this process's output then.
        LeaseTimeoutError: where processes without a lease keep the memory for too long.
        Exception: errors of the function's own package arrive as they are.
    """
    address = os.environ.get(WORKER_VARIABLE)
    if address:
        return _call_worker(Path(address), function, arguments)
    _confirm()
    return as_json(find(function)(**as_json(arguments)))


@functools.cache
def _confirm() -> None:
    """Look again once: later, what is used may be this process's own model."""
    from gpulease.second_look import confirm

    confirm()


def find(function: str) -> Callable[..., Any]:
    """The function of this name.

    Raises:
        WorkerError: where there is none.
    """
    module, _, name = function.partition(":")
    try:
        found = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise WorkerError(f"There is no function '{function}' ({error}).") from error
    if not callable(found):
        raise WorkerError(f"'{function}' is no function.")
    return found  # type: ignore[no-any-return]


def as_json(value: Any) -> Any:
    """The value as it is after a journey as JSON: tuples are lists.

    Raises:
        TypeError: where it is none.
    """
    return json.loads(json.dumps(value))


def is_own(error: type, function: str) -> bool:
    """Whether an error belongs to the function's package, or to this one."""
    return _package(error.__module__) in {_package(function), "gpulease"}


def name_of(error: type) -> str:
    """The name by which an error's class travels."""
    return f"{error.__module__}:{error.__qualname__}"


def _call_worker(address: Path, function: str, arguments: dict[str, Any]) -> Any:
    sys.stdout.flush()
    sys.stderr.flush()
    request = {"function": function, "arguments": arguments, "folder": str(Path.cwd())}
    try:
        request["key"] = address.with_name("key").read_text()
        with socket.socket(socket.AF_UNIX) as worker:
            worker.connect(str(address))
            send(worker, request, (1, 2))
            answer, _ = receive(worker)
    except (OSError, EOFError, ValueError) as error:
        raise WorkerError(
            f"The worker of this job ended before it had an answer to {function} ({error}); what"
            " it wrote last stands above."
        ) from error
    if "error" in answer:
        raise _error(answer["error"], function)
    return answer["result"]


def _error(told: dict[str, str], function: str) -> Exception:
    """What the function raised, as the same class where that is one of its own package."""
    module, _, name = told["class"].partition(":")
    if _package(module) in {_package(function), "gpulease"}:
        found = getattr(import_module(module), name, None)
        if isinstance(found, type) and issubclass(found, Exception):
            return found(told["message"])
    return WorkerError(f"{name}: {told['message']} (in {function}; its traceback stands above)")


def _package(name: str) -> str:
    return name.partition(":")[0].partition(".")[0]
