"""The route of lessons, and that their recordings are served without being anybody's own."""

import pytest

from mri.lessons.catalogue import Catalogue
from mri.paths import LESSONS
from mri.web.server import create_app


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    return create_app(tmp_path_factory.mktemp("sessions")).server.test_client()


def test_a_lesson_is_one_answer(client):
    answer = client.get("/lessons/1-perceptron.json")
    assert answer.status_code == 200
    content = answer.json
    assert [moment["id"] for moment in content["moments"]] == [
        moment.id for moment in Catalogue(LESSONS).lesson("1-perceptron").moments
    ]
    assert content["next"]["id"] == "2-mlp"
    assert content["words"]["lesson"]["next"] == "Next"


@pytest.mark.parametrize("name", ["9-nothing", "words"])
def test_what_is_no_lesson_is_not_found(client, name):
    answer = client.get(f"/lessons/{name}.json")
    assert answer.status_code == 404
    assert answer.json["error"]


def test_recordings_of_lessons_open_by_id_and_stand_in_no_list(client):
    assert client.get("/sessions/lesson-and/meta").json["num_steps"] == 48
    assert b"lesson-and" not in client.get("/sessions").data
    assert client.get("/sessions/lesson-..%2fand/meta").status_code == 404


def test_a_lesson_of_ours_that_is_broken_is_the_servers_fault(tmp_path):
    (tmp_path / "1-broken").mkdir()
    (tmp_path / "1-broken" / "lesson.en.md").write_text("no lesson")
    answer = create_app(tmp_path / "sessions", lessons=tmp_path).server.test_client().get("/lessons/1-broken.json")
    assert answer.status_code == 500
    assert answer.json["error"]
