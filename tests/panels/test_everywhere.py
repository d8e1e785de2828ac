"""All heads in one map: the top block first, the selected head framed, what was not kept grey."""

import numpy as np

from mri.format.config import TraceConfig
from mri.store.opening import open_session
from tests.conftest import write_random_session
from tests.panels.conftest import drawn, table


def test_rows_are_heads_the_top_block_first(reader):
    found = drawn(reader, "everywhere", step=3, layer=0, head=1)
    assert found.title == "Where all 4 heads look"
    _, known = found.figure.data
    assert known.z.shape == (4, 4)
    assert [tuple(cell[0]) for cell in known.customdata.tolist()] == [(1, 0), (1, 1), (0, 0), (0, 1)]
    of_block = drawn(reader, "attention", step=3, layer=1).figure.data[1].z
    np.testing.assert_array_equal(known.z[:2], of_block)
    assert found.figure.layout.shapes[0].y0 == 2.5, "block 0, head 1 is the fourth row"
    assert list(found.figure.layout.yaxis.ticktext) == ["block 1", "block 0"]
    assert list(found.figure.layout.yaxis.tickvals) == [0.5, 2.5]


def test_what_was_not_kept_has_a_bound(tmp_path):
    with open_session(write_random_session(tmp_path, num_steps=20, config=TraceConfig(prefill="stepwise"))) as reader:
        missing, known = drawn(reader, "everywhere", step=15).figure.data
        found, units = table(reader, "everywhere", step=15)
    np.testing.assert_array_equal(np.isfinite(missing.z), np.isnan(known.z))
    assert (found["state"] == "not captured").sum() == known.z.size - np.isfinite(known.z).sum()
    assert units["weight"] == "probability"
