"""mri/panels/chart.py: what all figures share."""

from __future__ import annotations

import plotly.graph_objects as go

from mri.panels.chart import finished


def test_axes_do_not_move_by_themselves():
    """Even in no time Plotly moves them in an animation frame of its own, and throws where the page went meanwhile."""
    assert finished(go.Figure(), "dark", "revision").layout.transition.to_plotly_json() == {}
