"""The browser's modules: their own tests under Node, and that they read in a frame what Python reads in it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright._impl._driver import compute_driver_executable

from mri.format.captured import Captured
from mri.format.config import TraceConfig, sampled_indices
from mri.format.events import StepFrame, TraceSession, dequantized
from mri.format.layout import LAYERS_DROPPED_BIT, Layout, width_of_group
from mri.format.token_text import display, with_characters
from mri.format.wire import KIND_FRAME, bytes_from_frame, record_bytes
from mri.measure.attention import mean_distance
from mri.panels import names
from mri.panels.panel import panels
from mri.panels.scan import Scan
from mri.panels.selection import Selection
from mri.store.opening import open_session
from mri.store.writer import SessionWriter
from tests.conftest import random_frame, random_layout

FOLDER = Path(__file__).parent / "js"
OLDEST_NODE = 20

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
    cure = "run `make test`, or `npm ci --prefix tests/js`"
    assert (FOLDER / "node_modules/happy-dom").exists(), f"The tests of JavaScript need a page in memory: {cure}."
    run = subprocess.run([node(), "--test", *files], capture_output=True, text=True, timeout=600)
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


VIEWS = [
    {
        "point": "block.1.mlp_out",
        "neuron": 5,
        "layer": 1,
        "head": 0,
        "heads": "entropy",
        "overlay": False,
        "temperature": 1,
    },
    {
        "point": "block.1.mlp_act",
        "neuron": 3,
        "layer": 1,
        "head": 0,
        "heads": "entropy",
        "sign": True,
        "temperature": 1,
    },
    {
        "point": "embed.resid0",
        "layer": 2,
        "head": 1,
        "heads": "distance",
        "overlay": True,
        "sign": True,
        "temperature": 0.7,
    },
]


MOVING = [panel for panel in panels("scanner") if panel.moves]


@pytest.mark.parametrize("config", CONFIGS)
def test_scripts_have_the_columns_of_the_panels(config, tmp_path):
    layout = random_layout(4, 16, 2, CONFIGS[config], n_ctx=64)
    with open_session(write_session(tmp_path, layout, frames_in_order(layout))) as reader:
        frames = [reader.frame(step) for step in range(reader.num_steps)]
        scripted = columns_by_javascript(reader, frames, tmp_path)
        for panel, at, step in product(MOVING, range(len(VIEWS)), range(len(frames))):
            scan, selected = Scan(reader, step), Selection.from_mapping(VIEWS[at] | {"step": step})
            table, found = panel.table(scan, selected), scripted[panel.name][at][step]
            assert found is not None or table.missing
            for name, values in (found or {}).items():
                same_column(values, table[name], f"{panel.name}.{name} of step {step}")
            if found and not table.missing:
                lacking = named_by(panel.draw(scan, selected, "dark").figure) - set(found)
                assert lacking <= KEPT.get(panel.name, set()), f"the script of {panel.name} lacks {lacking}"


def test_pieces_of_characters_have_the_names_that_python_gives_them():
    rng = np.random.default_rng(3)
    letters = ["a", " ", "é", "日", "🙂", "\u200d", "\\", "\ufeff", "\n"]
    texts = ["".join(rng.choice(letters, 6)).encode() for _ in range(200)]
    cuts = [sorted({0, len(text), *rng.integers(0, len(text), 4).tolist()}) for text in texts]
    cases = [[display(text[i:j]) for i, j in pairwise(at)] for text, at in zip(texts, cuts, strict=True)]
    module = (FOLDER.parents[1] / "assets/js/core/token_names.mjs").as_uri()
    script = f"const {{ withCharacters }} = await import('{module}');"
    script += "console.log(JSON.stringify(JSON.parse(process.argv[1]).map(withCharacters)))"
    command = [node(), "--input-type=module", "-e", script, json.dumps(cases)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert json.loads(run.stdout) == [with_characters(case) for case in cases]


KEPT = {"heads": {"layer", "head"}, "looks": {"unknown", "known", "most", "names"}}
"""Columns of a chart that stay while the clock moves."""


def named_by(figure: Any) -> set[str]:
    """Columns that a chart's traces and layout name."""
    named = [name for trace in figure.data for key, name in (trace.meta or {}).items() if key != "rows"]
    named += (figure.layout.meta.get("layout") or {}).values()
    return {each for name in named for each in ([name] if isinstance(name, str) else name)}


def same_column(found: Any, expected: Any, where: str) -> None:
    expected = np.asarray(expected)
    values = np.broadcast_to(np.array(found, object), np.shape(found) or expected.shape).ravel()
    if expected.dtype.kind in "OU":
        assert values.tolist() == expected.ravel().tolist(), where
        return
    numbers = np.array([np.nan if value is None else float(value) for value in values])
    np.testing.assert_allclose(numbers, expected.ravel().astype(float), rtol=2e-5, atol=1e-6, err_msg=where)


def frames_in_order(layout: Layout) -> list[StepFrame]:
    """A prefill, and steps with fewer and more keys than are kept, of which one lacks blocks."""
    rng = np.random.default_rng(5)
    gap = {"dropped": 1 << LAYERS_DROPPED_BIT, "dropped_layers": (1, 2)}
    return [
        random_frame(layout, rng, 0, "prefill", 0, 12),
        *(
            random_frame(layout, rng, step, "decode", 11 + step, 1, **(gap if step == 2 else {}))
            for step in range(1, 5)
        ),
    ]


def write_session(folder: Path, layout: Layout, frames: list[StepFrame]) -> Path:
    session = TraceSession("columns", layout, num_prompt_tokens=12)
    with SessionWriter(folder, session) as writer:
        for frame in frames:
            writer.append(frame)
        writer.finish("length")
    return folder / "columns.h5"


def columns_by_javascript(reader: Any, frames: list[StepFrame], folder: Path) -> dict[str, list[list[Any]]]:
    """Panel -> of each view, of each frame: its columns."""
    ids, steps = reader.token_ids().tolist(), reader.steps()
    text = {str(i): names.token(reader, i) for i in ids if i in reader.token_bytes}
    where = {key: steps[key].tolist() for key in ("pos0", "t_add")}
    source = {"tokens": {"sequence": ids, "text": text, "steps": where}, "numPrompt": reader.session.num_prompt_tokens}
    for file, value in (("meta", meta_of(reader.session.layout)), ("tokens", source), ("views", VIEWS)):
        (folder / f"{file}.json").write_text(json.dumps(value))
    records = (record_bytes(KIND_FRAME, frame.step, bytes_from_frame(frame)) for frame in frames)
    (folder / "records").write_bytes(b"".join(records))
    paths = [str(folder / file) for file in ("meta.json", "records", "tokens.json", "views.json")]
    command = [node(), str(FOLDER / "columns.mjs"), *paths, *(panel.name for panel in MOVING)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr
    return dict(json.loads(run.stdout))


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
