"""The watched neurons' figure: values and bounds where they belong, and lines told apart by more than colour."""

import numpy as np
import pytest

from mri.panels import theme
from mri.panels.watched import DASHES, SYMBOLS, WatchedNeuron, watched_history

NAN = np.float32("nan")


def neuron(name, values, bounds):
    return WatchedNeuron(name, "activation", np.float32(values), np.float32(bounds))


def history(count=1, step=1, name="dark"):
    neurons = [neuron(f"p · {i}", [1, NAN, -2], [NAN, 0.25, NAN]) for i in range(count)]
    return watched_history(neurons, step=step, tokens=["a", "<b>", "c"], theme=name)


def test_values_are_lines_and_what_was_not_captured_is_bounded_on_both_sides():
    bound, line = history().data
    np.testing.assert_array_equal(line.y, np.float32([1, NAN, -2]))
    assert not line.connectgaps
    known = np.isfinite(bound.y)
    assert bound.y[known].tolist() == [0.25, 0.25, -0.25, -0.25]
    assert np.rint(bound.x[known]).tolist() == [1, 1, 1, 1], "a hover on a bound says its step"
    assert bound.customdata[known].tolist() == [0.25] * 4
    assert not bound.connectgaps
    assert bound.line.dash == "dot"
    assert "at most" in bound.hovertemplate


def test_the_line_of_the_step_is_shape_0_and_tokens_stand_under_the_axis():
    figure = history(step=2)
    assert figure.layout.shapes[0].x0 == 2
    assert list(figure.layout.xaxis.ticktext) == ["a", "&lt;b&gt;", "c"]


def test_long_sessions_name_some_tokens():
    steps = 500
    values = np.zeros(steps, np.float32)
    figure = watched_history(
        [WatchedNeuron("p · 0", "activation", values, values)],
        step=0,
        tokens=[str(i) for i in range(steps)],
        theme="dark",
    )
    assert 10 < len(figure.layout.xaxis.tickvals) <= 22
    assert figure.layout.xaxis.ticktext[1] == str(figure.layout.xaxis.tickvals[1])


@pytest.mark.parametrize("name", ["dark", "light"])
def test_six_lines_differ_by_colour_dash_and_mark_and_none_is_dotted(name):
    lines = history(6, name=name).data[1::2]
    assert [line.line.color for line in lines] == theme.scales()["watched"][name]
    assert len({line.line.dash for line in lines}) == 6
    assert len({line.marker.symbol for line in lines}) == 6
    assert "dot" not in DASHES
    assert len(DASHES) == len(SYMBOLS) == 6
    assert [line.name for line in lines] == [f"p · {i}" for i in range(6)]
