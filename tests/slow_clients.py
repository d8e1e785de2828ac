"""Clients that are slow on purpose, in six kinds: they hold a connection for as long as the block lasts."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

TRICKLE_S = 0.5
"""Between two bytes of those that send theirs one by one."""

KINDS: dict[str, tuple[bytes, bytes]] = {
    "headers byte by byte": (b"", b"GET /sessions/handmade/meta HTTP/1.1\r\nHost: localhost\r\nX-Slow: " + b"x" * 10_000),
    "an upload byte by byte": (b"POST /import HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\n", b"x" * 4999),
    "a body that never comes": (
        b"POST /record HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n", b""
    ),
    "a download that nobody reads": (
        b"GET /sessions/long/export/all.json HTTP/1.1\r\nHost: localhost\r\n\r\n", b""
    ),
    "a handshake that never ends": (
        b"GET /live/handmade HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n", b""
    ),
    "nothing at all": (b"", b""),
}  # fmt: skip
"""Name -> what is sent at once, what is sent byte by byte after it."""


@contextmanager
def slow_clients(port: int, kind: str, number: int) -> Iterator[None]:
    """So many connections of one kind; one that the server ends is opened anew."""
    at_once, trickle = KINDS[kind]
    over = threading.Event()
    clients: list[tuple[socket.socket, int]] = []

    def opened() -> tuple[socket.socket, int]:
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(30)
        client.connect(("127.0.0.1", port))
        client.sendall(at_once)
        return client, 0

    def go_on() -> None:
        while not over.wait(TRICKLE_S):
            for i, (client, sent) in enumerate(clients):
                if trickle and sent < len(trickle):
                    try:
                        client.sendall(trickle[sent : sent + 1])
                        clients[i] = client, sent + 1
                    except OSError:
                        client.close()
                        with contextlib.suppress(OSError):
                            clients[i] = opened()

    clients += [opened() for _ in range(number)]
    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        for client, _ in clients:
            client.close()
