"""The Live page before JavaScript takes over: where one is begun, and what is said of recordings under way."""

import sys

import pytest

from mri.format.config import TraceConfig
from mri.format.events import TraceSession
from mri.store.writer import SessionWriter
from mri.web.parts import ids
from mri.web.server import create_app
from tests.conftest import TINY_VOCABULARY, random_layout, write_random_session


@pytest.fixture
def page(tmp_path):
    """The page's module, inside a request of the app that has one finished session."""
    write_random_session(tmp_path, session_id="finished")
    with create_app(tmp_path).server.test_request_context():
        yield next(module for name, module in sys.modules.items() if name.endswith("pages.live"))


def test_without_a_session_a_recording_can_be_begun_and_it_looks_for_recordings(page):
    made = page.layout()
    assert made.className == "live is-form"
    assert made[ids.LIVE_TICK].disabled is False
    assert made["live-start"].children[1] == " Write a prompt"
    assert "What is 12 plus 7?" in str(made)


def test_with_a_session_it_waits_for_that(page):
    made = page.layout(session="finished")
    assert made.className == "live is-waiting"
    assert made[ids.LIVE_TICK].disabled is True
    assert page.boot_of("finished")["num_steps"] == 8
    assert page.boot_of("finished")["limit"] > 0


def test_a_session_that_is_not_there_yet_is_left_to_the_stream(page):
    assert page.boot_of("soon") == {
        "is_live": True,
        "session": "soon",
        "num_steps": 0,
        "is_steerable": False,
        "limit": 0.0,
    }


def test_what_is_recorded_now_can_be_watched_with_one_click(page, tmp_path):
    assert "appears here" in str(page.recording_now(0))
    layout = random_layout(2, 16, 2, TraceConfig())
    with SessionWriter(tmp_path, TraceSession("running", layout, prompt="Mia"), vocabulary=TINY_VOCABULARY):
        said = str(page.recording_now(1))
    assert "/live?session=running" in said
    assert "Mia" in said
