"""axe finds no serious or critical fault on any page, in any tab, in both themes, with menus and hints open."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from mri.format.config import TraceConfig
from mri.web.server import create_app
from tests.browser.scanner_page import open_scanner, until
from tests.browser.serving import DESKTOP, PHONE, clean_page, served
from tests.conftest import write_random_session

KEY = "block.0.mlp_out"
LINK = f"/?session=demo&step=30&point={KEY}&neuron=3&picture=flat&watched={KEY}:3,{KEY}:4&tab="


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sessions")
    config = TraceConfig(attention_tier="full_row", prefill="stepwise")
    write_random_session(folder, session_id="demo", num_steps=40, n_embd=64, config=config)
    with served(create_app(folder)) as address:
        yield address


def faults(page):
    found = Axe().run(page).response["violations"]
    return [
        (fault["id"], [node["target"] for node in fault["nodes"]][:3], fault["nodes"][0]["failureSummary"])
        for fault in found
        if fault["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_scanner(browser, site, theme):
    with clean_page(browser, site) as page:
        page.add_init_script(f"try {{ localStorage.setItem('mri-theme', '{theme}'); }} catch {{}}")
        open_scanner(page, LINK + "neurons")
        for tab in ("neurons", "attention", "predictions", "statistics"):
            page.evaluate("(tab) => window.mri.desk.select({ tab })", tab)
            until(page, f"document.querySelector('#panel-{tab} .main-svg')")
            assert not faults(page), tab
        page.locator("#mri-tools summary").click()
        assert not faults(page), "menu"
        page.keyboard.press("Escape")
        page.keyboard.press("?")
        expect(page.locator("#mri-keys")).to_be_visible()
        assert not faults(page), "keys"
        page.get_by_role("button", name="Show the hints again").click()
        expect(page.locator(".mri-hint")).to_be_visible()
        assert not faults(page), "hints"


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_sessions(browser, site, theme):
    with clean_page(browser, site) as page:
        page.add_init_script(f"try {{ localStorage.setItem('mri-theme', '{theme}'); }} catch {{}}")
        page.goto("/sessions")
        expect(page.get_by_role("link", name="random", exact=True)).to_be_visible()
        expect(page.get_by_role("button", name="Choose a file …")).to_be_visible()
        page.set_input_files("#sessions-import-files", [__file__])
        expect(page.get_by_text("is no session file")).to_be_visible()
        assert not faults(page)
        page.get_by_role("button", name="Export").first.click()
        expect(page.locator("#sessions-export-size")).to_contain_text("rows")
        until(page, "getComputedStyle(document.querySelector('.modal')).opacity === '1'")
        assert not faults(page), "export"


@pytest.mark.parametrize("path", [LINK + "neurons", "/sessions"])
def test_phone(browser, site, path):
    with clean_page(browser, site, PHONE) as page:
        page.goto(path)
        if "session=" in path:
            until(page, "window.mri?.timings.draw.length > 0 && document.querySelector('#panel-neurons .main-svg')")
        else:
            expect(page.get_by_role("link", name="random", exact=True)).to_be_visible()
        assert not faults(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"] < DESKTOP["width"]


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_lessons(browser, site, theme):
    with clean_page(browser, site) as page:
        page.add_init_script(f"try {{ localStorage.setItem('mri-theme', '{theme}'); }} catch {{}}")
        page.goto("/learn")
        expect(page.locator("#course-go a").first).to_be_visible()
        assert not faults(page), "course"
        for lesson, moment in (("1-perceptron", 4), ("1-perceptron", 7), ("2-mlp", 9), ("2-mlp", 14)):
            page.goto(f"/learn?lesson={lesson}&moment={moment}")
            until(page, "document.querySelector('#learn')?.dataset.ready")
            if moment == 7:
                page.locator(".learn-prose .learn-number").nth(2).click()
            if moment == 14:
                page.locator(".learn-answer").first.click()
            assert not faults(page), (lesson, moment)
