"""Layout of the Neurons page: its choices, its tabs, its panels as empty hosts. Callbacks and JavaScript fill them.

Static structure only. Knows no sessions.
"""

from __future__ import annotations

from typing import Any

import dash_bootstrap_components as dbc
from dash import html

from mri.panels.panel import panel_named, panels
from mri.store.library import SessionInfo
from mri.study.clustering import METHODS, MOST_GROUPS
from mri.web.parts import components, takeaway

TABS = {"groups": "Groups", "neuron": "One neuron"}


def choices(session: SessionInfo, points: list[str], boot: dict[str, Any]) -> html.Div:
    spans = {"point": "this hook point", "blocks": "the same place in every block"}
    scopes = {"session": "this session", "weights": "all with these weights"}
    counts = {"auto": "as found"} | {str(n): str(n) for n in range(2, MOST_GROUPS + 1)}
    return html.Div(
        [
            _field("session", "Session", components.session_picker("neurons-session", session)),
            _choice("point", "Hook point", {key: key for key in points}, boot["point"]),
            _choice("span", "Neurons of", spans, "point"),
            _choice("scope", "Steps of", scopes if boot["comparable"] else {"session": scopes["session"]}, "session"),
            _choice("method", "Method", dict(METHODS), "kmeans", "groups"),
            _choice("groups", "Groups", counts, "auto", "groups"),
            _number("seed", "Seed", "0", "groups", 999_999),
            _number("neuron", "Neuron", "", "neuron", max(boot["widths"].values()) - 1),
        ],
        className="neurons-choices",
        role="group",
        **components.aria("What to look at"),
    )


def _field(name: str, label: str, control: Any, tab: str = "", looks: str = "") -> html.Div:
    """The labelled control of the field `name`; with `tab`, only seen there."""
    of = components.attributes({"data-tab": tab})
    return html.Div([html.Label(label, htmlFor=f"neurons-{name}"), control], className=f"neurons-choice{looks}", **of)


def _choice(name: str, label: str, options: dict[str, str], chosen: str, tab: str = "") -> html.Div:
    return _field(name, label, components.select(f"neurons-{name}", options, chosen), tab)


def _number(name: str, label: str, value: str, tab: str, most: int) -> html.Div:
    field = dbc.Input(id=f"neurons-{name}", type="number", min=0, max=most, step=1, value=value, size="sm")
    return _field(name, label, field, tab, " is-number")


def tabs() -> html.Div:
    buttons = []
    for name, text in TABS.items():
        of = components.attributes({"aria-controls": f"neurons-panel-{name}", "aria-selected": "false", "role": "tab"})
        buttons.append(html.Button(text, type="button", id=f"neurons-tab-{name}", className="mri-tab", **of))
    return html.Div(buttons, className="mri-tabs neurons-tabs", role="tablist", **components.aria("Neurons"))


def _graph(name: str) -> html.Section:
    return components.chart(panel_named("neurons", name))


def _others(tab: str, *but: str) -> list[str]:
    """Charts of a tab that have no place of their own."""
    return [panel.name for panel in panels("neurons") if panel.tab == tab and panel.figure and panel.name not in but]


def _section(host_id: str, title: str, kind: str, note: str, csv: str = "", *below: Any) -> html.Section:
    """A panel of words, filled by a callback."""
    body = html.Div(html.P("…", className="mri-note"), id=host_id)
    return components.panel(title, kind, note, [body, *below], csv and takeaway.menu(csv, title, ("csv",)))


def _panel(name: str, children: list[Any]) -> html.Div:
    of = components.attributes({"aria-labelledby": f"neurons-tab-{name}"})
    panel_id = f"neurons-panel-{name}"
    return html.Div(children, id=panel_id, className="neurons-panel", role="tabpanel", tabIndex=0, **of)


def groups_panel() -> html.Div:
    return _panel(
        "groups",
        [
            html.Div(html.P("Grouping the neurons …", className="mri-loading"), id="neurons-summary"),
            html.Div(id="neurons-cards"),
            html.Div([_graph("group-map"), _graph("group-means")], className="neurons-row"),
            *map(_graph, _others("groups", "group-map", "group-means")),
        ],
    )


def neuron_panel() -> html.Div:
    direct = (
        "Direct path: what one unit of this neuron adds to each token's logit through the residual stream and lm_head,"
        " less the mean over the vocabulary, for a stream of root mean square 1. c is what lambdas and backout leave of"
        " the unit at the last norm; what later blocks make of it is left out."
    )
    together = (
        "r: Pearson's correlation over the steps chosen above, missing values taken as expected between their bounds."
        " Ranked by r without the one step that adds most to it: one shared spike makes a large r."
    )
    over = "Over all finished sessions of these weights. Marked: the token that was read."
    progress = html.Div(id="dossier-progress")
    moments = _section("dossier-moments", "Strongest moments", "measured", over, "moments", progress)
    spoken = _section("dossier-tokens", "Tokens it speaks for", "derived", direct, "tokens")
    return _panel(
        "neuron",
        [
            html.Div(id="dossier-head", className="neurons-says"),
            html.Div([moments, _graph("dossier-history")], className="neurons-row"),
            html.Div([spoken, _graph("distribution")], className="neurons-row"),
            *map(_graph, _others("neuron", "dossier-history", "distribution")),
            _section("dossier-companions", "Neurons that move with it", "derived", together, "companions"),
        ],
    )
