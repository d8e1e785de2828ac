"""Sessions out and in, in a real browser: the export dialog and its downloads, dropped files, refusals, a phone."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from mri.store.library import Library
from mri.store.opening import open_session
from mri.web.server import create_app
from tests.browser.serving import PHONE, clean_page, served
from tests.conftest import write_handmade_session
from tests.store.hostile import KINDS

FILES = "#sessions-import-files"


@pytest.fixture(scope="module")
def folder(sessions_folder: Path) -> Path:
    return sessions_folder


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_handmade_session(tmp_path_factory.mktemp("theirs"), "theirs")


def open_export(page: Page) -> None:
    page.goto("/sessions")
    page.get_by_role("button", name="Export Handmade").click()
    expect(page.locator("#sessions-export-size")).to_contain_text("handmade.parquet.zip")


def choose(page: Page, name: str) -> None:
    page.get_by_role("radio", name=re.compile(f"^{name} ")).check()


def downloaded(page: Page) -> tuple[str, bytes]:
    with page.expect_download() as given:
        page.get_by_role("link", name="Download").click()
    return given.value.suggested_filename, Path(given.value.path()).read_bytes()


def test_a_table_is_chosen_and_downloaded(page: Page) -> None:
    open_export(page)
    expect(page.get_by_text("Export “Handmade”")).to_be_visible()
    choose(page, "Tokens")
    choose(page, "JSON")
    expect(page.locator("#sessions-export-size")).to_have_text("6 rows as handmade.tokens.json.")
    name, data = downloaded(page)
    assert name == "handmade.tokens.json"
    assert [row["token"] for row in json.loads(data)] == ["a", " ", "b", "c", "d", "e"]


def test_the_session_itself_is_a_choice_by_keyboard(page: Page, folder: Path) -> None:
    open_export(page)
    page.get_by_role("radio", name=re.compile("^Parquet ")).focus()
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    expect(page.locator("#sessions-export-size")).to_have_text("The whole session, as handmade.h5.")
    name, data = downloaded(page)
    assert name == "handmade.h5"
    assert data == (folder / "handmade.h5").read_bytes()
    page.keyboard.press("Escape")
    expect(page.locator("#sessions-export-size")).to_be_hidden()


@pytest.fixture
def empty(tmp_path: Path) -> Any:
    with served(create_app(tmp_path / "mine")) as address:
        yield address


def test_a_chosen_file_comes_in_and_a_hostile_one_does_not(
    browser: Any, empty: str, theirs: Path, tmp_path: Path
) -> None:
    (tmp_path / "bad").mkdir()
    hostile = write_handmade_session(tmp_path / "bad", "hostile")
    KINDS["external storage"][0](hostile)
    note = tmp_path / "notes.txt"
    note.write_text("no session")
    with clean_page(browser, empty) as page:
        page.goto("/sessions")
        expect(page.get_by_text("No recordings yet")).to_be_visible()
        expect(page.get_by_role("button", name="Choose a file …")).to_be_visible()
        page.set_input_files(FILES, [str(theirs), str(hostile), str(note)])
        rows = page.locator(".session-import-list li")
        expect(rows.nth(0)).to_contain_text("is here")
        expect(rows.nth(1)).to_contain_text("/tokens/bytes keeps its data in another file")
        expect(rows.nth(2)).to_contain_text("notes.txt is no session file")
        expect(page.locator("tbody tr")).to_have_count(1)
        (info,) = Library(tmp_path / "mine").list()
        page.get_by_role("button", name="Dismiss hostile.h5").click()
        expect(rows).to_have_count(2)
        page.get_by_role("link", name="Open the scan").click()
        expect(page).to_have_url(f"{empty}/?session={info.id}")
        expect(page.locator("#mri-ribbon")).to_contain_text("a")
        with open_session(tmp_path / "mine" / f"{info.id}.h5") as mine, open_session(theirs) as given:
            assert mine.records(0, 5) == given.records(0, 5)


DROP = """async ([name, numbers]) => {
  const data = new DataTransfer();
  data.items.add(new File([new Uint8Array(numbers)], name));
  const event = { dataTransfer: data, bubbles: true, cancelable: true };
  const tell = (type) => document.body.dispatchEvent(new DragEvent(type, event));
  const stays = !tell("dragover");
  const marked = document.documentElement.classList.contains("is-dropping");
  tell("drop");
  return [stays, marked, document.documentElement.classList.contains("is-dropping")];
}"""


def test_a_file_is_dropped_anywhere_on_the_page(browser: Any, empty: str, theirs: Path) -> None:
    with clean_page(browser, empty, PHONE) as page:
        page.goto("/sessions")
        expect(page.get_by_role("button", name="Choose a file …")).to_be_visible()
        page.set_viewport_size({"width": PHONE["width"], "height": 260})
        page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        assert page.evaluate(DROP, ["theirs.h5", list(theirs.read_bytes())]) == [True, True, False]
        expect(page.locator(".session-import-list")).to_contain_text("is here")
        expect(page.locator(".session-import-list li")).to_be_in_viewport()  # however far below it was dropped
        page.set_viewport_size(PHONE)
        page.get_by_role("link", name="Scan", exact=True).first.click()
        expect(page.locator("#mri-ribbon")).to_contain_text("a")
        page.go_back()
        expect(page.locator(".session-import-list")).to_contain_text("is here")
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        page.get_by_role("button", name="Export Handmade").click()
        expect(page.locator("#sessions-export-size")).to_contain_text("rows")
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
