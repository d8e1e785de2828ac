"""StepFrame, the one unit of data from hook to pixel, and TraceSession, what it belongs to.

Plain data and the arithmetic of quantization; captured.py reads it. Knows no torch, no files, no sockets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from mri.errors import ConfigError, MriError
from mri.format.layout import DROP_ORDER, Layout
from mri.format.run import MODEL_FIELDS, Model, Run, hash_of_config, parted

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

    def header(self) -> dict[str, Any]:
        """The scalar fields, as they travel beside the arrays."""
        told = {name: value for name, value in vars(self).items() if name != "arrays"}
        return told | {"dropped_layers": list(self.dropped_layers)}

    @classmethod
    def from_header(cls, header: Mapping[str, Any], arrays: Mapping[str, Array]) -> StepFrame:
        fields = {**header, "dropped_layers": tuple(header["dropped_layers"])}
        return cls(arrays=arrays, **fields)


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
