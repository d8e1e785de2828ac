"""The web app: pages, errors as sentences, the guard in front of all of it."""

import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import dash
import pytest
import requests
from werkzeug.serving import make_server

from mri.panels.panel import panels
from mri.web.server import create_app
from mri.web.services import EXTENSION


def test_pages_are_served(client):
    for address in ("/", "/sessions", "/_dash-layout", "/_dash-dependencies"):
        assert client.get(address).status_code == 200, address


@pytest.mark.parametrize(
    ("address", "named"),
    [
        ("/", "handmade"),
        ("/?session=handmade&step=1", "handmade"),
        ("/?session=nobody", ""),
        ("/?session=../x", ""),
        ("/live", ""),
    ],
)
def test_the_scanner_names_the_session_that_it_will_show_if_it_can(reader_client, address, named):
    page = reader_client.get(address).get_data(as_text=True)
    assert re.findall('<meta name="mri-session" content="([^"]*)">', page) == ([named] if named else [])
    assert page.index("/boot.js") < page.index("/style.css")


def test_the_page_asks_no_other_host(client):
    page = client.get("/").text
    assert "https://" not in page
    assert 'rel="stylesheet" href="/assets/' in page


@pytest.mark.parametrize(
    "address", ["/no/such/thing", "/sessionsx", "/not-found-404", "/sessions%00", "/_dash-nothing"]
)
def test_an_unknown_address_shows_its_page_as_not_found(reader_client, address):
    response = reader_client.get(address)
    assert (response.status_code, response.mimetype) == (404, "text/html")
    assert "<footer>" in response.text, "the app, which shows what to do"


@pytest.mark.parametrize("address", ["/", "/sessions", "/sessions/", "/?session=nobody"])
def test_a_known_page_is_found(reader_client, address):
    assert reader_client.get(address).status_code == 200


def test_every_page_takes_what_others_hang_on_to_its_address(app):
    with app.server.test_request_context():
        for page in dash.page_registry.values():
            assert page["layout"](utm_source="a mail", fbclid="1", **{"": "x", "a b": "c"}) is not None, page["module"]


UNKNOWN = "/sessions/handmade /sessions/handmade/nothing /record/x/y/z /record/ /record /import /neurons/x /lessons/x"
MORE_UNKNOWN = "/models/x/y /compare/x /live/x/y /assets/none.js /_dash-component-suites/none/none.js"


@pytest.mark.parametrize("address", [*UNKNOWN.split(), *MORE_UNKNOWN.split()])
def test_an_unknown_address_of_data_is_a_sentence(reader_client, address):
    response = reader_client.get(address)
    assert response.status_code == 404
    assert response.json["error"] == "There is nothing at this address: see docs/architecture.md for those that exist."


@pytest.mark.parametrize(
    ("method", "address", "sent", "status", "words"),
    [
        ("POST", "/record", {"data": "{", "content_type": "application/json"}, 400, "is no valid JSON: send"),
        ("POST", "/record", {"data": "x"}, 415, "is not marked as JSON: send it with the header Content-Type"),
        (
            "POST",
            "/record",
            {"data": b" " * (3 << 20), "content_type": "application/json"},
            413,
            "is larger than 2,097,152 bytes: send less",
        ),
        ("PUT", "/record", {}, 405, "The method PUT is not for this address: use POST"),
        ("DELETE", "/", {}, 405, "The method DELETE is not for this address: use GET"),
    ],
)
def test_what_http_refuses_is_a_fact_and_a_cure(reader_client, method, address, sent, status, words):
    response = reader_client.open(address, method=method, **sent)
    assert response.status_code == status
    assert words in response.json["error"]
    assert response.json["error"].endswith(".")


DEEP = "[" * 100_000


@pytest.mark.parametrize("address", ["/record", "/sessions/handmade/attribution", "/_dash-update-component"])
def test_json_that_is_nested_too_deeply_is_no_valid_json(reader_client, address):
    response = reader_client.post(address, data=DEEP, content_type="application/json")
    assert response.status_code == 400
    assert "is no valid JSON" in response.json["error"]


CHARTS = [panel.id for panel in panels("scanner") if panel.figure]
MAP = f"..{'...'.join([*(f'{name}.figure' for name in CHARTS), *(f'{name}-title.children' for name in CHARTS)])}.."
ODD_CALLBACKS = [
    "text",
    3,
    [],
    {},
    {"output": MAP},
    {"output": "nobody.data", "inputs": [], "outputs": []},
    {"output": MAP, "outputs": [], "inputs": [], "state": [], "changedPropIds": []},
    {"output": MAP, "outputs": 3, "inputs": 3, "state": 3, "changedPropIds": 3},
    {
        "output": "graph-neurons.figure",
        "outputs": {"id": [], "property": "data"},
        "changedPropIds": [],
        "inputs": [{"id": "mri-view", "property": "data", "value": True}],
        "state": [],
    },
    {
        "output": "graph-neurons.figure",
        "outputs": {"id": "graph-neurons", "property": "figure"},
        "state": [],
        "inputs": [],
        "changedPropIds": [],
    },
]


@pytest.mark.parametrize("body", ODD_CALLBACKS, ids=range(len(ODD_CALLBACKS)))
def test_a_callback_that_no_page_sends_is_refused_as_a_sentence(reader_client, body):
    response = reader_client.post("/_dash-update-component", json=body)
    assert response.status_code == 400
    assert response.json["error"].endswith(".")


def test_a_callback_that_pages_send_is_answered(reader_client):
    body = {
        "output": MAP,
        "inputs": [{"id": "mri-view", "property": "data", "value": None}],
        "state": [],
        "changedPropIds": ["mri-view.data"],
        "outputs": [
            dict(zip(("id", "property"), name.split("."), strict=True)) for name in MAP.strip(".").split("...")
        ],
    }
    assert reader_client.post("/_dash-update-component", json=body).status_code == 200


SLOW_PANDAS = """
import time
time.sleep(1)
NaT = NA = Series = DatetimeIndex = type("Missing", (), {})
"""


def test_pages_are_answered_while_the_first_export_imports_pandas(tmp_path):
    (tmp_path / "pandas.py").write_text(SLOW_PANDAS)
    code = """
import sys, threading
from pathlib import Path
from mri.panels.panel import panels
from mri.web.server import create_app
client = create_app(Path(sys.argv[1]) / "sessions").server.test_client()
sys.path.insert(0, sys.argv[1])
thread = threading.Thread(target=__import__, args=("pandas",))
thread.start()
while "pandas" not in sys.modules:
    pass
assert client.get("/_dash-layout").status_code == 200
thread.join()
"""
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, check=True, timeout=120)


def test_a_failure_of_our_own_is_a_sentence_too(app, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(app.server.extensions[EXTENSION].library, "integrity", broken)
    response = app.server.test_client().get("/sessions/handmade/meta")
    assert response.status_code == 500
    assert response.json["error"] == "The server failed at this request: its terminal has the details."


ROOT = Path(__file__).parents[2]
READABLE = "/ /sessions /sessions/handmade/meta /sessions/handmade/frames?start=0&stop=1 /record/x"
ADDRESSES = f"{READABLE} /_dash-layout /assets/boot.js /assets/style.css /no/such/thing".split()


@pytest.mark.parametrize("address", ADDRESSES)
def test_the_guard_stands_before_every_route(reader_client, address):
    assert reader_client.get(address, headers={"Host": "rebound.example:8050"}).status_code == 400
    assert reader_client.get(address, headers={"Origin": "http://evil.example"}).status_code == 403
    headers = reader_client.get(address, buffered=True).headers
    assert "script-src 'self' 'sha256-" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_a_foreign_post_changes_nothing(client):
    response = client.post("/record", json={"prompt": "x"}, headers={"Origin": "null"})
    assert response.status_code == 403


def test_the_guard_on_a_real_socket(app):
    server = make_server("127.0.0.1", 0, app.server, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        address = f"http://127.0.0.1:{server.port}/sessions/x/meta"
        answers = [
            requests.get(address, headers=headers, timeout=120)
            for headers in ({}, {"Host": "evil.example"}, {"Origin": "http://evil.example"})
        ]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert [answer.status_code for answer in answers] == [404, 400, 403]
    assert all(answer.json()["error"] for answer in answers)


def test_a_new_allowed_name(tmp_path):
    client = create_app(tmp_path, allow_hosts=["mri.lan"]).server.test_client()
    assert client.get("/", headers={"Host": "mri.lan:8050"}).status_code == 200
    assert client.get("/", headers={"Host": "lan"}).status_code == 400


def test_two_apps_do_not_share_callbacks(app, tmp_path):
    other = create_app(tmp_path / "other")
    count = [len(each.server.test_client().get("/_dash-dependencies").json) for each in (app, other)]
    assert count[0] == count[1] > 0


def test_unsealed_sessions_are_sealed_in_the_background(tmp_path, handmade_session):
    folder = handmade_session(tmp_path, seal=False)
    assert folder.is_dir()
    client = create_app(tmp_path).server.test_client()
    client.get("/sessions/handmade/meta")
    deadline = time.monotonic() + 30
    while not (tmp_path / "handmade.h5").exists() or folder.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert client.get("/sessions/handmade/meta").json["num_steps"] == 5
