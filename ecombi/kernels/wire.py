"""What is said over a connection: small messages in JSON, and open files handed over with them."""

from __future__ import annotations

import json
import os
import socket
import struct
from collections.abc import Mapping, Sequence
from typing import Any

KERNEL, LEASE, REHEARSAL = b"K", b"L", b"R"
"""The first byte says what is wanted: a kernel; that the process stays, until the connection ends; a rehearsal."""
_LENGTH = struct.Struct("!I")


def send(connection: socket.socket, message: Mapping[str, object], files: Sequence[int] = ()) -> None:
    """Send a message with open files."""
    said = json.dumps(message).encode()
    frame = _LENGTH.pack(len(said)) + said
    sent = socket.send_fds(connection, [frame], list(files)) if files else 0
    connection.sendall(frame[sent:])


def send_own(connection: socket.socket, **more: object) -> None:
    """Send who we are, in a way that stays true: our number, and our process file descriptor."""
    own = os.pidfd_open(os.getpid())
    try:
        send(connection, {"pid": os.getpid(), **more}, [own])
    finally:
        os.close(own)


def receive(connection: socket.socket, files: int = 0) -> tuple[dict[str, Any], list[int]]:
    """Receive a message, and up to so many open files; they are not inherited.

    Raises:
        EOFError: The other side has ended.
    """
    head, received, _, _ = socket.recv_fds(connection, _LENGTH.size, files)
    for file in received:
        os.set_inheritable(file, False)
    head += _exactly(connection, _LENGTH.size - len(head))
    return json.loads(_exactly(connection, *_LENGTH.unpack(head))), received


def _exactly(connection: socket.socket, count: int) -> bytes:
    said = b""
    while len(said) < count:
        more = connection.recv(count - len(said))
        if not more:
            raise EOFError("The other side has ended.")
        said += more
    return said
