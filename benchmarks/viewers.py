"""A crowd of viewers in one process: `python -m benchmarks.viewers PORT SESSION HEALTHY SLOW STALLED`.

Says the ports of the stalled ones when all are connected, and when the stream has ended what each of them got, and
when the steps reached the first healthy one: a line of JSON each. Reads sockets by hand, so that 32 of them leave the
processor to others.
"""

from __future__ import annotations

import base64
import json
import os
import selectors
import socket
import sys
import time

from mri.format.wire import HEADER, record_size, views_from_bytes

SLOW_BYTES, SLOW_EVERY_S = 2048, 0.025  # 80 kB/s


class Connection:
    """One viewer. `arrivals`: seconds (monotonic) by step; `thin`: steps that came without payloads."""

    def __init__(self, port: int, session_id: str, kind: str) -> None:
        self.kind = kind
        self.arrivals: dict[int, float] = {}
        self.in_order, self.over = True, False
        self.thin: list[int] = []
        self.told_thin: list[int] = []
        self.told_gone: list[int] = []
        self.end: dict[str, object] = {}
        self._buffer = bytearray()
        self.sock = socket.socket()
        if kind != "healthy":
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 10)
        self.sock.connect(("127.0.0.1", port))
        key = base64.b64encode(os.urandom(16)).decode()
        self.sock.sendall(
            f"GET /live/{session_id}?from=0 HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        while b"\r\n\r\n" not in self._buffer:
            self._buffer += self.sock.recv(1)
        assert self._buffer.startswith(b"HTTP/1.1 101"), bytes(self._buffer)
        self._buffer.clear()
        self.sock.setblocking(False)

    def read(self, most_bytes: int) -> None:
        try:
            part = self.sock.recv(most_bytes)
        except BlockingIOError:
            return
        except ConnectionResetError:
            part = b""
        self.over = not part
        self._buffer += part
        now = time.monotonic()
        while (size := self._frame_size()) is not None:
            head, end = size
            self._on_message(self._buffer[0] & 0x0F, bytes(self._buffer[head:end]), now)
            del self._buffer[:end]

    def _frame_size(self) -> tuple[int, int] | None:
        """Where the payload of the first frame begins and ends, None while it is not whole."""
        if len(self._buffer) < 10:
            return (
                None if len(self._buffer) < 2 or self._buffer[1] + 2 > len(self._buffer) else (2, self._buffer[1] + 2)
            )
        length = self._buffer[1]
        head = {126: 4, 127: 10}.get(length, 2)
        if head > 2:
            length = int.from_bytes(self._buffer[2:head], "big")
        return (head, head + length) if head + length <= len(self._buffer) else None

    def _on_message(self, opcode: int, payload: bytes, now: float) -> None:
        if opcode == 8:
            self.over = True
        elif opcode == 2:
            offset = 0
            while offset < len(payload):
                *_, step, num_bytes = HEADER.unpack_from(payload, offset)
                self.in_order = self.in_order and (not self.arrivals or step > next(reversed(self.arrivals)))
                self.arrivals[step] = now
                if self.kind == "slow":
                    start = offset + HEADER.size
                    header, _ = views_from_bytes(payload[start : start + num_bytes], only="stats")
                    self.thin += [step] if header["dropped"] else []
                offset += record_size(num_bytes)
        elif opcode == 1:
            message = json.loads(payload)
            if message["type"] == "dropped":
                for first, last in message["payload_steps"]:
                    self.told_thin += range(first, last + 1)
                for first, last in message["frame_steps"]:
                    self.told_gone += range(first, last + 1)
            elif message["type"] == "end":
                self.end = message

    def result(self) -> dict[str, object]:
        num_steps = self.end.get("num_steps", -1)
        seen = set(self.arrivals)
        complete = sorted([*seen, *self.told_gone]) == list(range(int(str(num_steps))))
        exact = complete and self.thin == self.told_thin
        exact = exact and self.end.get("dropped") == {"payloads": len(self.thin), "frames": len(self.told_gone)}
        seen_as = {"kind": self.kind, "in_order": self.in_order, "complete": complete, "exact": exact}
        return seen_as | {"payloads": len(self.told_thin), "frames": len(self.told_gone)}


def main(port: int, session_id: str, healthy: int, slow: int, stalled: int) -> None:
    kinds = ["healthy"] * healthy + ["slow"] * slow + ["stalled"] * stalled
    viewers = [Connection(port, session_id, kind) for kind in kinds]
    print(json.dumps([v.sock.getsockname()[1] for v in viewers if v.kind == "stalled"]), flush=True)
    selector = selectors.DefaultSelector()
    for viewer in viewers:
        if viewer.kind == "healthy":
            selector.register(viewer.sock, selectors.EVENT_READ, viewer)
    read_at = 0.0
    while not all(viewer.over for viewer in viewers if viewer.kind != "stalled"):
        for key, _ in selector.select(SLOW_EVERY_S if slow else 1.0):
            key.data.read(1 << 18)
            if key.data.over:
                selector.unregister(key.fileobj)
        if slow and time.monotonic() - read_at >= SLOW_EVERY_S:
            read_at = time.monotonic()
            hurry = all(viewer.over for viewer in viewers if viewer.kind == "healthy")
            for viewer in viewers:
                if viewer.kind == "slow" and not viewer.over:
                    viewer.read(1 << 18 if hurry else SLOW_BYTES)  # what is left is taken quickly
    arrivals = viewers[0].arrivals if viewers else {}
    print(
        json.dumps({"viewers": [v.result() for v in viewers if v.kind != "stalled"], "arrivals": arrivals}), flush=True
    )
    sys.stdin.read()  # the stalled ones stay until the other side of the pipe goes


if __name__ == "__main__":
    name, *numbers = sys.argv[2], sys.argv[1], *sys.argv[3:]
    main(int(numbers[0]), name, *map(int, numbers[1:]))
