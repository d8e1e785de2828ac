"""HTTP routes of the list of sessions: some of its lines, searched and ordered; and all titles, for the pickers.

However many sessions there are, an answer is small and comes at once. Errors leave as {"error": sentence}.
"""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from mri.errors import ConfigError
from mri.format.checks import whole
from mri.web.parts import session_rows
from mri.web.parts.apart import titles as titles_of
from mri.web.parts.apart import told_apart
from mri.web.routes.sessions import compress, revalidated_json
from mri.web.services import services

library_routes = Blueprint("library_routes", __name__)

MOST_ROWS = 200
"""Lines in one answer."""
MOST_LETTERS = 200
"""Of a search."""
WAIT_S = 0.4
"""So long a first look at new files may take: the rest is looked at when the page asks again."""


@library_routes.get("/library/rows")
@compress.compressed()
def rows() -> ResponseReturnValue:
    """`?search=&by=&start=&stop=`: those lines. `total` sessions there are, `found` match, `unread` were not yet looked
    at; `recording`: whether one is being recorded."""
    start, stop = (whole(name, request.args.get(name) or str(at)) for name, at in (("start", 0), ("stop", MOST_ROWS)))
    if not start <= stop <= start + MOST_ROWS:
        raise ConfigError(f"start={start} and stop={stop} do not name up to {MOST_ROWS} lines.")
    search = request.args.get("search", "")[:MOST_LETTERS]
    infos, unread = services().library.listed(WAIT_S)
    found = session_rows.ordered(session_rows.found(infos, search), request.args.get("by") or "-recorded")
    shown = found[start:stop]
    apart = told_apart(infos, {info.id for info in shown})
    return revalidated_json(
        {
            "total": len(infos) + unread,
            "unread": unread,
            "found": len(found),
            "recording": any(info.state == "recording" for info in infos),
            "rows": [session_rows.row(info, apart.get(info.id, "")) for info in shown],
        }
    )


@library_routes.get("/library/titles")
@compress.compressed()
def titles() -> ResponseReturnValue:
    """`titles`: [id, title] of every session that has steps, newest first, equal titles told apart; `unread` as in
    `rows`."""
    infos, unread = services().library.listed(WAIT_S)
    readable = [*filter(session_rows.is_readable, infos)]
    pairs = [[info.id, title] for info, title in zip(readable, titles_of(readable), strict=True)]
    return revalidated_json({"titles": pairs, "unread": unread})
