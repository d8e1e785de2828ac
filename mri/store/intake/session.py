"""What a session says about itself, and each of its steps, held against what this program writes. No HDF5 here.

The fields of a session that somebody else made reach pages and the command line: so each has its type and a size.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mri.errors import BadSession, ConfigError
from mri.format.events import PHASES, Array, StepFrame, TraceSession
from mri.format.frame_check import FrameCheck
from mri.format.hook_points import KEY, HookPoint
from mri.format.layout import LAYERS_DROPPED_BIT, Layout
from mri.store.description import session_from_json
from mri.store.intake.structure import MAX_STEP_BYTES, MAX_STEPS, refuse

MAX_TEXT = 1_000_000
MAX_NAME = 200
MAX_POINTS = 20_000
MAX_WIDTH = 1 << 22
MAX_COUNT = 1 << 24
PAYLOADS = ("topk", "stats", "edu", "attention", "logits")

TEXTS = {"name": MAX_NAME * 10, "prompt": MAX_TEXT, "response": MAX_TEXT, "model_id": MAX_NAME * 5, "start_time": 64}
TEXTS |= {"end_reason": 2000, "kind": 32, "id": MAX_NAME, "state": 32}


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
        if len(getattr(session, name)) > most:
            refuse(f"its {name} is longer than {most:,} characters")
    if session.kind not in ("generation", "training"):
        refuse(f"its kind {session.kind[:32]!r} is neither generation nor training")
    for name in ("num_steps", "num_prompt_tokens"):
        _whole(name, getattr(session, name), 0, MAX_STEPS)
    for name in ("facts", "sampling", "model_config", "messages", "unknown"):
        _check_json(getattr(session, name), name, depth=3)
    _check_json(session.run.to_json(), "run", depth=3)
    if "max_new_tokens" in session.sampling:
        _whole("max_new_tokens", session.sampling["max_new_tokens"], 0, MAX_COUNT)


def _check_json(value: Any, name: str, depth: int) -> None:
    if isinstance(value, dict | list):
        if not depth or len(value) > 10_000:
            refuse(f"its {name} are nested too deeply or too many")
        for item in value.values() if isinstance(value, dict) else value:
            _check_json(item, name, depth - 1)
    elif isinstance(value, str) and len(value) > MAX_TEXT:
        refuse(f"a text in its {name} is too long")


def _check_layout(layout: Layout) -> None:
    if len(layout.points) > MAX_POINTS:
        refuse("it has too many hook points")
    for point in layout.points:
        _check_point(point)
    for name, most in (("n_layer", 10_000), ("n_head", 10_000), ("n_ctx", MAX_COUNT), ("n_vocab", MAX_COUNT)):
        _whole(name, getattr(layout, name), 0, most)
    _whole("topk", layout.topk, 0, MAX_WIDTH)
    if layout.num_bytes("decode" if layout.n_layer else "train", 1, 1) > MAX_STEP_BYTES:
        refuse(f"a step of it would have more than {MAX_STEP_BYTES / 1e6:.0f} MB")


def _check_point(point: HookPoint) -> None:
    texts = (point.key, point.layer_type, point.payload, point.unit)
    if not all(len(text) <= MAX_NAME and text.isprintable() for text in texts):
        refuse("a hook point has a name that is none")
    if KEY.fullmatch(point.key) is None or point.payload not in PAYLOADS:
        refuse(f"{point.key!r} is no hook point")
    _whole(f"width of {point.key}", point.width, 1, MAX_WIDTH)
    _whole(f"layer of {point.key}", point.layer_index, -1, 1_000_000)


def _whole(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        refuse(f"its {name} is no whole number from {least} to {most:,}")


def cleaned(session: TraceSession, session_id: str, came_from: str) -> TraceSession:
    """As it is kept here: under an id of ours, not yet sealed, and without paths of the machine it comes from."""
    run = replace(session.run, model=replace(session.run.model, model_path=""))
    facts = session.facts | {"imported_from": came_from, "imported_id": session.id}
    return replace(session, id=session_id, run=run, facts=facts, state="recording", end_reason="")


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


def check_frame(frame: StepFrame, check: FrameCheck) -> None:
    """The arrays of one step are those that the layout lists, and numbers that count something are in range.
    Raises BadSession."""
    where = f"step {frame.step}"
    if fault := check.fault(frame.header(), {name: (array.dtype, array.shape) for name, array in frame.arrays.items()}):
        refuse(f"{where} {fault}")
    for name, array in frame.arrays.items():
        most = check.layout.counted(name, frame.pos0 + frame.t_add)
        if most is not None and array.size and array.max() >= most:
            refuse(f"{name} of {where} counts to {int(array.max()):,}, where there are {most:,}")
