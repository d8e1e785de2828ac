"""One neuron over all steps equals what each frame says, in every capture mode."""

import numpy as np
import pytest

from mri.analysis.series import full_scales, largest_statistic, neuron_over_steps
from mri.config import TraceConfig
from mri.errors import UnknownHookPoint
from mri.store.reader import open_session

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
                    np.testing.assert_array_equal(values[step], frame.values(layout, key)[neuron])
                    captured = neuron in frame.captured(layout, key)[0]
                    np.testing.assert_array_equal(bounds[step], np.nan if captured else frame.bound(layout, key))


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
