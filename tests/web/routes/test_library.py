"""The list of sessions over HTTP: some lines of many, searched and ordered, and at once however many are new."""

import shutil

import pytest

from mri.store import library
from mri.web.routes import library as library_routes
from mri.web.server import create_app
from tests.conftest import write_handmade_session, write_random_session


@pytest.fixture
def client(tmp_path):
    write_handmade_session(tmp_path)
    another = write_random_session(tmp_path, session_id="another", seed=5)
    for i in range(8):
        shutil.copy(another, tmp_path / f"copy-{i}.h5")
    (tmp_path / "broken.h5").write_bytes(b"no session")
    return create_app(tmp_path).server.test_client()


def rows(client, **query):
    return client.get("/library/rows", query_string=query).json


def test_lines_of_all_that_are_found(client):
    answer = rows(client, search="handmade")
    assert [answer[name] for name in ("total", "found", "unread", "recording")] == [11, 1, 0, False]
    assert [row["title"] for row in answer["rows"]] == ["Handmade"]
    part = rows(client, search="random", by="steps", start=2, stop=5)
    assert (part["found"], len(part["rows"])) == (9, 3)
    assert part["rows"] == rows(client, search="random", by="steps")["rows"][2:5]


@pytest.mark.parametrize(
    "query", [{"start": 5, "stop": 4}, {"start": 0, "stop": 201}, {"start": "x"}, {"by": "nothing"}, {"stop": "-1"}]
)
def test_what_cannot_be_asked_is_a_sentence(client, query):
    answer = client.get("/library/rows", query_string=query)
    assert answer.status_code == 400
    assert answer.json["error"].endswith(".")


def test_many_new_files_do_not_hold_the_answer_up(client, monkeypatch):
    monkeypatch.setattr(library, "LOOKED_INTO", 2)
    monkeypatch.setattr(library_routes, "WAIT_S", -1)
    first = rows(client)
    assert first["total"] == first["unread"] + first["found"] == 11
    monkeypatch.setattr(library_routes, "WAIT_S", 60)
    assert rows(client)["unread"] == 0
    monkeypatch.setattr(library_routes, "WAIT_S", -1)
    assert (rows(client)["unread"], rows(client)["found"]) == (0, 11)


def test_a_list_within_a_time_is_the_list_once_all_was_looked_at(tmp_path, client, monkeypatch):
    monkeypatch.setattr(library, "LOOKED_INTO", 0)
    sessions = library.Library(tmp_path)
    assert sessions.listed(-1) == ([], 11)
    monkeypatch.setattr(library, "LOOKED_INTO", 2)
    assert [sessions.listed(-1)[1] for _ in range(3)] == [9, 7, 5], "it goes on where it was"
    assert sessions.listed(60) == (sessions.list(), 0)
    (tmp_path / "copy-3.h5").unlink()
    assert len(sessions.listed(-1)[0]) == 10


def test_titles_are_of_sessions_that_can_be_opened(client):
    answer = client.get("/library/titles").json
    titles = answer["titles"]
    assert answer["unread"] == 0
    assert len(titles) == 10
    assert ["handmade", "Handmade"] in titles
    assert len({title for _, title in titles}) == 10, "no two are called the same"


def test_lines_of_the_same_title_say_what_tells_them_apart(client):
    apart = {row["id"]: row["apart"] for row in rows(client)["rows"]}
    assert (apart["handmade"], apart["copy-3"]) == ("", "copy-3")
