"""Why on demand over HTTP: what each part wrote in detail, window by window, and what is lost with each part off.

The worker computes; arrays leave as one safetensors blob, as a frame is. Errors leave as {"error": sentence}.
"""

from __future__ import annotations

from math import inf
from typing import Any

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from mri.errors import ConfigError, SessionNotFound
from mri.format.checks import is_whole, whole
from mri.web.routes.sessions import REVALIDATE, compress, revalidated_json
from mri.web.services import services
from mri.worker.attribution import Attribution
from mri.worker.explaining import sweep_of_step, why_of_steps

why_routes = Blueprint("why_routes", __name__)


@why_routes.get("/sessions/<session_id>/why")
@compress.compressed()
def why(session_id: str) -> ResponseReturnValue:
    """`?start=&stop=[&token=&against=]`: who wrote the difference of two predictions in these steps, or in as many of
    them as one answer takes (its header says which); 202 while the worker reads the tokens again."""
    here = services()
    start, stop = (whole(name, request.args.get(name, "")) for name in ("start", "stop"))
    reader = here.library.open(session_id).as_of_now()
    wanted = why_of_steps(reader, start, stop, _token("token"), _token("against"), here.model_of(reader))
    return answer(here.worker.explained(wanted))


@why_routes.post("/sessions/<session_id>/sweep")
def sweep(session_id: str) -> ResponseReturnValue:
    """Have every part switched off at {"step": n, "kind": "ablate"}, values of another session put in ("patch", and its
    id as "base"), or every look cut ("knockout"); `token` and `against` as of `why`. 202 while the worker computes.
    Asking twice is free."""
    fields = request.get_json()
    if not isinstance(fields, dict) or not is_whole(fields.get("step"), 0, inf):
        raise ConfigError('A sweep is asked for with a JSON object as {"step": 11, "kind": "ablate"}: send its step.')
    tokens = fields.get("token"), fields.get("against")
    if not all(token is None or is_whole(token, 0, inf) for token in tokens):
        raise ConfigError("A token is named by its id here: send a whole number.")
    if not all(isinstance(fields.get(name, ""), str) for name in ("kind", "base")):
        raise ConfigError("A sweep's kind and base are texts: send such, or leave them out.")
    which = fields["step"], fields.get("kind", "ablate"), fields.get("base", "")
    return answer(services().worker.explained(_sweep(session_id, *which, *tokens)))


@why_routes.get("/sessions/<session_id>/sweep")
@compress.compressed()
def sweep_status(session_id: str) -> ResponseReturnValue:
    """`?step=&kind=[&base=&token=&against=]`: the arrays of a sweep, once it was asked for; 202 until then."""
    step = whole("step", request.args.get("step", ""))
    which = step, request.args.get("kind", "ablate"), request.args.get("base", "")
    wanted = _sweep(session_id, *which, _token("token"), _token("against"))
    status = services().worker.explained(wanted, ask=False)
    if status is None:
        raise SessionNotFound(f"Nobody asked for the sweep of step {step} yet: POST here first.")
    return answer(status)


def _sweep(session_id: str, step: int, kind: str, base_id: str, token: int | None, against: int | None) -> Attribution:
    here = services()
    reader = here.library.open(session_id).as_of_now()
    base = here.library.open(base_id).as_of_now() if base_id else None
    return sweep_of_step(reader, step, kind, token, against, here.model_of(reader), base)


def _token(name: str) -> int | None:
    text = request.args.get(name, "")
    return whole(name, text) if text else None


def answer(status: dict[str, Any] | None) -> ResponseReturnValue:
    """The arrays of what was computed, or 202 and how far it has come."""
    assert status is not None
    if status["status"] == "running":
        return revalidated_json(status), 202
    return Response(status["blob"], mimetype="application/octet-stream", headers={"Cache-Control": REVALIDATE})
