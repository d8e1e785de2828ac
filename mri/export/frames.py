"""Session → tidy DataFrames: one row per observation, categorical names, provenance in `attrs`.

The columns and their units are documented where people call them, in `trace.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from mri.errors import UnknownHookPoint
from mri.events import PHASES, Array, dequantized
from mri.hook_points import STATS
from mri.store.reader import SessionReader


def stats(reader: SessionReader) -> pd.DataFrame:
    layout, steps = reader.session.layout, reader.steps()
    S, P = reader.num_steps, len(layout.points)
    columns: dict[str, Any] = {
        "step": np.repeat(steps["step"].astype(np.int64), P),
        "phase": _phase(np.repeat(steps["phase"], P)),
        "pos0": np.repeat(steps["pos0"].astype(np.int64), P),
        "hook_point": _repeated([point.key for point in layout.points], S),
        "layer_index": np.tile([point.layer_index for point in layout.points], S),
        "layer_type": _repeated([point.layer_type for point in layout.points], S),
    }
    values = reader.column("stats").reshape(S * P, len(STATS))  # (S, P, 7) before
    return _frame(reader, columns | {name: values[:, i] for i, name in enumerate(STATS)})


def topk(reader: SessionReader, hook_point: str | None) -> pd.DataFrame:
    layout = reader.session.layout
    if hook_point is not None:
        layout.row(hook_point)
    keys = [point.key for point in layout.points]
    parts: dict[str, list[Array]] = {name: [] for name in ("step", "code", "rank", "neuron", "value", "bound")}
    for step in range(reader.num_steps):
        frame = reader.frame(step)
        for code, key in enumerate(keys):
            if hook_point not in (None, key):
                continue
            indices, values = frame.captured(layout, key)
            order = np.argsort(-np.abs(values), kind="stable")
            parts["step"].append(np.full(len(order), step))
            parts["code"].append(np.full(len(order), code))
            parts["rank"].append(np.arange(len(order)))
            parts["neuron"].append(indices[order])
            parts["value"].append(values[order])
            parts["bound"].append(np.full(len(order), frame.bound(layout, key), np.float32))
    columns: dict[str, Any] = {name: np.concatenate(arrays or [np.empty(0, int)]) for name, arrays in parts.items()}
    columns = {"step": columns["step"], "hook_point": _categorical(columns["code"], keys), **columns}
    del columns["code"]
    return _frame(reader, columns)


def attention(reader: SessionReader) -> pd.DataFrame:
    layout = reader.session.layout
    parts: dict[str, list[Array]] = {n: [] for n in ("step", "layer", "head", "rank", "key", "weight", "entropy")}
    for step in range(reader.num_steps):
        frame = reader.frame(step)
        if "attention/keys" not in frame.arrays:
            continue
        keys = frame.arrays["attention/keys"]  # (L, H, n)
        kept = [layer for layer in range(layout.n_layer) if layer not in frame.dropped_layers]
        layer, head, rank = np.meshgrid(kept, *(np.arange(n) for n in keys.shape[1:]), indexing="ij")
        named = {
            "step": np.full(keys.size, step),
            "layer": layer,
            "head": head,
            "rank": rank,
            "key": keys.astype(np.int64),
            "weight": dequantized(frame.arrays["attention/weights"], None),
            "entropy": np.broadcast_to(frame.arrays["attention/entropy"][..., None], keys.shape),
        }
        for name, array in named.items():
            parts[name].append(array.reshape(-1))
    return _frame(reader, {name: np.concatenate(arrays or [np.empty(0)]) for name, arrays in parts.items()})


def logits(reader: SessionReader) -> pd.DataFrame:
    parts: dict[str, list[Array]] = {n: [] for n in ("step", "rank", "token_id", "logit", "logprob", "chosen")}
    for step in range(reader.num_steps):
        frame = reader.frame(step)
        if "logits/token_ids" not in frame.arrays:
            continue
        ids, values = frame.arrays["logits/token_ids"].astype(np.int64), frame.arrays["logits/values"]
        parts["step"].append(np.full(len(ids), step))
        parts["rank"].append(np.arange(len(ids)))
        parts["token_id"].append(ids)
        parts["logit"].append(values)
        parts["logprob"].append(values - frame.arrays["logits/logsumexp"])
        parts["chosen"].append(ids == frame.chosen_id)
    columns: dict[str, Any] = {name: np.concatenate(arrays or [np.empty(0)]) for name, arrays in parts.items()}
    columns["token"] = _texts(reader, columns["token_id"])
    return _frame(reader, columns)[["step", "rank", "token_id", "token", "logit", "logprob", "chosen"]]


def tokens(reader: SessionReader) -> pd.DataFrame:
    ids, steps = reader.token_ids().astype(np.int64), reader.steps()
    N = len(ids)
    read_by = np.full(N, -1)
    logprob = np.full(N, np.nan, np.float32)
    forced = np.zeros(N, bool)
    has_logits = "logits/values" in reader.session.layout.specs("decode", 1, 1)
    chosen_logprob = reader.column("logits/chosen_logprob") if has_logits and N else np.full(reader.num_steps, np.nan)
    for step, (pos0, t_add) in enumerate(zip(steps["pos0"], steps["t_add"], strict=True)):
        read_by[pos0 : pos0 + t_add] = step
        if pos0 + t_add < N:
            logprob[pos0 + t_add] = chosen_logprob[step]
            forced[pos0 + t_add] = steps["forced"][step]
    columns = {
        "pos": np.arange(N),
        "token_id": ids,
        "token": _texts(reader, ids),
        "raw": [reader.token_bytes.get(int(i), b"") for i in ids],
        "special": np.array([int(i) in reader.special_ids for i in ids], bool),
        "in_prompt": np.arange(N) < reader.session.num_prompt_tokens,
        "forced": forced,
        "read_by": read_by,
        "logprob": logprob,
    }
    return _frame(reader, columns)


def neuron(reader: SessionReader, hook_point: str, index: int) -> pd.DataFrame:
    layout = reader.session.layout
    width = layout.width(hook_point)
    if not 0 <= index < width:
        raise UnknownHookPoint(f"{hook_point} has no neuron {index}: it has {width}, from 0 to {width - 1}.")
    steps, S = reader.steps(), reader.num_steps
    value, bound = np.full(S, np.nan, np.float32), np.full(S, np.nan, np.float32)
    captured = np.zeros(S, bool)
    for step in range(S):
        frame = reader.frame(step)
        indices, values = frame.captured(layout, hook_point)
        (at,) = np.nonzero(indices == index)
        if len(at):
            value[step], captured[step] = values[at[0]], True
        else:
            bound[step] = frame.bound(layout, hook_point)
    columns = {
        "step": steps["step"].astype(np.int64),
        "phase": _phase(steps["phase"]),
        "pos0": steps["pos0"].astype(np.int64),
        "value": value,
        "captured": captured,
        "bound": bound,
    }
    return _frame(reader, columns)


def _frame(reader: SessionReader, columns: dict[str, Any]) -> pd.DataFrame:
    session = reader.session
    frame = pd.DataFrame(columns)
    frame.attrs = {
        "session_id": session.id,
        "model_id": session.model_id,
        "config_hash": session.provenance.get("config_hash", ""),
        "weights_hash": session.provenance.get("weights_hash", ""),
    }
    return frame


def _categorical(codes: Array, categories: list[str]) -> Any:
    index: Any = pd.Index(categories, dtype=str)
    return pd.Categorical.from_codes(codes, index)


def _phase(names: Array) -> Any:
    return pd.Categorical(names, categories=list(PHASES))


def _repeated(names: list[str], times: int) -> Any:
    categories = list(dict.fromkeys(names))
    codes = np.array([categories.index(name) for name in names])
    return _categorical(np.tile(codes, times), categories)


def _texts(reader: SessionReader, ids: Array) -> Any:
    """Token strings; bytes that are no UTF-8 become U+FFFD (`tokens().raw` has them exact)."""
    unique, codes = np.unique(ids.astype(np.int64), return_inverse=True)
    texts = [reader.token_bytes.get(int(i), b"").decode("utf-8", "replace") for i in unique]
    categories = list(dict.fromkeys(texts))
    position = {text: i for i, text in enumerate(categories)}
    return _categorical(np.array([position[t] for t in texts], int)[codes], categories)
