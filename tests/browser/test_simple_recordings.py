"""Simple over recordings of every kind: without numbers, under way, without best guesses, cancelled."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from mri.format.config import Sampling, TraceConfig
from mri.nanochat.checkpoint import load_model
from mri.run.record import record_generation
from mri.store.library import Library
from mri.web.server import create_app
from mri.web.services import EXTENSION
from mri.worker.handle import GenerationWorker
from tests import conftest
from tests.browser.places import copy_sessions
from tests.browser.scanner_page import open_scanner, step, until
from tests.browser.serving import clean_page, served
from tests.browser.test_simple import OVERLAPS, WIDE, rows
from tests.conftest import FAKE_WORKER, write_random_session
from tests.web.live.conftest import Recorder

RECORDINGS = Path(__file__).parents[1] / "recordings"
WORDS = TraceConfig(attention_tier="full_row", prefill="stepwise", lens="top")


def open_simple(page, name):
    open_scanner(page, f"/?session={name}&view=simple")
    assert page.evaluate("window.mri.shown.view") == "simple"


def test_what_is_no_number_is_said_to_be_none(browser, tmp_path, monkeypatch):
    whole = conftest.random_frame

    def without_numbers(layout, rng, at, *args, **more):
        """Steps 4 and 5: NaN, and infinite."""
        frame = whole(layout, rng, at, *args, **more)
        for name, array in frame.arrays.items():
            if at in (4, 5) and array.dtype.kind == "f":
                frame.arrays[name] = np.full_like(array, np.nan if at == 4 else np.inf)
        return frame

    monkeypatch.setattr(conftest, "random_frame", without_numbers)
    write_random_session(tmp_path, session_id="broken", config=WORDS)
    with served(create_app(tmp_path)) as address, clean_page(browser, address, WIDE, full=False) as page:
        open_simple(page, "broken")
        for at in (4, 5):
            page.evaluate(f"window.mri.player.seek({at})")
            expect(page.locator(".simple-shares")).to_have_text("This step has no numbers for the next word.")
            assert "NaN" not in page.locator(".mri-simple").inner_text()
            assert "Infinity" not in page.locator(".mri-simple").inner_text()
            assert page.evaluate(OVERLAPS) == []
            assert page.locator(".simple-curve-label").count() == 0
        page.keyboard.press("ArrowRight")
        expect(page.locator(".simple-share").first).to_be_visible()


def test_a_recording_under_way_shows_what_there_is(browser, tmp_path):
    recorder = Recorder(tmp_path)
    recorder.append(4)
    with served(create_app(tmp_path)) as address, clean_page(browser, address, WIDE, full=False) as page:
        open_simple(page, recorder.id)
        recorder.append(3)
        page.keyboard.press("End")
        assert step(page) == 3
        expect(page.locator(".simple-says")).to_have_text("It ends here.")
        recorder.finish()
        page.reload()
        until(page, "window.mri?.timings.draw.length > 0")
        page.keyboard.press("End")
        assert step(page) == 6


def test_best_guesses_that_were_not_recorded_are_worked_out_by_the_model(browser, tmp_path):
    sampling, prompt = Sampling(3, 0.0), "The opposite of hot is"
    for name, capture in (("with", WORDS), ("without", replace(WORDS, lens="none"))):
        record_generation(
            load_model(device="cpu"), prompt, sampling=sampling, config=capture, sessions=tmp_path, session_id=name
        )
    app = create_app(tmp_path)
    with served(app) as address, clean_page(browser, address, WIDE, full=False) as page:
        open_simple(page, "with")
        expect(page.locator(".simple-missing")).to_be_hidden()
        recorded = rows(page, ".simple-row")
        open_simple(page, "without")
        expect(page.locator(".simple-missing")).to_contain_text("Its best guesses were not recorded.")
        assert [row[:1] for row in rows(page, ".simple-row")] == [row[:1] for row in recorded]
        page.get_by_role("button", name="Work them out").click()
        expect(page.locator(".simple-missing")).to_be_hidden(timeout=120_000)
        assert rows(page, ".simple-row") == recorded
        page.get_by_role("button", name="Next word").click()
        expect(page.locator(".simple-missing")).to_be_visible()
        assert page.evaluate(OVERLAPS) == []
    app.server.extensions[EXTENSION].worker.close()


def test_what_cannot_be_worked_out_says_why(browser, tmp_path):
    write_random_session(tmp_path, session_id="foreign", config=replace(WORDS, lens="none"))
    refused = {"full": False, "tolerated": "400 (BAD REQUEST)"}
    with served(create_app(tmp_path)) as address, clean_page(browser, address, WIDE, **refused) as page:
        open_simple(page, "foreign")
        page.get_by_role("button", name="Work them out").click()
        expect(page.locator(".simple-asking")).to_contain_text("does not say which weights it was recorded from")


@pytest.mark.parametrize("by", ["pointer", "keyboard"])
def test_cancel_ends_the_recording_and_keeps_what_was_typed(browser, tmp_path, by):
    worker = GenerationWorker(copy_sessions(tmp_path), program=FAKE_WORKER)
    with served(create_app(tmp_path, worker=worker)) as address, clean_page(browser, address, WIDE, full=False) as page:
        open_scanner(page)
        field = page.get_by_label("Your own sentence")
        field.fill("hang")
        field.press("Enter")
        expect(page.locator(".simple-own-says")).to_contain_text("Word 32 of at most 32")
        cancel = page.get_by_role("button", name="Cancel")
        with page.expect_response("**/stop") as stopped:
            if by == "pointer":
                cancel.click()
            else:
                page.keyboard.press("Tab")
                expect(cancel).to_be_focused()
                page.keyboard.press("Enter")
        recording = worker.status(stopped.value.url.split("/")[-2])
        expect(page.locator(".simple-own-says")).to_contain_text("Cancelled. What it had read")
        expect(field).to_have_value("hang")
        expect(page.get_by_role("button", name="Scan it")).to_be_enabled()
        until(page, lambda: worker.status(recording["id"])["state"] == "finished")
        assert page.evaluate("window.mri.session") == "demo-gift"
    worker.close()


@pytest.mark.parametrize("name", ["first-demo", "gift", "list"])
def test_earlier_forms_without_a_lens_offer_it(browser, tmp_path, name):
    shutil.copy(RECORDINGS / f"{name}.h5", tmp_path)
    with served(create_app(tmp_path)) as address, clean_page(browser, address, WIDE, full=False) as page:
        open_simple(page, Library(tmp_path).list()[0].id)
        expect(page.get_by_role("button", name="Work them out")).to_be_visible()
        assert [row[0] for row in rows(page, ".simple-row")][-1] == "words in"
