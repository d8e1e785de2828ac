"""Clients that are slow on purpose, in six kinds: they hold a connection for as long as the block lasts."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

TRICKLE_S = 0.5
"""Between two bytes of those that send theirs one by one."""

HEAD = "HTTP/1.1\r\nHost: localhost\r\n"
JSON = "Content-Type: application/json\r\n"
UPGRADE = "Upgrade: websocket\r\nConnection: Upgrade\r\n"

KINDS: dict[str, tuple[str, str]] = {
    "headers byte by byte": ("", f"GET /sessions/handmade/meta {HEAD}X-Slow: {'x' * 10_000}"),
    "an upload byte by byte": (f"POST /import {HEAD}Content-Length: 5000\r\n\r\n", "x" * 4999),
    "a body that never comes": (f"POST /record {HEAD}{JSON}Content-Length: 500\r\n\r\n", ""),
    "a download that nobody reads": (f"GET /sessions/long/export/all.json {HEAD}\r\n", ""),
    "a handshake that never ends": (f"GET /live/handmade {HEAD}{UPGRADE}", ""),
    "nothing at all": ("", ""),
}
"""Name -> what is sent at once, what is sent byte by byte after it."""


@contextmanager
def slow_clients(port: int, kind: str, number: int) -> Iterator[None]:
    """So many connections of one kind; one that the server ends is opened anew."""
    at_once, trickle = (text.encode() for text in KINDS[kind])
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
