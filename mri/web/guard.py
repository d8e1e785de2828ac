"""Stands in front of every route, static file and socket: exact Host and Origin allow-lists, what browsers say of
where a request comes from, security headers.

The server is a local one: what it must be safe from is a foreign web page in the same browser (cross-site requests,
DNS rebinding). A WSGI middleware, so that nothing behind it can be reached another way. Knows no routes.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})
"""Host names that are always allowed, on any port."""

FOREIGN = ("403 Forbidden", "Requests from pages of other sites are refused: open this server's own page.")

_INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


class Guard:
    """Answers 400 to a foreign Host and 403 to a foreign Origin or Sec-Fetch-Site; adds security headers to
    every answer.

    allow_hosts   further host names, with or without a port, compared exactly (case aside)
    csp           value of Content-Security-Policy
    """

    def __init__(self, app: WSGIApplication, allow_hosts: Iterable[str], csp: str) -> None:
        self._app = app
        self._hosts = LOCAL_HOSTS | {host.lower() for host in allow_hosts}
        self._headers = [
            ("Content-Security-Policy", csp),
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "same-origin"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
            ("Cross-Origin-Opener-Policy", "same-origin"),
        ]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            return start_response(status, headers + self._headers, *rest)

        refusal = self._refusal(environ.get("HTTP_HOST", "").lower(), environ.get("HTTP_ORIGIN"))
        if refusal is None and _is_from_another_site(environ):
            refusal = FOREIGN
        if refusal is None:
            return self._app(environ, start)
        status, sentence = refusal
        body = json.dumps({"error": sentence}).encode()
        start(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]

    def _refusal(self, host: str, origin: str | None) -> tuple[str, str] | None:
        """Status and sentence for a request that must not go on, None for one that may."""
        if host not in self._hosts and _name_of(host) not in self._hosts:
            return "400 Bad Request", (
                "This address is not one that the server answers to: start it with --allow-host NAME to allow it."
            )
        if origin is not None and origin.lower() not in (f"http://{host}", f"https://{host}"):
            return FOREIGN
        return None


def _is_from_another_site(environ: WSGIEnvironment) -> bool:
    """As the browser says it (https://www.w3.org/TR/fetch-metadata/): an image, a frame, a script or a request of a
    page that is not ours. Links to pages of ours are no such thing, nor is what a person typed. Clients that are no
    browsers say nothing, and neither do browsers over plain HTTP to another name than localhost: there Origin has to
    do."""
    if environ.get("HTTP_SEC_FETCH_SITE", "none").lower() in ("none", "same-origin"):
        return False
    return (
        environ["REQUEST_METHOD"] not in ("GET", "HEAD")
        or environ.get("HTTP_SEC_FETCH_MODE", "").lower() != "navigate"
        or environ.get("HTTP_SEC_FETCH_DEST", "").lower() != "document"
    )


def _name_of(host: str) -> str:
    """`localhost` of `localhost:8050`; a port that is no number stays, and so fails the exact comparison."""
    name, colon, port = host.rpartition(":")
    return name if colon and port.isascii() and port.isdigit() else host


def content_security_policy(script_hashes: Iterable[str]) -> str:
    """Everything from this server only. Dash's few inline scripts are allowed by hash, one by one.

    Inline *styles* stay allowed: Plotly and Dash set them on every element they draw.
    """
    scripts = " ".join(["'self'", *script_hashes])
    return (
        f"default-src 'self'; script-src {scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


def inline_script_hashes(page: str) -> list[str]:
    """CSP sources of the plain inline scripts written in an index page."""
    digests = (hashlib.sha256(script.encode()).digest() for script in _INLINE_SCRIPT.findall(page))
    return [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]
