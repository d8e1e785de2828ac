"""A folder of very many sessions in a real browser: list, search and pickers stand at once and stay awake."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from mri.format.config import TraceConfig
from mri.format.events import TraceSession
from mri.store.writer import SessionWriter
from mri.web.server import create_app
from mri.web.services import EXTENSION
from tests.browser.serving import served
from tests.conftest import SPECIAL_IDS, TINY_VOCABULARY, random_frame, random_layout, write_handmade_session
from tests.tiers import sample

NUMBER = sample(ci=300, long=10_000)
MOST_S = 1.0
"""From the click on Sessions until its lines stand."""

STANDS = """async () => {
  const began = performance.now();
  document.getElementById("nav-recordings").click();
  while (document.querySelectorAll("#sessions-list tbody tr").length < 50) await new Promise(requestAnimationFrame);
  return (performance.now() - began) / 1000;
}"""
LONGEST_PAUSE_MS = """async (ms) => {
  let last = performance.now(), longest = 0;
  for (const end = last + ms; last < end; ) {
    await new Promise((done) => setTimeout(done, 10));
    longest = Math.max(longest, performance.now() - last - 10);
    last = performance.now();
  }
  return longest;
}"""
COUNT_CHANGES = """() => {
  const changed = (window.changedRows = new Set());
  const watch = (changes) => changes.forEach(({ target }) => changed.add(target.closest?.("tr")?.id ?? "the list"));
  const all = { childList: true, subtree: true };
  new MutationObserver(watch).observe(document.querySelector("#sessions-list tbody"), all);
}"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sessions")
    session = write_handmade_session(folder)
    for i in range(NUMBER - 1):
        shutil.copy(session, folder / f"20260101-{i:06d}-abcdef.h5")
    return folder


@pytest.fixture(scope="module")
def app(folder: Path) -> Any:
    """The server has looked at every file once, as it has after its first seconds."""
    app = create_app(folder)
    app.server.extensions[EXTENSION].library.list()
    return app


@pytest.fixture(scope="module")
def site(app: Any) -> Any:
    with served(app) as address:
        yield address


def test_the_list_stands_at_once_and_goes_on_as_one_scrolls(page: Page) -> None:
    page.goto("/learn")
    expect(page.locator("#learn-reset")).to_be_visible()
    first, again = page.evaluate(STANDS), 0.0
    page.locator("#nav-learn").click()
    expect(page.locator("#learn-reset")).to_be_visible()
    again = page.evaluate(STANDS)
    assert min(first, again) < MOST_S, (first, again)
    rows = page.locator("#sessions-list tbody tr")
    expect(page.locator(".sessions-count")).to_contain_text(f"of {NUMBER:,} shown")
    rows.nth(49).scroll_into_view_if_needed()
    rows.nth(99).scroll_into_view_if_needed()
    expect(rows.nth(140)).to_be_attached()


def test_search_and_order_work_over_all_of_them(page: Page) -> None:
    page.goto("/sessions")
    rows = page.locator("#sessions-list tbody tr")
    expect(rows.first).to_be_visible()
    page.get_by_placeholder("Search name, prompt, model").fill(f"{NUMBER - 2:06d}")
    expect(rows).to_have_count(1)
    expect(rows.first).to_have_id(f"row-20260101-{NUMBER - 2:06d}-abcdef")
    page.get_by_placeholder("Search name, prompt, model").fill("")
    page.get_by_role("button", name="Size").click()
    expect(page.get_by_role("columnheader", name="Size")).to_have_attribute("aria-sort", "descending")
    expect(rows.nth(49)).to_be_visible()


def test_while_something_is_recorded_only_its_line_changes_and_the_page_stays_awake(page: Page, folder: Path) -> None:
    layout = random_layout(2, 16, 2, TraceConfig())
    session = TraceSession(
        "20990101-000000-abcdef", layout, start_time="2099-01-01T00:00:00+00:00", num_prompt_tokens=1
    )
    rng = np.random.default_rng(0)
    with SessionWriter(folder, session, vocabulary=TINY_VOCABULARY, special_ids=SPECIAL_IDS) as writer:
        writer.append(random_frame(layout, rng, 0, "prefill", 0, 1))
        page.goto("/sessions")
        row = page.locator(f"#row-{session.id}")
        expect(row).to_contain_text("recording · watch")
        page.evaluate(COUNT_CHANGES)
        for step in range(1, 4):
            writer.append(random_frame(layout, rng, step, "decode", step, 1))
        expect(row.locator("td").nth(3)).to_have_text("4")
        assert page.evaluate(LONGEST_PAUSE_MS, 3000) < 300
        assert page.evaluate("[...window.changedRows]") == [f"row-{session.id}"]
        writer.finish("stopped", seal=False)
    shutil.rmtree(folder / session.id)


def test_pickers_have_all_of_them(page: Page) -> None:
    page.goto("/compare")
    expect(page.locator("#compare-second option")).to_have_count(NUMBER)
    page.locator("#compare-second").select_option(f"20260101-{NUMBER - 2:06d}-abcdef")
    page.get_by_role("button", name="Compare them").click()
    expect(page.locator("#compare-b")).to_have_value(f"20260101-{NUMBER - 2:06d}-abcdef")
    expect(page.locator("#compare-a option")).to_have_count(NUMBER)
