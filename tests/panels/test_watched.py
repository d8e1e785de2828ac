"""The watched neurons: values and bounds where they belong, and lines told apart by more than colour."""

import numpy as np
import pytest

from mri.errors import ConfigError
from mri.measure.series import neuron_over_steps
from mri.panels import theme
from mri.panels.watched import DASHES, SYMBOLS
from mri.store.opening import open_session
from tests.conftest import write_random_session
from tests.panels.conftest import KEY, drawn, table


def pairs(count):
    return tuple((KEY, neuron) for neuron in range(count))


def test_values_are_lines_and_what_was_not_captured_is_bounded_on_both_sides(reader):
    bound, line = drawn(reader, "watched", watched=((KEY, 3),)).figure.data
    values, bounds = neuron_over_steps(reader, KEY, 3)
    np.testing.assert_array_equal(line.y, values)
    assert not line.connectgaps
    known, steps = np.isfinite(bound.y), np.flatnonzero(np.isfinite(bounds))
    assert sorted(set(np.rint(bound.x[known]).tolist())) == steps.tolist(), "a hover on a bound says its step"
    np.testing.assert_array_equal(bound.y[known][::2], np.concatenate([bounds[steps], -bounds[steps]]))
    np.testing.assert_array_equal(bound.customdata, np.abs(bound.y))
    assert not bound.connectgaps
    assert bound.line.dash == "dot"
    assert "at most" in bound.hovertemplate


def test_the_line_of_the_step_is_shape_0_and_tokens_stand_under_the_axis(reader):
    figure = drawn(reader, "watched", step=2, watched=pairs(1)).figure
    assert figure.layout.shapes[0].x0 == 2
    assert list(figure.layout.xaxis.ticktext) == ["a", "␣", "b", "c", "d"]


def test_long_sessions_name_some_tokens(tmp_path):
    with open_session(write_random_session(tmp_path, num_steps=90)) as reader:
        figure = drawn(reader, "watched", point="", watched=(("block.0.mlp_out", 0),)).figure
    assert 10 < len(figure.layout.xaxis.tickvals) <= 22


@pytest.mark.parametrize("name", ["dark", "light"])
def test_six_lines_differ_by_colour_dash_and_mark_and_none_is_dotted(reader, name):
    lines = drawn(reader, "watched", theme=name, watched=pairs(6)).figure.data[1::2]
    assert [line.line.color for line in lines] == theme.scales()["watched"][name]
    assert len({line.line.dash for line in lines}) == 6
    assert len({line.marker.symbol for line in lines}) == 6
    assert "dot" not in DASHES
    assert len(DASHES) == len(SYMBOLS) == 6
    assert [line.name for line in lines] == [f"{KEY} · {i}" for i in range(6)]


def test_none_and_too_many_are_told(reader):
    assert drawn(reader, "watched").figure.layout.annotations[0].text == "No neuron is watched."
    assert len(table(reader, "watched")[0]) == 0
    with pytest.raises(ConfigError, match="at most 6"):
        table(reader, "watched", watched=pairs(7))


def test_a_table_has_every_neuron_in_every_step(reader):
    found, _ = table(reader, "watched", watched=((KEY, 3), ("final.ln_f", 0)))
    assert found["neuron"].tolist() == ["3"] * 5 + ["0"] * 5
    assert set(found["state"][:5]) == {"not captured"}
    assert set(found["value"][:5]) == {""}
    assert (found["at_most"][:5] != "").all()
