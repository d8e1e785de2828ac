"""The web app: routes, errors as sentences, the guard in front of all of it."""

import math
import sys
import threading
import time
from pathlib import Path

import pytest
import requests
from werkzeug.serving import make_server

from mri.analysis.saliency import attention_mass
from mri.config import TraceConfig
from mri.live.worker import GenerationWorker
from mri.routes import _version
from mri.server import create_app
from mri.store.reader import open_session
from mri.store.seal import seal
from mri.ui.services import EXTENSION
from mri.wire import KIND_FRAME, frame_from_bytes, iter_records, views_from_bytes
from tests.conftest import write_handmade_session

FAKE_WORKER = [sys.executable, str(Path(__file__).parent / "live" / "fake_worker.py")]


@pytest.fixture
def app(tmp_path):
    app = create_app(tmp_path, worker=GenerationWorker(tmp_path, None, program=FAKE_WORKER, max_waiting=1))
    yield app
    app.server.extensions[EXTENSION].worker.close()


@pytest.fixture
def client(app):
    return app.server.test_client()


@pytest.fixture
def handmade(tmp_path, handmade_session):
    return handmade_session(tmp_path)


@pytest.fixture(scope="module")
def sessions_folder(tmp_path_factory):
    """For tests that change nothing: one finished session, "handmade"."""
    folder = tmp_path_factory.mktemp("sessions")
    write_handmade_session(folder)
    return folder


@pytest.fixture(scope="module")
def reader_client(sessions_folder):
    return create_app(sessions_folder).server.test_client()


def frames_of(response):
    records = list(iter_records(response.data))
    assert sum(record.end - record.offset for record in records) == len(response.data)
    assert {record.kind for record in records} == {KIND_FRAME}
    return [frame_from_bytes(record.payload) for record in records]


def test_pages_are_served(client):
    for address in ("/", "/sessions", "/_dash-layout", "/_dash-dependencies"):
        assert client.get(address).status_code == 200, address


def test_bootstrap_comes_from_this_server(client):
    page = client.get("/").text
    assert "/bootstrap/static/css/bootstrap.min.css" in page
    assert "https://" not in page
    assert client.get("/bootstrap/static/css/bootstrap.min.css", buffered=True).mimetype == "text/css"


def test_meta(reader_client):
    meta = reader_client.get("/sessions/handmade/meta").json
    assert meta["num_steps"] == 5
    assert meta["name"] == "Handmade"
    assert meta["session"]["layout"]["n_layer"] == 2
    assert meta["groups"]["topk/8"][0] == "embed.resid0"
    assert meta["sampled"] == {}


def test_a_journal_that_was_sealed_while_it_was_read_has_no_version_yet(tmp_path):
    with open_session(write_handmade_session(tmp_path, seal=False)) as reader:
        assert _version(reader) == ""
        seal(reader.path)
        assert not reader.path.exists()
        assert _version(reader) == ""


def test_meta_lists_sampled_neurons(client, tmp_path, random_session):
    random_session(tmp_path, n_embd=16, config=TraceConfig(capture_mode="sampled", sample_stride=5))
    assert client.get("/sessions/random/meta").json["sampled"] == {"16": [0, 5, 10, 15]}


def test_tokens(reader_client):
    tokens = reader_client.get("/sessions/handmade/tokens").json
    assert tokens["sequence"] == [0, 26, 1, 2, 3, 4]
    assert tokens["text"]["0"] == "a"
    assert tokens["text"]["26"] == " "
    assert tokens["text"]["29"] == "<|bos|>"
    assert tokens["special"] == [29]
    assert tokens["steps"] == {
        "pos0": [0, 1, 2, 3, 4], "t_add": [1] * 5, "phase": ["prefill"] * 3 + ["decode"] * 2,
        "chosen_id": [-1, -1, 2, 3, 4], "forced": [False] * 5,
    }  # fmt: skip


def test_frames_are_the_stores_own_records(reader_client, sessions_folder):
    response = reader_client.get("/sessions/handmade/frames?start=0&stop=64")
    assert response.mimetype == "application/octet-stream"
    with open_session(sessions_folder / "handmade.h5") as reader:
        assert response.data == reader.records(0, 5)
    frames = frames_of(response)
    assert [frame.step for frame in frames] == [0, 1, 2, 3, 4]
    assert frames[3].arrays["tokens"].tolist() == [2]


def test_frames_over_several_pieces(client, tmp_path, random_session):
    path = random_session(tmp_path, num_steps=40)
    response = client.get("/sessions/random/frames?start=3&stop=39")
    with open_session(path) as reader:
        assert response.data == reader.records(3, 39)


def test_a_finished_sessions_frames_may_be_kept_for_ever(reader_client):
    version = reader_client.get("/sessions/handmade/meta").json["version"]
    response = reader_client.get(f"/sessions/handmade/frames?start=0&stop=3&v={version}")
    assert "immutable" in response.headers["Cache-Control"]
    plain = reader_client.get("/sessions/handmade/frames?start=0&stop=3")
    assert plain.headers["Cache-Control"] == "private, no-cache"  # a demo of the same name may be recorded anew
    again = reader_client.get(
        "/sessions/handmade/frames?start=0&stop=3", headers={"If-None-Match": plain.headers["ETag"]}
    )
    assert (again.status_code, again.data) == (304, b"")


def test_a_sessions_frames_while_it_is_not_sealed(client, tmp_path, handmade_session):
    handmade_session(tmp_path, seal=False)
    response = client.get("/sessions/handmade/frames?start=0&stop=3")
    assert len(frames_of(response)) == 3


def test_frames_are_compressed_for_who_asks(reader_client):
    plain = reader_client.get("/sessions/handmade/frames?start=0&stop=3")
    small = reader_client.get("/sessions/handmade/frames?start=0&stop=3", headers={"Accept-Encoding": "gzip, br, zstd"})
    assert small.headers["Content-Encoding"] in ("br", "zstd")
    assert len(small.data) < len(plain.data)


def test_series_are_one_blob_over_all_steps(reader_client, sessions_folder):
    response = reader_client.get("/sessions/handmade/series?stat=p99")
    header, arrays = views_from_bytes(response.data)
    assert header == {"stat": "p99", "every": 1, "num_steps": 5}
    with open_session(sessions_folder / "handmade.h5") as reader:
        assert arrays["points"].tolist() == reader.column("stats", slice(None), 6).T.tolist()
    assert arrays["entropy"].tolist() == [1.25] * 5
    assert arrays["surprise"].tolist() == pytest.approx([0.5 / math.log(2)] * 5)
    assert response.headers["Cache-Control"] == "private, no-cache"
    version = reader_client.get("/sessions/handmade/meta").json["version"]
    kept = reader_client.get(f"/sessions/handmade/series?stat=p99&v={version}")
    assert "immutable" in kept.headers["Cache-Control"]
    again = reader_client.get("/sessions/handmade/series?stat=p99", headers={"If-None-Match": kept.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/sessions/nobody/series", 404),
        ("/sessions/nobody/saliency?step=0", 404),
        ("/sessions/handmade/saliency", 400),
        ("/sessions/handmade/saliency?step=5", 404),
        ("/sessions/handmade/attribution?step=1", 404),
        ("/sessions/handmade/series?stat=median", 400),
        ("/sessions/nobody/meta", 404),
        ("/sessions/nobody/tokens", 404),
        ("/sessions/nobody/frames?start=0&stop=1", 404),
        ("/sessions/a.b/meta", 404),
        ("/sessions/%2e%2e/meta", 404),
        ("/sessions/" + "a" * 65 + "/meta", 404),
        ("/sessions/handmade/frames", 400),
        ("/sessions/handmade/frames?start=0", 400),
        ("/sessions/handmade/frames?start=-1&stop=1", 400),
        ("/sessions/handmade/frames?start=1&stop=1", 400),
        ("/sessions/handmade/frames?start=0&stop=513", 400),
        ("/sessions/handmade/frames?start=0&stop=1e3", 400),
        ("/sessions/handmade/frames?start=" + "9" * 400 + "&stop=1", 400),
        ("/sessions/handmade/frames?start=5&stop=6", 404),
        ("/record/nobody", 404),
    ],
)
def test_bad_requests_get_one_sentence(reader_client, address, status):
    response = reader_client.get(address)
    assert response.status_code == status
    assert list(response.json) == ["error"]
    assert response.json["error"].endswith(".")
    assert "Traceback" not in response.text


def test_a_broken_session_is_a_sentence(client, handmade):
    handmade.write_bytes(handmade.read_bytes()[:2000])
    response = client.get("/sessions/handmade/meta")
    assert response.status_code == 422
    assert response.json["error"].endswith(".")


def wait_until_over(client, session_id, deadline_s=60):
    deadline = time.monotonic() + deadline_s
    while (status := client.get(f"/record/{session_id}").json)["state"] in ("queued", "running"):
        assert time.monotonic() < deadline, status
        time.sleep(0.01)
    return status


def test_recording(client):
    response = client.post("/record", json={"prompt": "Once", "max_new_tokens": 2, "preset": "light"})
    assert response.status_code == 202
    status = wait_until_over(client, response.json["id"])
    assert (status["state"], status["text"], status["max_steps"]) == ("finished", "ab ab ", 2)


def test_attention_mass_of_a_step(reader_client, sessions_folder):
    answer = reader_client.get("/sessions/handmade/saliency?step=3")
    with open_session(sessions_folder / "handmade.h5") as reader:
        expected = attention_mass(reader, 3)
    assert answer.json == {"weights": expected.weights.tolist(), "exact": True, "note": ""}
    version = reader_client.get("/sessions/handmade/meta").json["version"]
    kept = reader_client.get(f"/sessions/handmade/saliency?step=3&v={version}")
    assert "immutable" in kept.headers["Cache-Control"]


def test_gradients_are_computed_by_the_worker(client, tmp_path, random_session):
    path = random_session(tmp_path, provenance={"weights_hash": "abc"})
    asked = client.post("/sessions/random/attribution", json={"step": 2})
    assert (asked.status_code, asked.json["status"]) == (202, "running")
    deadline = time.monotonic() + 60
    while (answer := client.get("/sessions/random/attribution?step=2").json)["status"] == "running":
        assert time.monotonic() < deadline
        time.sleep(0.01)
    with open_session(path) as reader:
        assert answer["signed"] == [0.5 * token_id for token_id in reader.token_ids()[:6]]
    again = client.post("/sessions/random/attribution", json={"step": 2})
    assert (again.status_code, again.json) == (200, answer)


@pytest.mark.parametrize("body", ["{", "[]", "{}", '{"step": "2"}', '{"step": true}', '{"step": 99}', '{"step": -1}'])
def test_bad_requests_for_gradients_get_one_sentence(client, handmade, body):
    answer = client.post("/sessions/handmade/attribution", data=body, content_type="application/json")
    assert answer.status_code in (400, 404)
    assert list(answer.json) == ["error"]


def test_a_recording_can_be_stopped(client):
    session_id = client.post("/record", json={"prompt": "hang", "max_new_tokens": 2}).json["id"]
    assert client.post(f"/record/{session_id}/stop").status_code == 200
    assert wait_until_over(client, session_id)["message"] == "stopped"


def test_a_full_queue_is_a_sentence(client):
    ids = [client.post("/record", json={"prompt": "hang", "max_new_tokens": 1}).json["id"] for _ in range(2)]
    assert len(set(ids)) == 2
    response = client.post("/record", json={"prompt": "x"})
    assert (response.status_code, list(response.json)) == (503, ["error"])
    for session_id in reversed(ids):
        client.post(f"/record/{session_id}/stop")


@pytest.mark.parametrize(
    "body", ["", "[]", "{}", '{"prompt": "", "chat": true}', '{"prompt": "x", "preset": "?"}', "{"]
)
def test_a_bad_recording_is_refused(client, body):
    response = client.post("/record", data=body, content_type="application/json")
    assert response.status_code == 400
    assert response.json["error"]


def test_json_without_end_is_refused(client):
    answer = client.post("/record", data="[" * 20_000, content_type="application/json")
    assert answer.status_code == 400
    assert "nested too deeply" in answer.json["error"]


def test_a_form_of_another_site_cannot_record(client):
    response = client.post("/record", data={"prompt": "x"})
    assert response.status_code == 415


def test_too_large_a_request_is_refused(client):
    response = client.post("/record", data=b'"' + b"x" * (3 << 20) + b'"', content_type="application/json")
    assert response.status_code == 413


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


@pytest.mark.parametrize(
    "address", ["/sessions/handmade", "/sessions/handmade/nothing", "/record/x/y/z", "/record/", "/assets/none.js",
                "/_dash-component-suites/none/none.js"]
)  # fmt: skip
def test_an_unknown_address_of_data_is_a_sentence(reader_client, address):
    response = reader_client.get(address)
    assert response.status_code == 404
    assert response.json["error"] == "There is nothing at this address: see docs/architecture.md for those that exist."


@pytest.mark.parametrize(
    ("method", "address", "sent", "status", "words"),
    [
        ("POST", "/record", {"data": "{", "content_type": "application/json"}, 400, "is no valid JSON: send"),
        ("POST", "/record", {"data": "x"}, 415, "is not marked as JSON: send it with the header Content-Type"),
        ("POST", "/record", {"data": b" " * (3 << 20), "content_type": "application/json"}, 413,
         "is larger than 2,097,152 bytes: send less"),
        ("PUT", "/record", {}, 405, "The method PUT is not for this address: use POST"),
        ("DELETE", "/", {}, 405, "The method DELETE is not for this address: use GET"),
    ],
)  # fmt: skip
def test_what_http_refuses_is_a_fact_and_a_cure(reader_client, method, address, sent, status, words):
    response = reader_client.open(address, method=method, **sent)
    assert response.status_code == status
    assert words in response.json["error"]
    assert response.json["error"].endswith(".")


def test_a_failure_of_our_own_is_a_sentence_too(app, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(app.server.extensions[EXTENSION].library, "open", broken)
    response = app.server.test_client().get("/sessions/handmade/meta")
    assert response.status_code == 500
    assert response.json["error"] == "The server failed at this request: its terminal has the details."


ADDRESSES = [
    "/", "/sessions", "/sessions/handmade/meta", "/sessions/handmade/frames?start=0&stop=1", "/record/x",
    "/_dash-layout", "/assets/boot.js", "/bootstrap/static/css/bootstrap.min.css", "/no/such/thing",
]  # fmt: skip


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
