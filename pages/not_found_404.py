"""What an address that names no page shows. Dash finds it by its file name."""

from __future__ import annotations

import dash
from dash import html

from mri.ui import components

dash.register_page(__name__, title="Not found · nanochat MRI")


def layout(**_: str) -> html.Div:
    ways = (components.way(*each) for each in (components.TO_SCANNER, components.TO_LESSONS, components.TO_SESSIONS))
    return components.state("There is no such page", "The address may be mistyped, or of another version.", *ways)
