"""The record box in a real browser: with the real worker and a tiny model, and with a fake one for what goes wrong."""

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from mri.store.opening import open_session
from mri.web.server import create_app
from mri.web.services import EXTENSION
from mri.worker.handle import GenerationWorker
from tests.browser.serving import clean_page, served
from tests.conftest import FAKE_WORKER

MODEL = Path(__file__).parents[1] / "golden" / "E5"


@pytest.fixture
def fake_site(tmp_path, handmade_session):
    handmade_session(tmp_path)
    worker = GenerationWorker(tmp_path, program=FAKE_WORKER)
    with served(create_app(tmp_path, MODEL, worker=worker)) as address:
        yield address
    worker.close()


def open_box(page, prompt, max_new_tokens):
    page.goto("/sessions")
    page.get_by_role("button", name="Record", exact=False).first.click()
    box = page.locator("#record-box")
    expect(box.get_by_text("context 512 tokens")).to_be_visible()
    box.get_by_label("Prompt", exact=True).fill(prompt)
    box.get_by_label("Max tokens").fill(str(max_new_tokens))
    return box


def test_a_recording_from_prompt_to_scan(browser, tmp_path):
    app = create_app(tmp_path, MODEL)
    with served(app) as address, clean_page(browser, address) as page:
        box = open_box(page, "Mia went", 6)
        box.get_by_text("statistics of every hook point").click()
        box.get_by_role("button", name="Record").click()
        expect(page).to_have_url(re.compile(r"/\?session=\d{8}-\d{6}-[0-9a-f]{6}"), timeout=120_000)
        expect(page.locator("#mri-ribbon")).to_contain_text("Mia went")
    app.server.extensions[EXTENSION].worker.close()
    [path] = tmp_path.glob("*.h5")
    with open_session(path) as session:
        assert session.session.prompt == "Mia went"
        assert session.session.layout.config.capture_mode == "stats"
        assert session.session.sampling["max_new_tokens"] == 6


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_box_and_the_list_are_accessible(browser, fake_site, theme):
    with clean_page(browser, fake_site) as page:
        page.add_init_script(f"localStorage.setItem('mri-theme', '{theme}')")
        page.goto("/sessions")
        expect(page.locator("tbody tr")).to_have_count(1)
        results = [Axe().run(page)]
        open_box(page, "Mia", 5)
        results.append(Axe().run(page))
    assert [result.violations_count for result in results] == [0, 0], [result.generate_report() for result in results]


def test_progress_and_stop(browser, fake_site):
    with clean_page(browser, fake_site) as page:
        box = open_box(page, "hang", 5)
        box.get_by_role("button", name="Record").click()
        expect(box.get_by_role("status")).to_have_text("Step 5 of at most 5.")
        expect(box.locator("#record-text")).to_have_text("ab ab ab ab ab")
        expect(box.get_by_role("button", name="Record")).to_be_disabled()
        page.reload()  # a recording outlives the page that asked for it
        page.get_by_role("button", name="Record", exact=False).first.click()
        expect(page.locator("#record-box").get_by_role("status")).to_have_text("Step 5 of at most 5.")
        page.locator("#record-box").get_by_role("button", name="Stop").click()
        expect(page).to_have_url(re.compile(r"/\?session="))


@pytest.mark.parametrize(
    ("prompt", "sentence"), [("", "The prompt is empty"), ("refuse", "512 are the most"), ("die", "exit code 9")]
)
def test_what_goes_wrong_is_a_sentence(browser, fake_site, prompt, sentence):
    with clean_page(browser, fake_site) as page:
        box = open_box(page, prompt, 5)
        box.get_by_role("button", name="Record").click()
        expect(page.locator(".mri-toast")).to_contain_text(sentence)
        expect(box.get_by_role("button", name="Record")).to_be_enabled()
