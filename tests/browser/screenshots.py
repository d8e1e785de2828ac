"""Makes the pictures of the README and of docs/: `python -m tests.browser.screenshots` (or `make screenshots`)."""

from __future__ import annotations

import logging
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from mri import paths as data
from mri.lessons.catalogue import Catalogue
from mri.web.server import create_app
from tests.browser.ensure_browser import launch
from tests.browser.scanner_page import open_scanner, until
from tests.browser.serving import clean_page, served

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "img"
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
VIEWS = {
    "scanner": (DESKTOP, "?session=demo-story&step=24"),
    "flat": (DESKTOP, "?session=demo-story&step=24&picture=flat&tab=statistics"),
    "attention": (DESKTOP, "?session=demo-gift&step=18&tab=attention&layer=5&head=1"),
    "predictions": (DESKTOP, "?session=demo-calculator&step=16&tab=predictions&point=block.2.mlp_out"),
    "phone": (PHONE, "?session=demo-story&step=24"),
    "phone-flat": (PHONE, "?session=demo-story&step=24&picture=flat"),
    "phone-attention": (PHONE, "?session=demo-gift&step=18&tab=attention&layer=5&head=1"),
    "phone-predictions": (PHONE, "?session=demo-calculator&step=16&tab=predictions&point=block.2.mlp_out"),
}

GIFT = "/compare?a=demo-gift&b=pair-gift&align=mapping&step=14&point=block.3.attn_out&layer=3&head=0"
PAGES = {
    "compare": (DESKTOP, GIFT, 3),
    "neurons": (DESKTOP, "/neurons?session=demo-story&point=block.3.mlp_act", 2),
    "neuron": (DESKTOP, "/neurons?session=demo-story&point=block.3.mlp_act&neuron=372&tab=neuron", 2),
    "phone-compare": (PHONE, GIFT, 3),
    "phone-neurons": (PHONE, "/neurons?session=demo-story&point=block.3.mlp_act", 2),
}
"""Name of the picture -> size of the window, address, how many charts stand there at least."""

LESSONS = {
    "lesson-1": ("1-perceptron", "correction", DESKTOP),
    "lesson-2": ("2-mlp", "who", DESKTOP),
    "lesson-3": ("3-words", "map", DESKTOP),
    "lesson-4": ("4-attention", "induction", DESKTOP),
    "lesson-5": ("5-block", "lens", DESKTOP),
    "lesson-6": ("6-nanochat", "game", DESKTOP),
    "phone-lesson": ("1-perceptron", "and", PHONE),
}
"""Name of the picture -> lesson, moment, size of the window."""


def main() -> None:
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright, served(create_app()) as address:
        browser = launch(playwright)
        for name, (size, query) in VIEWS.items():
            with clean_page(browser, address, size) as page:
                open_scanner(page, f"/{query}")
                expect(page.locator(".main-svg").first).to_be_attached()
                page.wait_for_load_state("networkidle")
                if size is PHONE and "tab=" in query:  # the panels stand below the stage
                    page.evaluate("document.querySelector('.mri-inspector').scrollIntoView()")
                    page.wait_for_timeout(500)
                page.screenshot(path=FOLDER / f"{name}.png")
            print(FOLDER / f"{name}.png")
        for name, (size, link, num_charts) in PAGES.items():
            with clean_page(browser, address, size) as page:
                page.goto(link)
                drawn = "[...document.querySelectorAll('.js-plotly-plot')].filter((plot) => plot.data?.length)"
                busy = (
                    "[...document.querySelectorAll('.neurons-busy, .neurons progress')].some((one) => one.offsetParent)"
                )
                until(page, f"{drawn}.length >= {num_charts} && !{busy}")
                page.wait_for_load_state("networkidle")
                page.screenshot(path=FOLDER / f"{name}.png")
            print(FOLDER / f"{name}.png")
        with clean_page(browser, address, DESKTOP) as page:
            page.goto("/learn")
            expect(page.locator("#course-go a").first).to_be_visible()
            page.screenshot(path=FOLDER / "learn.png")
        for name, (lesson, moment, size) in LESSONS.items():
            with clean_page(browser, address, size) as page:
                picture_lesson(page, lesson, moment)
                page.screenshot(path=FOLDER / f"{name}.png")
            print(FOLDER / f"{name}.png")
        browser.close()


def picture_lesson(page: Page, lesson: str, moment: str) -> None:
    """Open a page of a lesson, and wait until everything on it stands."""
    moments = [each.id for each in Catalogue(data.LESSONS).lesson(lesson).moments]
    page.goto(f"/learn?lesson={lesson}&moment={moments.index(moment) + 1}")
    until(page, f"document.querySelector('#learn')?.dataset.ready === '{moment}'")
    until(page, "!window.mri || window.mri.timings.draw.length > 0")
    if page.locator(".learn.has-inspector").count():
        charts = "[...document.querySelectorAll('.mri-tabpanel:not([hidden]) .js-plotly-plot')]"
        until(page, f"{charts}.some((plot) => plot.data?.length)")
    page.wait_for_load_state("networkidle")


if __name__ == "__main__":
    main()
