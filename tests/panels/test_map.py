"""One statistic over hook points × steps: the number under the pointer is the file's."""

import numpy as np
import pytest

from mri.errors import ConfigError
from mri.format.hook_points import STATS
from tests.panels.conftest import KEY, drawn, table


@pytest.mark.parametrize("stat", STATS)
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_map_has_the_number_under_the_pointer(reader, stat, theme):
    found = drawn(reader, "map", theme, step=2, stat=stat)
    assert found.title == f"{stat}: hook points × steps"
    values = reader.column("stats", slice(None), STATS.index(stat)).T
    shown = found.figure.data[0]
    np.testing.assert_array_equal(shown.customdata[..., 0], values)
    assert found.figure.layout.shapes[0].x0 == 2
    row = reader.session.layout.row(KEY)
    assert found.figure.layout.shapes[1].y0 == row - 0.5
    order = np.argsort(values[row], kind="stable")
    known = np.isfinite(values[row][order]) & np.isfinite(shown.z[row][order])
    assert (np.diff(shown.z[row][order][known]) >= 0).all(), "a larger one is never paler"


def test_the_table_has_every_step(reader):
    found, _ = table(reader, "map", stat="std")
    assert len(found) == 5 * 21
    assert found.iloc[21 * 3 + 2]["std"] == str(3 + 2 + 1 / 8)
    with pytest.raises(ConfigError):
        table(reader, "map", stat="x")
