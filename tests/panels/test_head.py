"""One head's row, and all heads of its block over each other."""

import numpy as np

from tests.panels.conftest import drawn, table


def test_one_head_has_bars_bounds_and_its_entropy(reader):
    found = drawn(reader, "head", step=3, layer=1, head=1, theme="light")
    assert found.title == "Block 1 · head 1"
    most, weights = found.figure.data
    np.testing.assert_array_equal(weights.y, [0.25] * 4)
    assert np.isnan(most.y).all()
    assert found.figure.layout.annotations[0].text == "entropy 2.00 bits"
    assert found.figure.layout.xaxis.range == (-0.5, 3.5)
    assert found.figure.layout.meta["of"] == {"layer": 1, "head": 1, "overlay": False}


def test_all_heads_over_each_other(reader):
    found = drawn(reader, "head", step=3, layer=1, head=1, overlay=True)
    assert found.title == "Block 1 · all heads"
    lines = found.figure.data
    assert [line.y.tolist() for line in lines] == [[1, 0, 0, 0], [0.25] * 4]
    assert not lines[0].connectgaps
    assert lines[1].line.width > lines[0].line.width
    assert found.figure.layout.meta["of"]["overlay"] is True


def test_a_table_of_one_head(reader):
    found, _ = table(reader, "head", step=3, layer=1, head=1)
    assert found["weight"].tolist() == ["0.25"] * 4
    assert found["token"].tolist() == ["a", " ", "b", "c"]
