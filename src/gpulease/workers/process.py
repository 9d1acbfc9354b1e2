"""The process of a worker: it calls functions for one job after another and keeps what they load.

    python -P -m gpulease.workers.process LISTENER [LEASE]

LISTENER is the number of the inherited listening socket, LEASE that of the open file that holds the
lease. Standard input is the line to the owner,
who sends the key and then nothing more: when it closes, the owner has ended, however it did, and
the worker ends as well.
"""

import ctypes
import faulthandler
import hmac
import logging
import os
import select
import shutil
import signal
import socket
import struct
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from gpulease.errors import WorkerError
from gpulease.processes import LEASE_VARIABLE
from gpulease.second_look import confirm
from gpulease.workers.client import as_json, find, is_own, name_of
from gpulease.workers.giving_way import GivingWay
from gpulease.workers.messages import CLIENT_GONE, receive, send

_GREETING_S: Final = 30.0
"""How long a connection may take to say what it wants."""

_LOOK_MS: Final = 2000
"""How often an idle worker looks whether it has to give way, in milliseconds."""

_LOG_FORMAT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_CREDENTIALS: Final = struct.Struct("3i")


class Server:
    """Answers calls, one at a time.

    Args:
        listener: where jobs connect.
        key: what they must show.
        way: whether it has to give way while it is idle.
    """

    def __init__(self, listener: socket.socket, key: str, way: GivingWay) -> None:
        self._listener = listener
        self._way = way
        self._key = key
        self._confirmed = False

    def run(self) -> None:
        """Serve until the owner ends this process or itself, or it has to give way."""
        poll = select.poll()
        poll.register(self._listener, select.POLLIN)
        while True:
            if not poll.poll(_LOOK_MS):
                if self._way.is_due():
                    return
                continue
            peer, _ = self._listener.accept()
            with peer:
                self._serve(peer)

    def _serve(self, peer: socket.socket) -> None:
        peer.settimeout(_GREETING_S)
        try:
            request, files = receive(peer, 2)
        except (OSError, EOFError, ValueError):
            # Nothing that a job of ours would send; who sent it sees the connection close.
            return
        try:
            if not self._is_welcome(peer, request):
                return
            peer.settimeout(None)
            with _output_to(files), _ending_with(peer):
                answer = self._answer(request)
        finally:
            for file in files:
                os.close(file)
        try:
            try:
                send(peer, answer)
            except WorkerError as error:
                send(peer, _told(error))
        except OSError:
            os._exit(CLIENT_GONE)

    def _is_welcome(self, peer: socket.socket, request: Any) -> bool:
        """Whether the peer is a process of the same user and knows the key."""
        raw = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        _, uid, _ = _CREDENTIALS.unpack(raw)
        if uid != os.getuid() or not isinstance(request, dict):
            return False
        return hmac.compare_digest(str(request.get("key")).encode(), self._key.encode())

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        function = str(request.get("function"))
        try:
            os.chdir(request["folder"])
            if not self._confirmed:
                confirm()
                self._confirmed = True
            return {"result": as_json(find(function)(**request["arguments"]))}
        except (Exception, SystemExit) as error:
            if not is_own(type(error), function):
                traceback.print_exc()
            return _told(error)


def _told(error: BaseException) -> dict[str, Any]:
    return {"error": {"class": name_of(type(error)), "message": str(error)}}


@contextmanager
def _output_to(files: Sequence[int]) -> Iterator[None]:
    """Let all that this process writes, native code and children included, go to the job's log."""
    kept = [os.dup(1), os.dup(2)]
    _flush()
    os.dup2(files[0], 1)
    os.dup2(files[1], 2)
    try:
        yield
    finally:
        _flush()
        for number, file in enumerate(kept, 1):
            os.dup2(file, number)
            os.close(file)


def _flush() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    ctypes.CDLL(None).fflush(None)


@contextmanager
def _ending_with(peer: socket.socket) -> Iterator[None]:
    """End this process if the job goes away meanwhile: nobody wants the result any more."""
    over, end = os.pipe()
    thread = threading.Thread(target=_end_with, args=(peer.fileno(), over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        os.close(end)
        thread.join()
        os.close(over)


def _end_with(peer: int, over: int) -> None:
    poll = select.poll()
    poll.register(peer, select.POLLRDHUP)
    poll.register(over, 0)
    if any(file == peer for file, _ in poll.poll()):
        os._exit(CLIENT_GONE)


def _end_with_owner(line: int, folder: Path) -> None:
    with suppress(OSError):
        while os.read(line, 4096):
            pass
    shutil.rmtree(folder, ignore_errors=True)
    # The children as well: the owner made this process the first of its group.
    os.killpg(0, signal.SIGKILL)


def main() -> None:
    """Be a worker."""
    faulthandler.enable()
    logging.basicConfig(level=logging.INFO, format=_LOG_FORMAT, stream=sys.stderr)
    listener = socket.socket(fileno=int(sys.argv[1]))
    listener.set_inheritable(False)
    # Programs that a function starts must not read from the line to the owner.
    line = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    key = b""
    while not key.endswith(b"\n"):
        part = os.read(line, 1)
        if not part:
            return
        key += part
    folder = Path(listener.getsockname()).parent
    threading.Thread(target=_end_with_owner, args=(line, folder), daemon=True).start()
    lease = os.environ.get(LEASE_VARIABLE)
    held = (Path(lease), int(sys.argv[2])) if lease and len(sys.argv) > 2 else None
    way = GivingWay(folder, held)
    Server(listener, key.decode().strip(), way).run()
    way.let_go()
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
