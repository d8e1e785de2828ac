"""The browser's modules: their own tests under Node, and that they read in a frame what Python reads in it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright._impl._driver import compute_driver_executable

from mri.format.captured import Captured
from mri.format.config import TraceConfig, sampled_indices
from mri.format.events import StepFrame, dequantized
from mri.format.layout import LAYERS_DROPPED_BIT, Layout, width_of_group
from mri.format.wire import KIND_FRAME, bytes_from_frame, record_bytes
from mri.measure.attention import mean_distance
from tests.conftest import random_frame, random_layout

FOLDER = Path(__file__).parent / "js"
OLDEST_NODE = 18

CONFIGS = {
    "topk_f16": TraceConfig(edu=True),
    "topk_q8": TraceConfig(quantization="q8", attention_tier="full_row", prefill="stepwise"),
    "full_f32": TraceConfig(capture_mode="full", quantization="f32"),
    "full_q8": TraceConfig(capture_mode="full", quantization="q8", attention_tier="full_matrix"),
    "sampled_stride": TraceConfig(capture_mode="sampled", sample_stride=5, prefill="positions"),
    "sampled_seed": TraceConfig(capture_mode="sampled", sample_seed=11, quantization="q8", attention_tier="full_row"),
    "stats": TraceConfig(capture_mode="stats"),
}


def node() -> str:
    """A Node that knows `node --test`: the installed one, or else the one that Playwright ships."""
    installed = shutil.which("node")
    if installed:
        version = subprocess.run([installed, "--version"], capture_output=True, text=True, check=True).stdout
        if (match := re.match(r"v(\d+)\.", version)) and int(match[1]) >= OLDEST_NODE:
            return installed
    return str(compute_driver_executable()[0])


def test_javascript_modules_pass_their_own_tests():
    files = sorted(map(str, FOLDER.glob("*.test.mjs")))
    assert files
    run = subprocess.run([node(), "--test", *files], capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("name", CONFIGS)
def test_javascript_reads_in_a_frame_what_python_reads_in_it(name, tmp_path):
    layout = random_layout(4, 16, 2, CONFIGS[name], n_ctx=64)
    frames = frames_of(layout)
    for frame, readings in zip(frames, read_by_javascript(layout, frames, tmp_path), strict=True):
        check_points(frame, layout, readings)
        check_heads(frame, layout, readings["heads"])
        check_logits(frame, readings["probs"])


@pytest.mark.parametrize("quantization", ["f16", "f32"])
def test_no_uncaptured_key_outweighs_the_bound_shown_for_it(quantization, tmp_path):
    layout = random_layout(8, 16, 8, TraceConfig(quantization=quantization), n_ctx=64)
    rng = np.random.default_rng(3)
    frames, rows = [], []
    for step, concentration in enumerate((0.02, 0.1, 0.5, 2, 50)):  # from one strong key to a flat row
        row = rng.dirichlet(np.full(30, concentration), (8, 8)).astype(np.float32)  # (n_layer, n_head, n_keys)
        keys = np.argsort(-row, axis=-1)[..., :8]
        frame = random_frame(layout, rng, step, "decode", 29, 1)
        frame.arrays["attention/keys"][:] = keys
        frame.arrays["attention/weights"][:] = np.take_along_axis(row, keys, -1)
        np.put_along_axis(row, keys, 0, -1)
        frames.append(frame)
        rows.append(row)
    for row, readings in zip(rows, read_by_javascript(layout, frames, tmp_path), strict=True):
        bounds = numbers([head["bound"] for head in readings["heads"]]).reshape(8, 8)
        assert (bounds >= row.max(-1)).all()
        assert (bounds <= 1 / 8 + 1e-3).all()  # the weakest of eight cannot weigh more


def read_by_javascript(layout: Layout, frames: list[StepFrame], folder: Path) -> list[dict[str, Any]]:
    """What dump.mjs reads in these frames, one entry each."""
    (folder / "meta.json").write_text(json.dumps(meta_of(layout)))
    records = (record_bytes(KIND_FRAME, frame.step, bytes_from_frame(frame)) for frame in frames)
    (folder / "records").write_bytes(b"".join(records))
    command = [node(), str(FOLDER / "dump.mjs"), str(folder / "meta.json"), str(folder / "records")]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    return list(json.loads(run.stdout))


def frames_of(layout: Layout) -> list[StepFrame]:
    """A prefill, decode steps with fewer and more keys than are kept, one lacking blocks, one of statistics only."""
    rng = np.random.default_rng(5)
    frames = [
        random_frame(layout, rng, 0, "prefill", 0, 4),
        random_frame(layout, rng, 1, "decode", 4, 1),
        random_frame(layout, rng, 2, "decode", 40, 1, chosen_id=3),
        random_frame(layout, rng, 3, "decode", 41, 1, dropped=1 << LAYERS_DROPPED_BIT, dropped_layers=(1, 2)),
    ]
    stripped = random_frame(layout, rng, 4, "decode", 42, 1, dropped=0b11111111)
    arrays = {key: stripped.arrays[key] for key in ("stats", "tokens")}
    return [*frames, StepFrame(4, "decode", 42, 1, arrays, dropped=stripped.dropped)]


def meta_of(layout: Layout) -> dict[str, Any]:
    """The parts of /sessions/<id>/meta that say where values lie."""
    widths = {width_of_group(group) for group in layout.groups if group.startswith("sampled/")}
    return {
        "session": {"layout": layout.to_json()},
        "groups": layout.groups,
        "sampled": {str(width): sampled_indices(layout.config, width).tolist() for width in widths},
    }


def check_points(frame: StepFrame, layout: Layout, readings: dict[str, Any]) -> None:
    assert readings["header"] == frame.header()
    assert readings["num_bytes"] == frame.num_bytes
    assert [point["key"] for point in readings["points"]] == list(layout.rows)
    for point in readings["points"]:
        key = point["key"]
        np.testing.assert_array_equal(numbers(point["stats"]), list(Captured(frame, layout).stats(key).values()))
        np.testing.assert_array_equal(numbers(point["values"]), Captured(frame, layout).values(key))
        np.testing.assert_equal(float(point["bound"]), Captured(frame, layout).bound(key))
        assert np.flatnonzero(point["captured"]).tolist() == sorted(Captured(frame, layout).captured(key)[0].tolist())


def check_heads(frame: StepFrame, layout: Layout, heads: list[dict[str, Any]]) -> None:
    kept = [layer for layer in range(layout.n_layer) if layer not in frame.dropped_layers]
    captured = Captured(frame, layout)
    rows, bounds = captured.attention()
    distances = np.stack(mean_distance(rows, bounds, captured.weight_rounding(rows)), axis=-1).reshape(-1, 2)
    np.testing.assert_allclose([numbers([head["low"], head["high"]]) for head in heads], distances, rtol=1e-5)
    for head in heads:
        weights = numbers(head["weights"])
        expected = np.full(frame.pos0 + frame.t_add, np.nan, np.float32)
        if head["layer"] in kept and "attention/keys" in frame.arrays:
            at = kept.index(head["layer"]), head["head"]
            if "attention/rows" in frame.arrays:
                expected = dequantized(frame.arrays["attention/rows"][at], None)
            else:
                expected[frame.arrays["attention/keys"][at]] = frame.arrays["attention/weights"][at]
        np.testing.assert_array_equal(weights, expected)
        assert (head["bound"] == "NaN") == np.isnan(expected).all()
    assert len(heads) == layout.n_layer * layout.n_head


def check_logits(frame: StepFrame, probs: list[float]) -> None:
    if "logits/values" not in frame.arrays:
        assert probs == []
        return
    logits, logsumexp = frame.arrays["logits/values"], frame.arrays["logits/logsumexp"]
    np.testing.assert_allclose(probs, np.exp(logits.astype(np.float64) - float(logsumexp)), rtol=1e-6)


def numbers(values: list[Any]) -> np.ndarray:
    """JSON numbers, where "NaN" and "Infinity" are words, as they are."""
    return np.array([float(value) for value in values])
