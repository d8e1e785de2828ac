"""Recording and watching: have a prompt recorded, steer the recording, follow it live.

Hands requests to the generation worker and sockets to mri/web/live/transport.py. Errors leave as {"error": sentence}.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_sock import Sock
from simple_websocket import Server

from mri.web.live.transport import stream
from mri.web.routes.sessions import revalidated_json
from mri.web.services import services
from mri.worker.request import RecordRequest

live_routes = Blueprint("live_routes", __name__)
sock = Sock()


@live_routes.post("/record")
def record() -> ResponseReturnValue:
    """Queue a recording; its id is the session's id from then on."""
    wanted = RecordRequest.from_json(request.get_json())
    model = services().models.chosen(wanted.model)
    session_id = services().library.new_id()
    services().worker.submit(session_id, wanted, model)
    return revalidated_json({"id": session_id}), 202


@live_routes.get("/record/<session_id>")
def record_status(session_id: str) -> ResponseReturnValue:
    """Where a recording stands: queued, running, paused, finished or error."""
    return revalidated_json(services().worker.status(session_id))


@live_routes.post("/record/<session_id>/stop")
def record_stop(session_id: str) -> ResponseReturnValue:
    """End a recording early; what it has stays. Takes it out of the queue where it waits."""
    services().worker.stop(session_id)
    return revalidated_json(services().worker.status(session_id))


@live_routes.post("/record/<session_id>/<any(pause, resume, step):what>")
def record_control(session_id: str, what: Any) -> ResponseReturnValue:
    """Pause the generation between two steps, let it go on, or let it make one step and pause again."""
    services().worker.control(session_id, what)
    return revalidated_json(services().worker.status(session_id))


@sock.route("/live/<session_id>")  # type: ignore[untyped-decorator]
def live(ws: Server, session_id: str) -> None:
    """The stream of docs/live.md, from step `from` on."""
    stream(ws, services().hub, session_id, request.args.get("from", "0"))
