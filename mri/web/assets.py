"""The files that a browser loads, under addresses that name their contents: kept for a year.

`/assets/<version>/js/main.mjs` is a file of the assets folder; `version` is a hash over all of them, so that
relative imports stay inside one version, `style.css` is all style sheets, each in its layer, and modules come linked
(mri/web/linking.py). Without a version a file is asked for anew each time, as it is. Knows files, hashes and encodings;
nothing of pages and sessions.
"""

from __future__ import annotations

import importlib
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from flask import Flask, Response, abort, request

from mri.web import linking
from mri.web.compression import keep_smallest, packed
from mri.web.linking import Linked, link

FOREVER = "public, max-age=31536000, immutable"
BUNDLES = ("js/main.mjs", "js/pages/scanner.mjs", "js/pages/simple.mjs")
"""Linked into one file each: what all pages with a view begin with, the Scanner, and what Simple has beside it."""
SCRIPTS = (".mjs", ".js")
NOTES = re.compile(rb"^[ \t]*/\*\*(?:(?!\*/).)*\*/[ \t]*$", re.MULTILINE | re.DOTALL)
"""JSDoc of modules: a quarter of what they weigh on the line. Lines keep their numbers."""
PLOTLY = "/_dash-component-suites/plotly/package_data/plotly.min.js"
DASH_ASKS = ("/_dash-layout", "/_dash-dependencies")
"""What Dash asks for before it shows anything, always the same."""
COMPRESSED = ("/assets/", "/_dash-component-suites/", *DASH_ASKS)
TYPES = {".mjs": "text/javascript", ".js": "text/javascript", ".css": "text/css", ".json": "application/json"}
STYLE = "style.css"
LAYERS = ("bootstrap", "theme", "shell", "parts", "pages", "contrast", "print")
"""Of style.css: a rule of a later layer wins. A sheet lies in its layer: css/shell.css, css/parts/deck.css."""
LOOK_EVERY_S = 0.5
LEISURE_S = 120.0
"""After a start, until what is packed quickly is packed well."""


@dataclass(frozen=True, eq=False)
class Tree:
    """The files as they are at one moment, by name: `js/main.mjs`."""

    files: dict[str, Path]
    version: str  # 12 hex digits over all of them
    linked: Linked = field(default_factory=lambda: Linked({}, {}))

    @cached_property
    def imports(self) -> dict[str, list[str]]:
        """Of a file of modules as it is served: what it imports statically."""
        return {name: linking.imports_of(name, text) for name, text in self.linked.files.items()}

    def address(self, name: str) -> str:
        return f"/assets/{self.version}/{name}"

    def read(self, name: str) -> bytes | None:
        """None where there is no such file."""
        if name == STYLE:
            sheets = [(file, path.read_text("utf-8")) for file, path in self.files.items() if file.endswith(".css")]
            layered = [f"@layer {_layer(file)} {{\n{text}\n}}" for file, text in sheets]
            return "\n".join([f"@layer {', '.join(LAYERS)};", *layered]).encode()
        if name not in self.files:
            return None
        body = self.files[name].read_bytes()
        return _without_notes(body) if name.endswith(".mjs") else body

    def read_linked(self, name: str) -> bytes | None:
        """As pages of this version get it. None where there is no such file."""
        text = self.linked.files.get(name)
        return self.read(name) if text is None else text.encode()

    def modules(self, entries: Iterable[str]) -> list[str]:
        """The files that hold `entries` and every module that they import statically, however far down, each once."""
        found: dict[str, None] = {}
        waiting = list(entries)
        while waiting:
            name = waiting.pop(0)
            name = self.linked.homes.get(name, name)
            if name not in found:
                found[name] = None
                waiting += self.imports.get(name, [])
        return list(found)

    def tags(self, entries: Iterable[str], later: Iterable[str] = ()) -> str:
        """For the page's head: the style sheet, the modules that begin, and those of its first picture, behind
        Dash's scripts: without these there is no page to draw it in."""
        begin = self.modules(entries)
        then = [name for name in self.modules(later) if name not in begin]
        return "\n".join(
            [
                f'<link rel="stylesheet" href="{self.address(STYLE)}">',
                *(f'<link rel="modulepreload" href="{self.address(name)}">' for name in begin),
                *(f'<link rel="preload" as="fetch" crossorigin href="{address}">' for address in DASH_ASKS),
                *(f'<link rel="modulepreload" fetchpriority="low" href="{self.address(name)}">' for name in then),
            ]
        )


class Assets:
    """The files below `folder`, others under a name as if they were there, and style.css: all of them below css/."""

    def __init__(self, folder: Path, others: Mapping[str, Path] | None = None) -> None:
        self._folder, self._others = folder, dict(others or {})
        self._signature: object = None
        self._looked = -LOOK_EVERY_S
        self._tree = Tree({}, "")

    def now(self) -> Tree:
        """Another one as soon as a file is another: who edits one reloads the page and sees it."""
        if time.monotonic() - self._looked < LOOK_EVERY_S:
            return self._tree
        files = self._others | {
            path.relative_to(self._folder).as_posix(): path for path in sorted(self._folder.rglob("*.*"))
        }
        signature = [(name, path.stat().st_mtime_ns) for name, path in files.items()]
        if signature != self._signature:
            whole = sha256(Path(linking.__file__).read_bytes())  # linked in another way it is another file, too
            scripts = {}
            for name, path in files.items():
                content = path.read_bytes()
                whole.update(name.encode() + b"\0" + sha256(content).digest())
                if name.endswith(SCRIPTS):
                    scripts[name] = _without_notes(content).decode()
            self._tree = Tree(files, whole.hexdigest()[:12], link(scripts, BUNDLES))
            self._signature = signature
        self._looked = time.monotonic()
        return self._tree

    def serve(self, server: Flask) -> None:
        """Answer /assets/…, and compress these answers and Dash's own scripts."""
        server.add_url_rule("/assets/<path:name>", "assets", self._answer)
        server.after_request(_compressed)

    def _answer(self, name: str) -> Response:
        tree = self.now()
        version, _, rest = name.partition("/")
        is_current = version == tree.version
        body = tree.read_linked(rest) if is_current else tree.read(name)
        if body is None:
            abort(404)
        response = Response(body, mimetype=TYPES.get(Path(name).suffix, "application/octet-stream"))
        response.headers["Cache-Control"] = FOREVER if is_current else "no-cache"
        return response


def _layer(sheet: str) -> str:
    return sheet.split("/")[1].removesuffix(".css")


def _without_notes(body: bytes) -> bytes:
    return NOTES.sub(lambda note: b"\n" * note[0].count(b"\n"), body)


def warm(server: Flask) -> None:
    """Pack what the first page needs before somebody waits for it: a second of processor time; and, when the first
    visitors have theirs, ten more for what the next start finds packed as small as can be."""
    client = server.test_client()

    def get(address: str, encoding: str) -> bytes:
        return client.get(address, headers={"Accept-Encoding": encoding, "Host": "127.0.0.1"}).get_data()

    page = get("/", "").decode()
    addresses = [*re.findall(r'(?:href|src)="(/[^"]+)"', page), PLOTLY]
    for address in addresses:
        get(address, "br")
    importlib.import_module("pandas")  # or the first chart waits for it (mri/panels/panel.py)
    time.sleep(LEISURE_S)
    keep_smallest(get(address, "") for address in addresses)


def _compressed(response: Response) -> Response:
    if not request.path.startswith(COMPRESSED) or response.status_code != 200 or "Content-Encoding" in response.headers:
        return response
    response.vary.add("Accept-Encoding")
    encoding = request.accept_encodings.best_match(["br", "gzip"])
    if encoding:
        response.direct_passthrough = False
        response.data = packed(response.get_data(), encoding)
        response.headers["Content-Encoding"] = encoding
    return response
