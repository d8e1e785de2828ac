"""What the Compare page is made of: the start with its pairs and forms, and the hosts that JavaScript and Plotly fill.

Layout only. Knows no session files.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import dcc, html

from mri.measure.alignment import STRATEGIES
from mri.panels.compare_map import MEASURES
from mri.panels.panel import panel_named, panels
from mri.store.library import SessionInfo
from mri.web.parts import components, ids, record, takeaway

PAIRS = """\
One name changed | demo-gift | pair-gift | mapping | step=14&point=block.3.attn_out&layer=3&head=0
    Tom gives the ball, or Mia does: the same sentence but for one word, and the model must answer with the other
    name. See in which block the two part.
A fact asked in two ways | pair-capital-what | pair-capital-which | mapping | point=block.5.resid_post
    “What is the capital of France?” and “Which city is the capital of France?” end in the same answer. See how
    alike the way there is.
Greedy against temperature 1 | pair-greedy | pair-sampled | prefix | step=10&point=block.5.resid_post
    One prompt, two ways to choose: always the likeliest token, or drawn by lot. See the step at which the dice
    first fall otherwise."""
"""title | session A | session B | alignment | where to look first; below, what it teaches"""


def pairs() -> list[list[str]]:
    """Of each pair what PAIRS says of it, in that order."""
    entries = (entry.split("\n    ") for entry in re.split(r"\n(?! )", PAIRS))
    return [[*head.split(" | "), " ".join(what)] for head, *what in entries]


def address(a: str, b: str = "", align: str = "", more: str = "") -> str:
    """Where two sessions are compared, or the second one is chosen; ids need no escaping."""
    given = [f"{name}={value}" for name, value in (("a", a), ("b", b), ("align", align)) if value]
    return f"{ids.COMPARE_PATH}?{'&'.join([*given, *filter(None, [more])])}"


def start(sessions: Sequence[SessionInfo], is_chosen: bool, there: Callable[[str], bool]) -> html.Div:
    """No two sessions yet: pairs to learn from, two to choose, two prompts to record. sessions: the first choices of A
    and B, as far as there are; is_chosen: A was chosen by somebody; there: whether a session of this id exists."""
    cards = []
    for title, one, other, align, more, what in pairs():
        if there(one) and there(other):
            words = [html.H2(title), html.P(what), html.Span("Compare", className="compare-go")]
            cards.append(dcc.Link(words, href=address(one, other, align, more), className="compare-card"))
    said = "Put two recordings on one clock, token by token, and see where inside the model they part."
    return html.Div(
        [
            html.H1("Compare two scans"),
            html.P(said, className="mri-muted"),
            html.Div(cards, className="compare-cards") if cards and not is_chosen else None,
            html.Div([_choose(sessions), _record()], className="compare-ways"),
        ],
        className="mri-page compare-start",
    )


def _choose(sessions: Sequence[SessionInfo]) -> html.Section:
    if not sessions:
        return html.Section(
            [html.H2("Two recordings"), html.P("There are none yet: record two prompts.", className="mri-muted")],
            className="compare-way",
        )
    return html.Section(
        [
            html.H2("Two recordings you have"),
            _picker("compare-first", "A", sessions[0]),
            _picker("compare-second", "B", sessions[-1]),
            dbc.Button("Compare them", id="compare-open", color="primary", class_name="live-start"),
            dcc.Store(id="compare-opened"),
            dcc.Store(id="compare-pickers", data=True),
            dcc.Store(id="compare-picked"),
        ],
        className="compare-way",
    )


def _record() -> html.Section:
    said = "Recorded one after the other, with the same settings and the same dice, then put side by side."
    return html.Section(
        [
            html.H2("Two new prompts"),
            html.P(said, className="mri-muted"),
            record.door("Record two prompts …", {"pair": ""}, className="btn btn-primary live-start"),
        ],
        className="compare-way",
    )


def _picker(select_id: str, side: str, chosen: SessionInfo) -> html.Div:
    return html.Div(
        [
            html.Label([html.Span(side, className=f"compare-side is-{side.lower()}"), " recording"], htmlFor=select_id),
            components.session_picker(select_id, chosen),
        ],
        className="compare-picker",
    )


PARTING = "To the next moment at which a plate parts, 0.6 or more, that was alike at the matched moment before (N)"


def comparison(boot: dict[str, Any], a: SessionInfo, b: SessionInfo) -> html.Div:
    """Two sessions in one Scanner. boot: a, b, align, full_scale, limit."""
    swap = {"title": "Swap A and B", **components.aria("Swap A and B")}
    another = dcc.Link("Another pair", href=ids.COMPARE_PATH, className="mri-button compare-new")
    title = "A third recording in the same tower, at the same step of each"
    third = components.session_picker("compare-third", None, title=title, **components.aria("Third lane"))
    third.children = [html.Option("+ third lane", value="")]
    tools = html.Div(id="compare-tools", className="mri-bar-tools")
    transport = html.Div(id="compare-transport", className="mri-transport")
    timeline = html.Div(id="mri-timeline", className="mri-timeline")
    return html.Div(
        [
            dcc.Store(id=ids.COMPARE_BOOT, data=boot),
            dcc.Store(id=ids.COMPARE_PAIR),
            dcc.Store(id=ids.COMPARE_VIEW),
            dcc.Store(id="compare-mounted"),
            html.H1("Compare", className="visually-hidden"),
            html.Section(
                [
                    _picker("compare-a", "A", a),
                    html.Button("⇄", id="compare-swap", type="button", className="mri-button", **swap),
                    _picker("compare-b", "B", b),
                    components.choice("compare-align", "Align by", dict(STRATEGIES), boot["align"]),
                    html.Div([third, another, tools], className="compare-bar-end"),
                ],
                className="compare-bar",
                **components.aria("What is compared"),
            ),
            html.Div(id="compare-headline", className="mri-sentence compare-headline"),
            html.P("Fetching both recordings …", id="compare-says", className="compare-says", role="status"),
            html.Ul(id="compare-notes", className="compare-notes"),
            html.Section(
                [
                    html.Div(id="compare-words", className="compare-words-host"),
                    html.Div(
                        [
                            html.P(id="compare-map-says", className="compare-map-says"),
                            html.Button("Next parting", id="compare-parting", type="button", title=PARTING),
                            components.choice("compare-by", "Show", MEASURES, "difference"),
                            takeaway.menu("compare-map", "Where they differ", ("csv",)),
                        ],
                        className="compare-map-foot",
                    ),
                ],
                id="compare-deck",
                className="compare-deck",
                **components.aria("Tokens of both, and where they differ"),
            ),
            html.Div(
                [
                    html.Aside(
                        id="mri-layers", className="mri-layers", **components.aria("Hook points and their statistics")
                    ),
                    html.Section(
                        [
                            html.Div(id="mri-stage", className="mri-stage"),
                            html.Div([transport, timeline], className="mri-deck"),
                        ],
                        className="compare-scan",
                        **components.aria("Both at one moment, and the clock"),
                    ),
                    html.Div(
                        [
                            _graph("predictions", html.Div(id="compare-kl", className="compare-kl")),
                            _graph("attention"),
                            _graph("similarity", html.Div(id="compare-score")),
                            _neurons(),
                            *map(_graph, _others()),
                        ],
                        className="compare-side-panels",
                        tabIndex=0,
                        **components.aria("Charts of both"),
                    ),
                ],
                className="compare-panels",
            ),
        ],
        id=ids.COMPARE,
        className="compare",
    )


def _graph(name: str, *above: Any) -> html.Section:
    return components.chart(panel_named("compare", name), *above)


PLACED = ("predictions", "attention", "similarity")


def _others() -> list[str]:
    """Charts that have no place of their own."""
    return [panel.csv_name for panel in panels("compare") if panel.figure and panel.csv_name not in PLACED]


def _neurons() -> html.Section:
    """Host of the list of neurons that differ most; panels/differing.mjs fills it."""
    note = (
        "Of the selected hook point. Where one side did not keep a neuron, its bound stands in, and the difference is"
        " at least what is shown (≥). “One tower, B − A” over the picture shows all of them."
    )
    host = html.Div(id="compare-list", className="compare-list")
    menu = takeaway.menu("neurons", "Neurons", ("png", "csv"))
    return components.panel("Neurons", "measured", note, [host], menu, id="compare-neurons-title")
