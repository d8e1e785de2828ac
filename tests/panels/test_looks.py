"""One head over the whole session: the triangle, pooled where it is too large."""

import numpy as np

from mri.format.config import TraceConfig
from mri.panels import looks
from mri.store.opening import open_session
from tests.conftest import write_random_session
from tests.panels.conftest import drawn, table


def test_the_map_is_the_triangle(reader):
    found = drawn(reader, "looks", step=3, layer=1, head=1)
    assert found.title == "Block 1 · head 1 over all steps"
    missing, known = found.figure.data
    np.testing.assert_allclose(known.z[3], [0.25] * 4 + [np.nan])
    assert not np.isfinite(missing.z).any()
    assert list(known.y) == list(known.x) == ["0 a", "1 ␣", "2 b", "3 c", "4 d"]
    assert found.figure.layout.shapes[0].y0 == 3
    assert found.figure.layout.meta["every"] == 1


def test_what_was_not_kept_is_grey_with_its_bound(tmp_path):
    with open_session(write_random_session(tmp_path, num_steps=20, config=TraceConfig(prefill="stepwise"))) as reader:
        missing, known = drawn(reader, "looks", step=15, point="").figure.data
    assert np.isfinite(missing.z[15]).sum() == 16 - 8
    assert np.isfinite(missing.customdata[15][np.isfinite(missing.z[15])]).all()
    assert np.isnan(known.z[15][np.isfinite(missing.z[15])]).all()


def test_a_long_map_shows_the_strongest_of_each_cell(monkeypatch, reader):
    monkeypatch.setattr(looks, "MAP_CELLS", 3)
    figure = drawn(reader, "looks", step=4, layer=1, head=0).figure
    _, known = figure.data
    assert known.z.shape == (3, 3)
    assert list(known.y) == ["0 … 1", "2 … 3", "4 … 4"]
    assert figure.layout.shapes[0].y0 == 2
    assert "the strongest of these" in known.hovertemplate
    values = np.arange(25, dtype=np.float32).reshape(5, 5)
    np.testing.assert_array_equal(looks.pooled(values, 2), [[6, 8, 9], [16, 18, 19], [21, 23, 24]])


def test_the_table_has_every_pair_that_can_be(reader):
    found, _ = table(reader, "looks", layer=1, head=1)
    assert len(found) == 1 + 2 + 3 + 4 + 5
    assert found["weight"].tolist()[-5:] == [str(np.float32(np.float16(0.2)))] * 5
    assert found["query_token"].tolist()[-1] == "d"
