"""What if, over HTTP: have a fork recorded, and ask what random changes of its size do, what its base's words cost.

The worker does it; a fork is a recording like any other from then on. Errors leave as {"error": sentence}.
"""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from mri.errors import ConfigError, SessionNotFound
from mri.format.checks import whole
from mri.store.reader import SessionReader
from mri.web.routes.sessions import compress, revalidated_json
from mri.web.routes.why import answer
from mri.web.services import services
from mri.worker.attribution import Attribution
from mri.worker.forking import ForkRequest, control_of_fork, costs_of_fork

fork_routes = Blueprint("fork_routes", __name__)


@fork_routes.post("/sessions/<session_id>/fork")
def fork(session_id: str) -> ResponseReturnValue:
    """Queue a fork of {"step": 11, "edits": ["block.3.head.1 = 0"]} (and token, scope, temperature, top_k, seed,
    max_new_tokens); its id is a session's from then on, and `GET /record/<id>` says where it stands."""
    here, reader = services(), _reader(session_id)
    wanted = ForkRequest.from_json(request.get_json()).of(reader)
    new_id = here.library.new_id()
    here.worker.submit(new_id, wanted, here.model_of(reader))
    return revalidated_json({"id": new_id}), 202


@fork_routes.post("/sessions/<session_id>/control")
def control(session_id: str) -> ResponseReturnValue:
    """Have {"draws": 20, "seed": 0} random changes as large as the fork's made at its place; 202 while they run."""
    fields = request.get_json()
    if not isinstance(fields, dict) or not set(fields) <= {"draws", "seed"}:
        raise ConfigError('A control is asked for with a JSON object as {"draws": 20, "seed": 0}.')
    return answer(services().worker.explained(_control(session_id, fields.get("draws", 20), fields.get("seed", 0))))


@fork_routes.get("/sessions/<session_id>/control")
@compress.compressed()
def control_status(session_id: str) -> ResponseReturnValue:
    """`?draws=&seed=`: the rows of the control (docs/edits.md), once that was asked for; 202 until then."""
    draws, seed = (whole(name, request.args.get(name, usual)) for name, usual in (("draws", "20"), ("seed", "0")))
    status = services().worker.explained(_control(session_id, draws, seed), ask=False)
    if status is None:
        raise SessionNotFound("Nobody asked for this control yet: POST here first.")
    return answer(status)


@fork_routes.get("/sessions/<session_id>/costs")
@compress.compressed()
def costs(session_id: str) -> ResponseReturnValue:
    """What each of the base's words costs in the fork, from its step on; 202 while the worker reads them."""
    here, reader = services(), _reader(session_id)
    base = here.library.open(reader.session.run.parent).as_of_now() if reader.session.run.parent else reader
    return answer(here.worker.explained(costs_of_fork(reader, base, here.model_of(reader))))


def _control(session_id: str, draws: int, seed: int) -> Attribution:
    reader = _reader(session_id)
    return control_of_fork(reader, draws, seed, services().model_of(reader))


def _reader(session_id: str) -> SessionReader:
    return services().library.open(session_id).as_of_now()
