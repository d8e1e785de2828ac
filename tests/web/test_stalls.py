"""Connections at which nothing moves are ended: with both kinds of bodies, on both servers' sockets."""

import socket
import threading
import time
from contextlib import closing

import pytest
from werkzeug.serving import make_server
from werkzeug.test import EnvironBuilder, run_wsgi_app

from mri.web.server import create_app
from mri.web.stalls import PIECE_BYTES, STALL_S, Stalls


@pytest.mark.parametrize("key", ["werkzeug.socket", "gunicorn.socket"])
def test_every_request_gives_its_connection_a_time_limit_and_sockets_have_their_own(key):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        environ = EnvironBuilder().get_environ() | {key: ours}
        run_wsgi_app(Stalls(lambda _, start: start("200 OK", []) and []), environ)
        assert ours.gettimeout() == STALL_S
        run_wsgi_app(Stalls(lambda _, start: start("200 OK", []) and []), environ | {"HTTP_UPGRADE": "WebSocket"})
        assert ours.gettimeout() is None


def test_a_large_answer_goes_out_in_pieces_and_is_closed():
    closed = []

    class Answer:
        def __iter__(self):
            return iter([b"a" * (2 * PIECE_BYTES + 1), b"", b"b"])

        def close(self):
            closed.append(True)

    def app(environ, start):
        start("200 OK", [])
        return Answer()

    answer = Stalls(app)(EnvironBuilder().get_environ(), lambda *_: None)
    assert [len(piece) for piece in answer] == [PIECE_BYTES, PIECE_BYTES, 1, 1]
    answer.close()
    assert closed == [True]


@pytest.fixture
def impatient(tmp_path):
    """Port of the whole app, which waits a fifth of a second."""
    app = create_app(tmp_path)
    app.server.wsgi_app._app._stall_s = 0.2
    server = make_server("127.0.0.1", 0, app.server, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server.port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("/record", b" 408 ", b"send it again"),
        ("/import", b" 422 ", b"of 900 bytes arrived: send the file again"),
    ],
)
def test_a_body_that_does_not_come_is_a_sentence(impatient, address, status, words):
    with closing(socket.create_connection(("127.0.0.1", impatient))) as client:
        client.settimeout(60)
        head = f"POST {address} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        client.sendall(head.encode() + b'Content-Length: 900\r\n\r\n{"prompt": "On')
        began = time.monotonic()
        answer = b""
        while piece := client.recv(4096):
            answer += piece
    assert status in answer.splitlines()[0]
    assert words in answer
    assert time.monotonic() - began < STALL_S
