"""Messages between a job and its worker: JSON after its length, with open files beside it.

JSON only: whoever sends a message can make the other side do nothing but read it.
"""

import array
import json
import os
import socket
import struct
from collections.abc import Sequence
from typing import Any, Final

from gpulease.errors import WorkerError

MAX_BYTES: Final = 64 * 1024 * 1024
"""The largest message: the words of a whole day of speech are less."""

CLIENT_GONE: Final = 81
"""Exit status of a worker whose job ended in the middle of a call."""

_LENGTH: Final = struct.Struct("!Q")


def send(peer: socket.socket, message: Any, files: Sequence[int] = ()) -> None:
    """Send one message, with open file descriptors where there are any.

    Raises:
        TypeError: where the message is not JSON.
        WorkerError: where it is too large.
        OSError: where the peer is gone.
    """
    body = json.dumps(message).encode()
    if len(body) > MAX_BYTES:
        raise WorkerError(
            f"{len(body)} bytes are too many for one message to or from a worker (at most"
            f" {MAX_BYTES}); pass the path of a file instead."
        )
    socket.send_fds(peer, [_LENGTH.pack(len(body))], files)
    peer.sendall(body)


def receive(peer: socket.socket, files: int = 0) -> tuple[Any, list[int]]:
    """The next message and the files that came with it, which now belong to the caller.

    Raises:
        EOFError: where the peer is gone.
        ValueError: where it is too large, no JSON, or came without that many files.
        OSError: where the connection fails.
    """
    received: list[int] = []
    try:
        head = _head(peer, files, received)
        (length,) = _LENGTH.unpack(head)
        if length > MAX_BYTES or len(received) != files:
            raise ValueError(f"a message of {length} bytes with {len(received)} files")
        try:
            return json.loads(_exactly(peer, length)), received
        except RecursionError as error:
            raise ValueError("a message too deep to read") from error
    except BaseException:
        for file in received:
            os.close(file)
        raise


def _head(peer: socket.socket, files: int, received: list[int]) -> bytes:
    """The first bytes; files that come with them are put into `received`."""
    room = socket.CMSG_SPACE(max(files, 1) * array.array("i").itemsize)
    head, ancillary, _, _ = peer.recvmsg(_LENGTH.size, room, socket.MSG_CMSG_CLOEXEC)
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            numbers = array.array("i")
            numbers.frombytes(data[: len(data) - len(data) % numbers.itemsize])
            received.extend(numbers)
    if not head:
        raise EOFError("the connection was closed")
    return head + _exactly(peer, _LENGTH.size - len(head))


def _exactly(peer: socket.socket, length: int) -> bytes:
    parts = bytearray()
    while len(parts) < length:
        part = peer.recv(min(length - len(parts), 1 << 20))
        if not part:
            raise EOFError("the connection was closed")
        parts += part
    return bytes(parts)
