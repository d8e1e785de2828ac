"""A session's metadata, tokens, frames and what is computed of them, over HTTP."""

import math
import time

import numpy as np
import pytest

from mri.format.config import TraceConfig
from mri.format.wire import KIND_FRAME, frame_from_bytes, iter_records, views_from_bytes
from mri.measure.saliency import attention_mass
from mri.store.opening import open_session
from mri.store.seal import seal
from mri.web.routes import sessions as module
from mri.web.routes.sessions import _version
from tests.conftest import write_handmade_session, write_random_session


@pytest.fixture
def handmade(tmp_path, handmade_session):
    return handmade_session(tmp_path)


def frames_of(response):
    records = list(iter_records(response.data))
    assert sum(record.end - record.offset for record in records) == len(response.data)
    assert {record.kind for record in records} == {KIND_FRAME}
    return [frame_from_bytes(record.payload) for record in records]


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
        "pos0": [0, 1, 2, 3, 4],
        "t_add": [1] * 5,
        "phase": ["prefill"] * 3 + ["decode"] * 2,
        "chosen_id": [-1, -1, 2, 3, 4],
        "forced": [False] * 5,
    }


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
    assert header == {"stat": "p99", "every": 1, "num_steps": 5, "first_odd": None}
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


def test_series_have_what_a_training_script_added(reader_client, sessions_folder):
    write_random_session(sessions_folder, session_id="trained", num_steps=4, extras=True)
    header, arrays = views_from_bytes(reader_client.get("/sessions/trained/series").data)
    assert header["extra"] == ["loss"]
    np.testing.assert_array_equal(arrays["extra/0/values"], np.float32([4, 2, np.nan, 1]))
    assert arrays["extra/0/present"].tolist() == [1, 1, 1, 1]


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


def test_attention_mass_of_a_step(reader_client, sessions_folder):
    answer = reader_client.get("/sessions/handmade/saliency?step=3")
    with open_session(sessions_folder / "handmade.h5") as reader:
        expected = attention_mass(reader, 3)
    assert answer.json == {
        "weights": expected.weights.tolist(),
        "exact": False,
        "most_off": expected.most_off,
        "note": expected.note,
    }
    assert 0 < expected.most_off < 1e-3
    version = reader_client.get("/sessions/handmade/meta").json["version"]
    kept = reader_client.get(f"/sessions/handmade/saliency?step=3&v={version}")
    assert "immutable" in kept.headers["Cache-Control"]


def test_attention_mass_that_was_not_captured_is_refused_with_what_to_record(client, tmp_path, random_session):
    random_session(tmp_path)
    answer = client.get("/sessions/random/saliency?step=4")
    assert (answer.status_code, answer.json["weights"]) == (200, None)
    assert "read in one pass: record it token by token" in answer.json["note"]


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


def test_attention_mass_has_a_bound(reader_client, monkeypatch):
    monkeypatch.setattr(module, "MOST_SALIENCY_CELLS", 2 * 3**2)  # of two blocks
    assert reader_client.get("/sessions/handmade/saliency?step=2").status_code == 200
    refused = reader_client.get("/sessions/handmade/saliency?step=3")
    assert refused.status_code == 400
    assert "over 4 tokens is too much" in refused.json["error"]
    assert reader_client.get("/sessions/handmade/saliency?step=99").status_code == 404
