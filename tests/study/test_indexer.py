"""The background index: it follows the folder, keeps its file, rests."""

import time

import numpy as np
import pytest

from mri.format.config import TraceConfig
from mri.format.run import Model, Run
from mri.store.library import Library
from mri.study import indexer as module
from mri.study.indexer import FOLDER, Indexer
from mri.study.moments import MomentIndex
from tests.conftest import write_random_session

KEY = "block.0.mlp_out"
CONFIG = TraceConfig(prefill="stepwise")


def hash_of(weights):
    return Run(Model(weights)).hash


def write(folder, name, seed, weights="abc", **more):
    provenance = {"weights_hash": weights}
    write_random_session(folder, session_id=name, seed=seed, config=CONFIG, provenance=provenance, **more)


@pytest.fixture
def indexer(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "LOOK_EVERY_S", 0.02)
    indexer = Indexer(Library(tmp_path))
    yield indexer
    indexer.close()


def until(indexer, condition, deadline_s=60):
    deadline = time.monotonic() + deadline_s
    while not condition(progress := indexer.want(hash_of("abc"))):
        assert time.monotonic() < deadline, progress
        time.sleep(0.01)
    return progress


def sessions_in(indexer):
    return {moment.session for neuron in range(16) for moment in indexer.strongest(hash_of("abc"), KEY, neuron)}


def test_it_reads_sessions_of_the_same_weights_and_those_that_come(indexer, tmp_path):
    write(tmp_path, "one", 1)
    write(tmp_path, "foreign", 2, weights="other")
    write_random_session(tmp_path, session_id="nameless", seed=3)
    write(tmp_path, "open", 4, seal=False)
    progress = until(indexer, lambda p: p.done == p.all == 1)
    assert progress.values > 0
    assert sessions_in(indexer) == {"one"}
    write(tmp_path, "two", 5)
    until(indexer, lambda p: p.done == p.all == 2)
    assert sessions_in(indexer) == {"one", "two"}
    assert indexer.distribution(hash_of("abc"), KEY, 0)[1] == 16


def test_sessions_that_say_their_file_are_of_its_weights(indexer, tmp_path):
    """As recorded until 2026-11: any session that knows both tells which weights the file holds."""
    write(tmp_path, "older", 1, weights="file")
    write(tmp_path, "changed", 2, weights="other")
    until(indexer, lambda p: p.all == 0)
    assert {info.id for info in indexer.sessions_of(hash_of("file"))} == {"older"}
    write_random_session(
        tmp_path, session_id="newer", seed=3, config=CONFIG, provenance={"weights_hash": "abc", "file_hash": "file"}
    )
    until(indexer, lambda p: p.done == p.all == 2)
    assert sessions_in(indexer) == {"older", "newer"}
    for weights_hash in ("abc", "file"):
        assert {info.id for info in indexer.sessions_of(hash_of(weights_hash))} == {"older", "newer"}
        assert indexer.distribution(hash_of(weights_hash), KEY, 0)[1] == 16
    assert indexer.want(hash_of("file")).done == 2
    assert indexer.strongest(hash_of("file"), KEY, 0) == indexer.strongest(hash_of("abc"), KEY, 0)
    assert {info.id for info in indexer.sessions_of(hash_of("other"))} == {"changed"}


def test_a_deleted_session_goes_and_a_new_server_reads_the_file(indexer, tmp_path):
    write(tmp_path, "one", 1)
    write(tmp_path, "two", 2)
    until(indexer, lambda p: p.done == p.all == 2)
    indexer.close()
    (path,) = (tmp_path / FOLDER).iterdir()
    assert [*MomentIndex.load(path, hash_of("abc")).sessions] == ["one", "two"]
    again = Indexer(Library(tmp_path))
    progress = until(again, lambda p: p.done == p.all == 2)
    assert progress.values == 0, "nothing had to be read again"
    Library(tmp_path).delete("one")
    until(again, lambda p: p.done == p.all == 1)
    assert sessions_in(again) == {"two"}
    again.close()


def test_indexes_that_no_session_needs_any_more_go(indexer, tmp_path):
    write(tmp_path, "one", 1)
    write(tmp_path, "other", 2, weights="other")
    (tmp_path / FOLDER).mkdir()
    former = tmp_path / FOLDER / f"{'0' * 32}.npz"  # as it was named by the weights alone
    former.write_bytes(b"x")
    indexer.want(hash_of("other"))
    until(indexer, lambda p: p.done == p.all == 1)
    deadline = time.monotonic() + 60
    while former.exists() or len([*(tmp_path / FOLDER).glob("*.npz")]) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_session_that_cannot_be_read_is_named_and_the_others_are_read(indexer, tmp_path):
    write(tmp_path, "good", 1)
    write(tmp_path, "bad", 2)
    path = tmp_path / "bad.h5"
    blob = bytearray(path.read_bytes())
    blob[len(blob) // 3 : len(blob) // 3 + 9000] = np.random.default_rng(0).bytes(9000)
    path.write_bytes(blob)
    until(indexer, lambda p: p.done == p.all > 0)
    assert "good" in sessions_in(indexer)


def test_it_rests_when_nobody_asks(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "LOOK_EVERY_S", 0.01)
    monkeypatch.setattr(module, "REST_AFTER_S", 0.05)
    indexer = Indexer(Library(tmp_path))
    indexer.want(hash_of("abc"))
    thread = indexer._thread
    thread.join(30)
    assert not thread.is_alive()
    write(tmp_path, "one", 1)
    until(indexer, lambda p: p.done == p.all == 1)
    indexer.close()


def test_a_hash_never_becomes_a_path(indexer, tmp_path):
    evil = "../../evil"
    write(tmp_path, "one", 1, weights=evil)
    deadline = time.monotonic() + 60
    while indexer.want(hash_of(evil)).done < 1:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    indexer.close()
    assert not list(tmp_path.parent.rglob("evil*"))
    assert len([*(tmp_path / FOLDER).iterdir()]) == 1
