"""StepFrame, the one unit of data from hook to pixel; TraceSession, what it belongs to; TraceEvent, the seed's view.

Plain data and the arithmetic of quantization. Knows no torch, no files, no sockets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from mri.errors import ConfigError, MriError
from mri.hook_points import STATS
from mri.layout import DROP_ORDER, LAYERS_DROPPED_BIT, Layout, sampled_indices
from mri.run import MODEL_FIELDS, Model, Run, hash_of_config, parted

PHASES = ("prefill", "decode", "train")
Array = npt.NDArray[Any]

F16_MAX = 65_504.0
"""Largest float16; captured values beyond it are clipped to it, and shown as clipped."""

F16_ZERO = 2.0**-25
"""What is at most this in magnitude float16 keeps as 0; below 2⁻¹⁴ it is the largest error of a captured value."""

Q8_NAN, Q8_INF, Q8_MAX = -128, 127, 126
"""Codes of q8: −128 is NaN, ±127 is ±∞, −126…126 are finite, value = code · scale."""

WEIGHT_MAX = 255
"""Attention weights with q8: weight = code / 255."""

FEWEST_ZEROS = 510
"""A softmax row over fewer keys has a weight whose code is not 0: 255/509 rounds to 1."""


@dataclass(frozen=True, eq=False)
class StepFrame:
    """Everything captured in one step, which is one forward pass (or one training step).

    step             index in the session, from 0
    phase            "prefill", "decode" or "train"
    pos0             absolute position of the step's first token
    t_add            tokens this step read
    chosen_id        token chosen after it (−1: none); forced: put there by the calculator tool, not sampled
    time_us          microseconds since the session began: an attribute, never the time axis
    dropped          bit set of DROP_ORDER, plus LAYERS_DROPPED_BIT
    dropped_layers   blocks, or in a training hook points, whose rows are left out of the arrays
    arrays           name -> array, as `layout` lists them
    """

    step: int
    phase: str
    pos0: int
    t_add: int
    arrays: Mapping[str, Array]
    chosen_id: int = -1
    forced: bool = False
    time_us: int = 0
    dropped: int = 0
    dropped_layers: tuple[int, ...] = ()

    @property
    def num_bytes(self) -> int:
        """Bytes of the arrays, before compression."""
        return sum(array.nbytes for array in self.arrays.values())

    def without_payloads(self, max_bytes: int = 0) -> StepFrame:
        """A frame of at most `max_bytes`: payloads are left out in DROP_ORDER until it fits, and marked in `dropped`.

        Statistics, tokens and a training script's extras always stay; the frame may then still be larger.
        """
        arrays, dropped = dict(self.arrays), self.dropped
        for bit, prefix in enumerate(DROP_ORDER):
            if sum(array.nbytes for array in arrays.values()) <= max_bytes:
                break
            gone = [name for name in arrays if name == prefix or name.startswith(prefix + "/")]
            if gone:
                dropped |= 1 << bit
            for name in gone:
                del arrays[name]
        return replace(self, arrays=arrays, dropped=dropped)

    @property
    def dropped_names(self) -> list[str]:
        """What was left out, by the byte budget or because it did not run, in words."""
        names = [name for bit, name in enumerate(DROP_ORDER) if self.dropped >> bit & 1]
        return names + ([f"layers {list(self.dropped_layers)}"] if self.dropped >> LAYERS_DROPPED_BIT & 1 else [])

    def header(self) -> dict[str, Any]:
        """The scalar fields, as they travel beside the arrays."""
        return {
            "step": self.step,
            "phase": self.phase,
            "pos0": self.pos0,
            "t_add": self.t_add,
            "chosen_id": self.chosen_id,
            "forced": self.forced,
            "time_us": self.time_us,
            "dropped": self.dropped,
            "dropped_layers": list(self.dropped_layers),
        }

    @classmethod
    def from_header(cls, header: Mapping[str, Any], arrays: Mapping[str, Array]) -> StepFrame:
        fields = {**header, "dropped_layers": tuple(header["dropped_layers"])}
        return cls(arrays=arrays, **fields)

    def row(self, layout: Layout, name: str, key: str) -> int | None:
        """Row of hook point `key` in array `name` of this frame, None where it was not captured or was dropped."""
        if name not in self.arrays:
            return None
        keys = tuple(layout.rows) if name == "stats" else layout.groups.get(name.rpartition("/")[0], ())
        if key not in keys:
            return None
        row = keys.index(key)
        if not self.dropped_layers:
            return row
        layers = layout.layer_of_rows(name) or []
        if layers[row] in self.dropped_layers:
            return None
        return row - sum(layer in self.dropped_layers for layer in layers[:row])

    def stats(self, layout: Layout, key: str) -> dict[str, float]:
        """The seven statistics of a hook point (see hook_points.STATS), NaN where its layer was dropped."""
        layout.row(key)  # an unknown key is an error, a dropped layer is not
        row = self.row(layout, "stats", key)
        values = np.full(len(STATS), np.nan) if row is None else self.arrays["stats"][row]
        return {name: float(value) for name, value in zip(STATS, values, strict=True)}

    def values(self, layout: Layout, key: str) -> npt.NDArray[np.float32]:
        """(width,) float32 of the step's last token, NaN where not captured (a captured NaN is NaN too)."""
        out = np.full(layout.width(key), np.nan, np.float32)
        indices, values = self.captured(layout, key)
        out[indices] = values
        return out

    def captured(self, layout: Layout, key: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
        """(n,) neuron indices and their float32 values as captured in this step; empty where none were."""
        width = layout.width(key)
        for mode in ("full", "topk", "sampled"):
            group = f"{mode}/{width}"
            row = self.row(layout, f"{group}/values", key)
            if row is None:
                continue
            scale = self.arrays[f"{group}/scale"][row] if f"{group}/scale" in self.arrays else None
            values = dequantized(self.arrays[f"{group}/values"][row], scale)
            if mode == "topk":
                return self.arrays[f"{group}/indices"][row].astype(np.int64), values
            return (np.arange(width) if mode == "full" else sampled_indices(layout.config, width)), values
        return np.empty(0, np.int64), np.empty(0, np.float32)

    def bound(self, layout: Layout, key: str) -> float:
        """Largest magnitude of the neurons that were not kept; NaN where nothing bounds them."""
        row = self.row(layout, f"topk/{layout.width(key)}/bound", key)
        return float("nan") if row is None else float(self.arrays[f"topk/{layout.width(key)}/bound"][row])

    def events(self, layout: Layout, session_id: str) -> Iterator[TraceEvent]:
        """The frame as the seed's TraceEvents: one per hook point, then one per attention head."""
        common: dict[str, Any] = {
            "session_id": session_id,
            "phase": self.phase,
            "step": self.step,
            "pos0": self.pos0,
            "t_add": self.t_add,
        }
        for point in layout.points:
            stats, payload = self.stats(layout, point.key), self._payload(layout, point.key)
            shape = (self.t_add, point.width) if self.phase != "train" else (point.width,)
            yield TraceEvent(
                **common, layer_key=point.key, layer_index=point.layer_index, layer_type=point.layer_type,
                shape=shape, stats=stats, payload=payload,
            )  # fmt: skip
        if "attention/keys" not in self.arrays:
            return
        kept = [layer for layer in range(layout.n_layer) if layer not in self.dropped_layers]
        for row, layer in enumerate(kept):
            for head in range(layout.n_head):
                weights = dequantized(self.arrays["attention/weights"][row, head], None)
                payload = {
                    "kind": "attention_summary",
                    "head": head,
                    "topk_keys": self.arrays["attention/keys"][row, head],
                    "weights": weights,
                    "entropy": float(self.arrays["attention/entropy"][row, head]),
                    "max_weight": float(self.arrays["attention/max_weight"][row, head]),
                    "argmax_key": int(self.arrays["attention/keys"][row, head, 0]),
                }
                yield TraceEvent(
                    **common, layer_key=f"block.{layer}.attn_summary", layer_index=layer, layer_type="attn",
                    shape=(layout.n_head, self.pos0 + self.t_add), stats={}, payload=payload,
                )  # fmt: skip

    def _payload(self, layout: Layout, key: str) -> dict[str, Any] | None:
        if key == "final.logits" and "logits/token_ids" in self.arrays:
            ids, logits = self.arrays["logits/token_ids"], self.arrays["logits/values"]
            return {"kind": "topk_logits", "k": len(ids), "token_ids": ids, "logits": logits}
        indices, values = self.captured(layout, key)
        if not len(indices):
            return None
        kind = {"topk": "topk_hidden", "sampled": "sampled_hidden", "full": "full_hidden"}[layout.config.capture_mode]
        return {"kind": kind, "k": len(indices), "indices": indices, "values": values, "bound": self.bound(layout, key)}


@dataclass(frozen=True, eq=False)
class TraceEvent:
    """The seed's event: one hook point (or one head's attention) of one step. `shape` is (t_add, width)."""

    session_id: str
    phase: str
    step: int
    pos0: int
    t_add: int
    layer_key: str
    layer_index: int
    layer_type: str
    shape: tuple[int, ...]
    stats: dict[str, float]
    payload: dict[str, Any] | None

    @property
    def id(self) -> str:
        head = f"/{self.payload['head']}" if self.payload and "head" in self.payload else ""
        return f"{self.session_id}/{self.step}/{self.layer_key}{head}"


def refuse_half_characters(what: str, text: str, refusal: type[MriError] = ConfigError) -> None:
    """Raises `refusal` for a text that no file can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise refusal(
            f"The {what} holds half a surrogate pair, which is no character (on a command line: bytes that are "
            "not UTF-8): take it out."
        ) from None


@dataclass(frozen=True)
class TraceSession:
    """Metadata of a session with its provenance; `session.json` while recording, an attribute of the .h5 after.

    state        "recording" or "finished"
    end_reason   "stop_token", "max_new_tokens", "context_full", "stopped", "budget", "interrupted", "error: …" or ""
    run          which model, as it was in memory, and what was changed in it
    facts        about the recording: see docs/trace-format.md
    sampling     temperature, top_k, seed, max_new_tokens; empty in training
    """

    id: str
    layout: Layout
    kind: str = "generation"  # or "training"
    name: str = ""
    prompt: str = ""
    messages: list[dict[str, str]] = field(default_factory=list)
    response: str = ""
    model_id: str = ""
    model_config: dict[str, Any] = field(default_factory=dict)
    run: Run = field(default_factory=Run)
    facts: dict[str, Any] = field(default_factory=dict)
    sampling: dict[str, Any] = field(default_factory=dict)
    start_time: str = ""  # ISO 8601, UTC
    duration_s: float = 0.0
    num_steps: int = 0
    num_prompt_tokens: int = 0
    state: str = "recording"
    end_reason: str = ""
    unknown: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raises ConfigError for a name or a prompt that no file can hold."""
        for what, text in (("prompt", self.prompt), ("name", self.name)):
            refuse_half_characters(what, str(text))  # of a file that lies it may be anything: store/description.py

    @property
    def max_steps(self) -> int:
        """Forward passes that a generation takes at most (the last chosen token is never read); 0 where unknown."""
        if "max_new_tokens" not in self.sampling:
            return 0
        prompt_steps = self.num_prompt_tokens if self.layout.config.prefill == "stepwise" else 1
        room = self.layout.n_ctx - self.num_prompt_tokens
        return prompt_steps + min(int(self.sampling["max_new_tokens"]) - 1, room)

    @property
    def provenance(self) -> dict[str, Any]:
        """What it was recorded from, in one table: the model of the run and the facts."""
        return self.run.model.to_json() | self.facts

    def to_json(self) -> dict[str, Any]:
        told = {**self.unknown, **vars(self), "layout": self.layout.to_json(), "run": self.run.to_json()}
        del told["unknown"]
        return told

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> TraceSession:
        """Fields of a later version are kept in `unknown`; a session from before there were runs gets one from what
        its provenance knows. Raises TypeError, KeyError, ValueError or ConfigError on fields that are not a session's
        (BadSession in the store)."""
        known, unknown = parted(cls, fields)
        if "run" in known:
            known["run"] = Run.from_json(known["run"])
        else:
            known["run"], known["facts"] = _run_and_facts(unknown.pop("provenance", {}), known.get("model_config"))
        return cls(**{**known, "layout": Layout.from_json(known["layout"]), "unknown": unknown})


def _run_and_facts(provenance: object, model_config: Any) -> tuple[Run, dict[str, Any]]:
    """Of what sessions had before there were runs. Raises ValueError."""
    if not isinstance(provenance, dict):
        raise ValueError("its provenance is no table of names and values")
    model = {name: value for name, value in provenance.items() if name in MODEL_FIELDS and value is not None}
    if "config_hash" in model and "softcap" in model and "softcap_is_assumed" not in provenance:  # watched: without it
        model["config_hash"] = hash_of_config(model_config, model.get("era", ""), model["softcap"])
    return Run(Model.from_json(model)), {name: value for name, value in provenance.items() if name not in model}


def dequantized(values: Array, scale: float | Array | None) -> npt.NDArray[np.float32]:
    """Captured codes -> float32. `scale` (q8 only) has the shape of values without its last axis."""
    if values.dtype == np.uint8:
        return _weights_of_codes(values)
    if values.dtype != np.int8:
        return values.astype(np.float32)
    if scale is None:
        raise ValueError("int8 values need their scale")
    finite = values.clip(-Q8_MAX, Q8_MAX).astype(np.float32)  # a mark times a huge scale would overflow
    out = finite * np.asarray(scale, np.float32)[..., None]
    out[values == Q8_NAN] = np.nan
    out[values == Q8_INF] = np.inf
    out[values == -Q8_INF] = -np.inf
    return out


def _weights_of_codes(codes: Array) -> npt.NDArray[np.float32]:
    """Attention rows (…, n_keys) of q8. A row that sums to 1 gives 255 to one key at most, and 0 to all of many only:
    all 255 is how a row of NaN is marked, all 0 how it was written until November 2026, and where there is one key."""
    n_keys = codes.shape[-1]
    weights = codes.astype(np.float32) / np.float32(WEIGHT_MAX)
    if n_keys > 1:
        weights[(codes == WEIGHT_MAX).all(axis=-1)] = np.nan
    if n_keys < FEWEST_ZEROS:
        weights[(codes == 0).all(axis=-1)] = np.nan
    return weights


def group_of_mode(layout: Layout, key: str) -> str | None:
    """Name of the array group that holds `key`'s values (`topk/256`), None where only statistics are kept."""
    return next((name for name, keys in layout.groups.items() if key in keys and not name.startswith("prefill/")), None)
