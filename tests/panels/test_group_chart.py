"""What the charts of groups share."""

import plotly.graph_objects as go
import pytest

from mri.panels.group_chart import colour_of, legend, mark_breaks
from mri.panels.theme import THEMES, scales


@pytest.mark.parametrize("theme", THEMES)
def test_each_group_has_a_colour_of_its_own(theme):
    known = scales()["groups"][theme]
    assert [colour_of(group, theme) for group in range(len(known))] == known
    assert len(set(known)) == len(known)


def test_where_another_session_begins_stands_a_line_between_two_columns():
    figure = go.Figure()
    mark_breaks(figure, [3, 7], "dark")
    assert [shape.x0 for shape in figure.layout.shapes] == [2.5, 6.5]
    assert {shape.line.color for shape in figure.layout.shapes} == {THEMES["dark"]["muted"]}


def test_the_legend_says_what_it_lists():
    figure = go.Figure()
    legend(figure, "group")
    assert figure.layout.showlegend
    assert figure.layout.legend.title.text == "group "
