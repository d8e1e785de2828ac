"""The proof on a model over HTTP: the worker holds it against its reference, and says line by line what it found.

Errors leave as {"error": sentence}.
"""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from mri.errors import ConfigError, SessionNotFound
from mri.web.routes.sessions import revalidated_json
from mri.web.services import services
from mri.worker.checking import PREFIX, checking_of

check_routes = Blueprint("check_routes", __name__)


@check_routes.post("/check")
def start() -> ResponseReturnValue:
    """Check {"model": id of GET /models, "dtype": "float32"}, the server's own for "" of either; 202 with the `id` to
    ask after. What nobody asks after for ten seconds ends when somebody wants the worker."""
    fields = request.get_json()
    model, dtype = (fields.get(name, "") for name in ("model", "dtype")) if isinstance(fields, dict) else (None, None)
    if not (isinstance(model, str) and isinstance(dtype, str)):
        raise ConfigError('A check is asked for with a JSON object as {"model": "", "dtype": ""}: send both as text.')
    wanted = checking_of(services().models.chosen(model), dtype)
    return revalidated_json(services().worker.attribute(wanted)), 202


@check_routes.get("/check/<check_id>")
def status(check_id: str) -> ResponseReturnValue:
    """Where it stands: `status` running, finished or error; its `lines` so far."""
    found = services().worker.attribution(PREFIX + check_id)
    if found is None:
        raise SessionNotFound("This check is not known here (any more): start it again.")
    return revalidated_json(found)


@check_routes.post("/check/<check_id>/stop")
def stop(check_id: str) -> ResponseReturnValue:
    """End it after the line in hand. Nothing where it is over."""
    services().worker.forget(PREFIX + check_id)
    return revalidated_json({})
