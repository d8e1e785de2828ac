"""What a session says about itself, and each of its steps, held against what this program writes. No HDF5 here.

The fields of a session that somebody else made reach pages and the command line: so each has its type and a size.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from mri.errors import BadSession, ConfigError
from mri.events import PHASES, Array, StepFrame, TraceSession
from mri.hook_points import KEY, HookPoint
from mri.layout import DROP_ORDER, LAYERS_DROPPED_BIT, Layout, Spec
from mri.store.files import session_from_json
from mri.store.imports_check import MAX_STEP_BYTES, MAX_STEPS, refuse

MAX_TEXT = 1_000_000
MAX_NAME = 200
MAX_POINTS = 20_000
MAX_WIDTH = 1 << 22
MAX_COUNT = 1 << 24
PAYLOADS = ("topk", "stats", "edu", "attention", "logits")

TEXTS = {"name": MAX_NAME * 10, "prompt": MAX_TEXT, "response": MAX_TEXT, "model_id": MAX_NAME * 5, "start_time": 64,
         "end_reason": 2000, "kind": 32, "id": MAX_NAME, "state": 32}  # fmt: skip


def session_of(text: str | bytes, path: Path) -> TraceSession:
    """The metadata of a foreign file, every field of its type and within its size. Raises BadSession."""
    try:
        session = session_from_json(text, path)
        _check_session(session)
        _check_layout(session.layout)
    except (RecursionError, TypeError, ValueError, AttributeError, OverflowError, ConfigError) as error:
        raise BadSession(f"This file was not imported: its description is not a session's ({error}).") from error
    return session


def _check_session(session: TraceSession) -> None:
    for name, most in TEXTS.items():
        text = getattr(session, name)
        if not isinstance(text, str) or len(text) > most:
            refuse(f"its {name} is no text, or longer than {most:,} characters")
    if session.kind not in ("generation", "training"):
        refuse(f"its kind {session.kind[:32]!r} is neither generation nor training")
    for name in ("num_steps", "num_prompt_tokens"):
        _whole(name, getattr(session, name), 0, MAX_STEPS)
    if isinstance(session.duration_s, bool) or not isinstance(session.duration_s, int | float):
        refuse("its duration_s is no number")
    if not math.isfinite(session.duration_s):
        refuse("its duration_s is no number")
    for name in ("provenance", "sampling", "model_config"):
        if not isinstance(getattr(session, name), dict):
            refuse(f"its {name} is no table of names and values")
        _check_json(getattr(session, name), name, depth=3)
    for key, value in session.provenance.items():
        if key.endswith("_hash") and not isinstance(value, str):
            refuse(f"its {key} is no text")
    if "max_new_tokens" in session.sampling:
        _whole("max_new_tokens", session.sampling["max_new_tokens"], 0, MAX_COUNT)
    if not isinstance(session.messages, list) or not all(
        isinstance(message, dict) and all(isinstance(text, str) for text in message.values())
        for message in session.messages
    ):
        refuse("its messages are no chat")
    _check_json(session.messages, "messages", depth=3)


def _check_json(value: Any, name: str, depth: int) -> None:
    if isinstance(value, dict | list):
        if not depth or len(value) > 10_000:
            refuse(f"its {name} are nested too deeply or too many")
        for item in value.values() if isinstance(value, dict) else value:
            _check_json(item, name, depth - 1)
    elif isinstance(value, str) and len(value) > MAX_TEXT:
        refuse(f"a text in its {name} is too long")


def _check_layout(layout: Layout) -> None:
    if len(layout.points) > MAX_POINTS or len(layout.rows) != len(layout.points):
        refuse("it has too many hook points, or two of the same name")
    for point in layout.points:
        _check_point(point, layout.n_layer)
    for name, most in (("n_layer", 10_000), ("n_head", 10_000), ("n_ctx", MAX_COUNT), ("n_vocab", MAX_COUNT)):
        _whole(name, getattr(layout, name), 0, most)
    _whole("topk", layout.topk, 0, MAX_WIDTH)
    if layout.num_bytes("decode" if layout.n_layer else "train", 1, 1) > MAX_STEP_BYTES:
        refuse(f"a step of it would have more than {MAX_STEP_BYTES / 1e6:.0f} MB")


def _check_point(point: HookPoint, n_layer: int) -> None:
    texts = (point.key, point.layer_type, point.payload, point.unit)
    if not all(isinstance(text, str) and len(text) <= MAX_NAME and text.isprintable() for text in texts):
        refuse("a hook point has a name that is none")
    if KEY.fullmatch(point.key) is None or point.payload not in PAYLOADS:
        refuse(f"{point.key!r} is no hook point")
    _whole(f"width of {point.key}", point.width, 1, MAX_WIDTH)
    _whole(f"layer of {point.key}", point.layer_index, -1, 1_000_000)


def _whole(name: str, value: Any, least: int, most: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        refuse(f"its {name} is no whole number from {least} to {most:,}")


def cleaned(session: TraceSession, session_id: str, came_from: str) -> TraceSession:
    """As it is kept here: under an id of ours, not yet sealed, and without paths of the machine it comes from."""
    provenance = {key: value for key, value in session.provenance.items() if key != "model_path"}
    provenance |= {"imported_from": came_from, "imported_id": session.id}
    return replace(session, id=session_id, provenance=provenance, state="recording", end_reason="")


def check_steps(steps: dict[str, Array], session: TraceSession) -> None:
    """Scalars of all steps. `steps` as stored: `phase` counts in PHASES. Raises BadSession."""
    S = session.num_steps
    if not np.array_equal(steps["step"], np.arange(S)):
        refuse("its steps do not count up from 0")
    if (steps["phase"] >= len(PHASES)).any():
        refuse("a step is in a phase that there is not")
    end = steps["pos0"].astype(np.int64) + steps["t_add"]
    if (steps["pos0"] < 0).any() or (steps["t_add"] < 0).any() or (end > MAX_COUNT).any():
        refuse("a step reads positions that there are not")
    generated = steps["phase"] != PHASES.index("train")
    gaps = np.maximum.accumulate(end)[:-1] < steps["pos0"][1:]  # a second prefill may begin anew
    if generated.any() and (not generated.all() or gaps.any() or (steps["t_add"] < 1).any()):
        refuse("its steps leave positions out")
    if (steps["forced"] > 1).any() or (steps["dropped"] >> (LAYERS_DROPPED_BIT + 1)).any():
        refuse("a step has marks that there are not")


def check_frame(frame: StepFrame, layout: Layout) -> None:
    """The arrays of one step are those that the layout lists, and numbers that count something are in range.
    Raises BadSession."""
    specs = _specs(layout, frame.phase, frame.t_add, frame.pos0 + frame.t_add)
    where = f"step {frame.step}"
    for name, array in frame.arrays.items():
        if name.startswith("extra/"):
            continue
        if name not in specs:
            refuse(f"{where} has an array {name} that it should not have")
        dtype, shape = specs[name]
        layers = layout.layer_of_rows(name) if frame.dropped_layers else None
        if layers is not None:
            shape = (int((~np.isin(layers, frame.dropped_layers)).sum()), *shape[1:])
        if array.dtype != dtype or array.shape != shape:
            refuse(f"{name} of {where} has the shape {array.shape}, where its layout says {shape}")
        if (most := _most(name, layout, frame)) is not None and array.size and array.max() >= most:
            refuse(f"{name} of {where} counts to {int(array.max()):,}, where there are {most:,}")
    for name in specs.keys() - frame.arrays.keys():
        if math.prod(specs[name][1]) and not _was_dropped(name, frame):
            refuse(f"{where} lacks {name} and does not say that it was left out")


@lru_cache(maxsize=16)
def _specs(layout: Layout, phase: str, t_add: int, n_keys: int) -> dict[str, Spec]:
    return layout.specs(phase, t_add, n_keys)


def _most(name: str, layout: Layout, frame: StepFrame) -> int | None:
    """What the array's numbers must be below, where they count neurons, positions or tokens."""
    if name.endswith("/indices"):
        return int(name.split("/")[-2])
    if name in ("attention/keys", "prefill/positions"):
        return frame.pos0 + frame.t_add
    return layout.n_vocab if name in ("tokens", "logits/token_ids") and layout.n_vocab else None


def _was_dropped(name: str, frame: StepFrame) -> bool:
    return any(
        frame.dropped >> bit & 1 and (name == prefix or name.startswith(prefix + "/"))
        for bit, prefix in enumerate(DROP_ORDER)
    )
