"""HTTP routes beside the pages: a session's metadata, tokens, frames and what is computed of them.

Frames travel as the journal's own records, never as JSON. Reads through the library; knows no HDF5.
Errors leave as {"error": sentence} (see web/answers.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from math import inf
from stat import S_ISDIR
from typing import Any

import numpy as np
from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue
from flask_compress import Compress

from mri.errors import ConfigError, SessionNotFound
from mri.format.checks import is_whole, whole
from mri.format.token_text import display
from mri.format.wire import blob_from_arrays
from mri.measure.saliency import attention_mass
from mri.measure.series import extras_over_steps, first_odd, series_over_steps
from mri.store.library import Library
from mri.store.reader import SessionReader
from mri.web.services import services
from mri.worker.attribution import attribution_of_step

routes = Blueprint("routes", __name__)
compress = Compress()

MAX_STEPS = 512
"""Most steps that one request for frames may ask for."""

STEPS_PER_PIECE = 16
PIECE_BYTES = 1 << 20
"""Steps read at a time while frames are sent, and about how many bytes of them, of more than one: bounds memory, and
how long the file is held."""

MOST_SALIENCY_CELLS = 150_000_000
"""Blocks × tokens²: attention mass takes two bytes for each."""

FOREVER = "private, max-age=31536000, immutable"
REVALIDATE = "private, no-cache"


@routes.get("/sessions/<session_id>/meta")
@compress.compressed()
def meta(session_id: str) -> ResponseReturnValue:
    """What the screen needs to know before the first frame. `version` makes frame addresses cacheable for ever."""
    return revalidated_json(meta_of(services().library, session_id))


def meta_of(library: Library, session_id: str) -> dict[str, Any]:
    """The fields of `meta`, also those of the live stream's `hello`. Raises SessionNotFound, BadSession."""
    integrity = library.integrity(session_id)  # first: what is found to be damaged by then is not opened
    reader = library.open(session_id)
    about = {"name": library.info(session_id).name, "version": _version(reader), "integrity": integrity}
    return meta_of_reader(reader) | about


def meta_of_reader(reader: SessionReader) -> dict[str, Any]:
    """The fields of `meta` that are the recording's own."""
    layout = reader.session.layout
    return {
        "session": reader.session.to_json(),
        "num_steps": reader.num_steps,
        "groups": layout.groups,
        "sampled": {str(width): neurons.tolist() for width, neurons in sorted(layout.sampled.items())},
    }


@routes.get("/sessions/<session_id>/integrity")
def integrity(session_id: str) -> ResponseReturnValue:
    """Whether the session's checksums fit: "checking" while they are compared, "right", or "damaged: " and why."""
    return revalidated_json({"integrity": services().library.integrity(session_id)})


@routes.get("/sessions/<session_id>/tokens")
@compress.compressed()
def tokens(session_id: str) -> ResponseReturnValue:
    """Token ids by position, their display strings, and which step read which positions."""
    return revalidated_json(tokens_of(services().library.open(session_id).as_of_now()))


def tokens_of(reader: SessionReader) -> dict[str, Any]:
    """The fields of `tokens`."""
    steps = reader.steps()
    columns = ("pos0", "t_add", "phase", "chosen_id", "forced")
    return {
        "sequence": reader.token_ids().tolist(),
        "text": {str(token_id): display(token) for token_id, token in reader.token_bytes.items()},
        "special": sorted(reader.special_ids),
        "steps": {name: np.asarray(steps[name]).tolist() for name in columns},
    }


@routes.get("/sessions/<session_id>/frames")
@compress.compressed()
def frames(session_id: str) -> ResponseReturnValue:
    """Steps start … stop−1 as a run of records (wire.py); fewer where the session ends before.

    A finished session's frames never change: with `v` = `version` of its metadata they may be cached for ever.
    """
    reader = services().library.open(session_id)
    start, stop = whole("start", request.args.get("start", "")), whole("stop", request.args.get("stop", ""))
    if not start < stop <= start + MAX_STEPS:
        raise ConfigError(f"start={start} and stop={stop} do not name 1 to {MAX_STEPS} steps.")
    if start >= reader.num_steps:
        raise SessionNotFound(f"Session {session_id} has {reader.num_steps} steps: there is no step {start}.")
    stop = min(stop, reader.num_steps)
    version = _version(reader)
    etag = f"{session_id}-{version}-{start}-{stop}"
    if version and etag in request.if_none_match:
        return Response(status=304)
    pieces = _pieces(reader, start, stop)
    first = next(pieces)  # an error in the file is met here, where it can still be answered

    def body() -> Iterator[bytes]:
        yield first
        yield from pieces

    return _kept(Response(body(), mimetype="application/octet-stream"), version, etag)


@routes.get("/sessions/<session_id>/series")
@compress.compressed()
def series(session_id: str) -> ResponseReturnValue:
    """Surprise, entropy, one statistic of every hook point, and what a training script added, over all steps: one
    safetensors blob, as a frame is. Its header says where NaN or ±∞ began, `first_odd`: [step, hook point] or null.

    Cached as frames are.
    """
    reader = services().library.open(session_id).as_of_now()
    stat = request.args.get("stat", "l2")
    version = _version(reader)
    etag = f"{session_id}-{version}-series-{stat}"
    if version and etag in request.if_none_match:
        return Response(status=304)
    blob = series_of(reader, stat)
    return _kept(Response(blob, mimetype="application/octet-stream"), version, etag)


def series_of(reader: SessionReader, stat: str) -> bytes:
    """The blob of `series`. Raises ConfigError."""
    lines, extras = series_over_steps(reader, stat), extras_over_steps(reader)
    arrays = {"surprise": lines.surprise, "entropy": lines.entropy, "points": lines.points}
    for i, extra in enumerate(extras.values()):
        arrays |= {f"extra/{i}/values": extra.values, f"extra/{i}/present": extra.present.astype(np.uint8)}
    header: dict[str, Any] = {"stat": stat, "every": lines.every}
    header |= {"num_steps": reader.num_steps, "first_odd": first_odd(reader)}
    if extras:
        header["extra"] = list(extras)
    return blob_from_arrays(header, arrays)


@routes.get("/sessions/<session_id>/saliency")
@compress.compressed()
def saliency(session_id: str) -> ResponseReturnValue:
    """Attention mass of every position on the prediction of step `step`. Cached as frames are.

    Where too little was captured: `weights` null, and `note` says what to record. A page asks of step after step, so
    this is an answer and no error.
    """
    reader = services().library.open(session_id)
    step, version = whole("step", request.args.get("step", "")), _version(reader)
    etag = f"{session_id}-{version}-saliency-{step}"
    if version and etag in request.if_none_match:
        return Response(status=304)
    _check_saliency_fits(reader, step)
    try:
        with services().computations.turn():
            found = attention_mass(reader, step)
        answer = jsonify(found._asdict() | {"weights": found.weights.tolist()})
    except ConfigError as refusal:
        answer = jsonify(weights=None, exact=False, most_off=None, note=str(refusal))
    return _kept(answer, version, etag)


def _check_saliency_fits(reader: SessionReader, step: int) -> None:
    """Raises ConfigError where attention mass over all that was read up to the step would take too much memory."""
    if 0 <= step < reader.num_steps:
        steps = reader.steps()
        n_positions = int(steps["pos0"][step] + steps["t_add"][step])
        if reader.session.layout.n_layer * n_positions**2 > MOST_SALIENCY_CELLS:
            raise ConfigError(
                f"Attention mass over {n_positions:,} tokens is too much to compute: choose an earlier step."
            )


@routes.post("/sessions/<session_id>/attribution")
def attribution(session_id: str) -> ResponseReturnValue:
    """Have gradient × input of {"step": …} computed by the worker process; 202 while it runs. Asking twice is free."""
    reader = services().library.open(session_id)
    fields = request.get_json()
    step = fields.get("step") if isinstance(fields, dict) else None
    if not is_whole(step, -inf, inf):
        raise ConfigError("Gradients are asked for with a JSON object that has a step: send its number.")
    wanted = attribution_of_step(reader, step, _attribution_id(reader, step), services().model_of(reader))
    status = services().worker.attribute(wanted)
    return revalidated_json(status), 202 if status["status"] == "running" else 200


@routes.get("/sessions/<session_id>/attribution")
def attribution_status(session_id: str) -> ResponseReturnValue:
    """Where the gradients of step `step` stand: running, finished or error."""
    reader = services().library.open(session_id)
    step = whole("step", request.args.get("step", ""))
    status = services().worker.attribution(_attribution_id(reader, step))
    if status is None:
        raise SessionNotFound(f"Nobody asked for the gradients of step {step} yet: POST here first.")
    return revalidated_json(status)


def _attribution_id(reader: SessionReader, step: int) -> str:
    """Has a slash, so that it can never be a recording's id."""
    return f"{reader.session.id}/{_version(reader)}/{step}"


def _version(reader: SessionReader) -> str:
    """Names the content of a finished session's file; empty while it may still grow, or became a file just now."""
    try:
        stat = reader.path.stat()
    except FileNotFoundError:  # its journal was sealed while it was open
        return ""
    if S_ISDIR(stat.st_mode):
        return ""
    return f"{stat.st_mtime_ns:x}-{stat.st_size:x}"


def _kept(response: Response, version: str, etag: str) -> Response:
    """With the headers that let a browser keep what belongs to this version of a finished session."""
    if version:
        response.set_etag(etag)
    response.headers["Cache-Control"] = FOREVER if version and request.args.get("v") == version else REVALIDATE
    return response


def _pieces(reader: SessionReader, start: int, stop: int) -> Iterator[bytes]:
    most = max(1, min(STEPS_PER_PIECE, PIECE_BYTES // reader.session.layout.num_bytes("decode", 1, stop)))
    for step in range(start, stop, most):
        yield reader.records(step, min(step + most, stop))


def revalidated_json(data: Any) -> Response:
    """JSON that a browser asks for again each time."""
    response = jsonify(data)
    response.headers["Cache-Control"] = REVALIDATE
    return response
