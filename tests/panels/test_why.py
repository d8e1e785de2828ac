"""Why: what each part wrote to the lead of one token over another."""

import pytest

import mri
from mri.errors import ConfigError
from mri.panels.panel import panel_named
from mri.panels.scan import Scan
from mri.panels.selection import Selection
from mri.panels.why import pair
from mri.store.library import Library
from tests.conftest import write_handmade_session

GREEN, GOLDEN = 554, 665


@pytest.fixture(scope="module")
def scan(tmp_path_factory):
    folder = tmp_path_factory.mktemp("why")
    prompt = "red, blue, green, red, blue,"
    recorded = mri.record(prompt, temperature=0, max_new_tokens=3, sessions=folder)
    return Scan(Library(folder).open(recorded.session.id), 11)


def test_rows_are_parts_and_add_up_to_the_lead(scan):
    found = panel_named("scanner", "why").table(scan, Selection())
    assert found.shape == (1 + 6 * 5 + 1,)
    assert found["part"].tolist()[:3] == ["embed", "block.0.head.0", "block.0.head.1"]
    assert found["wrote"].sum() == pytest.approx(14.5275, abs=1e-3)
    assert found["wrote"].max() == pytest.approx(9.05, abs=0.01)
    assert {found["token"].flat[0], found["against"].flat[0]} == {" green", " golden"}


def test_without_a_choice_the_chosen_token_and_the_strongest_other(scan):
    assert pair(scan, Selection()) == (GREEN, GOLDEN)
    assert pair(scan, Selection(token=GOLDEN)) == (GOLDEN, GREEN)
    assert pair(scan, Selection(token=10**6, against=GREEN)) == (GREEN, GOLDEN)
    assert pair(scan, Selection.from_mapping({"token": str(GOLDEN), "against": str(GREEN)})) == (GOLDEN, GREEN)


def test_a_recording_without_a_ledger_says_so(tmp_path):
    write_handmade_session(tmp_path)
    old = Scan(Library(tmp_path).open("handmade"), 1)
    with pytest.raises(ConfigError, match="not recorded"):
        pair(old, Selection(step=1))
    with pytest.raises(ConfigError, match="not recorded"):
        b"".join(panel_named("scanner", "why").csv(old, Selection(step=1)))
