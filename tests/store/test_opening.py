"""Readers that stay open: as long as they are used, and no longer than their files are there."""

from __future__ import annotations

import os
import shutil
import threading
import time

import h5py
import numpy as np
import pytest

from mri.store.library import Library
from mri.store.seal import seal as seal_here
from tests.conftest import stored_bytes


@pytest.fixture
def library(tmp_path):
    return Library(tmp_path)


def test_open_keeps_the_reader_until_the_session_is_sealed(library, tmp_path, handmade_session):
    handmade_session(tmp_path, seal=False)
    reader = library.open("handmade")
    assert library.open("handmade") is reader
    frame = stored_bytes(reader, 3)
    assert library.seal_unsealed() == {}
    sealed = library.open("handmade")
    assert sealed is not reader
    assert sealed.path.suffix == ".h5"
    assert stored_bytes(sealed, 3) == stored_bytes(reader, 3) == frame  # the old one still reads what it had open
    assert library.list()[0].state == "finished"


def test_asking_while_sessions_are_sealed_never_fails(library, tmp_path, handmade_session):
    """Sealing takes the folder away between two looks at it."""
    for i in range(6):
        handmade_session(tmp_path, f"s{i}", seal=False)
    errors, is_over = [], threading.Event()

    def ask() -> None:
        while not is_over.is_set():
            for i in range(6):
                try:
                    assert library.open(f"s{i}").frame(4).step == 4
                    assert library.info(f"s{i}").num_steps == 5
                    library.integrity(f"s{i}")
                except BaseException as error:
                    errors.append(error)
                    raise

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for i in range(6):
        seal_here(tmp_path / f"s{i}")
    is_over.set()
    for thread in threads:
        thread.join()
    assert errors == []
    assert {info.state for info in library.list()} == {"finished"}


@pytest.mark.parametrize("seal", [False, True])
def test_a_session_that_others_deleted_is_not_kept_open(library, tmp_path, handmade_session, seal):
    path = handmade_session(tmp_path, seal=seal)
    before = len(os.listdir("/proc/self/fd"))
    library.open("handmade")
    while library.integrity("handmade") == "checking":
        time.sleep(0.01)
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert library.list() == []
    assert len(os.listdir("/proc/self/fd")) == before
    assert library._sealed_infos == {}


def test_a_reader_that_nobody_used_for_long_is_not_kept(library, tmp_path, handmade_session, monkeypatch):
    handmade_session(tmp_path)
    reader = library.open("handmade")
    library.list()
    assert library.open("handmade") is reader
    monkeypatch.setattr("mri.store.opening.UNUSED_S", -1)
    library.list()
    assert library.open("handmade") is not reader


@pytest.mark.parametrize("options", [{}, {"locking": False}, {"locking": True}], ids=str)
@pytest.mark.parametrize("mri_first", [True, False])
def test_h5py_and_the_library_read_one_file_at_once(library, tmp_path, handmade_session, options, mri_first):
    path = handmade_session(tmp_path)
    if mri_first:
        reader = library.open("handmade")
    with h5py.File(path, "r", **options) as file:
        reader = library.open("handmade")
        assert library.info("handmade").state == "finished"
        np.testing.assert_array_equal(file["stats"][3], reader.frame(3).arrays["stats"])
    reader.frame(4)


def test_only_so_many_readers_stay_open(library, tmp_path, handmade_session, monkeypatch):
    monkeypatch.setattr("mri.store.opening.MAX_OPEN", 2)
    for session_id in ("one", "two", "three"):
        handmade_session(tmp_path, session_id, seal=False)
    first = library.open("one")
    library.open("two")
    library.open("three")
    assert library.open("one") is not first
    assert stored_bytes(first, 0)


@pytest.mark.parametrize("seal", [False, True])
def test_a_reader_that_nobody_holds_closes_its_file(tmp_path, handmade_session, seal):
    library = Library(tmp_path)
    handmade_session(tmp_path, seal=seal)
    before = len(os.listdir("/proc/self/fd"))
    library.open("handmade")
    while library.integrity("handmade") == "checking":  # which opens it, too
        time.sleep(0.01)
    assert len(os.listdir("/proc/self/fd")) == before + 1
    library.delete("handmade")
    assert len(os.listdir("/proc/self/fd")) == before
