"""Why on demand over HTTP, from the real worker: what it answers is what the same weights give here."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from flask.testing import FlaskClient

import mri
from mri.capture.watch import watch
from mri.export.trace import Trace
from mri.format.wire import views_from_bytes
from mri.web.server import create_app
from mri.web.services import EXTENSION
from tests.capture.forks import greedy

LIST = "red, blue, green, red, blue,"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sessions")


@pytest.fixture(scope="module")
def trace(folder: Path) -> Trace:
    return mri.record(LIST, temperature=0, max_new_tokens=3, sessions=folder)


@pytest.fixture(scope="module")
def asked(folder: Path, trace: Trace) -> Iterator[FlaskClient]:
    app = create_app(folder)
    yield app.server.test_client()
    app.server.extensions[EXTENSION].worker.close()


def answer(client: FlaskClient, address: str) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    deadline = time.monotonic() + 120
    while (response := client.get(address)).status_code == 202:
        assert set(response.json) == {"status", "message", "done", "of"}
        assert time.monotonic() < deadline, response.json
        time.sleep(0.02)
    assert response.status_code == 200, response.json
    return views_from_bytes(response.data)


def test_a_window_of_why(asked: FlaskClient, trace: Trace) -> None:
    at = f"/sessions/{trace.session.id}/why"
    header, arrays = answer(asked, f"{at}?start=10&stop=99")
    assert (header["start"], header["stop"]) == (10, trace.num_steps)
    ledger = trace.ledger(11, against=int(arrays["against_ids"][1]))
    np.testing.assert_allclose(arrays["parts"][1], ledger.logit, rtol=0, atol=1e-4)
    lens = trace.lens(11)
    rival = trace.lens(11, token=int(arrays["against_ids"][1]))
    np.testing.assert_allclose(arrays["lens_exit"][1], lens.exit_logit - rival.exit_logit, rtol=0, atol=1e-3)
    captured = trace.frame(11).arrays
    np.testing.assert_array_equal(arrays["stream_ids"][1], captured["lens/top_ids"])
    np.testing.assert_allclose(arrays["stream_probs"][1], captured["lens/top_probs"], rtol=0, atol=1e-4)
    known = trace.reader.token_bytes
    for token_id in np.unique(arrays["exit_ids"]):
        assert (int(token_id) in known) != (str(token_id) in header["texts"])
    _, other = answer(asked, f"{at}?start=11&stop=12&token=5&against=6")
    assert (other["token_ids"].tolist(), other["against_ids"].tolist()) == ([5], [6])


def test_a_sweep_is_asked_for_and_then_there(asked: FlaskClient, trace: Trace) -> None:
    at = f"/sessions/{trace.session.id}/sweep"
    missing = asked.get(f"{at}?step=11&kind=ablate")
    assert missing.status_code == 404
    assert "POST here first" in missing.json["error"]
    assert asked.post(at, json={"step": 11, "kind": "ablate"}).status_code in (200, 202)
    _, arrays = answer(asked, f"{at}?step=11&kind=ablate")
    assert asked.post(at, json={"step": 11, "kind": "ablate"}).status_code == 200
    found = trace.sweep(11)
    ids = arrays["token_ids"].tolist()
    pair = [ids.index(found.attrs[name]) for name in ("token_id", "against_id")]
    lost = (arrays["before"][:, None] - arrays["after"].T)[pair[0]] - (arrays["before"][:, None] - arrays["after"].T)[
        pair[1]
    ]
    np.testing.assert_allclose(lost, found.lost, rtol=0, atol=1e-3)
    np.testing.assert_allclose(arrays["bits_after"] - arrays["bits_before"], found.bits, rtol=0, atol=1e-4)


def test_a_patch_and_a_knockout_are_asked_for_and_then_there(asked: FlaskClient, folder: Path, trace: Trace) -> None:
    other = mri.record("red, blue, gold, red, blue,", temperature=0, max_new_tokens=3, sessions=folder)
    at = f"/sessions/{trace.session.id}/sweep"
    for kind, rest in (("patch", {"base": other.session.id}), ("knockout", {})):
        assert asked.post(at, json={"step": 11, "kind": kind, **rest}).status_code in (200, 202)
        query = "&".join(f"{name}={value}" for name, value in {"step": 11, "kind": kind, **rest}.items())
        header, arrays = answer(asked, f"{at}?{query}")
        found = trace.sweep(11, kind, base=other if rest else None)
        name = "restored" if kind == "patch" else "lost"
        np.testing.assert_allclose(arrays[name].ravel(), found[name], rtol=0, atol=1e-3)
        if kind == "patch":
            assert header["approximate"] is False
            assert arrays["partners"].tolist() == found.base_position[:12].tolist()


@pytest.mark.parametrize(
    ("method", "rest", "status", "words"),
    [
        ("get", "why?start=0", 400, "stop='' must be a whole number"),
        ("get", "why?start=99&stop=100", 404, "name none of them"),
        ("get", "why?start=0&stop=1&token=x", 400, "token='x'"),
        ("get", "why?start=0&stop=1&token=2047&against=2048", 400, "no token 2048: ids go from 0 to 2047"),
        ("post", {"step": 0, "token": 10**30}, 400, "no token 1000"),
        ("get", "sweep?step=0&kind=gradient", 400, "no sweep 'gradient'"),
        ("get", "sweep?step=0&kind=patch", 400, "Name the other session"),
        ("post", {"step": 0, "kind": "patch"}, 400, "Name the other session"),
        ("get", "sweep?step=0&kind=patch&base=gone", 404, "gone"),
        ("post", {"step": 0, "kind": ["patch"]}, 400, "are texts"),
        ("post", {"kind": "ablate"}, 400, "send its step"),
        ("post", {"step": 0, "token": " green"}, 400, "by its id"),
        ("post", {"step": 99}, 404, "no step 99"),
    ],
)
def test_what_is_asked_wrongly_is_a_sentence(
    asked: FlaskClient, trace: Trace, method: str, rest: Any, status: int, words: str
) -> None:
    at = f"/sessions/{trace.session.id}"
    response = asked.get(f"{at}/{rest}") if method == "get" else asked.post(f"{at}/sweep", json=rest)
    assert (response.status_code, words in response.json["error"]) == (status, True), response.json


def test_a_recording_without_its_weights_is_refused(reader_client: FlaskClient) -> None:
    response = reader_client.get("/sessions/handmade/why?start=0&stop=1")
    assert response.status_code == 400
    assert "does not say which weights" in response.json["error"]


def test_a_recording_of_other_weights_is_refused_with_the_cure(asked: FlaskClient, folder: Path) -> None:
    golden = Path(__file__).parents[1] / "golden" / "E5"
    other = mri.record("ab", model=golden, max_new_tokens=1, sessions=folder)
    deadline = time.monotonic() + 60
    while (response := asked.get(f"/sessions/{other.session.id}/why?start=0&stop=1")).status_code == 202:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert response.status_code == 400
    assert "start the server with --model" in response.json["error"]


def test_a_server_with_another_model_explains_what_the_embedded_one_wrote(folder: Path, trace: Trace) -> None:
    golden = Path(__file__).parents[1] / "golden" / "E5"
    other = mri.record("ab", model=golden, max_new_tokens=2, sessions=folder)
    app = create_app(folder, golden)
    try:
        for each in (trace, other):
            _, arrays = answer(app.server.test_client(), f"/sessions/{each.session.id}/why?start=1&stop=2")
            ledger = each.ledger(1, against=int(arrays["against_ids"][0]))
            np.testing.assert_allclose(arrays["parts"][0], ledger.logit, rtol=0, atol=1e-4)
    finally:
        app.server.extensions[EXTENSION].worker.close()


def test_a_watched_recording_is_explained_by_a_checkpoint_of_the_same_weights(asked: FlaskClient, folder: Path) -> None:
    loaded = mri.load_model(device="cpu")
    ids = loaded.tokenizer.encode(LIST)
    with watch(loaded.model, tokenizer=loaded.tokenizer._encoding, sessions=folder) as scan, torch.inference_mode():
        for _ in greedy(loaded.model, ids, 3):
            pass
    assert scan.path is not None
    header, arrays = answer(asked, f"/sessions/{scan.path.stem}/why?start=0&stop=9")
    watched = mri.open_trace(scan.path)
    assert header["stop"] == watched.num_steps
    parts = watched.ledger(1, token=int(arrays["token_ids"][1]), against=int(arrays["against_ids"][1]))
    np.testing.assert_allclose(arrays["parts"][1], parts.logit, rtol=0, atol=1e-4)
