"""Every route that a page asks is cut off once, all of them in one visit: the page comes to stand without a reload."""

import json
import re
from urllib.parse import urlsplit

import pytest
import sklearn.cluster  # noqa: F401  (a first import in one thread, with pandas, can fail a chart's in another)
from playwright.sync_api import expect

from mri.format.config import TraceConfig
from mri.web.server import create_app
from mri.worker.handle import GenerationWorker
from tests.browser.scanner_page import shown, until
from tests.browser.serving import clean_page, served
from tests.browser.test_record import MODEL
from tests.conftest import FAKE_WORKER, write_random_session
from tests.true_sessions import write_true_session
from tests.web.live.conftest import Recorder

NOT_ASKED_BY_US = re.compile(
    r"^/(assets/(?!.*scales\.json)|_dash-(?!update-component)|_favicon)|^/(live|learn|compare|neurons|sessions)?$"
)
"""Pages, scripts and styles, and what Dash asks before it shows anything."""
SCALES = "GET scales.json"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sessions")
    rows = TraceConfig(attention_tier="full_row", prefill="stepwise", edu=True, topk=12)
    write_random_session(folder, session_id="demo", num_steps=100, config=rows, provenance={"weights_hash": "abc"})
    write_true_session(folder, "one", [0, 26, 1, 2, 3, 5, 4], seed=1)
    write_true_session(folder, "two", [0, 26, 6, 1, 2, 5, 4], seed=2)
    return folder


@pytest.fixture(scope="module")
def site(folder):
    worker = GenerationWorker(folder, program=FAKE_WORKER)
    with served(create_app(folder, MODEL, worker=worker)) as address:
        yield address
    worker.close()


@pytest.fixture
def page(browser, site):
    with clean_page(browser, site, tolerated="Failed to load resource") as page:
        yield page


class Cut:
    """Cuts off the first `times` requests of every route. `seen`: how often each was asked by now."""

    def __init__(self, page, times=1):
        self.times, self.seen = times, {}
        page.route("**/*", self._take)

    def _take(self, route):
        name = self._name(route.request)
        self.seen[name] = self.seen.get(name, 0) + 1
        if name and self.seen[name] <= self.times:
            route.abort()
        else:
            route.continue_()

    def _name(self, request):
        path = urlsplit(request.url).path
        if path.startswith("/_dash-update-component"):
            return f"callback {json.loads(request.post_data)['output']}"
        if NOT_ASKED_BY_US.search(path):
            return ""
        return f"{request.method} {'scales.json' if path.endswith('scales.json') else path}"

    def came_back(self, *names):
        """These were cut off, and asked for until they were answered."""
        for name in names:
            assert self.seen.get(name, 0) > self.times, (name, self.seen)


def session(name, *routes, method="GET"):
    return [f"{method} /sessions/{name}/{route}" for route in routes]


@pytest.fixture
def opened(page):
    """Open an address and note that this page is never left."""

    def open_(address):
        page.goto(address)
        page.evaluate("window.isTheSame = true")

    yield open_
    assert page.evaluate("window.isTheSame"), "nothing loaded the page again"


def test_the_scanner(page, opened):
    cut = Cut(page, times=2)  # what is asked for early is asked for again at once
    opened(
        "/?session=demo&step=20&point=block.1.resid_post&influence=attention&groups=kmeans:3:point:session:0:block.1.mlp_act"
    )
    until(page, "window.mri?.stage.lanes[0]?.frame?.header.step === 20")
    expect(page.locator(".mri-lane-labels b").first).to_contain_text("bits")
    expect(page.locator(".mri-influence-says")).to_contain_text("strongest:")
    until(page, "document.querySelectorAll('#mri-session option').length > 2")
    until(page, "window.mri.grouped.now")
    shown(page, "graph-neurons")
    page.get_by_label("Influence").select_option("gradient × input")
    until(page, lambda: cut.seen.get("POST /sessions/demo/attribution", 0) > 2)  # until then the other one's words
    expect(page.locator(".mri-influence-says")).to_contain_text("strongest:")
    until(page, "window.mri.run.frame(60)")
    cut.came_back(SCALES, "GET /library/titles", *session("demo", "meta", "tokens", "frames", "series", "saliency"))
    cut.came_back(*session("demo", "attribution", method="POST"), "GET /neurons/groups")
    expect(page.locator(".mri-toast-error")).to_have_count(0)


def test_compare(page, opened):
    cut = Cut(page)
    opened("/compare?a=one&b=two&align=mapping&step=3")
    until(page, "window.mri?.timings.draw.length > 0")
    until(page, "window.mri.panels.map.data?.values.length > 0")
    shown(page, "graph-compare-predictions")
    cut.came_back("GET /compare/alignment", "GET /compare/map", *session("two", "meta", "tokens", "frames"), SCALES)
    expect(page.locator(".mri-toast-error")).to_have_count(0)


def test_a_pair_that_is_recorded(page, opened):
    cut = Cut(page)
    opened("/compare")
    page.get_by_role("button", name="Record two prompts").click()
    for name in ("Prompt A", "Prompt B"):
        page.get_by_label(name).fill("refuse")
    dialog = page.get_by_role("dialog")
    record = dialog.get_by_role("button", name="Record", exact=True)
    record.click()
    until(page, lambda: cut.seen.get("POST /record"))
    expect(dialog.locator(".record-error")).to_contain_text("does not answer")
    record.click()
    expect(dialog.locator(".record-error")).to_contain_text("The prompt has 700 tokens")
    cut.came_back("POST /record", "GET /models", "POST /record/check")
    assert [times for name, times in cut.seen.items() if name.startswith("GET /record/")] == [2]


def test_live(page, opened, folder):
    recorder = Recorder(folder)
    recorder.append(5)
    cut = Cut(page)
    opened("/live?session=now")
    until(page, "window.mri?.stage.lanes[0]?.frame?.header.step === 4")
    recorder.append(2)
    until(page, "window.mri.stage.lanes[0]?.frame.header.step === 6")
    page.keyboard.press("Home")
    until(page, "window.mri.stage.lanes[0]?.frame.header.step === 0")
    recorder.finish(seal=True)
    expect(page.locator(".mri-pin")).to_be_enabled()
    cut.came_back(SCALES, *session("now", "meta", "tokens", "series", "frames"))


def test_a_prompt_that_is_recorded_and_steered(page, opened):
    cut = Cut(page)
    opened("/live?start")
    page.get_by_label("Prompt", exact=True).fill("hang")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Type of the weights")).to_be_visible()
    start = dialog.get_by_role("button", name="Record", exact=True)
    start.click()
    expect(dialog.locator(".record-error")).to_contain_text("does not answer")
    expect(dialog.get_by_label("Prompt", exact=True)).to_have_value("hang")
    start.click()
    stop = page.get_by_role("button", name="Stop")
    stop.click()
    until(page, lambda: any(name.endswith("/stop") for name in cut.seen))
    stop.click()
    expect(page.locator(".live-headline")).to_have_text(re.compile("Finished|Ended early"))
    cut.came_back("POST /record", "GET /models", "POST /record/check")
    [loaded] = [times for name, times in cut.seen.items() if name.endswith("/loaded")]
    assert loaded > 1


def test_a_lesson(page, opened):
    cut = Cut(page, times=2)
    opened("/learn?lesson=3-words&moment=5")
    expect(page.locator("[data-part='near'] button").first).to_be_visible()
    field = page.get_by_label("A word")
    field.fill("Mia")
    field.press("Enter")
    expect(page.locator(".lw-problem")).to_contain_text("does not answer")
    expect(page.locator(".lw-problem")).to_have_text("")
    cut.came_back("GET /lessons/3-words.json", SCALES, "GET /lessons/words/Mia")


def test_a_scan_in_a_lesson(page, opened):
    cut = Cut(page)
    opened("/learn?lesson=6-nanochat&moment=2")
    until(page, "window.mri?.stage.lanes[0]?.frame")
    names = [name for name in cut.seen if name.startswith("GET /sessions/")]
    for route in ("meta", "tokens", "frames"):
        cut.came_back(*(name for name in names if name.endswith(f"/{route}")))
    assert len({name.rsplit("/")[-1] for name in names} & {"meta", "tokens", "frames"}) == 3


def test_tokens_of_ones_own_words(page, opened):
    cut = Cut(page)
    opened("/learn?lesson=3-words&moment=1")
    expect(page.locator(".lw-readout")).to_contain_text("tokens")
    cut.came_back("GET /lessons/tokens")


def test_sessions(page, opened):
    cut = Cut(page)
    opened("/sessions")
    expect(page.locator("tbody tr").first).to_be_visible()
    page.get_by_placeholder("Search name, prompt, model").fill("nobody")
    expect(page.get_by_text("Nothing matches")).to_be_visible()
    cut.came_back("GET /library/rows")
    expect(page.locator(".mri-toast-error")).to_have_count(0)


def test_neurons(page, opened):
    cut = Cut(page)
    opened("/neurons?session=demo&point=block.1.mlp_act&groups=3")
    expect(page.locator("#neurons-summary")).to_contain_text("parts of")
    assert any(name.startswith("callback") and times > 1 for name, times in cut.seen.items())
    expect(page.locator(".mri-toast-error")).to_have_count(0)
