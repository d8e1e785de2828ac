"""The guard in front of every route: exact hosts, exact origins, security headers."""

import pytest
from werkzeug.test import Client

from mri.web.guard import Guard, content_security_policy, inline_script_hashes


def behind(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"secret"]


def answer(host, origin=None, allow_hosts=()):
    headers = {"Host": host} | ({"Origin": origin} if origin is not None else {})
    return Client(Guard(behind, allow_hosts, "default-src 'self'")).get("/", headers=headers)


@pytest.mark.parametrize("host", ["127.0.0.1:8050", "localhost", "LocalHost:1", "[::1]:8050", "[::1]"])
def test_local_hosts_are_answered(host):
    assert answer(host).data == b"secret"


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8050",
        "localhost.evil.example",
        "127.0.0.1.evil.example:8050",
        "127.0.0.1:80x",
        "localhost:",
        "127.0.0.1:8050:1",
        "user@localhost",
        "127.1",
        "2130706433",
        "::1",
        "",
        " localhost",
        "localhost:８０",
        "evil.example#localhost",
    ],
)
def test_foreign_hosts_are_refused(host):
    response = answer(host)
    assert response.status_code == 400
    assert b"secret" not in response.data
    assert response.json["error"].endswith(".")


def test_a_request_without_host_is_refused():
    client = Client(Guard(behind, (), ""))
    assert client.get("/", environ_overrides={"HTTP_HOST": ""}).status_code == 400


def test_allowed_names_are_answered_exactly():
    assert answer("mri.example:99", allow_hosts=["MRI.example"]).status_code == 200
    assert answer("sub.mri.example", allow_hosts=["mri.example"]).status_code == 400
    assert answer("mri.example:99", allow_hosts=["mri.example:98"]).status_code == 400
    assert answer("mri.example:98", allow_hosts=["mri.example:98"]).status_code == 200


@pytest.mark.parametrize("origin", ["http://localhost:8050", "https://localhost:8050", "HTTP://LOCALHOST:8050"])
def test_own_pages_may_ask(origin):
    assert answer("localhost:8050", origin).status_code == 200


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "",
        "http://localhost",
        "http://localhost:3000",
        "http://127.0.0.1:8050",
        "http://localhost:8050.evil.example",
        "ftp://localhost:8050",
        "localhost:8050",
        "http://localhost:8050/",
    ],
)
def test_other_pages_may_not(origin):
    response = answer("localhost:8050", origin)
    assert response.status_code == 403
    assert b"secret" not in response.data


NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


def fetched(method="GET", **headers):
    client = Client(Guard(behind, (), "default-src 'self'"))
    given = {"Host": "localhost:8050"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return client.open("/", method=method, headers=given)


@pytest.mark.parametrize("site", ["cross-site", "same-site", "CROSS-SITE", "anything"])
@pytest.mark.parametrize(
    ("mode", "dest"),
    [
        ("no-cors", "image"),
        ("no-cors", "script"),
        ("cors", "empty"),
        ("navigate", "iframe"),
        ("navigate", "embed"),
        ("websocket", "websocket"),
        ("websocket", "empty"),
        ("", ""),
    ],
)
def test_what_a_page_of_another_site_embeds_is_refused(site, mode, dest):
    response = fetched(Sec_Fetch_Site=site, Sec_Fetch_Mode=mode, Sec_Fetch_Dest=dest)
    assert response.status_code == 403
    assert response.json["error"].startswith("Requests from pages of other sites are refused")


def test_a_link_from_another_site_opens_a_page_but_sends_no_form():
    assert fetched(**NAVIGATION, **{"Sec-Fetch-Site": "cross-site"}).status_code == 200
    assert fetched("POST", **NAVIGATION, **{"Sec-Fetch-Site": "cross-site"}).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"},
        {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "websocket"},
    ],
)
def test_our_own_pages_and_clients_that_are_no_browsers_are_answered(headers):
    assert fetched(**headers).data == b"secret"


@pytest.mark.parametrize("host", ["localhost", "evil.example"])
def test_every_answer_has_the_security_headers(host):
    headers = answer(host).headers
    assert headers["Content-Security-Policy"] == "default-src 'self'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_inline_scripts_are_allowed_by_hash_only():
    # printf 'alert(1)' | openssl dgst -sha256 -binary | base64
    page = "<script>alert(1)</script><script src='/x.js'></script>"
    hashes = inline_script_hashes(page)
    assert hashes == ["'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='"]
    policy = content_security_policy(hashes)
    assert "script-src 'self' 'sha256-" in policy
    assert "unsafe-eval" not in policy
    assert "http" not in policy
