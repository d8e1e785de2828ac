"""The Live page in a real browser: recordings made from it by the real worker, and others that the test makes."""

import base64
import re
from contextlib import contextmanager

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from mri.measure.series import full_scales, series_over_steps
from mri.store.library import Library
from mri.web.server import create_app
from mri.web.services import EXTENSION
from mri.worker.handle import GenerationWorker
from tests.browser.scanner_page import step, until
from tests.browser.serving import DESKTOP, PHONE, clean_page, served
from tests.browser.test_record import MODEL
from tests.conftest import FAKE_WORKER
from tests.web.live.conftest import Recorder

KEEP_SOCKETS = """window.sockets = []; const Real = WebSocket;
window.WebSocket = class extends Real { constructor(...of) { super(...of); window.sockets.push(this); } };"""

LOSSY_SOCKET = """window.isLossy = false; window.numLost = 0; const Real = WebSocket;
window.WebSocket = class extends Real { set onmessage(hear) { window.hear = hear; super.onmessage = (event) => {
    if (isLossy && typeof event.data !== "string") numLost++; else hear(event); }; } };"""


@contextmanager
def live_page(browser, address, viewport=DESKTOP, pace="Infinity"):
    """A clean page that shows recordings at full speed, unless the test is about their pace."""
    with clean_page(browser, address, viewport) as page:
        page.add_init_script(f"if (!localStorage.getItem('mri-pace')) localStorage.setItem('mri-pace', '{pace}')")
        yield page


@pytest.fixture
def site(tmp_path):
    """The app on the test's own folder; its worker makes no model."""
    worker = GenerationWorker(tmp_path, program=FAKE_WORKER)
    with served(create_app(tmp_path, MODEL, worker=worker)) as address:
        yield address
    worker.close()


@pytest.fixture
def recorder(tmp_path):
    """Somebody else who records into the same folder, step by step as the test says."""
    made = Recorder(tmp_path)
    yield made
    if not made.writer._finished:
        made.finish("interrupted")


def watch(page, recorder):
    """Open a recording's address and wait until its newest step is painted."""
    page.goto(f"/live?session={recorder.id}")
    followed(page, recorder)


def followed(page, recorder):
    until(page, f"window.mri?.stage.lanes[0]?.frame?.header.step === {len(recorder.frames) - 1}")


def open_page(page):
    """Where a recording is begun."""
    page.goto("/live")
    expect(page.get_by_role("button", name="Write a prompt")).to_be_visible()


def fill(page, prompt, most):
    """Open the dialog and write into it."""
    open_page(page)
    page.get_by_role("button", name="Write a prompt").click()
    page.get_by_label("Prompt", exact=True).fill(prompt)
    page.get_by_label("Words at most").fill(str(most))


def record(page):
    page.get_by_role("dialog").get_by_role("button", name="Record", exact=True).click()


def state(page):
    return page.locator(".live-headline")


def records(page):
    """The bytes of every step that the page has, as they came."""
    found = page.evaluate(
        """Array.from({length: mri.run.numSteps}, (_, step) => {
            const bytes = mri.run.frame(step)?.record ?? [];
            return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")); })"""
    )
    return [base64.b64decode(each) for each in found]


def test_from_prompt_to_replay(browser, tmp_path):
    app = create_app(tmp_path, MODEL)
    with served(app) as address, live_page(browser, address) as page:
        fill(page, "Mia went", 260)
        page.get_by_label("Temperature").fill("1.5")
        with page.expect_response("**/record") as answered:
            record(page)
        page.request.post(f"/record/{answered.value.json()['id']}/pause")  # before it is over
        expect(page).to_have_url(re.compile(r"/live\?session=\d{8}-\d{6}-[0-9a-f]{6}"))
        expect(state(page)).to_have_text("Paused")
        until(
            page,
            "window.mri?.player.mode === 'following' && mri.stage.lanes[0]?.frame?.header.step === mri.player.lastStep",
        )
        before = {"steps": page.evaluate("mri.player.numSteps"), "painted": page.evaluate("mri.stage.tower.numPainted")}
        tokens = page.locator(".mri-token").count()
        for i in range(1, 4):  # one token at a time, each seen
            page.get_by_role("button", name="Step once").click()
            until(page, f"mri.stage.lanes[0]?.frame.header.step === {before['steps'] - 1 + i}")
            expect(page.locator(".mri-token")).to_have_count(tokens + i)
            expect(page.locator(".mri-token.is-current")).to_have_attribute("data-position", str(tokens + i - 2))
        assert page.evaluate("mri.stage.tower.numPainted") > before["painted"]
        page.get_by_role("button", name="Resume").click()
        expect(state(page)).to_have_text("Finished")
        expect(page).to_have_url(re.compile(r"/\?session="))
        assert [page.evaluate(f"mri.player.{name}") for name in ("mode", "isGrowing")] == ["paused", False]
        painted = [number for number, _ in page.evaluate("mri.timings.painted")]
        assert painted == sorted(set(painted)), "each step is painted once, in order"
        expect(page.locator(".mri-pin")).to_be_enabled()  # one file by now, which can be kept
        page.keyboard.press("Home")
        until(page, "mri.stage.lanes[0]?.frame.header.step === 0")
        with Library(tmp_path).open(page.evaluate("mri.session")) as reader:
            assert reader.session.prompt == "Mia went"
            assert records(page) == [reader.records(i, i + 1) for i in range(reader.num_steps)]
            assert page.evaluate("mri.run.tokens.sequence") == reader.token_ids().tolist()
            scales = page.evaluate("mri.run.fullScale")
            assert scales == pytest.approx(full_scales(reader), rel=1e-6)
            lines = series_over_steps(reader, "l2")
            for name in ("surprise", "entropy"):
                mine = page.evaluate(f"Array.from(mri.run.series.{name}, (x) => Number.isNaN(x) ? null : x)")
                np.testing.assert_allclose(np.array(mine, float), getattr(lines, name), rtol=1e-6)
        page.evaluate(
            """document.querySelector('.mri-more a[href="/live"]').click()"""
        )  # Dash believes that it never left
        expect(page.get_by_role("button", name="Write a prompt")).to_be_visible()
    app.server.extensions[EXTENSION].worker.close()


def test_two_viewers_one_late_and_both_get_every_step(browser, site, recorder):
    with live_page(browser, site) as first, live_page(browser, site) as second:
        recorder.append()
        first.bring_to_front()  # a page behind another draws too seldom to be clicked in
        first.goto("/live")
        first.get_by_role("link", name="once").click()  # what others record is one click away
        followed(first, recorder)
        recorder.append(80)
        followed(first, recorder)
        watch(second, recorder)
        expect(state(second)).to_have_text("Recording elsewhere")
        expect(second.locator(".live-buttons button:visible")).to_have_count(0)  # nobody here can steer it
        recorder.append(3)
        followed(second, recorder)
        path = recorder.finish()
        for page in (first, second):
            expect(page).to_have_url(re.compile(r"/\?session=now"))
            page.evaluate("mri.run.want(0)")
            until(page, "mri.run.frame(0)")
            expect(page.locator(".mri-token")).to_have_count(4 + len(recorder.frames))
        with Library(path.parent).open("now") as reader:
            expected = [reader.records(i, i + 1) for i in range(reader.num_steps)]
        assert records(first) == expected
        assert records(second) == expected  # the first 64 came over HTTP


def test_scrubbing_back_leaves_following_and_the_button_returns(browser, site, recorder):
    with live_page(browser, site) as page:
        recorder.append(12)
        watch(page, recorder)
        follow = page.get_by_role("button", name="Follow")
        expect(follow).to_have_attribute("aria-pressed", "true")
        page.locator(".mri-token").nth(5).click()
        until(page, "mri.stage.lanes[0]?.frame.header.step === 2")
        expect(follow).to_have_attribute("aria-pressed", "false")
        recorder.append(4)
        until(page, "mri.player.numSteps === 16")
        assert step(page) == 2, "who looks back is left in peace"
        follow.click()
        followed(page, recorder)
        page.keyboard.press("ArrowLeft")
        until(page, "mri.stage.lanes[0]?.frame.header.step === 14")
        page.keyboard.press("f")
        recorder.append()
        followed(page, recorder)
        expect(page).not_to_have_url(re.compile("step="))  # a link to a recording under way follows it


def test_a_connection_that_breaks_is_made_again(browser, site, recorder):
    with live_page(browser, site) as page:
        page.add_init_script(KEEP_SOCKETS)
        recorder.append(5)
        watch(page, recorder)
        page.evaluate("sockets[0].close()")
        recorder.append(5)
        expect(page.locator(".live-link")).to_have_text("Connected again, from step 5 on.")
        followed(page, recorder)
        assert page.evaluate("sockets[1].url").endswith("/live/now?from=5")
        assert page.evaluate("Array.from({length: 10}, (_, step) => mri.run.frame(step).header.step)") == list(
            range(10)
        )


def test_what_the_stream_leaves_out_is_counted_and_fetched(browser, site, recorder):
    with live_page(browser, site) as page:
        page.add_init_script(LOSSY_SOCKET)
        recorder.append(5)
        watch(page, recorder)
        page.evaluate("isLossy = true")
        recorder.append(3)
        until(page, "numLost === 3")
        told = {"type": "dropped", "payloads": 2, "frames": 3, "payload_steps": [[8, 9]], "frame_steps": [[5, 7]]}
        page.evaluate("(told) => { isLossy = false; hear({ data: JSON.stringify(told) }); }", told)
        recorder.append(2)
        followed(page, recorder)
        assert page.evaluate("mri.run.tokens.steps.pos0.length") == 10, "no gap, no step twice"
        words = "Too slow for the stream: 2 steps without values, 3 steps late; fetched"
        expect(page.locator(".live-drops")).to_have_text(f"{words} when it is over.")
        thin = page.evaluate_handle("mri.run.frame(8)")
        recorder.finish()
        expect(page.locator(".live-drops")).to_have_text(f"{words} since.")
        page.evaluate("mri.player.seek(8)")
        until(page, "mri.stage.lanes[0]?.frame?.header.step === 8")
        assert page.evaluate(
            "(thin) => mri.stage.lanes[0]?.frame !== thin && mri.run.frame(8) === mri.stage.lanes[0]?.frame", thin
        )


def test_a_recorder_that_is_killed_and_one_that_stops(browser, site, recorder):
    with live_page(browser, site, PHONE) as page:
        recorder.append(4)
        watch(page, recorder)
        width = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert width[0] <= width[1], "nothing is wider than a phone"
        recorder.die()
        expect(page.locator(".live-sentence")).to_have_text(
            "The recorder ended without a word: what it recorded is kept."
        )
        expect(state(page)).to_have_text("Ended early")
        assert page.evaluate("[mri.player.numSteps, mri.player.mode]") == [4, "paused"]
        page.get_by_role("button", name="New recording").click()
        expect(page.get_by_label("Prompt", exact=True)).to_be_visible()


def test_the_queue_and_what_goes_wrong(browser, site, tmp_path):
    with live_page(browser, site) as page:
        open_page(page)
        page.request.post("/record", data={"prompt": "hang", "max_new_tokens": 2})
        page.request.post("/record", data={"prompt": "x"})
        fill(page, "y", 5)
        record(page)
        expect(page.locator(".record-line")).to_have_text("place 2 in the queue.")
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Watch it").click()
        expect(state(page)).to_have_text("Waiting")
        expect(page.locator(".live-sentence")).to_have_text("Place 2 in the queue.")
        page.get_by_role("button", name="Cancel").click()
        expect(page.locator(".live-sentence")).to_have_text("Cancelled before it began.")
        page.go_back()
        expect(page.get_by_role("button", name="Write a prompt")).to_be_visible()
        page.goto("/live?session=of-nobody")
        expect(page.locator(".live-sentence")).to_contain_text("of-nobody")


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_beginning_and_bar_are_accessible(browser, site, recorder, theme):
    with live_page(browser, site) as page:
        page.add_init_script(f"localStorage.setItem('mri-theme', '{theme}')")
        recorder.append(3)
        open_page(page)
        expect(page.get_by_text("Recording now")).to_be_visible()
        results = [Axe().run(page)]
        watch(page, recorder)
        results.append(Axe().run(page))
    assert [result.violations_count for result in results] == [0, 0], [result.generate_report() for result in results]


def shown(page):
    """Words that are seen of what was written."""
    return page.locator(".mri-token:not(.is-prompt, .is-unseen)")


def test_what_is_fast_is_shown_at_three_words_a_second_and_again_from_the_start(browser, site, recorder):
    with clean_page(browser, site) as page:
        recorder.append(1)
        watch(page, recorder)
        assert page.evaluate("mri.player.pace") == 3
        before = page.evaluate("performance.now()")
        recorder.append(29)
        until(page, "mri.player.numSteps === 30")
        expect(page.locator(".live-behind")).to_have_text(re.compile(r"the picture is \d+ steps behind the model"))
        recorder.finish("eos")
        expect(state(page)).to_have_text(re.compile("Finished|Ended early"))
        seen = page.evaluate("mri.player.furthest")
        assert seen < 29, "the model has ended, the picture has not"
        expect(page.locator(".mri-token")).to_have_count(34)
        assert shown(page).count() < 30, "no word is seen before its time"
        page.get_by_role("button", name="Pause", exact=True).first.click()
        at = step(page)
        page.get_by_role("button", name="Step once").click()
        until(page, f"mri.stage.lanes[0]?.frame.header.step === {at + 1} && mri.player.mode === 'paused'")
        page.get_by_role("button", name="Resume").click()
        until(page, "mri.player.step === 29 && mri.player.mode === 'paused'")
        assert page.evaluate("performance.now()") - before >= (29 - 1) * 1000 / 3 * 0.9
        expect(shown(page)).to_have_count(30)
        expect(page.locator(".live-behind")).to_have_text("")
        page.get_by_role("button", name="Again from the start").click()
        until(page, "mri.player.step < 6 && mri.player.mode === 'playing'")
        until(page, lambda: shown(page).count() < 30)  # the words come once more
        until(page, "mri.player.step === 29 && mri.player.mode === 'paused'")


def test_the_pace_is_chosen_remembered_and_full_speed_catches_up(browser, site, recorder):
    with live_page(browser, site, pace=1) as page:
        recorder.append(1)
        watch(page, recorder)
        recorder.append(19)
        until(page, "window.mri?.player.numSteps === 20 && mri.player.behind > 10")
        page.keyboard.press("]")
        expect(page.locator(".live-bar select")).to_have_value("3")
        page.locator(".live-bar select").select_option("full speed")
        followed(page, recorder)
        expect(shown(page)).to_have_count(20)
        fill(page, "Mia", 4)
        expect(page.get_by_label("Shown at").last).to_have_value("Infinity")
        page.get_by_label("Shown at").last.select_option("10 words a second")
        watch(page, recorder)  # who comes late begins at the newest step
        assert page.evaluate("mri.player.pace") == 10
        page.keyboard.press("Home")
        until(page, "mri.stage.lanes[0]?.frame.header.step === 0")
        expect(shown(page)).to_have_count(20)
        page.keyboard.press("f")
        followed(page, recorder)
        recorder.append(2)
        followed(page, recorder)


def test_start_paused_stands_at_the_first_word_until_it_is_let_go(browser, tmp_path):
    app = create_app(tmp_path, MODEL)
    with served(app) as address, live_page(browser, address, PHONE, pace=10) as page:
        fill(page, "Mia went", 12)
        page.get_by_role("button", name="Start paused").click()
        expect(state(page)).to_have_text("Finished")
        until(page, "globalThis.mri !== undefined")  # twelve words can be written before the picture stands
        assert page.evaluate("[mri.player.step, mri.player.mode]") == [0, "paused"]
        expect(shown(page)).to_have_count(0)
        page.get_by_role("button", name="Resume").click()
        until(page, "mri.player.furthest > 0")
        now = page.locator(".mri-token.is-next")
        expect(now).to_be_in_viewport()
        until(page, "mri.player.behind === 0")
        expect(now).to_be_in_viewport()  # on a phone, too
    app.server.extensions[EXTENSION].worker.close()
