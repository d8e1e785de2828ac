"""Routes of the take-away: CSV and Python of what is selected, and sentences for what is not there."""

import pytest

from mri.web.server import create_app
from tests.conftest import write_handmade_session

KEY = "block.1.mlp_out"


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sessions")
    write_handmade_session(folder)
    return create_app(folder).server.test_client()


def test_a_panel_is_csv(client):
    answer = client.get(f"/sessions/handmade/panels/watched.csv?step=1&point={KEY}&watched={KEY}:6,{KEY}:3")
    assert answer.status_code == 200
    assert answer.mimetype == "text/csv"
    lines = answer.text.splitlines()
    assert lines[0] == "step,read,hook_point,neuron,value [activation],state,at_most [|activation|]"
    assert lines[1] == f"0,a,{KEY},6,NaN,captured,"
    assert len(lines) == 1 + 10


def test_the_step_is_python_that_names_this_machines_file(client):
    answer = client.get(f"/sessions/handmade/python?step=1&point={KEY}")
    assert answer.mimetype == "text/plain"
    namespace = {}
    exec(answer.text, namespace)
    assert namespace["trace"].session.id == "handmade"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"handmade/panels/nothing.csv?step=1&point={KEY}", 400),
        (f"handmade/panels/bars.csv?point={KEY}", 400),
        ("handmade/panels/neurons.csv?step=1&point=x", 400),
        ("nobody/panels/bars.csv?step=1", 404),
        ("handmade/panels/watched.csv?step=1&watched=x", 400),
        ("handmade/python?step=1&point=x", 400),
        (f"handmade/panels/bars.csv?step=99&point={KEY}", 400),
    ],
)
def test_what_is_not_there_is_told(client, path, status):
    answer = client.get(f"/sessions/{path}")
    assert answer.status_code == status
    assert len(answer.json["error"]) > 20


def test_tables_are_downloads(client):
    answer = client.get("/sessions/handmade/export/tokens.csv")
    assert answer.status_code == 200
    assert answer.mimetype == "text/csv"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="handmade.tokens.csv"'
    assert len(answer.text.splitlines()) == 1 + 6
    assert client.get("/sessions/handmade/export/stats.json").mimetype == "application/json"
    everything = client.get("/sessions/handmade/export/all.parquet")
    assert everything.mimetype == "application/octet-stream"
    assert everything.headers["Content-Disposition"] == 'attachment; filename="handmade.parquet.zip"'
    assert everything.data.startswith(b"PK")
    assert client.get("/sessions/handmade/export/all.h5").data.startswith(b"\x89HDF")


@pytest.mark.parametrize(
    ("path", "status", "sentence"),
    [
        ("nothing/export/stats.csv", 404, "There is no session"),
        ("handmade/export/weights.csv", 400, "There is no table 'weights'"),
        ("handmade/export/stats.xlsx", 400, "There is no format 'xlsx'"),
        ("handmade/export/stats.h5", 400, "the whole session"),
    ],
)
def test_an_export_that_cannot_be_is_told_before_it_begins(client, path, status, sentence):
    answer = client.get(f"/sessions/{path}")
    assert answer.status_code == status
    assert sentence in answer.json["error"]
