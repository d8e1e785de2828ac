"""Columns get into the attributes that name them."""

import numpy as np
import plotly.graph_objects as go

from mri.panels.binding import filled, folded
from mri.panels.table import Table, column


def test_traces_get_the_columns_that_they_name():
    figure = go.Figure(go.Heatmap(meta={"z": "value", "customdata": ["n", "value"], "zmax": "most", "rows": 2}))
    figure.add_bar(meta={"x": "n", "y": "value"})
    figure.add_shape(type="line")
    figure.update_layout(meta={"layout": {"shapes[0].x0": "at", "xaxis.title.text": "words"}, "every": 2})
    columns = {"n": column(np.arange(4)), "value": column(np.array([1.5, 2, 3, 4]))}
    out = filled(figure, Table((4,), columns, {"most": 9.0, "at": 3, "words": "steps"}), {"layer": 1})
    heat, bars = out.data
    assert heat.z.tolist() == [[1.5, 2], [3, 4]]
    assert heat.customdata[1, 0].tolist() == [2, 3]
    assert heat.zmax == 9
    assert (bars.x.tolist(), bars.y.dtype) == ([0, 1, 2, 3], np.float32)
    assert (out.layout.shapes[0].x0, out.layout.xaxis.title.text) == (3, "steps")
    assert out.layout.meta["of"] == {"layer": 1}
    assert out.layout.meta["every"] == 2


def test_cells_beyond_the_last_are_empty():
    assert folded(np.arange(3), 2).tolist() == [[0, 1], [2, 0]]
    np.testing.assert_array_equal(folded(np.arange(3.0), 2), [[0, 1], [2, np.nan]])
    assert folded(np.array(["a", "b", "c"], object), 2).tolist() == [["a", "b"], ["c", ""]]
    assert folded(np.arange(3), 0).tolist() == [0, 1, 2]
