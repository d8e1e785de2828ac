"""What an address that names no page shows. Dash finds it by its file name."""

from __future__ import annotations

import dash
from dash import html

from mri.web.parts import states

dash.register_page(__name__, title="Not found · nanochat MRI")


def layout(**_: str) -> html.Div:
    ways = (states.way(*each) for each in (states.TO_SCANNER, states.TO_LESSONS, states.TO_SESSIONS))
    return states.state("There is no such page", "The address may be mistyped, or of another version.", *ways)
