"""What was captured of a frame, and of a whole recording: every storage, rows that moved up, bounds that hold."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mri.errors import UnknownHookPoint
from mri.format.captured import Captured
from mri.format.captured_steps import CapturedSteps
from mri.format.config import TraceConfig
from mri.format.events import StepFrame, TraceSession
from mri.store.opening import open_session
from mri.store.writer import SessionWriter
from tests.conftest import TINY_VOCABULARY, random_frame, random_layout, seal_here
from tests.golden_frame.build import topk_f16

ROOT = Path(__file__).parents[2]
GROUPS = ("ledger/", "lens/", "topk/", "sampled/", "full/", "prefill/", "attention/")
MAY_NAME_GROUPS = {
    "mri/format/layout.py",
    "mri/format/captured.py",
    "mri/format/captured_steps.py",
    "mri/capture/payload.py",
    "mri/capture/ledger.py",
    "mri/explain/why.py",
    "mri/store/seal.py",
}
"""Who names, reads and fills them; who fills them anew when asked why; who packs the tokens that they name."""

KEY, OTHER, STATS_ONLY = "block.1.mlp_out", "block.0.attn_out", "block.0.ln1"


def constants(path: Path) -> list[str]:
    """The strings of a file but its docstrings."""
    tree = ast.parse(path.read_text("utf-8"))
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said
    ]


def test_nobody_else_knows_a_groups_name():
    files = [*(ROOT / "mri").rglob("*.py"), *(ROOT / "pages").glob("*.py"), ROOT / "app.py"]
    named = {
        path.relative_to(ROOT).as_posix() for path in files if any(text.startswith(GROUPS) for text in constants(path))
    }
    assert named == MAY_NAME_GROUPS


def test_only_its_readers_unpack_values():
    users = {path.name for path in (ROOT / "mri").rglob("*.py") if "dequantized" in path.read_text("utf-8")}
    assert users <= {"events.py", "captured.py", "captured_steps.py", "payload.py"}


def test_rows_move_up_where_layers_were_dropped():
    layout = random_layout(3, 8, 2, TraceConfig())
    rng = np.random.default_rng(0)
    whole = random_frame(layout, rng, 0, "decode", 0, 1)
    cut = random_frame(layout, np.random.default_rng(0), 0, "decode", 0, 1, dropped=1 << 15, dropped_layers=(1,))
    all_of, part_of = Captured(whole, layout), Captured(cut, layout)
    for point in layout.points:
        assert part_of.is_dropped(point.key) == (point.layer_index == 1)
        if point.layer_index == 1:
            assert np.isnan(list(part_of.stats(point.key).values())).all()
            assert len(part_of.captured(point.key)[0]) == 0
        else:
            assert part_of.stats(point.key) == all_of.stats(point.key)
            np.testing.assert_array_equal(part_of.values(point.key), all_of.values(point.key))


def test_an_unknown_hook_point_is_an_error_and_an_absent_one_is_not():
    frame, layout, _ = topk_f16()
    captured = Captured(frame, layout)
    for ask in (captured.stats, captured.values, captured.mask, captured.captured, captured.bound):
        with pytest.raises(UnknownHookPoint):
            ask("block.9.mlp_out")
    assert captured.payload(STATS_ONLY) is None
    assert Captured(StepFrame(3, "decode", 2, 1, {}), layout).payload("embed.resid0") is None


@pytest.mark.parametrize("seal", [True, False])
@pytest.mark.parametrize("quantization", ["f32", "f16", "q8"])
@pytest.mark.parametrize("mode", ["topk", "sampled", "full"])
def test_a_recording_has_what_its_frames_have(mode, quantization, seal, tmp_path):
    config = TraceConfig(capture_mode=mode, quantization=quantization, sample_stride=3, topk=3)
    layout, rng = random_layout(2, 16, 2, config), np.random.default_rng(0)
    with SessionWriter(tmp_path, TraceSession("thin", layout), vocabulary=TINY_VOCABULARY) as writer:
        for step in range(8):
            dropped = {"dropped_layers": (0,), "dropped": 1 << 15} if step in (3, 6) else {}
            frame = random_frame(layout, rng, step, "prefill" if step == 0 else "decode", step, 1, **dropped)
            writer.append(frame.without_payloads() if step == 4 else frame)
        folder = writer.finish("stopped", seal=False)
    with open_session(seal_here(folder) if seal else folder) as reader:
        steps = CapturedSteps(reader)
        frames = [Captured(reader.frame(step), layout) for step in range(reader.num_steps)]
        for key in (KEY, OTHER, STATS_ONLY):
            np.testing.assert_array_equal(steps.values(key), [frame.values(key) for frame in frames])
            assert steps.has(key).tolist() == [frame.payload(key) is not None for frame in frames]
        both = steps.payload([KEY, OTHER], steps=[3, 5])
        for i, step in enumerate((3, 5)):
            for k, key in enumerate((KEY, OTHER)):
                one = frames[step].payload(key)
                if one is None:
                    assert np.isnan(both.values[i, k]).all()
                    continue
                np.testing.assert_array_equal(both.values[i, k], one.values)
                np.testing.assert_array_equal(np.broadcast_to(both.neurons, both.values.shape)[i, k], one.neurons)
                np.testing.assert_array_equal(both.bounds[i, k], one.bounds)
        assert (both.scale is not None) == (quantization == "q8")


def test_one_neuron_is_read_alone_where_it_has_its_place(tmp_path, random_session):
    config = TraceConfig(capture_mode="sampled", sample_stride=3)
    with open_session(random_session(tmp_path, num_steps=5, config=config)) as reader:
        steps = CapturedSteps(reader)
        assert steps.payload(KEY, neuron=6).values.shape == (5, 1)
        np.testing.assert_array_equal(steps.payload(KEY, neuron=6).values[:, 0], steps.values(KEY)[:, 6])
        assert steps.payload(KEY, neuron=7) is None, "not among the sampled"


def test_payloads_are_all_of_a_step_or_one_points(tmp_path):
    layout = random_layout(2, 8, 2, TraceConfig(topk=3, edu=True))
    frame = random_frame(layout, np.random.default_rng(0), 0, "decode", 4, 1, dropped=1 << 15, dropped_layers=(0,))
    captured = Captured(frame, layout)
    keys = [layout.points[row].key for points, _ in captured.payloads() for row in points]
    assert sorted(keys) == sorted(key for key in layout.places if not captured.is_dropped(key))
    [(points, payload)] = captured.payloads(KEY)
    assert [layout.points[row].key for row in points] == [KEY]
    np.testing.assert_array_equal(payload.values[0], captured.payload(KEY).values)
    assert [*captured.payloads(OTHER)] == [], "its layer was dropped"


def frame_of(config, n_keys=30, **options):
    layout = random_layout(3, 16, 2, config)
    return random_frame(layout, np.random.default_rng(0), 5, "decode", n_keys - 1, 1, **options), layout


def test_full_rows_are_all_there():
    frame, layout = frame_of(TraceConfig(attention_tier="full_row"))
    weights, bounds = Captured(frame, layout).attention()
    np.testing.assert_array_equal(weights, frame.arrays["attention/rows"].astype(np.float32))
    assert (bounds == 0).all()


def test_kept_keys_stand_at_their_absolute_positions():
    frame, layout = frame_of(TraceConfig())
    weights, _ = Captured(frame, layout).attention()
    assert weights.shape == (3, 2, 30)
    assert (np.isfinite(weights).sum(axis=-1) == 8).all()
    key = frame.arrays["attention/keys"][2, 1, 0]
    assert weights[2, 1, key] == np.float32(frame.arrays["attention/weights"][2, 1, 0])


@given(st.integers(0, 2**32 - 1), st.integers(9, 200), st.floats(0.02, 5))
def test_no_key_that_was_not_kept_weighs_more_than_the_bound(seed, n_keys, concentration):
    layout = random_layout(1, 16, 1, TraceConfig())
    rng = np.random.default_rng(seed)
    truth = rng.dirichlet(np.full(n_keys, concentration)).astype(np.float32)
    order = np.argsort(-truth)[:8]
    frame = random_frame(layout, rng, 1, "decode", n_keys - 1, 1)
    frame.arrays["attention/keys"][0, 0] = order
    frame.arrays["attention/weights"][0, 0] = truth[order].astype(np.float16)
    weights, bounds = Captured(frame, layout).attention()
    assert truth[np.isnan(weights[0, 0])].max() <= bounds[0, 0] * (1 + 1e-6)


def test_a_short_row_has_no_unknown_keys():
    frame, layout = frame_of(TraceConfig(), n_keys=6)
    weights, bounds = Captured(frame, layout).attention()
    assert np.isfinite(weights).all()
    assert (bounds == 0).all()


@pytest.mark.parametrize("config", [TraceConfig(), TraceConfig(attention_tier="full_row")])
def test_a_dropped_block_is_unknown_and_the_others_stay_in_place(config):
    frame, layout = frame_of(config, dropped_layers=(1,), dropped=1 << 15)
    weights, bounds = Captured(frame, layout).attention()
    assert np.isnan(weights[1]).all()
    assert np.isnan(bounds[1]).all()
    assert np.isfinite(bounds[[0, 2]]).all()
    entropy = Captured(frame, layout).entropy()
    assert np.isnan(entropy[1]).all()
    np.testing.assert_array_equal(entropy[[0, 2]], frame.arrays["attention/entropy"])


def test_without_attention_nothing_is_known():
    frame, layout = frame_of(TraceConfig())
    arrays = {name: array for name, array in frame.arrays.items() if not name.startswith("attention/")}
    weights, bounds = Captured(type(frame)(5, "decode", 29, 1, arrays), layout).attention()
    assert np.isnan(weights).all()
    assert np.isnan(bounds).all()
