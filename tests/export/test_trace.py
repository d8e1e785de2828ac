from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from mri.errors import BadSession, SessionNotFound, UnknownHookPoint
from mri.export.trace import Trace, open_trace
from mri.format.captured import Captured
from mri.format.config import PRESETS, TraceConfig
from mri.format.hook_points import STATS
from tests.conftest import HANDMADE_VALUES, dropped_names, write_handmade_session

Write = Callable[..., Path]


@pytest.fixture
def handmade(handmade_session: Write, tmp_path: Path) -> Trace:
    return open_trace(handmade_session(tmp_path))


def test_values_mask_and_matrix_tell_captured_from_missing(handmade: Trace) -> None:
    values = handmade.values("block.1.mlp_out", step=0)
    assert values.shape == (8,)
    assert values.dtype == np.float32
    mask = handmade.captured("block.1.mlp_out", step=0)
    assert mask.tolist() == [True, True, False, False, False, False, True, True]
    assert np.isnan(values[6])  # captured, and NaN
    assert mask[6]
    assert values[1] == -np.inf
    matrix = handmade.matrix("block.1.mlp_out")
    assert matrix.shape == (5, 8)
    np.testing.assert_array_equal(matrix[2], handmade.values("block.1.mlp_out", step=2))
    assert np.isnan(matrix[:, 2:6]).all()


def test_attention_rows(handmade: Trace) -> None:
    np.testing.assert_array_equal(handmade.attention_row(layer=1, head=0, step=3), [1, 0, 0, 0])
    np.testing.assert_array_equal(handmade.attention_row(layer=0, head=1, step=3), [0.25] * 4)
    with pytest.raises(UnknownHookPoint, match="2 layers of 2 heads"):
        handmade.attention_row(layer=2, head=0, step=0)


def test_attention_of_a_summary_has_holes(random_session: Write, tmp_path: Path) -> None:
    trace = open_trace(random_session(tmp_path, num_steps=30))
    row = trace.attention_row(layer=0, head=1, step=20)
    frame = trace.frame(20)
    assert len(row) == frame.pos0 + 1
    assert np.isfinite(row).sum() == 8
    np.testing.assert_array_equal(row[frame.arrays["attention/keys"][0, 1]], frame.arrays["attention/weights"][0, 1])


def test_steps_count_from_either_end(handmade: Trace) -> None:
    assert handmade.frame(-1).step == 4
    for step in (5, -6):
        with pytest.raises(IndexError, match="this session has 5"):
            handmade.frame(step)
    with pytest.raises(UnknownHookPoint):
        handmade.values("block.9.mlp_out", step=0)


def test_stats_table(handmade: Trace) -> None:
    table = handmade.stats()
    assert len(table) == 5 * 21
    assert list(table.columns) == ["step", "phase", "pos0", "hook_point", "layer_index", "layer_type", *STATS]
    assert str(table["hook_point"].dtype) == "category"
    row = table[(table.step == 3) & (table.hook_point == "block.0.ln1")].iloc[0]
    p = handmade.layout.row("block.0.ln1")
    assert [row[name] for name in STATS] == [3 + p + c / 8 for c in range(7)]
    assert row["phase"] == "decode"
    assert table.attrs["session_id"] == "handmade"


def test_topk_table(handmade: Trace) -> None:
    table = handmade.topk("block.1.mlp_out")
    assert len(table) == 5 * 4
    third = table[table.step == 2]
    assert third["neuron"].tolist() == [6, 1, 7, 0]
    assert third["value"].tolist() == list(HANDMADE_VALUES[2])
    assert third["rank"].tolist() == [0, 1, 2, 3]
    everything = handmade.topk()
    assert len(everything) == 5 * 4 * 12
    again = everything[everything.hook_point == "block.1.mlp_out"].reset_index(drop=True)
    assert again["value"].equals(table["value"])


def test_attention_logits_and_token_tables(handmade: Trace) -> None:
    attention = handmade.attention()
    assert set(attention["layer"]) == {0, 1}
    strongest = attention[(attention.step == 4) & (attention["head"] == 0) & (attention["rank"] == 0)]
    assert strongest["weight"].tolist() == [1.0, 1.0]
    assert strongest["key"].tolist() == [0, 0]
    logits = handmade.logits()
    assert logits["logprob"].iloc[0] == pytest.approx(5 - 5.5)
    chosen = logits[logits.chosen]
    assert chosen["step"].tolist() == [2, 3, 4]
    tokens = handmade.tokens()
    assert tokens["token"].tolist() == ["a", " ", "b", "c", "d", "e"]
    assert tokens["read_by"].tolist() == [0, 1, 2, 3, 4, -1]
    assert tokens["in_prompt"].tolist() == [True] * 3 + [False] * 3
    assert tokens["logprob"].iloc[4] == -0.5
    assert np.isnan(tokens["logprob"].iloc[0])
    assert tokens["raw"].iloc[1] == b" "


def test_steps_table_has_the_time_and_what_was_left_out(random_session: Write, tmp_path: Path) -> None:
    trace = open_trace(random_session(tmp_path, num_steps=4, config=TraceConfig(max_bytes_per_step=1500)))
    table = trace.steps()
    assert table["step"].tolist() == [0, 1, 2, 3]
    for name in ("pos0", "t_add", "chosen_id", "forced", "time_us"):
        assert table[name].tolist() == [getattr(trace.frame(step), name) for step in range(4)]
    assert table["dropped"].tolist() == [", ".join(dropped_names(trace.frame(step))) for step in range(4)]


@pytest.mark.parametrize("seal", [True, False])
def test_extra_table_has_what_a_training_script_added(random_session: Write, tmp_path: Path, seal: bool) -> None:
    trace = open_trace(random_session(tmp_path, num_steps=4, extras=True, seal=seal))
    table = trace.extra()
    loss = table[table["name"] == "loss"]
    assert loss["step"].tolist() == [0, 1, 2, 3], "a recorded NaN has its row"
    np.testing.assert_array_equal(loss["value"], np.float32([4, 2, np.nan, 1]))
    rate = table[(table["name"] == "rate") & (table["step"] == 2)]
    assert rate["element"].tolist() == [0, 1, 2, 3]
    assert rate["value"].tolist() == [2, 3, 4, 5]
    assert not (table["step"][table["name"] == "rate"] % 2).any(), "a step that gave none has no row"
    wide = loss.pivot(index="step", columns="name", values="value")
    assert wide["loss"].loc[1] == 2
    assert len(open_trace(random_session(tmp_path, session_id="none")).extra()) == 0


def test_neuron_table_draws_the_bound_where_nothing_was_captured(handmade: Trace) -> None:
    seen = handmade.neuron("block.1.mlp_out", 7)
    assert seen["value"].tolist() == [2.0, 0.25, 2.0, 0.0, 0.5]
    assert seen["captured"].all()
    unseen = handmade.neuron("block.1.mlp_out", 3)
    assert not unseen["captured"].any()
    assert unseen["value"].isna().all()
    assert (unseen["bound"] == Captured(handmade.frame(0), handmade.layout).bound("block.1.mlp_out")).all()
    with pytest.raises(UnknownHookPoint, match="no neuron 8"):
        handmade.neuron("block.1.mlp_out", 8)


@pytest.mark.parametrize(
    "config", [*PRESETS.values(), TraceConfig(quantization="q8", capture_mode="sampled")], ids=[*PRESETS, "q8 sampled"]
)
def test_every_table_of_every_preset(random_session: Write, tmp_path: Path, config: TraceConfig) -> None:
    trace = open_trace(random_session(tmp_path, config=config, num_steps=6))
    assert len(trace.stats()) == 6 * len(trace.hook_points)
    assert len(trace.tokens()) == len(trace._reader.token_ids())
    assert len(trace.logits()) > 0
    assert len(trace.attention()) > 0
    assert len(trace.topk()) == 0 or trace.topk()["value"].notna().all()
    for key in ("block.0.resid_post", "final.ln_f"):
        matrix = trace.matrix(key)
        for step in range(6):
            np.testing.assert_array_equal(np.isfinite(matrix[step]), trace.captured(key, step=step))


def test_opening_what_is_not_there(tmp_path: Path, handmade_session: Write) -> None:
    with pytest.raises(SessionNotFound, match="lists those"):
        open_trace(tmp_path / "nothing.h5")
    handmade_session(tmp_path)
    assert open_trace(tmp_path / "handmade").num_steps == 5  # the folder it had before it was sealed
    (tmp_path / "text.h5").write_text("no HDF5")
    with pytest.raises(BadSession):
        open_trace(tmp_path / "text.h5")


def test_a_damaged_file_is_not_opened_and_a_recording_without_its_end_is_told(tmp_path: Path) -> None:
    path = write_handmade_session(tmp_path)
    with h5py.File(path, "r+") as file:
        file["attention/entropy"][2, 0, 0] += 1
    with pytest.raises(BadSession, match="/attention/entropy"):
        open_trace(path)
    folder = write_handmade_session(tmp_path, "torn", seal=False)
    journal = folder / "frames.journal"
    journal.write_bytes(journal.read_bytes()[:-300])
    with pytest.warns(RuntimeWarning, match="has 4 of 5 steps"):
        assert open_trace(folder).num_steps == 4
