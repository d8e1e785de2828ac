"""All heads at a glance, by entropy and by distance."""

import numpy as np

from mri.panels.heads import PANEL
from mri.panels.scan import Scan
from tests.panels.conftest import drawn, selection, table


def test_the_grid_of_heads_by_entropy_and_by_distance(reader):
    for heads, z, most in (("entropy", [[0, 2], [0, 2]], np.log2(6)), ("distance", [[3, 1.5], [3, 1.5]], 3)):
        figure = drawn(reader, "heads", step=3, layer=1, head=0, heads=heads).figure
        np.testing.assert_allclose(figure.data[0].z, z, rtol=1e-3)
        np.testing.assert_allclose(figure.data[0].zmax, most, rtol=1e-3)
        assert figure.data[0].customdata[0, 1].tolist() == [0, 1]
        assert figure.data[0].text[0, 1].startswith("entropy 2.00 bits<br>looks 1.50")
        assert figure.layout.meta["of"] == {"heads": heads}
        shape = figure.layout.shapes[0]
        assert (shape.x0, shape.y0) == (-0.5, 0.5)


def test_heads_have_a_least_and_a_most(reader):
    found, units = table(reader, "heads", step=3)
    assert found["entropy"].tolist() == ["0.0", "2.0"] * 2
    least, most = (found[f"distance_at_{end}"].astype(float).to_numpy() for end in ("least", "most"))
    np.testing.assert_allclose([least, most], [[3, 1.5] * 2] * 2, rtol=5e-4)
    assert (least < most).all(), "float16 rows are rounded"
    assert units["entropy"] == "bits"


def test_a_step_without_attention_says_so(reader):
    scan = Scan(reader, 3)
    scan.frame.arrays.pop("attention/keys")
    figure = PANEL.draw(scan, selection(step=3), "dark").figure
    assert figure.layout.annotations[0].text == "No attention was captured in this step."
