"""What an address that names no page shows. Dash finds it by its file name."""

from __future__ import annotations

import dash
from dash import html

from mri.ui import components

dash.register_page(__name__, title="Not found · nanochat MRI")


def layout(**_: str) -> html.Div:
    return components.state("There is no such page", "Choose Scanner or Sessions above.")
