"""One neuron over all steps: its values, and bounds where they are not known."""

import numpy as np
import pytest

from mri.errors import UnknownHookPoint
from mri.measure.series import neuron_over_steps
from tests.panels.conftest import KEY, drawn, table


def test_history_draws_the_bound_only_where_the_value_is_unknown(reader):
    found = drawn(reader, "history", neuron=3, step=1, theme="light")
    assert found.title == f"{KEY} · neuron 3"
    band, line = found.figure.data
    values, bounds = neuron_over_steps(reader, KEY, 3)
    np.testing.assert_array_equal(line.y, values)
    np.testing.assert_array_equal(band.y, 2 * bounds)
    np.testing.assert_array_equal(band.base, -bounds)
    assert not line.connectgaps
    assert found.figure.layout.shapes[0].x0 == found.figure.layout.shapes[0].x1 == 1
    assert line.customdata[1].tolist() == ["␣"]


def test_histories_say_what_each_step_read(reader):
    found, _ = table(reader, "history", neuron=6)
    assert found["value"].tolist() == ["NaN", "65504.0", "4.0", "0.0", "1.0"]
    assert found["read"].tolist() == ["a", " ", "b", "c", "d"]
    assert found["at_most"].tolist() == ["", "", "", str(np.float32(2**-25)), ""], "what float16 kept as 0"


def test_a_neuron_that_is_not_there_is_told(reader):
    with pytest.raises(UnknownHookPoint):
        table(reader, "history", neuron=8)
