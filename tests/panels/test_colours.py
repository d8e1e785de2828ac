"""One meaning for a colour in a recording's charts: the accent looks back, violet comes next, amber is surprise."""

import pytest

from mri.panels.panel import panels
from mri.panels.scan import Scan
from mri.panels.theme import THEMES
from tests.panels.conftest import KEY, selection

LOOKING_BACK = {"attention", "everywhere", "head", "heads", "looks"}
WHAT_COMES_NEXT = {"predictions"}
MEANT = {"accent": LOOKING_BACK, "violet": WHAT_COMES_NEXT, "amber": set(), "side_a": set(), "side_b": set()}
LINES_OF_THEIR_OWN = {"watched"}
"""Colours tell its lines apart, with dashes and marks."""
CHARTS = [panel for panel in panels("scanner") if panel.figure and panel.name not in LINES_OF_THEIR_OWN]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("panel", CHARTS, ids=lambda panel: panel.name)
def test_a_colour_is_only_where_it_means_something(panel, theme, reader):
    selected = selection(step=2, watched=((KEY, 0),))
    figure = panel.draw(Scan(reader, 2), selected, theme).figure
    drawn = figure.update_layout(template=None).to_json()
    for name, places in MEANT.items():
        if panel.name not in places:
            assert THEMES[theme][name] not in drawn, name


def test_what_comes_next_is_violet(reader):
    bars, followed = (
        next(panel for panel in CHARTS if panel.name == "predictions")
        .draw(Scan(reader, 2), selection(step=2), "dark")
        .figure.data
    )
    assert bars.marker.color == followed.marker.color == THEMES["dark"]["violet"]
    assert bars.marker.opacity < 0.5


def test_looking_back_is_the_accent(reader):
    (head,) = (panel for panel in CHARTS if panel.name == "head")
    bars = head.draw(Scan(reader, 2), selection(step=2), "dark").figure.data
    assert THEMES["dark"]["accent"] in [bar.marker.color for bar in bars]


@pytest.mark.parametrize("theme", THEMES)
def test_red_and_blue_are_only_there_with_sign(reader, theme):
    (panel,) = (panel for panel in CHARTS if panel.name == "neurons")
    with_sign, without = (
        panel.draw(Scan(reader, 2), selection(step=2, sign=sign), theme).figure.data[1].colorscale
        for sign in (True, False)
    )
    assert [colour for _, colour in with_sign][-1] == "#ffa08c"
    assert {colour for _, colour in with_sign}.isdisjoint(colour for _, colour in without)
