"""The small menu of a panel: what it shows as a picture or as a table. JavaScript (shell/takeaway.mjs) hears it.

Native `details`, so that the keyboard works. Knows names, no data.
"""

from __future__ import annotations

from typing import Any

from dash import html

LABELS = {"png": "Picture, PNG", "svg": "Picture, SVG", "csv": "Numbers, CSV"}


def menu(of: str, name: str, kinds: tuple[str, ...] = ("png", "svg", "csv")) -> html.Details:
    """of: id of a graph, or of a host that shell/takeaway.mjs knows; name: what a person calls the panel."""
    label = f"Take away: {name}"
    wild: dict[str, Any] = {"aria-label": label}
    items = []
    for kind in kinds:
        data: dict[str, Any] = {"data-mri-take": kind, "data-mri-of": of}
        items.append(html.Button(LABELS[kind], type="button", **data))
    return html.Details(
        [html.Summary("⤓", title=label, **wild), html.Div(items, className="mri-menu-list")], className="mri-menu"
    )
