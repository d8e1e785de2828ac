"""Uploads: to disk as they come, looked at by a child process, refused in a sentence, within limits of their own."""

from __future__ import annotations

import io
import threading

import psutil
import pytest

from mri.errors import StoreError
from mri.store.intake import intake as imports
from mri.store.library import Library
from mri.store.opening import open_session
from mri.web import answers
from mri.web.routes import imports as import_routes
from mri.web.server import create_app
from tests.conftest import write_handmade_session
from tests.store.hostile import KINDS


@pytest.fixture
def client(tmp_path):
    return create_app(tmp_path / "mine").server.test_client()


@pytest.fixture
def theirs(tmp_path):
    return write_handmade_session(tmp_path / "theirs")


def end_of(client, answer):
    """What the import of an upload came to."""
    assert answer.status_code == 202, answer.text
    for thread in threading.enumerate():
        if thread.name == "import":
            thread.join(timeout=60)
    return client.get(f"/import/{answer.json['id']}").json


def test_an_upload_becomes_a_session(client, theirs, tmp_path):
    done = end_of(client, client.post("/import?name=a%20scan.h5", data=theirs.read_bytes()))
    assert (done["state"], done["name"]) == ("finished", "a scan.h5"), done
    (info,) = Library(tmp_path / "mine").list()
    assert info.id == done["session_id"]
    assert client.get(f"/sessions/{info.id}/meta").json["num_steps"] == 5
    with open_session(tmp_path / "mine" / f"{info.id}.h5") as mine, open_session(theirs) as given:
        assert mine.records(0, 5) == given.records(0, 5)


@pytest.mark.parametrize("kind", ["over-inflating chunk", "external storage", "huge shape"])
def test_a_hostile_upload_is_refused_and_leaves_nothing(client, theirs, tmp_path, kind):
    KINDS[kind][0](theirs)
    data = theirs.read_bytes()
    me = psutil.Process()
    end_of(client, client.post("/import", data=b"the first import loads modules"))
    before = me.memory_info().rss
    done = end_of(client, client.post("/import?name=x.h5", data=data))
    assert done["state"] == "error"
    assert "was not imported" in done["message"]
    assert str(tmp_path) not in done["message"]
    assert me.memory_info().rss - before < 8e6
    assert list((tmp_path / "mine").iterdir()) == []


def test_uploads_have_a_limit_of_their_own(client, theirs, monkeypatch):
    large = theirs.read_bytes() + bytes(answers.MAX_REQUEST_BYTES)  # HDF5 allows a tail
    assert end_of(client, client.post("/import", data=large))["state"] == "finished"
    monkeypatch.setattr(imports, "MAX_FILE_BYTES", 1000)
    refused = client.post("/import", data=bytes(2000))
    assert refused.status_code == 422
    assert "has more than" in refused.json["error"]


def test_what_is_no_upload_is_told(client, tmp_path):
    nothing = client.post("/import", headers={"Transfer-Encoding": "chunked"}, input_stream=io.BytesIO(b""))
    assert nothing.status_code == 411
    assert "Content-Length" in nothing.json["error"]
    cut = client.post("/import", data=b"short", environ_overrides={"CONTENT_LENGTH": "500"})
    assert cut.status_code == 422
    assert "Only 5 of 500 bytes" in cut.json["error"]
    assert list((tmp_path / "mine").iterdir()) == []
    unknown = client.get("/import/nothing")
    assert unknown.status_code == 404
    assert "drop the file again" in unknown.json["error"]


def test_a_foreign_page_cannot_upload(client, theirs):
    answer = client.post("/import", data=theirs.read_bytes(), headers={"Origin": "http://evil.example"})
    assert answer.status_code == 403


def test_a_name_that_others_wrote_is_shown_as_text(client):
    done = end_of(client, client.post("/import?name=" + "%E2%80%AE" + "x" * 500, data=b"no file"))
    assert "\u202e" not in done["name"]
    assert len(done["name"]) <= import_routes.MAX_NAME


def test_imports_under_way_have_a_limit_and_none_of_them_is_forgotten(client, theirs, monkeypatch):
    monkeypatch.setattr(imports, "MAX_AT_ONCE", 3)
    monkeypatch.setattr(imports, "MAX_REMEMBERED", 1)
    go_on = threading.Event()
    monkeypatch.setattr(imports, "import_file", lambda *_: go_on.wait(60) and "done")
    given = [client.post("/import", data=b"a file") for _ in range(4)]
    assert [answer.status_code for answer in given] == [202, 202, 202, 503]
    assert "3 imports are under way already" in given[3].json["error"]
    assert int(given[3].headers["Retry-After"]) > 0
    assert [client.get(f"/import/{answer.json['id']}").status_code for answer in given[:3]] == [200] * 3
    go_on.set()
    assert {end_of(client, answer)["state"] for answer in given[:3]} == {"finished"}
    assert end_of(client, client.post("/import", data=b"a file"))["state"] == "finished", "there is room again"
    assert [client.get(f"/import/{answer.json['id']}").status_code for answer in given[:3]] == [404] * 3


def test_all_uploads_together_need_room_on_the_disk(client, tmp_path, monkeypatch):
    monkeypatch.setattr(imports, "free_bytes", lambda _: imports.MIN_FREE_BYTES + 3 * 15)
    importer = imports.Importer(Library(tmp_path / "mine"))
    first = importer.place(10)
    with pytest.raises(StoreError, match="free some space"):
        importer.place(10)
    importer.give_up(first)
    importer.place(10)
