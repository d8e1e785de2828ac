"""Sessions out and in on the Sessions page: the dialog that exports one, the strip where files are dropped.

Layout and words; pages/imports.mjs does the uploads. Knows no session files.
"""

from __future__ import annotations

from urllib.parse import quote

import dash_bootstrap_components as dbc
from dash import dcc, html

from mri.export.files import ALL, TABLES, file_name
from mri.web.parts.components import aria

WHAT = {
    ALL: ("Everything", "all seven tables"),
    "stats": ("Statistics", "of every hook point in every step"),
    "topk": ("Neurons", "captured values, and bounds on the others"),
    "attention": ("Attention", "where every head looks most"),
    "logits": ("Predictions", "the most likely next tokens"),
    "tokens": ("Tokens", "the text, with each token's probability"),
    "steps": ("Steps", "time, tokens read, what was left out"),
    "extra": ("Extras", "what a training script added, as its loss"),
}
"""Table -> what a person calls it, what is in it."""

KINDS = {
    "parquet": ("Parquet", "small and typed: pandas, R, DuckDB"),
    "csv": ("CSV", "spreadsheets, anything"),
    "json": ("JSON", "one object a row"),
    "h5": ("Session file", "the recording itself, to import elsewhere"),
}

CHOICE = "session-export-choice"

NOTES = {
    "parquet": "Units and provenance are in the file. A missing value is null, a captured NaN is NaN; token bytes are "
    "binary.",
    "csv": "A missing value is an empty cell, a captured NaN says nan. Texts that a spreadsheet would calculate get an "
    "apostrophe.",
    "json": 'A missing value is null; NaN and infinity are the texts "NaN" and "Infinity".',
    "h5": "One HDF5 file with everything, described in docs/trace-format.md. Another nanochat MRI takes it in by drag "
    "and drop.",
}


def drop_strip(max_bytes: int) -> html.Section:
    """Where files of others come in: JavaScript fills it, and hears what is dropped anywhere on the page."""
    return html.Section(
        [
            dcc.Store(id="sessions-imports", data={"max_bytes": max_bytes}),
            dcc.Store(id="sessions-imports-ready"),
            html.Div(id="sessions-import"),
        ],
        className="session-imports",
        **aria("Import session files"),
    )


def export_dialog() -> dbc.Modal:
    link = html.A("Download", id="sessions-export-link", href="", className="btn btn-primary", download="")
    return dbc.Modal(
        [
            dbc.ModalHeader(dbc.ModalTitle("Export", id="sessions-export-title")),
            dbc.ModalBody(
                [
                    _choice("sessions-export-what", "What", WHAT, ALL),
                    _choice("sessions-export-kind", "As", KINDS, "parquet"),
                    html.P(id="sessions-export-size", className="session-export-size", role="status"),
                    html.P(id="sessions-export-note", className="mri-note"),
                ]
            ),
            dbc.ModalFooter(link),
        ],
        id="sessions-export-dialog",
        labelledby="sessions-export-title",
        is_open=False,
        scrollable=True,
    )


def _choice(choice_id: str, label: str, options: dict[str, tuple[str, str]], chosen: str) -> html.Fieldset:
    offered = []
    for value, (name, says) in options.items():
        offered.append({"label": html.Span([html.B(name), html.Span(says, className="mri-muted")]), "value": value})
    return html.Fieldset([html.Legend(label), dbc.RadioItems(offered, chosen, id=choice_id, class_name=CHOICE)])


def choice_class(kind: str) -> str:
    """Of the choice of tables: an .h5 has them all."""
    return f"{CHOICE} is-all-only" if kind == "h5" else CHOICE


def address(session_id: str, what: str, kind: str) -> tuple[str, str]:
    """Of the download, and the name of its file. An .h5 is always the whole session."""
    what = ALL if kind == "h5" else what
    return f"/sessions/{quote(session_id)}/export/{what}.{kind}", file_name(session_id, what, kind)


def size_words(rows: int, what: str, kind: str, name: str) -> str:
    """What a person gets, before it is made."""
    if kind == "h5":
        return f"The whole session, as {name}."
    about = f"{rows:,} {'row' if rows == 1 else 'rows'}" if what == "tokens" else f"about {rows:,} rows"
    files = f"in {len(TABLES)} files, together " if what == ALL else ""
    return f"{about[0].upper()}{about[1:]} {files}as {name}."
