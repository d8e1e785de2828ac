"""The app behind a real server, and viewers with real sockets, good ones and bad ones."""

from __future__ import annotations

import base64
import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from dash import Dash
from simple_websocket import Client, ConnectionClosed
from werkzeug.serving import make_server
from wsproto.events import AcceptConnection, Request

from mri.format.events import StepFrame
from mri.format.wire import Record, bytes_from_frame, iter_records

NORMAL, POLICY, TOO_BIG, TRY_LATER = 1000, 1008, 1009, 1013


@contextmanager
def served(app: Dash, port: int = 0) -> Iterator[int]:
    """Port of the app behind werkzeug's threaded server."""
    server = make_server("127.0.0.1", port, app.server, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server.port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class CarefulClient(Client):
    """simple-websocket's client, which leaves unread what comes in one piece with the answer to its handshake."""

    def handshake(self) -> None:
        self.sock.sendall(self.ws.send(Request(host=self.host, target=self.path, extra_headers=self.extra_headeers)))
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            answer += self.sock.recv(1)
        self.ws.receive_data(answer)
        assert isinstance(next(self.ws.events()), AcceptConnection), answer
        self.connected = True


class Watcher:
    """A viewer that reads as fast as it can. `heard`: messages in order, JSON ones as dict, frames as bytes."""

    def __init__(self, port: int, session_id: str, start: int = 0, **headers: str) -> None:
        address = f"ws://127.0.0.1:{port}/live/{session_id}?from={start}"
        self.ws = CarefulClient.connect(address, headers=headers, receive_bytes=1 << 20)
        self.heard: list[dict | bytes] = []

    def hear(self, kind: str | None = None, timeout_s: float = 60) -> dict | bytes:
        """The next message; with `kind` the next of that type ("frame" for bytes), others before it are kept."""
        while True:
            message = self.ws.receive(timeout_s)
            assert message is not None, f"nothing came in {timeout_s} s, after {self.kinds[-3:]}"
            self.heard.append(json.loads(message) if isinstance(message, str) else bytes(message))
            if kind in (None, self.kinds[-1]):
                return self.heard[-1]

    def hear_all(self) -> int:
        """Everything until the other side closes. -> close code"""
        try:
            while True:
                self.hear()
        except ConnectionClosed as closed:
            return int(closed.reason)

    def hear_steps(self, stop: int) -> None:
        """Everything until step `stop` - 1 has come."""
        while not self.steps or self.steps[-1] < stop - 1:
            self.hear("frame")

    def hear_state(self, state: str) -> None:
        """Everything until the recording is in `state`, which it may have told already."""
        while not (told := self.of("state")) or told[-1]["state"] != state:
            self.hear("state")

    @property
    def kinds(self) -> list[str]:
        return [heard["type"] if isinstance(heard, dict) else "frame" for heard in self.heard]

    def of(self, kind: str) -> list[dict]:
        return [heard for heard in self.heard if isinstance(heard, dict) and heard["type"] == kind]

    @property
    def records(self) -> list[Record]:
        """Every record of every binary message, which must be nothing but whole records."""
        found = []
        for heard in self.heard:
            if isinstance(heard, bytes):
                records = list(iter_records(heard))
                assert records, "a binary message holds at least one record"
                assert records[-1].end == len(heard), "… and nothing else"
                found += records
        return found

    @property
    def steps(self) -> list[int]:
        return [record.step for record in self.records]

    def close(self) -> None:
        with suppress(ConnectionClosed):
            self.ws.close()


def payloads(watcher: Watcher) -> list[bytes]:
    """The frames that came, as bytes."""
    return [bytes(record.payload) for record in watcher.records]


def expected(frames: list[StepFrame], start: int = 0) -> list[bytes]:
    """The same of the frames that were recorded."""
    return [bytes_from_frame(frame) for frame in frames[start:]]


class RawSocket:
    """A WebSocket client without manners: reads when the test says so, sends whatever bytes it is given."""

    def __init__(self, port: int, path: str, *, receive_buffer: int = 16 << 10, **headers: str | None) -> None:
        self.sock = socket.socket()
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.sock.connect(("127.0.0.1", port))
        self.sock.settimeout(60)
        lines = {
            "Host": f"127.0.0.1:{port}",
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Extensions": "permessage-deflate",
            **headers,
        }
        head = f"GET {path} HTTP/1.1\r\n" + "".join(
            f"{name}: {value}\r\n" for name, value in lines.items() if value is not None
        )
        self.sock.sendall(head.encode() + b"\r\n")
        self._buffer = bytearray()
        while b"\r\n\r\n" not in self._buffer:
            self._fill()
        self.answer, _, rest = bytes(self._buffer).partition(b"\r\n\r\n")
        self._buffer = bytearray(rest)

    @property
    def status(self) -> int:
        return int(self.answer.split()[1])

    def send(self, opcode: int, payload: bytes) -> None:
        """One masked frame (with a mask of zeros)."""
        size = len(payload)
        length = bytes([0x80 | size]) if size < 126 else bytes([0xFE]) + size.to_bytes(2, "big")
        if size >= 1 << 16:
            length = bytes([0xFF]) + size.to_bytes(8, "big")
        self.sock.sendall(bytes([0x80 | opcode]) + length + bytes(4) + payload)

    def frame(self) -> tuple[int, bytes]:
        """The next frame: opcode, payload. Fails on a reserved bit, a mask or an unknown opcode."""
        first, second = self._take(2)
        assert first & 0xF0 == 0x80, f"first byte {first:#x}: a corrupt stream"
        assert second < 0x80, "a server does not mask"
        assert first & 0x0F in (1, 2, 8, 9, 10), f"opcode {first & 0x0F}: a corrupt stream"
        size = second
        if second >= 126:
            size = int.from_bytes(self._take(2 if second == 126 else 8), "big")
        return first & 0x0F, self._take(size)

    def is_over(self) -> bool:
        """Reads on to the end of the stream; True once the other side has ended it."""
        try:
            while self.sock.recv(1 << 16):
                pass
        except ConnectionResetError:
            pass
        return True

    def close(self) -> None:
        self.sock.close()

    def _take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._fill()
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    def _fill(self) -> None:
        part = self.sock.recv(1 << 16)
        if not part:
            raise EOFError("the server ended the stream")
        self._buffer += part
