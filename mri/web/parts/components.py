"""The shell around every page and the small pieces pages share: navigation, theme switch, toasts, graphs.

Static structure only: what moves is filled in by JavaScript into the hosts marked here. Knows no session files.
"""

from __future__ import annotations

import json
from typing import Any

from dash import dcc, html

from mri.format.hook_points import STATS
from mri.panels import heads
from mri.panels.panel import Panel, panels
from mri.store.library import SessionInfo
from mri.web.parts import ids, takeaway
from mri.web.parts.labels import session_title

INDEX_HTML = """<!DOCTYPE html>
<html lang="en" data-bs-theme="dark">
  <head>
    {%metas%}
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="dark light">
    <title>{%title%}</title>
    <link rel="icon" href="data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'>\
<rect width='16' height='16' rx='3' fill='%230b1017'/><circle cx='8' cy='8' r='3' fill='%234fd1e0'/></svg>">
    <script>
      const system = matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark";
      try { document.documentElement.dataset.bsTheme = localStorage.getItem("mri-theme") || system; } catch {}
    </script>
    {%css%}
  </head>
  <body>
    {%app_entry%}
    <footer>{%config%}{%scripts%}{%renderer%}</footer>
  </body>
</html>
"""
"""Dash's index page: the theme is set before the first paint, so that nothing flashes."""

GRAPH_CONFIG: Any = {"showSendToCloud": False, "displaylogo": False, "displayModeBar": False, "scrollZoom": False}
"""Plotly's config everywhere: nothing leaves the machine."""

PAGES = {  # Live is a state of Scan: Record leads to it
    "Scan": ids.SCANNER_PATH,
    "Learn": ids.LEARN_PATH,
    "Compare": ids.COMPARE_PATH,
    "Neurons": ids.NEURONS_PATH,
    "Recordings": ids.SESSIONS_PATH,
}


def shell(content: Any, *tools: Any) -> html.Div:
    """Every page: header with navigation, `tools`, theme switch and keys, the page, toasts, the dialog of keys."""
    links = [
        dcc.Link(name, href=path, className="mri-nav-link", id=f"nav-{name.lower()}") for name, path in PAGES.items()
    ]
    mark, name = html.Span(className="mri-mark"), html.Span("nanochat", className="mri-brand-long")
    brand = [mark, name, html.B("MRI")]
    theme = icon_button("theme", "◐", "Switch between dark and light theme")
    buttons = [icon_button("keys", "?", "Keyboard shortcuts (?)"), theme]
    return html.Div(
        [
            html.A("Skip to the content", href="#mri-content", className="mri-skip"),
            html.Header(
                [
                    dcc.Link(brand, href=ids.SCANNER_PATH, className="mri-brand"),
                    html.Nav([*links, _more()], **aria("Pages"), className="mri-nav"),
                    html.Div([*tools, *buttons], className="mri-header-tools"),
                ],
                className="mri-header",
            ),
            html.Main(content, id="mri-content", className="mri-main", tabIndex=-1),
            html.Div(id="mri-toasts", className="mri-toasts", **attributes({"aria-live": "polite"})),
            dcc.Store(id=ids.TOAST),
        ],
        className="mri-shell",
    )


def _more() -> html.Details:
    """The pages that Simple's menu folds away, and the recordings that JavaScript puts among them."""
    others = {"Live": ids.LIVE_PATH} | {name: path for name, path in PAGES.items() if name not in ("Scan", "Learn")}
    pages = [dcc.Link(name, href=path) for name, path in others.items()]
    record = html.Button("Record …", type="button", **attributes({"data-mri-action": "record"}))
    content = [html.Div(id=ids.MORE, className="mri-more-picker"), *pages, record]
    return html.Details(
        [html.Summary("More"), html.Div(content, className="mri-menu-list")], className="mri-more mri-menu"
    )


def attributes(names: dict[str, str]) -> dict[str, Any]:
    """`aria-` and `data-` attributes, which are no Python names, for a component's `**`."""
    return dict(names)


def aria(label: str) -> dict[str, Any]:
    """What a screen reader calls it."""
    return {"aria-label": label}


def icon_button(action: str, glyph: str, label: str) -> html.Button:
    """A header button; JavaScript listens for `data-mri-action`."""
    return html.Button(
        html.Span(glyph, **attributes({"aria-hidden": "true"})),
        type="button",
        title=label,
        className="mri-icon",
        **attributes({"aria-label": label, "data-mri-action": action}),
    )


def panel(
    title: str,
    measured: str,
    note: str,
    body: list[Any],
    menu: Any = None,
    data: dict[str, str] | None = None,
    **more: Any,
) -> html.Section:
    """`body` between its caption, with a menu of what can be taken away, and its note."""
    kind = html.Span(measured, className=f"mri-kind mri-kind-{measured}", title=note)
    caption = [html.H3(title, **more), kind, *filter(None, [menu])]
    head = html.Header(caption, className="mri-panel-head")
    return html.Section(
        [head, *body, html.P(note, className="mri-note")],
        className="mri-panel",
        **aria(title),
        **attributes(data or {}),
    )


INVISIBLE = {"visible": False}
CLEAR = {"paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)", "xaxis": INVISIBLE, "yaxis": INVISIBLE}


def chart(of: Panel, *above: Any) -> html.Section:
    """A panel with its caption and an empty chart; `above`: controls between the two. Scripts read in its data what a
    click in it selects, and whether it moves with the clock."""
    empty, style = {"data": [], "layout": CLEAR}, {"height": f"{of.height_px}px"}
    graph = dcc.Graph(id=of.id, config=GRAPH_CONFIG, responsive=True, style=style, figure=empty)
    menu = takeaway.menu(of.id, of.label)
    data = {"data-panel": of.name, "data-selects": json.dumps(dict(of.selects))} | (
        {"data-moves": ""} if of.moves else {}
    )
    return panel(of.label, of.kind, of.note, [*above, graph], menu, data, id=f"{of.id}-title")


OFFLINE = (
    "The server does not answer: the picture replays from the copy pinned in this browser, and charts that come from "
    "the server keep what they last showed."
)


def inspector() -> html.Aside:
    """What comes next, then tabs (their buttons are JavaScript's: roving focus) over one host per tab, filled after the
    first paint."""
    return html.Aside(
        [
            html.Section(id="mri-next", className="mri-next", **aria("What comes next")),
            html.Div(id="mri-tabs", className="mri-tabs"),
            html.P(OFFLINE, id="mri-offline", className="mri-offline", hidden=True, role="status"),
            *(
                html.Div(
                    html.Div("Charts follow the picture …", className="mri-loading"),
                    id=ids.panel(tab),
                    className="mri-tabpanel",
                    hidden=True,
                    role="tabpanel",
                    tabIndex=0,
                    **attributes({"aria-labelledby": f"tab-{tab}"}),
                )
                for tab in ids.TABS
            ),
        ],
        className="mri-inspector",
        **aria("Inspector"),
    )


def session_picker(select_id: str, chosen: SessionInfo | None, **more: Any) -> html.Select:
    """A select of sessions with the chosen one: JavaScript fills in the others, of which there may be thousands."""
    options = [] if chosen is None else [html.Option(session_title(chosen), value=chosen.id, selected=True)]
    return html.Select(
        options, id=select_id, className="form-select form-select-sm", **attributes({"data-mri-sessions": ""}), **more
    )


def scanner(
    boot: dict[str, Any], chosen: SessionInfo | None, title: str = "Scan", notice: Any = None, simple: Any = None
) -> html.Div:
    """The Scanner as empty hosts: a line that says which recording, the sentence, three zones, the deck. `title`: of
    the page; `notice`: a line over the scan; `simple`: the other view of the page."""

    def host(name: str) -> html.Div:
        return html.Div(id=f"mri-{name}", className=f"mri-{name}")

    compare = [] if chosen is None else [compare_menu(chosen.id, boot.get("counterpart"))]
    tools = html.Div([*compare, html.Div(id="mri-tools", className="mri-bar-tools")], className="mri-bar-end")
    strip = html.Div([host("ribbon"), host("timeline")], className="mri-strip")
    side = html.Div([host("transport"), host("says")], className="mri-deck-side")
    return html.Div(
        [
            dcc.Store(id=ids.BOOT, data=boot),
            dcc.Store(id=ids.VIEW),
            dcc.Store(id=ids.MOUNTED),
            html.H1(title, className="visually-hidden"),
            simple,
            notice,
            html.Div(
                [session_picker(ids.SESSION_PICKER, chosen, **aria("Recording")), host("facts"), tools],
                className="mri-bar",
            ),
            host("sentence"),
            html.Aside(id="mri-layers", className="mri-layers", **aria("Layers and their statistics")),
            html.Section(host("stage"), className="mri-centre", **aria("Scan")),
            inspector(),
            html.Section([side, strip], className="mri-deck", **aria("Words, lines and the clock")),
        ],
        id=ids.SCANNER,
        className="mri-scanner" if simple is None else "mri-scanner has-simple",
    )


def compare_menu(session_id: str, counterpart: dict[str, Any] | None) -> html.Details:
    """What a recording can be compared with; `counterpart`: the bundled one that differs by one word."""
    bundled = [] if counterpart is None else [dcc.Link(counterpart["says"], href=counterpart["compare"])]
    other = dcc.Link("Another recording …", href=f"{ids.COMPARE_PATH}?a={session_id}")
    return html.Details(
        [
            html.Summary("Compare", className="mri-menu-named", title="Put another recording on the same clock"),
            html.Div([*bundled, other], className="mri-menu-list"),
        ],
        className="mri-menu mri-compare",
    )


def inspector_panels() -> list[Any]:
    """The charts of every tab, in the order of `ids.TABS`; their figures come from the page's callback."""
    statistic = choice(ids.STAT_CHOICE, "Statistic", {name: name for name in STATS}, "l2")
    hosts = {  # filled by panels/watch_list.mjs, head_choice.mjs, predicted.mjs
        "heads": [choice(ids.HEADS_BY, "Colour", heads.CHOICES, "entropy")],
        "head": [html.Div(id=ids.HEADS, className="mri-heads")],
        "predictions": [html.Div(id=ids.PREDICTED, className="mri-predicted")],
        "history": [html.Div(id=ids.WATCH, className="mri-choice")],
        "watched": [html.Div(id=ids.WATCHED, className="mri-watched")],
    }
    found = []
    for tab in ids.TABS:
        shown = [panel for panel in panels("scanner") if panel.tab == tab and panel.figure]
        charts: list[Any] = [chart(panel, *hosts.get(panel.name, ())) for panel in shown]
        numbers = html.Div(id=ids.POINT_NUMBERS, className="mri-point-numbers")
        above = {"statistics": [numbers, statistic], "why": [html.Div(id=ids.WHY, className="mri-why")]}
        found.append([*above.get(tab, ()), *charts])
    return found


def choice(select_id: str, label: str, options: dict[str, str], chosen: str) -> html.Div:
    """A labelled select; `options`: value -> text."""
    return html.Div([html.Label(label, htmlFor=select_id), select(select_id, options, chosen)], className="mri-choice")


def select(select_id: str, options: dict[str, str], chosen: str) -> html.Select:
    each = [html.Option(text, value=value, selected=value == chosen) for value, text in options.items()]
    return html.Select(each, id=select_id, className="form-select form-select-sm")
