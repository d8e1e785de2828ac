"""Checksums are compared once for each file, in the background; what does not fit is withdrawn."""

from __future__ import annotations

import os
import time

import h5py
import pytest

from mri.errors import BadSession, SessionNotFound
from mri.format.config import TraceConfig
from mri.format.events import TraceSession
from mri.store import integrity as module
from mri.store.library import Library
from mri.store.writer import SessionWriter
from tests.conftest import random_layout


@pytest.fixture
def library(tmp_path):
    return Library(tmp_path)


def settled(library, session_id):
    while (state := library.integrity(session_id)) == "checking":
        time.sleep(0.001)
    return state


def damage(path):
    """One number is another one, in a new file under the old name."""
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content)
    with h5py.File(path, "r+") as file:
        file["attention/entropy"][2, 0, 0] += 1


def test_each_file_is_read_once_as_it_is(library, tmp_path, handmade_session, monkeypatch):
    path = handmade_session(tmp_path)
    read = []
    whole = module.open_session
    monkeypatch.setattr(module, "open_session", lambda session: read.append(session) or whole(session))
    assert settled(library, "handmade") == "right"
    assert settled(library, "handmade") == "right"
    assert read == [path]
    damage(path)
    assert settled(library, "handmade") == f"damaged: /attention/entropy in {path} is damaged: restore a copy."
    assert read == [path, path]


def test_what_is_damaged_is_withdrawn(library, tmp_path, handmade_session):
    path = handmade_session(tmp_path)
    damage(path)
    reader = library.open("handmade")  # not looked at yet: shown, and looked at from now on
    assert reader.num_steps == 5
    sentence = settled(library, "handmade").removeprefix("damaged: ")
    for ask in (library.open, library.open):
        with pytest.raises(BadSession, match=r"/attention/entropy in .* is damaged"):
            ask("handmade")
    (info,) = library.list()
    assert (info.state, info.error) == ("broken", sentence)


def test_a_whole_dataset_that_is_gone_is_found(library, tmp_path, handmade_session):
    for name in ("attention/entropy", "logits/logsumexp", "topk/8/bound", "tokens/ids", "steps/phase", "stats"):
        path = handmade_session(tmp_path)
        with h5py.File(path, "r+") as file:
            del file[name]
        with pytest.raises(BadSession, match=name.removeprefix("tokens/")):
            library.open("handmade").verify()
        path.unlink()


def test_an_unsealed_session_is_looked_at_and_a_running_one_is_right(library, tmp_path, handmade_session):
    folder = handmade_session(tmp_path, seal=False)
    assert settled(library, "handmade") == "right"
    journal = folder / "frames.journal"
    journal.write_bytes(journal.read_bytes()[:-300])
    assert settled(library, "handmade").startswith("damaged: ")
    assert "has 4 of 5 steps" in settled(library, "handmade")
    assert library.open("handmade").num_steps == 4  # what is whole can be read
    with SessionWriter(tmp_path, TraceSession("now", random_layout(1, 4, 1, TraceConfig()))) as writer:
        assert library.integrity("now") == "right"
        writer.finish("stopped", seal=False)
    with pytest.raises(SessionNotFound):
        library.integrity("nothing")


def test_a_file_that_goes_while_it_is_read_is_no_damage(library, tmp_path, handmade_session, monkeypatch):
    path = handmade_session(tmp_path)

    def gone(session):
        os.unlink(session)
        raise BadSession("it went")

    monkeypatch.setattr(module, "open_session", gone)
    assert library.integrity("handmade") == "checking"
    while path.exists():
        time.sleep(0.001)
    with pytest.raises(SessionNotFound):
        library.integrity("handmade")


def test_a_fault_of_ours_is_told_as_one(library, tmp_path, handmade_session, monkeypatch, caplog):
    handmade_session(tmp_path)
    monkeypatch.setattr(module, "open_session", lambda session: 1 / 0)
    assert "could not be checked (ZeroDivisionError)" in settled(library, "handmade")
    assert "ZeroDivisionError" in caplog.text
