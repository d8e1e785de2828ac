"""Components of Dash as static HTML, for a page without Dash: what they would be before anything moves.

Knows `html.*`, links and graphs; a store is nothing. Every text and attribute is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

NAMES = {"className": "class", "htmlFor": "for", "tabIndex": "tabindex"}
VOID = ("Br", "Hr", "Img", "Input", "Meta", "Link")


def markup(given: Any) -> str:
    """HTML of a component, of text, or of a list of both."""
    if given is None or isinstance(given, dcc.Store):
        return ""
    if isinstance(given, dcc.Graph):
        place = {name: each for name, each in _properties(given).items() if name in ("id", "style")}
        return markup(html.Div(html.Div(style={"height": "100%"}), **place))
    if isinstance(given, Component):
        return _element(given)
    if isinstance(given, Iterable) and not isinstance(given, str):
        return "".join(map(markup, given))
    return escape(str(given), quote=False)


def _element(given: Component) -> str:
    properties = _properties(given)
    children = properties.pop("children", None)
    attributes = "".join(_attribute(NAMES.get(name, name), value) for name, value in properties.items())
    tag = "a" if isinstance(given, dcc.Link) else type(given).__name__.lower()
    if type(given).__name__ in VOID:
        return f"<{tag}{attributes}>"
    return f"<{tag}{attributes}>{markup(children)}</{tag}>"


def _properties(given: Component) -> dict[str, Any]:
    found: dict[str, Any] = given.to_plotly_json()["props"]  # type: ignore[no-untyped-call]
    return dict(found)


def _attribute(name: str, value: Any) -> str:
    if value is None or value is False:
        return ""
    if value is True:
        return f" {name}"
    text = "; ".join(f"{key}: {each}" for key, each in value.items()) if isinstance(value, Mapping) else str(value)
    return f' {name}="{escape(text)}"'
