"""Where errors become answers: every refusal over HTTP is {"error": sentence} with the status that fits it.

Knows no routes and no pages.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from dash.exceptions import CallbackException, DependencyException, InvalidCallbackReturnValue, PreventUpdate
from flask import Flask, Request, jsonify, request
from flask.typing import ResponseReturnValue
from simple_websocket.errors import SimpleWebsocketError
from werkzeug.exceptions import BadRequest, ClientDisconnected, HTTPException, MethodNotAllowed
from wsproto.utilities import RemoteProtocolError

from mri import errors

MAX_REQUEST_BYTES = 2 << 20
RETRY_AFTER_S = 5
"""What a 503 says: by then another recording, export or import is over, or has come to its end."""

STATUS = {
    errors.SessionNotFound: 404,
    errors.LessonNotFound: 404,
    errors.LessonError: 500,
    errors.BadSession: 422,
    errors.StoreError: 507,
    errors.WorkerError: 503,
    errors.BusyError: 503,
}
"""HTTP status of an error; what is not listed is the request's fault: 400."""

NOT_FOUND = "There is nothing at this address: see docs/architecture.md for those that exist."

STALLED = "Nothing more of this request came for too long: send it again."
MALFORMED = "This request asks for no callback of these pages: load the page again."
NO_HANDSHAKE = "This is no WebSocket handshake: send Sec-WebSocket-Key and Sec-WebSocket-Version: 13."

HTTP_SENTENCES = {
    400: 'The body of this request is no valid JSON: send an object such as {"prompt": "Once"}.',
    404: NOT_FOUND,
    413: f"This request is larger than {MAX_REQUEST_BYTES:,} bytes: send less.",
    415: "The body of this request is not marked as JSON: send it with the header Content-Type: application/json.",
    500: "The server failed at this request: its terminal has the details.",
}

log = logging.getLogger("mri")


def register(server: Flask) -> None:
    """Have every error of the app answered here."""
    server.request_class = JsonRequest
    server.register_error_handler(errors.MriError, _answer_mri_error)
    server.register_error_handler(HTTPException, _answer_http_error)
    server.register_error_handler(DependencyException, _answer_unknown_library)
    server.register_error_handler(RemoteProtocolError, _answer_no_handshake)
    server.register_error_handler(ConnectionError, _answer_nobody)
    server.register_error_handler(ClientDisconnected, _answer_stalled)
    server.register_error_handler(SimpleWebsocketError, _answer_nobody)


class JsonRequest(Request):
    """JSON that is nested too deeply to be read is no valid JSON."""

    def get_json(self, *args: Any, **options: Any) -> Any:
        try:
            return super().get_json(*args, **options)
        except RecursionError as error:
            raise BadRequest from error


def refuse_malformed(dispatch: Callable[..., Any]) -> Callable[..., Any]:
    """Dash's own route for callbacks. What a callback raises never leaves it (`show_error`), and an answer that cannot
    be sent is an InvalidCallbackReturnValue: all else is a body that no page of ours sends."""

    @wraps(dispatch)
    def answer() -> Any:
        try:
            if not _names_its_outputs(request.get_json()):
                return jsonify(error=MALFORMED), 400
            return dispatch()
        except (CallbackException, LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
            if isinstance(error, InvalidCallbackReturnValue | PreventUpdate):
                raise
            return jsonify(error=MALFORMED), 400

    return answer


def _names_its_outputs(body: dict[str, Any]) -> bool:
    """Whether the list of outputs is of the same components as the callback's name, `..a.data...b.children..`."""
    if "outputs" not in body:  # a callback that has none
        return True
    listed = body["outputs"] if isinstance(body["outputs"], list) else [body["outputs"]]
    named = [name.rpartition(".")[0] for name in body["output"].strip(".").split("...")]
    return [output["id"] for output in listed] == named


def _answer_mri_error(error: errors.MriError) -> ResponseReturnValue:
    status = STATUS.get(type(error), 400)
    if status == 500:
        log.error("A request failed", exc_info=error)
    return jsonify(error=str(error)), status, {"Retry-After": str(RETRY_AFTER_S)} if status == 503 else {}


def _answer_http_error(error: HTTPException) -> ResponseReturnValue:
    code = error.code or 500
    sentence = HTTP_SENTENCES.get(code, f"The server cannot answer this request ({error.name}): check what it sends.")
    if isinstance(error, MethodNotAllowed):
        others = set(error.valid_methods or ()) - {"GET", "HEAD", "OPTIONS"}  # to Dash every address is one to GET
        allowed = " or ".join(sorted(others)) or "GET"
        sentence = f"The method {request.method} is not for this address: use {allowed}."
    return jsonify(error=sentence), code


def _answer_no_handshake(_: RemoteProtocolError) -> ResponseReturnValue:
    return jsonify(error=NO_HANDSHAKE), 400


def _answer_nobody(_: Exception) -> ResponseReturnValue:
    """The other side has gone in the middle of its request."""
    return "", 400


def _answer_stalled(_: ClientDisconnected) -> ResponseReturnValue:
    return jsonify(error=STALLED), 408


def _answer_unknown_library(_: DependencyException) -> ResponseReturnValue:
    return jsonify(error=NOT_FOUND), 404
