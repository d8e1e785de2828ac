"""One neuron over all steps equals what each frame says, in every capture mode."""

import numpy as np
import pytest

from mri.errors import ConfigError, UnknownHookPoint
from mri.format.captured import Captured
from mri.format.config import TraceConfig
from mri.format.events import TraceSession
from mri.format.hook_points import STATS
from mri.format.layout import LAYERS_DROPPED_BIT
from mri.measure.series import (
    MAX_COLUMNS,
    extras_over_steps,
    first_odd,
    full_scales,
    largest_statistic,
    neuron_over_steps,
    series_over_steps,
)
from mri.store.opening import open_session
from mri.store.writer import SessionWriter
from tests.conftest import random_frame, random_layout, seal_here

CONFIGS = {
    "topk": TraceConfig(topk=4),
    "topk_q8": TraceConfig(topk=4, quantization="q8", prefill="stepwise"),
    "sampled": TraceConfig(capture_mode="sampled", sample_stride=3),
    "full": TraceConfig(capture_mode="full", quantization="f32"),
    "full_q8": TraceConfig(capture_mode="full", quantization="q8"),
    "stats": TraceConfig(capture_mode="stats"),
}


@pytest.mark.parametrize("seal", [True, False])
@pytest.mark.parametrize("name", CONFIGS)
def test_a_history_is_what_the_frames_say(name, seal, tmp_path, random_session):
    path = random_session(tmp_path, config=CONFIGS[name], seal=seal)
    with open_session(path) as reader:
        layout = reader.session.layout
        for key in ("block.1.mlp_out", "block.0.mlp_pre", "final.logits"):
            for neuron in (0, 3, 14):
                values, bounds = neuron_over_steps(reader, key, neuron)
                assert len(values) == len(bounds) == reader.num_steps
                for step in range(reader.num_steps):
                    frame = reader.frame(step)
                    captured = Captured(frame, layout)
                    np.testing.assert_array_equal(values[step], captured.values(key)[neuron])
                    bound = np.nan if captured.mask(key)[neuron] else captured.bound(key)
                    np.testing.assert_array_equal(bounds[step], bound)


@pytest.mark.parametrize("seal", [True, False])
def test_what_a_training_script_added_over_all_steps(seal, tmp_path, random_session):
    with open_session(random_session(tmp_path, extras=True, num_steps=6, seal=seal)) as reader:
        found = extras_over_steps(reader)
    assert list(found) == ["loss"], "arrays are no lines"
    np.testing.assert_array_equal(found["loss"].values, np.float32([4, 2, np.nan, 1, 4 / 5, 4 / 6]))
    assert found["loss"].present.all()
    with open_session(random_session(tmp_path, session_id="none")) as reader:
        assert extras_over_steps(reader) == {}


@pytest.mark.parametrize("seal", [True, False])
def test_steps_without_an_extra_are_told_from_a_recorded_nan(seal, tmp_path, random_session, monkeypatch):
    path = random_session(
        tmp_path,
        num_steps=7,
        seal=False,
        extras=lambda step: {
            "rate": -float(step + 1),
            **({"val": np.nan if step == 2 else step} if step % 2 == 0 else {}),
        },
    )
    with open_session(seal_here(path) if seal else path) as reader:
        val, rate = (extras_over_steps(reader)[name] for name in ("val", "rate"))
        assert val.present.tolist() == [True, False] * 3 + [True]
        assert np.isnan(val.values[2])
        assert val.values[[0, 4, 6]].tolist() == [0, 4, 6]
        assert rate.values.tolist() == [-1, -2, -3, -4, -5, -6, -7], "negative ones are no zeros"
        monkeypatch.setattr("mri.measure.series.MAX_COLUMNS", 3)
        val, rate = (extras_over_steps(reader)[name] for name in ("val", "rate"))
        assert rate.values.tolist() == [-1, -4, -7]
        np.testing.assert_array_equal(val.values, [np.nan, 4, 6])
        assert len(val.values) == len(series_over_steps(reader, "l2").surprise)


def test_what_is_not_there_is_an_error(tmp_path, random_session):
    with open_session(random_session(tmp_path)) as reader:
        with pytest.raises(UnknownHookPoint):
            neuron_over_steps(reader, "block.9.mlp_out", 0)
        with pytest.raises(IndexError):
            neuron_over_steps(reader, "block.0.mlp_out", 16)


def test_every_hook_point_has_a_full_scale(tmp_path, random_session):
    with open_session(random_session(tmp_path, num_steps=20)) as reader:
        scales = full_scales(reader)
        p99 = reader.column("stats")[:, 3, 6]
        assert list(scales) == [point.key for point in reader.session.layout.points]
        assert scales[reader.session.layout.points[3].key] == pytest.approx(np.quantile(p99, 0.9))
        assert largest_statistic(reader) == pytest.approx(np.abs(reader.column("stats")[:, :, 2:4]).max())


@pytest.mark.parametrize("seal", [True, False])
def test_series_are_what_the_frames_say(seal, tmp_path, random_session):
    with open_session(random_session(tmp_path, seal=seal)) as reader:
        series = series_over_steps(reader, "p99")
        frames = [reader.frame(step) for step in range(reader.num_steps)]
        assert series.every == 1
        assert series.points.dtype == np.float32
        np.testing.assert_array_equal(series.points, np.stack([frame.arrays["stats"][:, 6] for frame in frames], 1))
        np.testing.assert_array_equal(series.entropy, [frame.arrays["logits/entropy"] for frame in frames])
        nats = np.array([frame.arrays["logits/chosen_logprob"] for frame in frames])
        np.testing.assert_allclose(series.surprise, -nats / np.log(2), rtol=1e-6)
        with pytest.raises(ConfigError, match="'median' is no statistic"):
            series_over_steps(reader, "median")


class Columns:
    """A reader of many steps that has nothing but statistics and logits; records what was asked of it."""

    def __init__(self, reader, num_steps):
        self.session, self.num_steps, self.asked = reader.session, num_steps, []

    def column(self, name, *index):
        self.asked.append(name)
        if name != "stats":
            raise UnknownHookPoint(name)
        steps = np.arange(self.num_steps, dtype=np.float32)
        steps[7] = np.nan
        return np.tile(steps[:, None], (1, len(self.session.layout.points)))


@pytest.mark.parametrize("stat", ["l2", "min"])
def test_many_steps_are_taken_together_by_their_extreme(stat, tmp_path, random_session):
    with open_session(random_session(tmp_path)) as reader:
        columns = Columns(reader, 10_001)
        series = series_over_steps(columns, stat)
    assert series.every == 5
    assert series.points.shape == (21, 2001)
    assert series.points.shape[1] <= MAX_COLUMNS
    expected = np.arange(2001) * 5 + (0 if stat == "min" else 4)
    expected[-1] = 10_000
    np.testing.assert_array_equal(series.points[3], expected)  # the NaN of step 7 hides no other step
    assert np.isnan(series.surprise).all()
    assert series.surprise.shape == (2001,)
    assert columns.asked.count("stats") == 1


@pytest.mark.parametrize("seal", [True, False])
def test_where_nan_began(tmp_path, seal):
    """Where block 0 was left out of some steps, which is no NaN; an earlier version has ∞ as a length."""
    layout = random_layout(2, 16, 2, CONFIGS["topk"])
    rows = [layout.row(key) for key in ("block.1.mlp_out", "final.logits")]
    rng = np.random.default_rng(0)
    for began in (99, 3):
        with SessionWriter(tmp_path, TraceSession(f"odd{began}", layout)) as writer:
            for step in range(6):
                gone = (0,) if step % 2 else ()
                dropped = len(gone) << LAYERS_DROPPED_BIT
                frame = random_frame(layout, rng, step, "decode", step, 1, dropped_layers=gone, dropped=dropped)
                for row in rows if step >= began else ():
                    place = row - 9 * len(gone)  # a block has nine rows
                    frame.arrays["stats"][place, STATS.index("l2")] = np.inf if step == began else np.nan
                writer.append(frame)
            path = writer.finish("finished", seal=seal)
        with open_session(path) as reader:
            assert first_odd(reader) == (None if began == 99 else (3, "block.1.mlp_out"))
