"""The dialog that checks a model, in a real browser: lines as they come, cancel, what went wrong, keyboard, copy."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from mri.web.server import create_app
from mri.worker.handle import GenerationWorker
from tests.browser.serving import PHONE, clean_page, served
from tests.web.routes.test_checks import FAKE

GOLDEN = Path(__file__).parents[1] / "golden" / "E5"

Site = Callable[..., str]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """-> the address of a server whose worker is the real one, or with `model` the fake one with that model."""
    left: list[Any] = []

    def serve(model: str = "") -> str:
        worker = GenerationWorker(tmp_path / "sessions", program=FAKE if model else None)
        own = GOLDEN
        if model:
            own = tmp_path / model
            own.write_bytes(b"")
        server = served(create_app(tmp_path / "sessions", own, worker=worker))
        left.append((server, worker))
        return server.__enter__()

    yield serve
    for server, worker in left:
        server.__exit__(None, None, None)
        worker.close()


def opened(page: Page) -> Any:
    page.goto("/sessions")
    expect(page.get_by_text("No recordings yet")).to_be_visible()
    page.get_by_role("button", name="Check a model").click()
    dialog = page.get_by_role("dialog", name="Check a model")
    expect(dialog.get_by_role("button", name="Check", exact=True)).to_be_enabled()
    return dialog


def test_a_model_is_checked_line_by_line_with_the_keyboard_alone(browser: Browser, site: Site) -> None:
    with clean_page(browser, site()) as page:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.goto("/sessions")
        expect(page.get_by_text("No recordings yet")).to_be_visible()
        page.get_by_role("button", name="Check a model").focus()
        page.keyboard.press("Enter")
        dialog = page.get_by_role("dialog", name="Check a model")
        expect(dialog.get_by_label("Model", exact=True)).to_be_focused()
        expect(dialog.get_by_label("Model", exact=True).locator("option").first).to_contain_text("base d3, step 10")
        page.keyboard.press("Tab")
        expect(dialog.get_by_label("Number type")).to_be_focused()
        page.keyboard.press("Tab")
        expect(dialog.get_by_role("button", name="Check", exact=True)).to_be_focused()
        page.keyboard.press("Enter")
        expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
        says = dialog.get_by_role("status")
        expect(says).to_contain_text("Every line that can be judged is right.", timeout=120_000)
        rows = dialog.locator(".check-line")
        assert rows.locator("th").all_text_contents()[:3] == ["era", "file", "English"]
        expect(rows.filter(has_text="tokenizer")).to_contain_text("not judged")
        copy = dialog.get_by_role("button", name="Copy as text")
        expect(copy).to_be_focused()
        page.keyboard.press("Enter")
        expect(dialog.get_by_role("button", name="Copied")).to_be_visible()
        text = page.evaluate("navigator.clipboard.readText()")
        assert text.startswith("base/d3/10")
        assert "queries and keys" in text
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
        expect(page.get_by_role("button", name="Check a model")).to_be_focused()


def test_what_is_wrong_says_why_and_is_no_fault_for_axe(browser: Browser, site: Site) -> None:
    with clean_page(browser, site("model_1.pt")) as page:
        dialog = opened(page)
        dialog.get_by_role("button", name="Check", exact=True).click()
        expect(dialog.get_by_role("status")).to_have_text("Wrong: cached. 3 s.")
        expect(dialog.locator(".check-line").last).to_contain_text("wrong")
        expect(dialog.locator(".check-cause")).to_have_text("The cache holds other keys: load the model anew.")
        for theme in ("dark", "light"):
            page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            found = Axe().run(page, context=".check-dialog").response["violations"]
            assert [each["id"] for each in found] == []
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        assert page.evaluate("document.querySelector('.check-dialog').scrollWidth") <= PHONE["width"]
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_it_can_be_cancelled_and_begun_again(browser: Browser, site: Site) -> None:
    with clean_page(browser, site("model_2.pt")) as page:
        dialog = opened(page)
        for _ in range(2):
            dialog.get_by_role("button", name="Check", exact=True).click()
            expect(dialog.get_by_role("status")).to_have_text("era is done…")
            expect(dialog.locator(".check-line")).to_have_count(1)
            with page.expect_request(re.compile(r"/check/\w+/stop")):
                dialog.get_by_role("button", name="Cancel").click()
            expect(dialog.get_by_role("status")).to_have_text("Cancelled: nothing was changed.")
        with page.expect_request(re.compile(r"/check/\w+/stop")):
            dialog.get_by_role("button", name="Check", exact=True).click()
            expect(dialog.locator(".check-line")).to_have_count(1)
            page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)


def test_a_model_that_cannot_be_loaded_is_a_sentence_with_its_cure(
    browser: Browser, site: Site, tmp_path: Path
) -> None:
    address = site("model_1.pt")
    with clean_page(browser, address, tolerated="status of 400") as page:
        dialog = opened(page)
        (tmp_path / "model_1.pt").unlink()
        dialog.get_by_role("button", name="Check", exact=True).click()
        expect(dialog.get_by_role("status")).to_contain_text(
            "model_1.pt does not exist: give a nanochat base directory"
        )
        expect(dialog.get_by_role("button", name="Check", exact=True)).to_be_focused()
