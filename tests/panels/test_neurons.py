"""All neurons of a hook point: captured, not captured and odd values each where they belong."""

import numpy as np
import pytest

from mri.format.captured import Captured
from mri.format.config import TraceConfig
from mri.panels import neurons
from mri.panels.theme import dots, scales
from mri.store.opening import open_session
from tests.conftest import write_random_session
from tests.panels.conftest import KEY, drawn, table


@pytest.mark.parametrize(
    ("width", "shape"),
    [
        (256, (16, 16)),
        (1024, (32, 32)),
        (768, (24, 32)),
        (1536, (32, 48)),
        (8, (2, 4)),
        (1, (1, 1)),
        (13, (4, 4)),
        (2, (1, 2)),
        (3, (1, 3)),
        (5, (2, 3)),
        (30, (5, 6)),
    ],
)
def test_grids_are_full_and_square_where_they_can_be(width, shape):
    assert neurons.grid_shape(width) == shape
    assert shape[0] * shape[1] >= width


def test_a_column_folds_into_its_grid():
    for width in range(1, 600):
        rows, cols = neurons.grid_shape(width)
        assert -(-width // rows) == cols, width


def test_not_captured_is_not_zero(reader):
    missing, values, odd = drawn(reader, "neurons", step=2, point="block.0.attn_out", sign=True).figure.data
    np.testing.assert_array_equal(values.z.ravel(), np.float32([0, -3, np.nan, np.nan, np.nan, np.nan, 4, 2]))
    assert np.isfinite(missing.z.ravel()).tolist() == [i in (2, 3, 4, 5) for i in range(8)]
    assert (values.zmin, values.zmax) == (-4, 4)
    assert missing.xgap > 10 * values.xgap, "a mark covers less than any value"
    assert not len(odd.x)
    assert "at most" in missing.hovertemplate
    bound = Captured(reader.frame(2), reader.session.layout).bound("block.0.attn_out")
    assert missing.customdata[0][2].tolist() == [2, bound], "neuron and bound"
    assert values.customdata[1][2].tolist() == [6, 1, 4], "neuron 6 is the strongest"


def test_nan_and_infinities_have_marks_of_their_own(reader):
    figure = drawn(reader, "neurons", step=0, neuron=6).figure
    missing, _, odd = figure.data
    assert list(odd.text) == ["−∞", "NaN"]
    assert odd.customdata[:, 0].tolist() == [1, 6]
    assert (odd.x.tolist(), odd.y.tolist()) == ([1, 2], [0, 1])
    assert np.isnan(missing.z.ravel()[[1, 6]]).all(), "neither of them is 'not captured'"
    assert (figure.layout.shapes[0].x0, figure.layout.shapes[0].y1) == (1.5, 1.5), "the selected one is framed"


def test_a_point_without_values_says_so(tmp_path):
    with open_session(write_random_session(tmp_path, config=TraceConfig(capture_mode="stats"))) as reader:
        said = drawn(reader, "neurons", point="block.0.mlp_out").figure
        assert said.layout.annotations[0].text == "Only statistics of this hook point in this step."
        found, _ = table(reader, "neurons", point="block.0.mlp_out")
        assert set(found["state"]) == {"not captured"}
        assert set(found["at_most"]) == {""}


def test_a_captured_nan_is_no_missing_value(reader):
    found, units = table(reader, "neurons")
    assert found["value"].tolist() == ["-1.0", "-inf", "", "", "", "", "NaN", "2.0"]
    assert found["state"].tolist() == ["captured"] * 2 + ["not captured"] * 4 + ["captured"] * 2
    bound = Captured(reader.frame(0), reader.session.layout).bound(KEY)
    assert found["at_most"].tolist() == ["", "", *[str(np.float32(bound))] * 4, "", ""]
    assert units == {"hook_point": "", "neuron": "", "value": "activation", "state": "", "at_most": "|activation|"}


def test_without_sign_colour_is_the_size_in_the_pictures_scale(reader):
    for name in ("dark", "light"):
        _, values, _ = drawn(reader, "neurons", name, step=2, point="block.0.attn_out").figure.data
        np.testing.assert_array_equal(values.z.ravel()[[1, 6]], [3, 4])
        assert values.customdata[0][1].tolist() == [1, 2, -3], "the hover has its sign"
        assert (values.zmin, values.zmax) == (0, 4)
        assert [list(stop) for stop in values.colorscale] == scales()["temperature"]


@pytest.fixture(scope="module")
def behind_relu2(tmp_path_factory):
    folder = tmp_path_factory.mktemp("relu2")
    with open_session(write_random_session(folder, config=TraceConfig(topk=4, edu=True))) as reader:
        yield reader


@pytest.mark.parametrize("sign", [False, True])
def test_behind_relu2_nothing_is_below_0(behind_relu2, sign):
    asked = {"point": "block.0.mlp_act", "neuron": 0, "step": 2}
    _, values, _ = drawn(behind_relu2, "neurons", sign=sign, **asked).figure.data
    assert values.zmin == 0
    band, _ = drawn(behind_relu2, "history", **asked).figure.data
    assert np.nanmin(band.base) == 0
    assert np.nanmax(band.y) > 0, "what is known of it is its bound"
    dotted, _ = drawn(behind_relu2, "watched", watched=(("block.0.mlp_act", 0),)).figure.data
    assert np.nanmin(dotted.y) == 0


def test_dots_with_sign_are_the_legends():
    scale = dots(True, True)
    assert [colour for t, colour in scale if t in (0, 1)] == ["#8cc2ff", "#ffa08c"]
    assert len(scale) == 10
    assert dots(True, False) == [(2 * t - 1, colour) for t, colour in scale[5:]]
