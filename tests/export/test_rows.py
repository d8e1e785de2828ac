"""Blocks of rows add up to the table, whatever was dropped; a captured NaN is not a missing value."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mri.errors import ConfigError
from mri.export import rows as module
from mri.export.rows import UNITS, Coded, Rows, num_rows
from mri.export.trace import open_trace
from mri.format.captured import Captured
from mri.format.config import PRESETS, TraceConfig
from mri.format.events import TraceSession
from mri.format.layout import LAYERS_DROPPED_BIT
from mri.store.opening import open_session
from mri.store.writer import SessionWriter
from tests.conftest import TINY_VOCABULARY, random_frame, random_layout, write_handmade_session, write_random_session


def read(blocks: list[dict[str, object]], name: str) -> list[object]:
    """A column of all blocks, categories as their values."""
    out: list[object] = []
    for block in blocks:
        column = block[name]
        out += [column.categories[i] for i in column.codes] if isinstance(column, Coded) else column.tolist()  # type: ignore[attr-defined]
    return out


@pytest.mark.parametrize("table", UNITS)
def test_small_blocks_say_what_one_large_block_says(
    table: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = replace(PRESETS["rows"], edu=True, topk=4)
    path = write_random_session(tmp_path, num_steps=9, config=config, extras=True)
    with open_session(path) as reader:
        whole = list(Rows(reader).blocks(table))
        monkeypatch.setattr(module, "ROWS_AT_ONCE", 1)
        single = list(Rows(reader).blocks(table))
        assert len(single) == (1 if table in ("tokens", "steps") else 9)
        for name in UNITS[table]:
            assert list(map(str, read(single, name))) == list(map(str, read(whole, name)))  # NaN is NaN
        assert list(whole[0]) == list(UNITS[table])
        assert sum(map(num_rows, single)) > 0


def test_rows_of_both_widths_come_in_the_layouts_order(tmp_path: Path) -> None:
    path = write_random_session(tmp_path, num_steps=2, config=TraceConfig(edu=True, topk=3, prefill="stepwise"))
    with open_session(path) as reader:
        table = open_trace(path).topk()
        first = table[table.step == 0]
        order = first["hook_point"].cat.codes.to_numpy()
        assert (np.diff(order) >= 0).all()
        assert "block.0.mlp_act" in set(first["hook_point"])
        frame = reader.frame(0)
        for key, rows in first.groupby("hook_point", observed=True):
            indices, values = Captured(frame, reader.session.layout).captured(str(key))
            assert dict(zip(rows["neuron"], rows["value"], strict=True)) == dict(zip(indices, values, strict=True))
            assert (np.diff(rows["value"].abs()) <= 0).all()


def test_one_hook_points_rows_are_those_of_the_whole_table(tmp_path: Path) -> None:
    for mode in ("topk", "sampled", "full"):
        config = TraceConfig(capture_mode=mode, quantization="q8", edu=True, prefill="stepwise")  # type: ignore[arg-type]
        trace = open_trace(write_random_session(tmp_path, num_steps=3, config=config, session_id=mode))
        everything = trace.topk()
        for key in ("block.1.mlp_act", "final.ln_f"):
            alone = trace.topk(key)
            same = everything[everything.hook_point == key].reset_index(drop=True)
            assert len(alone) > 0
            for name in ("step", "rank", "neuron", "value", "bound"):
                np.testing.assert_array_equal(alone[name], same[name])


def test_what_was_dropped_has_no_rows(tmp_path: Path) -> None:
    layout, rng = random_layout(2, 8, 2, TraceConfig(topk=3)), np.random.default_rng(0)
    frames = [
        random_frame(layout, rng, 0, "prefill", 0, 2, chosen_id=1),
        *(
            random_frame(layout, rng, step, "decode", step + 1, 1, dropped=1 << LAYERS_DROPPED_BIT, dropped_layers=(1,))
            for step in (1, 2)
        ),
        random_frame(layout, rng, 3, "decode", 4, 1).without_payloads(),
    ]
    with SessionWriter(tmp_path, TraceSession("one", layout), vocabulary=TINY_VOCABULARY) as writer:
        for frame in frames:
            writer.append(frame)
        folder = writer.finish("stopped", seal=False)
    trace = open_trace(folder)
    stats = trace.stats()
    assert set(stats[stats.step == 1]["layer_index"]) == {-1, 0, 2}
    assert len(stats[stats.step == 3]) == len(layout.points)
    assert set(trace.topk()["step"]) == {1, 2}
    assert set(trace.attention().query("step == 2")["layer"]) == {0}
    assert set(trace.logits()["step"]) == {0, 1, 2}
    neuron = trace.neuron("block.1.mlp_out", 0)
    assert not neuron["captured"].any()
    assert neuron["bound"].isna().all()


def test_a_captured_nan_is_told_from_a_missing_value(tmp_path: Path) -> None:
    trace = open_trace(write_handmade_session(tmp_path))
    seen, unseen = trace.neuron("block.1.mlp_out", 6), trace.neuron("block.1.mlp_out", 3)
    assert np.isnan(seen["value"][0])
    assert seen["captured"][0]
    assert np.isnan(seen["bound"][0])
    assert np.isnan(unseen["value"][0])
    assert not unseen["captured"][0]
    full = TraceConfig(capture_mode="full", quantization="q8")
    layout = random_layout(1, 4, 1, full)
    frame = random_frame(layout, np.random.default_rng(0), 0, "decode", 0, 1)
    frame.arrays["full/4/values"][:] = -128  # q8's NaN
    with SessionWriter(tmp_path, TraceSession("nan", layout), vocabulary=TINY_VOCABULARY) as writer:
        writer.append(frame)
        frame = random_frame(layout, np.random.default_rng(0), 1, "decode", 1, 1, dropped=1 << 2)
        writer.append(replace(frame, arrays={k: v for k, v in frame.arrays.items() if not k.startswith("full")}))
        folder = writer.finish("stopped", seal=False)
    history = open_trace(folder).neuron("block.0.mlp_out", 2)
    assert history["captured"].tolist() == [True, False]
    assert history["value"].isna().all()


def test_a_table_that_there_is_not_is_named(tmp_path: Path) -> None:
    with (
        open_session(write_handmade_session(tmp_path)) as reader,
        pytest.raises(ConfigError, match="choose one of stats"),
    ):
        next(Rows(reader).blocks("everything"))
