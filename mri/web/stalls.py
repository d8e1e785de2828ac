"""An end to connections at which nothing moves: whoever neither reads nor sends holds a thread and memory.

A WSGI middleware for gunicorn and for Werkzeug's server alike, in front of everything but the guard. Knows no routes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from mri.web.live.transport import SOCKET_KEYS

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

STALL_S = 30.0
"""A request whose body does not go on coming, or an answer of which PIECE_BYTES are not taken, in so long is ended."""
PIECE_BYTES = 64 << 10
"""Answers are sent in pieces of so much: the limit is for each of them, not for a whole download."""


class Stalls:
    """Gives the connection its time limit, and cuts what is sent into pieces. Sockets that became WebSockets have
    limits of their own (mri/web/live/transport.py)."""

    def __init__(self, app: WSGIApplication, stall_s: float = STALL_S) -> None:
        self._app, self._stall_s = app, stall_s

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        is_socket = environ.get("HTTP_UPGRADE", "").lower() == "websocket"
        for key in SOCKET_KEYS:
            if key in environ:
                environ[key].settimeout(None if is_socket else self._stall_s)
        answer = self._app(environ, start_response)
        return answer if is_socket or isinstance(answer, list) else _Pieces(answer)


class _Pieces:
    """What a server sends one after the other, and closes when it is done or the other side has gone."""

    def __init__(self, answer: Iterable[bytes]) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._answer:
            for start in range(0, len(piece), PIECE_BYTES):
                yield piece[start : start + PIECE_BYTES]

    def close(self) -> None:
        close = getattr(self._answer, "close", None)
        if close is not None:
            close()
