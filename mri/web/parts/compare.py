"""What the Compare page is made of: the start with its pairs and forms, and the hosts that JavaScript and Plotly fill.

Layout only. Knows no session files.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import dcc, html

from mri.measure.alignment import STRATEGIES
from mri.panels.compare_figures import MEASURES
from mri.store.library import SessionInfo
from mri.web.parts import components, ids, record_box, takeaway

PAIRS = (
    (
        "One name changed",
        "Tom gives the ball, or Mia does: the same sentence but for one word, and the model must answer with the other"
        " name. See in which block the two part.",
        "demo-gift", "pair-gift", "mapping", "step=14&point=block.3.attn_out&layer=3&head=0",
    ),
    (
        "A fact asked in two ways",
        "“What is the capital of France?” and “Which city is the capital of France?” end in the same answer. See how"
        " alike the way there is.",
        "pair-capital-what", "pair-capital-which", "mapping", "point=block.5.resid_post",
    ),
    (
        "Greedy against temperature 1",
        "One prompt, two ways to choose: always the likeliest token, or drawn by lot. See the step at which the dice"
        " first fall otherwise.",
        "pair-greedy", "pair-sampled", "prefix", "step=10&point=block.5.resid_post",
    ),
)  # fmt: skip
"""title, what it teaches, session A, session B, alignment, where to look first"""

GRAPHS = {
    "graph-compare-map": (
        "Where they differ", "derived", 520,
        "‖A − B‖ over the mean of both lengths; where neurons were not captured, the likeliest. Above: the mean of the"
        " hook points, grey the range in which it is certain to lie; under the pointer that of a cell. Empty columns:"
        " no step of the other side stands for this one. Click to go there.",
    ),
    "graph-compare-heads": (
        "Heads that look elsewhere", "derived", 250,
        "Jensen–Shannon divergence of each head's row: 0 bits looks at the same tokens, 1 bit at entirely different"
        " ones. Where only the strongest keys were kept: at least so much. Click to choose a head.",
    ),
    "graph-compare-attention": (
        "Where the head looks", "measured", 300,
        "Upwards A, downwards B, dotted B − A. Outlines: not captured, at most this much.",
    ),
    "graph-compare-predictions": (
        "What comes next", "derived", 560,
        "Probabilities at temperature 1: circles A, diamonds B. Hollow: not among the kept ones, at most this much."
        " ◂A, ◂B: the token that followed.",
    ),
    "graph-compare-similarity": (
        "How alike as a whole", "derived", 260,
        "Cosine of each hook point, mean over the matched steps (pooled: of the mean vectors); grey: the range that"
        " what was not captured allows. Circles: debiased linear CKA over the matched steps, where the same neurons"
        " were kept in every step.",
    ),
}  # fmt: skip
"""Graph id -> caption, measured or derived, height in CSS pixels, what it shows."""


def address(a: str, b: str = "", align: str = "", more: str = "") -> str:
    """Where two sessions are compared, or the second one is chosen; ids need no escaping."""
    given = [f"{name}={value}" for name, value in (("a", a), ("b", b), ("align", align)) if value]
    return f"{ids.COMPARE_PATH}?{'&'.join([*given, *filter(None, [more])])}"


def start(sessions: Sequence[SessionInfo], is_chosen: bool, there: Callable[[str], bool]) -> html.Div:
    """No two sessions yet: pairs to learn from, two to choose, two prompts to record. sessions: the first choices of A
    and B, as far as there are; is_chosen: A was chosen by somebody; there: whether a session of this id exists."""
    pairs = [
        dcc.Link(
            [html.H2(title), html.P(what), html.Span("Compare", className="compare-go")],
            href=address(one, other, align, more), className="compare-card",
        )
        for title, what, one, other, align, more in PAIRS
        if there(one) and there(other)
    ]  # fmt: skip
    return html.Div(
        [
            html.H1("Compare two scans"),
            html.P(
                "Put two recordings on one clock, token by token, and see where inside the model they part.",
                className="mri-muted",
            ),
            html.Div(pairs, className="compare-cards") if pairs and not is_chosen else None,
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
    prompt, area, *rest = record_box.fields("compare")
    prompt.children, area.rows = "Prompt A", 2
    area.value = "Once there was a girl named Mia."
    return html.Section(
        [
            html.H2("Two new prompts"),
            html.P("Recorded one after the other, with the same settings and seed.", className="mri-muted"),
            prompt,
            area,
            html.Label("Prompt B", htmlFor="compare-prompt-b", className="form-label mt-2"),
            dbc.Textarea(id="compare-prompt-b", rows=2, value="Once there was a boy named Tom.", maxlength=20_000),
            *rest,
            dbc.Button("Record both and compare", id="compare-record", color="primary", class_name="live-start"),
            html.P("", id="compare-record-says", className="record-cost compare-record-says", role="status"),
            dcc.Store(id="compare-recorded"),
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


def comparison(boot: dict[str, Any], a: SessionInfo, b: SessionInfo) -> html.Div:
    """Two sessions side by side. boot: a, b, align, full_scale."""
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
                    html.Button(
                        "⇄", id="compare-swap", type="button", className="mri-button", title="Swap A and B",
                        **components.attributes({"aria-label": "Swap A and B"}),
                    ),
                    _picker("compare-b", "B", b),
                    components.choice("compare-align", "Align by", dict(STRATEGIES), boot["align"]),
                    html.Div(
                        [dcc.Link("Another pair", href=ids.COMPARE_PATH, className="mri-button compare-new"),
                         html.Div(id="compare-tools", className="mri-bar-tools")],
                        className="compare-bar-end",
                    ),
                ],
                className="compare-bar",
                **components.attributes({"aria-label": "What is compared"}),
            ),
            html.P("Fetching both recordings …", id="compare-says", className="compare-says", role="status"),
            html.Ul(id="compare-notes", className="compare-notes"),
            html.Section(
                [
                    html.Div(
                        [html.Span(side, className=f"compare-side is-{side.lower()}"),
                         html.Div(id=f"compare-ribbon-{side.lower()}", className="mri-ribbon")],
                        className="compare-ribbon",
                    )
                    for side in "AB"
                ]
                + [html.Div(html.Div(id="compare-transport", className="mri-transport"), className="mri-deck")],
                id="compare-deck",
                className="compare-deck",
                **components.attributes({"aria-label": "Tokens of both, and the clock"}),
            ),
            html.Div(
                [
                    html.Div([_map(), _graph("graph-compare-similarity", html.Div(id="compare-score"))]),
                    html.Div([_neurons(), _graph("graph-compare-attention")]),
                    html.Div([_graph("graph-compare-predictions", html.Div(id="compare-kl", className="compare-kl")),
                              _graph("graph-compare-heads")]),
                ],
                className="compare-panels",
            ),
        ],
        id=ids.COMPARE,
        className="compare",
    )  # fmt: skip


def _map() -> html.Section:
    return _graph("graph-compare-map", components.choice("compare-by", "Show", MEASURES, "difference"))


def _graph(graph_id: str, *above: Any) -> html.Section:
    label, kind, height_px, note = GRAPHS[graph_id]
    return components.graph(graph_id, label, kind, note, height_px, *above)


def _neurons() -> html.Section:
    """Hosts of the three grids and of the list of neurons; views/compare_neurons.mjs fills them."""
    note = (
        "A, B, and B − A of one hook point, face on. Grey dots: not captured. Where one side did not keep a neuron, its"
        " bound stands in, and the difference is at least what is shown (≥)."
    )
    return html.Section(
        [
            html.Header(
                [
                    html.H3("Neurons", id="compare-neurons-title"),
                    html.Span("measured", className="mri-kind mri-kind-measured", title=note),
                    takeaway.menu("neurons", "Neurons", ("png", "csv")),
                ],
                className="mri-panel-head",
            ),
            html.Div(id="compare-grids", className="compare-grids"),
            html.Div(id="compare-list", className="compare-list"),
            html.P(note, className="mri-note"),
        ],
        className="mri-panel",
        **components.attributes({"aria-label": "Neurons"}),
    )
