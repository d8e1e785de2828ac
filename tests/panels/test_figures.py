"""Figures carry the arrays they were given: captured, not captured and odd values each where they belong."""

import numpy as np
import pytest

from mri.measure.predictions import Predictions
from mri.panels import chart, figures

NAN = np.float32("nan")


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
    assert figures.grid_shape(width) == shape
    assert shape[0] * shape[1] >= width


def neurons(values, captured, bound=0.5, theme="dark", selected=1):
    return figures.neuron_heatmap(
        np.float32(values),
        np.array(captured),
        bound,
        key="block.0.mlp_out",
        unit="activation",
        selected=selected,
        theme=theme,
    )


def test_not_captured_is_not_zero():
    figure = neurons([0, 2, NAN, -3], [True, True, False, True])
    missing, values, odd = figure.data
    assert np.isnan(values.z).tolist() == [[False, False], [True, False]]
    assert np.isnan(missing.z).tolist() == [[True, True], [False, True]]
    assert values.z[0][0] == 0
    assert (values.zmin, values.zmax) == (-3, 3)
    assert not len(odd.x)
    assert "at most" in missing.hovertemplate
    assert missing.customdata[1][0].tolist() == [2, 0.5], "neuron and bound"
    assert values.customdata[1][1].tolist() == [3, 1], "neuron 3 is the strongest"


def test_nan_and_infinities_have_marks_of_their_own():
    figure = neurons([NAN, np.inf, -np.inf, 1], [True, True, True, True])
    assert list(figure.data[2].text) == ["NaN", "+∞", "−∞"]
    assert np.isnan(figure.data[0].z).all(), "none of them is 'not captured'"
    assert figure.data[1].zmax == 1


def test_history_draws_the_bound_only_where_the_value_is_unknown():
    figure = figures.neuron_history(
        np.float32([1, NAN, -2]),
        np.float32([NAN, 0.25, NAN]),
        step=1,
        name="neuron 4",
        unit="activation",
        tokens=["a", "<b>", "c"],
        theme="light",
    )
    band, line = figure.data
    assert band.base[1] == -0.25
    assert band.y[1] == 0.5
    assert np.isnan(band.y[[0, 2]]).all()
    assert line.y[0] == 1
    assert not line.connectgaps
    assert figure.layout.shapes[0].x0 == 1


def bars(chosen=1, temperature=1.0, ranks=(0, 1)):
    found = Predictions(np.array([4, 9]), np.array(ranks), np.float32([3, 1]), np.float32([0.8, 0.15]), chosen)
    return figures.predictions(["a", "<b>"], found, num_captured=2, temperature=temperature, how="chosen", theme="dark")


def test_predictions_mark_the_chosen_token_in_words_too():
    figure = bars()
    assert list(figure.data[0].text) == ["80.0 %", "15.0 %  ◂ chosen"]
    assert np.isnan(figure.data[1].x[0])
    assert figure.layout.yaxis.ticktext[1] == "&lt;b&gt;"
    assert figure.data[0].customdata.tolist() == [[3, 1], [1, 2]], "logit and rank"


def test_a_chosen_token_beyond_the_captured_ones_has_its_rank():
    assert list(bars(ranks=(0, 26)).layout.yaxis.ticktext) == ["a", "&lt;b&gt; · rank 27"]


def test_the_axis_says_what_a_temperature_makes_of_the_probabilities():
    assert bars().layout.xaxis.title.text == "probability at temperature 1, exact"
    assert bars(temperature=0.7).layout.xaxis.title.text == "share among the 2 captured at temperature 0.70"
    words = "no probabilities: there is NaN or ∞ among the logits"
    for temperature in (1.0, 0.7):
        assert figures.temperature_words(2, temperature, np.array([np.nan, 0.5], np.float32)) == words


@pytest.mark.parametrize(
    ("p", "words"),
    [(0.9312, "93.1 %"), (0.0004, "< 0.1 %"), (0.9996, "> 99.9 %"), (1, "100 %"), (0, "0 %"), (float("nan"), "NaN")],
)
def test_percent(p, words):
    assert chart.percent(p) == words


def test_messages_say_what_is_missing():
    figure = chart.message("Only statistics here.", "light")
    assert figure.layout.annotations[0].text == "Only statistics here."
