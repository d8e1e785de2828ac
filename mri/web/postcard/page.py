"""A scan as one HTML file: program, charts and recording, packed, and a page that unpacks what it shows.

Nothing of it asks a network: the content policy in its head allows no connection and only the scripts whose hashes it
names.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Any

import flask_bootstrap
import plotly
from dash import html

from mri.errors import ConfigError
from mri.measure.series import full_scales, largest_statistic
from mri.paths import ASSETS
from mri.store.files import disk_error, partial
from mri.store.reader import SessionReader
from mri.web.assets import SCRIPTS, Assets
from mri.web.linking import link
from mri.web.parts import components, ids, simple
from mri.web.postcard import charts
from mri.web.postcard.markup import markup
from mri.web.routes.sessions import meta_of_reader, series_of, tokens_of

ENTRY = "js/postcard/postcard.mjs"
MOST_MB = 50
"""Of a page that nobody asked to be larger: beyond, browsers and mail take long over it."""
WINDOW_STEPS = 16
"""Steps in a chunk, which is unpacked when one of them is wanted."""
BOOTSTRAP = Path(flask_bootstrap.__file__).parent / "static" / "bootstrap5" / "css" / "bootstrap.min.css"
PRIVATE = ("model_path", "imported_from", "imported_id")
"""Of a session's description: what tells of the sender's machine."""
FOLDER = re.compile(r"(?<![^\s(*])[^\s()*\"]*[\\/](?=[^\s()*\"\\/]+\.npy)")
"""In an edit: where the file of a direction lies."""

LOADER = """
const unpacked = (id) => {
  const packed = Uint8Array.from(atob(document.getElementById(id).textContent), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate")));
};
const run = async (id, type) => {
  const script = Object.assign(document.createElement("script"), { type, textContent: await unpacked(id).text() });
  document.head.append(script);
};
window.mriFile = { unpacked, run };
(async () => {
  const style = document.createElement("style");
  style.textContent = await unpacked("mri-style").text();
  document.head.append(style);
  await run("mri-program", "module");
})();
"""
NO_SCRIPT = (
    "This page draws with JavaScript, which this browser has switched off or which the place it is shown in forbids."
)
ICON = (
    "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'>"
    "<rect width='16' height='16' rx='3' fill='%230b1017'/><circle cx='8' cy='8' r='3' fill='%234fd1e0'/></svg>"
)


@dataclass(frozen=True)
class Postcard:
    """The page in parts, by what they are: program, Plotly, recording."""

    page: str
    num_bytes: dict[str, int]
    """Of the parts as they stand in the page: `program`, `plotly`, `recording`, `charts`, `page` is the rest."""


@cache
def _program() -> tuple[str, str, str]:
    """Script, style sheet and scales of the page, as texts."""
    tree = Assets(ASSETS, {"css/bootstrap.css": BOOTSTRAP}).now()
    texts = {name: (tree.read(name) or b"").decode() for name in tree.files if name.endswith(SCRIPTS)}
    script = link(texts, (ENTRY,)).files[ENTRY.replace(".mjs", ".linked.mjs")]
    return script, (tree.read("style.css") or b"").decode(), (tree.read("scales.json") or b"").decode()


@cache
def _plotly() -> str:
    return (Path(plotly.__file__).parent / "package_data" / "plotly.min.js").read_text("utf-8")


def postcard(reader: SessionReader, name: str = "") -> Postcard:
    """The page of a finished recording. Raises ConfigError where it has no steps.

    name    as which it is listed; "" is its prompt
    """
    if not reader.num_steps:
        raise ConfigError("This session has no steps: there is nothing to show.")
    script, style, scales = _program()
    scripts = [LOADER, script, _plotly()]
    recording = dict(_recording(reader, name))
    parts = {
        "program": {"mri-style": packed(style.encode()), "mri-program": packed(script.encode())},
        "charts": {"mri-charts": packed(charts.packed(charts.book(reader)))},
        "recording": {"mri-scales": packed(scales.encode())} | recording,
        "plotly": {"mri-plotly": packed(_plotly().encode())},
    }
    blocks = [_block(key, body) for part in parts.values() for key, body in part.items()]
    page = _page(_title(reader, name), reader, _policy(scripts), "\n".join(blocks))
    sizes = {part: sum(map(len, bodies.values())) for part, bodies in parts.items()}
    return Postcard(page, sizes | {"page": len(page.encode()) - sum(sizes.values())})


def write(reader: SessionReader, target: Path, *, name: str = "", max_mb: float = MOST_MB) -> Path:
    """All of the page or none. Raises ConfigError where it is larger than `max_mb`, StoreError."""
    body = postcard(reader, name).page.encode()
    if len(body) > max_mb * 1e6:
        raise ConfigError(
            f"The page of {reader.session.id} would weigh {len(body) / 1e6:.1f} MB, more than {max_mb:g}: allow "
            "as much (max_mb, --max-mb), or record with a preset that keeps less."
        )
    written = partial(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        written.write_bytes(body)
        os.replace(written, target)
    except OSError as error:
        raise disk_error("write", target, error) from error
    finally:
        with contextlib.suppress(OSError):
            written.unlink(missing_ok=True)
    return target


def packed(body: bytes) -> str:
    return base64.b64encode(zlib.compress(body, 9)).decode()


def _block(key: str, body: str) -> str:
    return f'<script type="application/octet-stream;base64" id="{key}">{body}</script>'


def _policy(scripts: list[str]) -> str:
    digests = (base64.b64encode(sha256(text.encode()).digest()).decode() for text in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; "
        "connect-src 'none'; base-uri 'none'; form-action 'none'; object-src 'none'; frame-src 'none'"
    )


def _recording(reader: SessionReader, name: str) -> Iterator[tuple[str, str]]:
    """Blocks by their ids: what is said of it, lines over all steps, windows of frames."""
    meta = meta_of_reader(reader)
    meta |= {"session": without_machine(meta["session"]), "name": name, "integrity": "right"}
    about: dict[str, Any] = {"meta": meta | {"version": reader.session.id}, "tokens": tokens_of(reader)}
    about |= {"full_scale": full_scales(reader), "limit": largest_statistic(reader), "window": WINDOW_STEPS}
    yield "mri-about", packed(json.dumps(about).encode())
    yield "mri-series-l2", packed(series_of(reader, "l2"))
    for start in range(0, reader.num_steps, WINDOW_STEPS):
        stop = min(start + WINDOW_STEPS, reader.num_steps)
        yield f"mri-frames-{start}", packed(reader.records(start, stop))


def without_machine(told: Any) -> Any:
    """A session's description without what tells of the sender's machine; a file that an edit adds keeps its name."""
    if isinstance(told, dict):
        kept = {key: without_machine(value) for key, value in told.items() if key not in PRIVATE}
        return kept | ({"edits": [FOLDER.sub("", edit) for edit in told["edits"]]} if "edits" in told else {})
    return told


def _title(reader: SessionReader, name: str) -> str:
    words = re.sub(r"\s+", " ", name or reader.session.prompt or reader.session.id).strip()
    return words if len(words) <= 80 else f"{words[:79]}…"


def _page(title: str, reader: SessionReader, policy: str, blocks: str) -> str:
    session = reader.session
    made = f"{reader.num_steps} steps of {session.model_id}, recorded {session.start_time[:10]} with nanochat MRI"
    body = components.scanner({}, None, title, simple=simple.section())
    return f"""<!DOCTYPE html>
<html lang="en" data-bs-theme="dark" data-mri-file>
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{escape(title)} · nanochat MRI</title>
<meta name="description" content="{escape(made)}">
<meta name="model" content="{escape(session.model_id)}">
<meta name="date" content="{escape(session.start_time)}">
<meta name="generator" content="nanochat MRI">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark light">
<link rel="icon" href="{ICON}">
</head>
<body>
<noscript>{NO_SCRIPT}</noscript>
{markup(_shell(body))}
{blocks}
<script>{LOADER}</script>
</body>
</html>
"""


def _shell(body: html.Div) -> html.Div:
    """Header and page, with the charts' places as they are when they have come."""
    for tab, found in zip(ids.TABS, components.inspector_panels(), strict=True):
        _by_id(body, ids.panel(tab)).children = found
    brand = [html.Span(className="mri-mark"), html.Span("nanochat", className="mri-brand-long"), html.B("MRI")]
    tools = [
        simple.view_switch(),
        components.icon_button("keys", "?", "Keyboard shortcuts (?)"),
        components.icon_button("theme", "◐", "Switch between dark and light theme"),
    ]
    header = [html.Span(brand, className="mri-brand"), html.Div(tools, className="mri-header-tools")]
    return html.Div(
        [
            html.A("Skip to the content", href="#mri-content", className="mri-skip"),
            html.Header(header, className="mri-header"),
            html.Main(body, id="mri-content", className="mri-main", tabIndex=-1),
            html.Div(id="mri-toasts", className="mri-toasts", **components.attributes({"aria-live": "polite"})),
        ],
        className="mri-shell",
    )


def _by_id(tree: Any, key: str) -> Any:
    return next(each for each in tree._traverse() if getattr(each, "id", None) == key)
