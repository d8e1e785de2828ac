"""The session list's pure parts; what a person does with it is in tests/browser/test_sessions.py."""

import sys

import pytest

from mri.server import create_app
from mri.store.library import SessionInfo


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    create_app(tmp_path_factory.mktemp("sessions"))  # Dash imports the pages
    return sys.modules["pages.sessions"]


def info(**fields):
    return SessionInfo(
        **{
            "id": "20260102-030405-abcdef",
            "state": "finished",
            "bytes_on_disk": 1_300_000,
            "prompt": "Mia went",
            **fields,
        }
    )


def test_search_wants_every_word_anywhere(page):
    line = info(name="The Park", model_id="chatsft/d6")
    assert page.matches(line, "")
    assert page.matches(line, "park MIA d6 abcdef")
    assert not page.matches(line, "park Tom")


def test_others_text_is_escaped(page):
    assert page.excerpt("a\u202eb\nc") == "a\\u202eb\\nc"
    assert page.excerpt("x" * 200) == "x" * 140 + "…"


@pytest.mark.parametrize(
    ("num_bytes", "words"), [(0, "0 B"), (999, "999 B"), (1300, "1.3 KB"), (2_500_000, "2.5 MB"), (3e9, "3.0 GB")]
)
def test_sizes(page, num_bytes, words):
    assert page.size(num_bytes) == words


def test_times(page):
    assert page.when("2026-07-03T14:05:00+00:00").startswith("2026-07-0")
    assert page.when("yesterday") == "–"


def test_a_broken_session_can_only_be_deleted_and_one_being_recorded_only_renamed(page):
    def buttons(state):
        row = str(page.table([info(state=state, error="It is broken.")]))
        return {word for word in ("session-rename", "session-delete") if word in row}

    assert buttons("finished") == {"session-rename", "session-delete"}
    assert buttons("broken") == {"session-delete"}
    assert buttons("recording") == {"session-rename"}
    assert "It is broken." in str(page.table([info(state="broken", error="It is broken.")]))


def test_a_very_long_list_is_cut_and_says_so(page):
    assert "1 more: search to find them." in str(page.table([info(id=f"s{i}") for i in range(201)]))
