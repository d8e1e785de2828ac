"""What the step's token attended to: weights, bounds and gaps where they belong, nothing after the last key."""

import numpy as np
import pytest

from mri.errors import ConfigError
from mri.format.config import TraceConfig
from mri.store.opening import open_session
from tests.conftest import write_random_session
from tests.panels.conftest import drawn, table


def test_rows_end_at_the_last_key(reader):
    found = drawn(reader, "attention", step=3, layer=1, head=1)
    assert found.title == "Where each head of block 1 looks"
    missing, known = found.figure.data
    assert list(known.x) == ["0 a", "1 ␣", "2 b", "3 c"]
    assert found.figure.layout.xaxis.range == (-0.5, 3.5)
    np.testing.assert_array_equal(known.z, [[1, 0, 0, 0], [0.25] * 4])
    assert np.isnan(missing.z).all()
    assert known.customdata[1, 2].tolist() == [1, 1]
    assert found.figure.layout.shapes[0].y0 == 0.5, "head 1 is selected"
    assert found.figure.layout.meta["of"] == {"layer": 1}


def test_weights_that_were_not_kept_have_bounds(tmp_path):
    with open_session(write_random_session(tmp_path, num_steps=20, config=TraceConfig(prefill="stepwise"))) as reader:
        missing, known = drawn(reader, "attention", step=15).figure.data
        found, _ = table(reader, "head", step=15)
    np.testing.assert_array_equal(np.isfinite(missing.z), np.isnan(known.z))
    assert (np.isfinite(known.z).sum(axis=1) == 8).all()
    assert np.isfinite(missing.customdata[..., 2]).sum() == known.z.size - 16
    gone = found["state"] == "not captured"
    assert gone.sum() == 16 - 8
    assert (found["weight"][gone] == "").all()
    assert (found["at_most"][gone].astype(float) >= 0).all()


def test_attention_of_all_heads(reader):
    found, units = table(reader, "attention", step=3, layer=1)
    assert found["layer"].tolist() == ["1"] * 2 * 4
    assert found["head"].tolist() == ["0"] * 4 + ["1"] * 4
    assert units["weight"] == "probability"


def test_a_head_that_is_not_there_is_told(reader):
    with pytest.raises(ConfigError, match="2 layers of 2 heads"):
        table(reader, "attention", layer=2)
    assert "There is no head" in drawn(reader, "attention", layer=2).figure.layout.annotations[0].text
