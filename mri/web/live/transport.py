"""The live stream's sockets: whole frames under a lock, no deflate, an end to stalled viewers, a clean close.

Cures what flask-sock and simple-websocket leave open: two threads write to one socket without a lock, with `send`
instead of `sendall`; compression is always agreed to; on werkzeug a close is never clean. Knows WebSockets and
viewers, nothing of sessions.
"""

from __future__ import annotations

import contextlib
import logging
import select
import socket
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from simple_websocket import ConnectionClosed, Server
from wsproto.events import BytesMessage, TextMessage
from wsproto.utilities import LocalProtocolError

from mri.errors import LiveError, MriError
from mri.format.checks import whole
from mri.web.live.hub import Hub
from mri.web.live.messages import message
from mri.web.live.viewer import Message, Viewer

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SOCKET_OPTIONS = {"ping_interval": 25, "max_message_size": 1024}
"""For simple-websocket. A viewer has nothing to say: what it sends is small, or too much."""
STALL_S = 3.0
"""A viewer that reads nothing for so long is let go."""
SEND_BUFFER_BYTES = 128 << 10
"""Of the system's, per socket: a larger one would hide for seconds that nobody reads at the other end."""
AT_ONCE_BYTES = 256 << 10
CLOSE_WAIT_S = 2.0
"""For the other side's word of goodbye."""

NORMAL, POLICY, FAILED, TRY_LATER = 1000, 1008, 1011, 1013
"""Close codes: all was sent; this cannot be watched, or the viewer spoke; a fault of ours; too many watch."""

log = logging.getLogger("mri")

SOCKET_KEYS = ("werkzeug.socket", "gunicorn.socket")
_DONT_WAIT = getattr(socket, "MSG_DONTWAIT", 0)  # Windows has none: there a send may wait longer


class PlainSockets:
    """WSGI middleware in front of WebSocket upgrades: takes the offer of compression away, mends the socket."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("HTTP_UPGRADE", "").lower() == "websocket":
            environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
            for key in SOCKET_KEYS:
                if key in environ:
                    environ[key] = WholeSends(environ[key], STALL_S)
        return self._app(environ, start_response)


class WholeSends:
    """A socket whose `send` sends everything, one thread at a time, and gives up when nobody reads.

    All else is the socket's own.
    """

    def __init__(self, sock: socket.socket, stall_s: float) -> None:
        self._sock, self._stall_s = sock, stall_s
        self._lock = threading.Lock()
        self._broken = False
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        if sock.family != getattr(socket, "AF_UNIX", None):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def send(self, data: bytes) -> int:
        """Raises OSError where the other side is gone, or has read nothing for `stall_s`; then for ever."""
        view = memoryview(data)
        with self._lock:
            while view:
                if self._broken:
                    raise BrokenPipeError("this viewer was let go")
                try:
                    view = view[self._sock.send(view, _DONT_WAIT) :]
                except BlockingIOError:
                    self._wait_for_room()
        return len(data)

    def _wait_for_room(self) -> None:
        if self._sock.fileno() < 0:
            raise BrokenPipeError("the socket is closed")
        poll = select.poll()
        poll.register(self._sock, select.POLLOUT)
        if not poll.poll(self._stall_s * 1000):
            self.abort()

    def abort(self) -> None:
        """Ends the connection without a word: its reading thread ends, too."""
        self._broken = True
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)


def stream(ws: Server, hub: Hub, session_id: str, start: str) -> None:
    """Serve one viewer until the session ends or the viewer goes. `start`: the first step wanted, as in the address."""
    wake: Callable[[], None] = ws.event.set  # which simple-websocket sets, too, when the viewer speaks or goes
    code = NORMAL
    with contextlib.suppress(ConnectionClosed, OSError, LocalProtocolError):  # the viewer is gone
        try:
            viewer = hub.join(session_id, whole("from", start), wake)
            try:
                while not viewer.over and code == NORMAL and ws.connected:
                    ws.event.clear()
                    if ws.input_buffer:
                        code = POLICY  # what is sent here is only heard, and kept nowhere
                    elif not _send_what_there_is(ws, viewer):
                        ws.event.wait(viewer.wait_s())
            finally:
                hub.leave(viewer, wake)
        except MriError as error:
            ws.send(message("refused", reason=str(error)))
            code = TRY_LATER if isinstance(error, LiveError) else POLICY
        except (ConnectionClosed, OSError, LocalProtocolError):
            raise
        except Exception:
            log.exception("Streaming %s failed", session_id)
            code = FAILED
    _close(ws, code)


def _send_what_there_is(ws: Server, viewer: Viewer) -> bool:
    """Whether there was anything. What is there at once goes in one piece: a call for each message costs far more than
    its bytes when many watch. Raises OSError, MriError."""
    parts: list[bytes] = []
    num_bytes = 0
    while num_bytes < AT_ONCE_BYTES and not viewer.over and (messages := viewer.messages()):
        parts += [_websocket_frame(ws, each) for each in messages]
        num_bytes += sum(map(len, messages))
    if parts:
        ws.sock.send(b"".join(parts))
    return bool(parts)


def _websocket_frame(ws: Server, each: Message) -> bytes:
    event = TextMessage(data=each) if isinstance(each, str) else BytesMessage(data=each)
    framed: bytes = ws.ws.send(event)  # only makes the bytes: wsproto knows no socket
    return framed


def _close(ws: Server, code: int) -> None:
    """Say goodbye, hear the other side's, and only then let the server have the socket back."""
    with contextlib.suppress(ConnectionClosed, OSError, LocalProtocolError):
        ws.close(code)
    ws.thread.join(CLOSE_WAIT_S)
    with contextlib.suppress(OSError):
        if ws.thread.is_alive():
            ws.sock.shutdown(socket.SHUT_RDWR)
        elif ws.mode == "werkzeug":  # it would write an HTTP answer behind the goodbye
            ws.sock.shutdown(socket.SHUT_WR)
