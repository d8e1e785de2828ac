"""The lines of the Sessions page; what a person does with them is in tests/browser/test_sessions.py."""

import pytest

from mri.errors import ConfigError
from mri.format.presets import PRESETS
from mri.store.library import SessionInfo
from mri.web.parts import session_rows


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


def test_a_first_visit_sees_the_gift_or_another_demo_or_the_newest():
    infos = [info(id="newest"), info(id="demo-story"), info(id="demo-gift"), info(id="demo-calculator")]
    assert session_rows.first_session(infos).id == "demo-gift"
    assert session_rows.first_session([*infos[:2], infos[3]]).id == "demo-calculator"
    assert session_rows.first_session(infos[:1]).id == "newest"


def test_search_wants_every_word_anywhere():
    line = info(name="The Park", model_id="chatsft/d6")
    assert session_rows.matches(line, "")
    assert session_rows.matches(line, "park MIA d6 abcdef")
    assert not session_rows.matches(line, "park Tom")
    dated = info(start_time="2026-07-03T12:05:00+00:00", sampling={"temperature": 0.6, "seed": 7})
    assert session_rows.matches(dated, "2026-07-03 0.6")
    assert not session_rows.matches(dated, "2026-07-04")


def test_every_order_goes_both_ways():
    infos = [info(id="a", num_steps=2, name="b"), info(id="b", num_steps=10, name="A"), info(id="c", num_steps=2)]
    assert [each.id for each in session_rows.ordered(infos, "steps")] == ["a", "c", "b"]
    assert [each.id for each in session_rows.ordered(infos, "-steps")] == ["b", "a", "c"]
    assert [each.id for each in session_rows.ordered(infos, "session")] == ["b", "a", "c"]
    for by in session_rows.ORDERS:
        assert len(session_rows.ordered(infos, by)) == len(session_rows.ordered(infos, f"-{by}")) == 3
    with pytest.raises(ConfigError, match="is no order of sessions"):
        session_rows.ordered(infos, "--steps")


def test_how_it_was_recorded_tells_recordings_apart():
    def how(**sampling):
        return session_rows.row(info(sampling=sampling, capture=PRESETS["light"]))["how"]

    assert how(temperature=0.6, seed=7) == "temperature 0.6 · seed 7 · light"
    assert how(temperature=0.0, seed=7) == "temperature 0 · light", "no dice were thrown"
    assert session_rows.row(info(state="broken"))["how"] == ""


def test_others_text_is_escaped():
    assert session_rows.excerpt("a\u202eb\nc") == "a\\u202eb\\nc"
    assert session_rows.excerpt("x" * 200) == "x" * 140 + "…"
    assert "\u202e" not in str(session_rows.row(info(prompt="\u202e", name="\u202e", model_id="\u202e")))


@pytest.mark.parametrize(
    ("num_bytes", "words"), [(0, "0 B"), (999, "999 B"), (1300, "1.3 KB"), (2_500_000, "2.5 MB"), (3e9, "3.0 GB")]
)
def test_sizes(num_bytes, words):
    assert session_rows.size(num_bytes) == words


def test_times():
    assert session_rows.when("2026-07-03T14:05:00+00:00").startswith("2026-07-0")
    for no_time in ("yesterday", "", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"):
        assert session_rows.when(no_time)[:4] in ("–", "0001", "9999", "1000")


def test_a_broken_session_can_only_be_deleted_and_one_being_recorded_everything_but():
    def can(state):
        return session_rows.row(info(state=state, error="It is broken."))["can"]

    assert can("finished") == can("unsealed") == ["compare", "export", "rename", "delete"]
    assert can("broken") == ["delete"]
    assert can("recording") == ["compare", "export", "rename"]
    assert session_rows.row(info(state="broken", error="It is broken."))["meaning"] == "It is broken."


def test_what_came_with_the_project_is_marked():
    row = session_rows.row(info(is_bundled=True))
    assert row["words"] == "bundled"
    assert "cannot be renamed or deleted" in row["meaning"]
    assert row["can"] == ["compare", "export", "copy", "rename", "delete"]
    assert session_rows.row(info(is_bundled=True, state="broken"))["words"] == "broken"
