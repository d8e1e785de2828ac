"""Statistics of a step: bars from min to max, and from mean − std to mean + std."""

import numpy as np

from mri.format.hook_points import STATS
from tests.panels.conftest import KEY, drawn, table


def test_bars_span_min_to_max_and_mean_plus_minus_std(reader):
    stats = reader.frame(2).arrays["stats"].astype(float)
    mean, std, low, high = (stats[:, STATS.index(stat)] for stat in ("mean", "std", "min", "max"))
    whole, middle = drawn(reader, "bars", step=2).figure.data
    for bar, least, most in ((whole, low, high), (middle, np.maximum(mean - std, low), np.minimum(mean + std, high))):
        np.testing.assert_allclose(np.sinh(np.array(bar.base, float)), least, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(np.sinh(np.array(bar.base, float) + bar.y), most, rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(whole.customdata, stats.astype(np.float32))
    assert whole.x[middle.marker.color.index("#ffffff")] == KEY


def test_the_table_has_every_hook_point(reader):
    found, units = table(reader, "bars", step=2)
    assert len(found) == 21
    assert found.iloc[4]["std"] == str(2 + 4 + 1 / 8)
    assert units["sparsity"] == "share of zeros"
    assert table(reader, "layers", step=2)[0].equals(found)
