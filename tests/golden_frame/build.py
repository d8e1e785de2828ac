"""The golden frames: three small frames with known values, and what a right reader gets out of them.

`python -m tests.golden_frame.build` rewrites the files beside this one; the tests only read them. Each
`NAME.safetensors` is one frame's wire bytes, and `NAME.json` beside it says what Python and JavaScript alike must
read in it. The expected values are written out by hand, not computed by the code under test. JSON has no word for
them, so NaN and the infinities are the strings "NaN", "Infinity" and "-Infinity".
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from mri.format.config import TraceConfig
from mri.format.events import StepFrame
from mri.format.hook_points import nanochat_points
from mri.format.layout import Layout
from mri.format.wire import bytes_from_frame

FOLDER = Path(__file__).parent
N_LAYER, N_EMBD, N_HEAD, N_VOCAB = 2, 8, 2, 11
NAN, INF = float("nan"), float("inf")


def layout_of(config: TraceConfig) -> Layout:
    points = nanochat_points(N_LAYER, N_EMBD, N_VOCAB)  # 21 of them
    return Layout(points, config, 4, N_LAYER, N_HEAD, n_ctx=16, n_vocab=N_VOCAB)


def stats(num_points: int) -> np.ndarray:
    """Row p, column c holds p + c/8."""
    return (np.arange(num_points)[:, None] + np.arange(7) / 8).astype(np.float32)


def logits() -> dict[str, np.ndarray]:
    return {
        "logits/token_ids": np.array([7, 0, 10, 3, 2], np.uint32),
        "logits/values": np.array([6.5, 4.0, 3.25, -1.0, -INF], np.float32),
        "logits/logsumexp": np.float32(6.75),
        "logits/entropy": np.float32(0.875),
        "logits/chosen_logprob": np.float32(-2.75),
        "logits/chosen_rank": np.uint32(1),
    }


LOGITS_EXPECTED: dict[str, Any] = {
    "token_ids": [7, 0, 10, 3, 2],
    "values": [6.5, 4.0, 3.25, -1.0, "-Infinity"],
    "logsumexp": 6.75,
    "entropy": 0.875,
    "chosen_logprob": -2.75,
    "chosen_rank": 1,
}


def topk_f16() -> tuple[StepFrame, Layout, dict[str, Any]]:
    """A decode step: float16 top-k of two widths, whole attention rows."""
    layout = layout_of(TraceConfig(capture_mode="topk", topk=4, edu=True, attention_tier="full_row", logits_topk=5))
    values = np.tile(np.float16([4, -3, 2, -1]), (12, 1))  # (hook points, k), by falling magnitude
    values[1] = [NAN, -INF, 65504, 0.5]  # block.0.resid_pre
    values[3] = [2.0**-14, -(2.0**-15), 2.0**-24, 0]  # block.0.resid_mid: the smallest normal, then subnormal
    rows = np.zeros((2, 2, 6), np.float16)  # (n_layer, n_head, n_keys)
    rows[..., 5] = 1
    rows[1, 0] = [0.5, 0, 0.25, 0.125, 0, 0.125]
    keys = np.argsort(-rows, axis=-1, kind="stable").astype(np.uint16)
    arrays = {
        "stats": stats(21),
        "tokens": np.array([9], np.uint32),
        "topk/8/indices": np.tile(np.uint16([6, 1, 7, 0]), (12, 1)),
        "topk/8/values": values,
        "topk/8/bound": np.linspace(0, 11 / 16, 12).astype(np.float32),
        "topk/32/indices": np.uint16([[31, 0, 5, 17], [2, 3, 4, 30]]),
        "topk/32/values": np.float16([[8, 7, 6, 5], [1, 0, 0, 0]]),
        "topk/32/bound": np.float32([4.5, 0]),
        "attention/keys": keys,
        "attention/weights": np.take_along_axis(rows, keys.astype(np.int64), -1),
        "attention/entropy": np.float32([[0, 0], [1.75, 0]]),
        "attention/max_weight": np.float32([[1, 1], [0.5, 1]]),
        "attention/rows": rows,
        **logits(),
    }
    frame = StepFrame(3, "decode", 5, 1, arrays, chosen_id=0, forced=True, time_us=123_456)
    expected = {
        "stats": {
            "embed.resid0": [0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75],
            "block.1.ln2": [14, 14.125, 14.25, 14.375, 14.5, 14.625, 14.75],
        },
        "captured": {
            "embed.resid0": {"indices": [6, 1, 7, 0], "values": [4, -3, 2, -1]},
            "block.0.resid_pre": {"indices": [6, 1, 7, 0], "values": ["NaN", "-Infinity", 65504, 0.5]},
            "block.0.resid_mid": {"indices": [6, 1, 7, 0], "values": [2**-14, -(2**-15), 2**-24, 0]},
            "block.0.mlp_act": {"indices": [31, 0, 5, 17], "values": [8, 7, 6, 5]},
            "block.0.ln1": {"indices": [], "values": []},
        },
        "values": {"block.1.resid_post": [-1, -3, "NaN", "NaN", "NaN", "NaN", 4, 2]},
        "bound": {"embed.resid0": 0, "block.0.resid_pre": 0.0625, "block.0.mlp_act": 4.5, "block.0.ln1": "NaN"},
        "attention_row": [
            {"layer": 1, "head": 0, "weights": [0.5, 0, 0.25, 0.125, 0, 0.125]},
            {"layer": 0, "head": 1, "weights": [0, 0, 0, 0, 0, 1]},
        ],
        "attention_keys": [{"layer": 1, "head": 0, "keys": [0, 2, 3, 5, 1, 4], "entropy": 1.75, "max_weight": 0.5}],
        "logits": LOGITS_EXPECTED,
    }
    return frame, layout, expected


def full_q8() -> tuple[StepFrame, Layout, dict[str, Any]]:
    """A decode step of all values in q8 whose block 0 was dropped for the budget; attention is the summary."""
    layout = layout_of(TraceConfig(capture_mode="full", quantization="q8", drop_policy="drop_layer", logits_topk=5))
    codes = np.tile(np.int8([0, 1, -2, 3, -4, 100, -126, 126]), (9, 1))  # 16 points of width 8, less 7 of block 0
    codes[1] = [-128, 127, -127, 0, 126, -126, 64, 1]  # block.1.resid_pre
    scale = np.full(9, 0.5, np.float32)
    scale[1] = 0.25
    wide = np.stack([np.arange(32), -np.arange(32)]).astype(np.int8)  # block.1.mlp_pre, block.1.mlp_act
    arrays = {
        "stats": stats(21)[[0, *range(10, 21)]],
        "tokens": np.array([4], np.uint32),
        "full/8/values": codes,
        "full/8/scale": scale,
        "full/32/values": wide,
        "full/32/scale": np.float32([2, 0]),
        "attention/keys": np.uint16([[[9, 0, 1, 2, 3, 4, 5, 6], [0, 9, 8, 7, 6, 5, 4, 3]]]),
        "attention/weights": np.float16([[[0.5, 0.25, 0.125, 0.0625, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0, 0, 0]]]),
        "attention/entropy": np.float32([[2, 0]]),
        "attention/max_weight": np.float32([[0.5, 1]]),
        **logits(),
    }
    frame = StepFrame(7, "decode", 9, 1, arrays, chosen_id=7, dropped=1 << 15, dropped_layers=(0,))
    expected = {
        "stats": {"block.0.ln1": ["NaN"] * 7, "block.1.resid_pre": [10 + c / 8 for c in range(7)]},
        "captured": {
            "embed.resid0": {"indices": [*range(8)], "values": [0, 0.5, -1, 1.5, -2, 50, -63, 63]},
            "block.1.resid_pre": {
                "indices": [*range(8)],
                "values": ["NaN", "Infinity", "-Infinity", 0, 31.5, -31.5, 16, 0.25],
            },
            "block.0.resid_pre": {"indices": [], "values": []},
        },
        "values": {"block.1.mlp_pre": [2 * i for i in range(32)], "block.1.mlp_act": [0] * 32},
        "bound": {"block.1.resid_pre": "NaN"},
        "attention_row": [
            {"layer": 1, "head": 0, "weights": [0.25, 0.125, 0.0625, 0, 0, 0, 0, "NaN", "NaN", 0.5]},
            {"layer": 0, "head": 0, "weights": ["NaN"] * 10},
        ],
        "attention_keys": [{"layer": 1, "head": 0, "keys": [9, 0, 1, 2, 3, 4, 5, 6], "entropy": 2, "max_weight": 0.5}],
        "logits": LOGITS_EXPECTED,
    }
    return frame, layout, expected


def prefill_f32() -> tuple[StepFrame, Layout, dict[str, Any]]:
    """A prompt of four tokens read in one pass: float32 top-k at three positions, whole attention matrices."""
    layout = layout_of(
        TraceConfig(
            capture_mode="sampled", quantization="f32", prefill="positions", attention_tier="full_matrix", logits_topk=5
        )
    )
    triangle = np.tril(np.ones((4, 4), np.float32)) / np.arange(1, 5, dtype=np.float32)[:, None]  # rows sum to 1
    rows = np.broadcast_to(triangle[-1], (2, 2, 4))  # (n_layer, n_head, n_keys)
    arrays = {
        "stats": stats(21),
        "tokens": np.array([1, 2, 3, 4], np.uint32),
        "prefill/positions": np.array([0, 2, 3], np.uint32),
        "prefill/topk/8/indices": np.tile(np.uint16([3, 0, 1, 2]), (2, 3, 1)),
        "prefill/topk/8/values": np.float32([[[8, 7, 6, 5], [4, 3, 2, 1], [9, -9, 0.1, 0]]] * 2),
        "prefill/topk/8/bound": np.float32([[4.5, 0.5, 0]] * 2),
        "attention/keys": np.tile(np.uint16([0, 1, 2, 3]), (2, 2, 1)),
        "attention/weights": rows.astype(np.float32),
        "attention/entropy": np.full((2, 2), 2, np.float32),
        "attention/max_weight": np.full((2, 2), 0.25, np.float32),
        "attention/rows": rows.astype(np.float32),
        "attention/matrix": np.broadcast_to(triangle, (2, 2, 4, 4)).astype(np.float32),
        **logits(),
    }
    frame = StepFrame(0, "prefill", 0, 4, arrays, chosen_id=9)
    expected = {
        "stats": {"final.logits": [20 + c / 8 for c in range(7)]},
        "captured": {"block.0.resid_post": {"indices": [], "values": []}},
        "values": {"embed.resid0": ["NaN"] * 8},
        "bound": {"block.0.resid_post": "NaN"},
        "attention_row": [{"layer": 1, "head": 1, "weights": [0.25, 0.25, 0.25, 0.25]}],
        "attention_keys": [{"layer": 0, "head": 1, "keys": [0, 1, 2, 3], "entropy": 2, "max_weight": 0.25}],
        "logits": LOGITS_EXPECTED,
    }
    return frame, layout, expected


GOLDEN = {"frame": topk_f16, "frame-q8": full_q8, "frame-prefill": prefill_f32}


def expected_json(name: str) -> dict[str, Any]:
    """What `NAME.json` holds."""
    frame, layout, expected = GOLDEN[name]()
    names = {"f4": "F32", "f2": "F16", "i1": "I8", "u1": "U8", "u2": "U16", "u4": "U32"}
    arrays = {
        key: {"dtype": names[array.dtype.str[1:]], "shape": list(array.shape)} for key, array in frame.arrays.items()
    }
    return {
        "file": f"{name}.safetensors",
        "header": frame.header(),
        "num_bytes": frame.num_bytes,
        "arrays": arrays,
        **expected,
        "groups": {group: list(keys) for group, keys in layout.groups.items()},
        "layout": layout.to_json(),
    }


def main() -> None:
    for name, build in GOLDEN.items():
        (FOLDER / f"{name}.safetensors").write_bytes(bytes_from_frame(build()[0]))
        text = json.dumps(expected_json(name), indent=1, allow_nan=False)
        (FOLDER / f"{name}.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
