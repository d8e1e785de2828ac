"""The Scanner in a real browser: clock, keys, picture, links, phone, errors."""

import re
import shutil

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from mri.format.captured import Captured
from mri.paths import SESSIONS
from mri.store.opening import open_session
from tests.browser.scanner_page import open_scanner, point_at, shown, step, until, view, write_two
from tests.browser.serving import PHONE, clean_page


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = write_two(tmp_path_factory.mktemp("sessions"))
    shutil.copy(SESSIONS / "demo-story.h5", folder)
    return folder


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_a_first_visit_stands_where_the_model_chooses_its_first_word(page, motion):
    page.emulate_media(reduced_motion=motion)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    open_scanner(page)
    assert view(page)["session"] == "demo-long"
    assert [step(page), page.evaluate("window.mri.player.mode")] == [3, "paused"]  # of four tokens of the prompt
    expect(page).to_have_url(re.compile("session=demo-long&step=3"))
    frames = [re.search("start=.*stop=[0-9]+", address)[0] for address in asked if "/frames?" in address]
    assert frames[0] == "start=2&stop=5", "the step and its neighbours"
    assert set(frames[1:]) <= {"start=2&stop=5", "start=0&stop=64"}, "the same whoever asks; and what fills on"
    expect(page.locator("#mri-facts")).to_have_attribute("title", re.compile("Every glowing dot is a number inside it"))
    until(page, "document.querySelector('#graph-neurons .js-plotly-plot')")
    until(page, "window.mri.run.frame(63) !== null")  # with the charts come the other steps
    page.get_by_role("link", name="Learn", exact=True).click()
    expect(page).to_have_url(re.compile("/learn$"))
    page.locator("#nav-scan").click()
    expect(page).to_have_url(re.compile("session=demo-long&step=3"))


def test_a_link_without_a_step_plays(page):
    page.emulate_media(reduced_motion="no-preference")
    open_scanner(page, "/?session=demo-long")
    until(page, "window.mri.player.step >= 3")
    expect(page.get_by_role("button", name="Pause (space)")).to_be_visible()


def test_at_the_end_the_page_says_so_and_offers_the_start(page):
    page.emulate_media(reduced_motion="no-preference")
    open_scanner(page, "/?session=demo-long&step=97")
    ending = page.locator(".mri-ending")
    expect(ending).to_be_hidden()
    page.keyboard.press("Space")
    expect(ending).to_be_visible()
    expect(ending).to_contain_text("It ends here.")
    assert step(page) == 99
    ending.get_by_role("button", name="From the start").click()
    until(page, "window.mri.player.mode === 'playing' && window.mri.player.step < 20")
    expect(ending).to_be_hidden()


def test_predictions_do_not_look_like_buttons(page):
    open_scanner(page, "/?session=demo-long&step=20&tab=predictions")
    shown(page, "graph-predictions")
    looks = page.evaluate(
        """() => { const names = ["borderTopWidth", "borderRadius", "cursor", "pointerEvents"];
            const look = (each) => Object.fromEntries(names.map((name) => [name, getComputedStyle(each)[name]]));
            return [...document.querySelectorAll(".mri-next-row")].map(look)
              .concat([...document.querySelectorAll("#graph-predictions .drag")].map(look)); }"""
    )
    assert len(looks) > 3
    assert not [each for each in looks if each["pointerEvents"] != "none" and each["cursor"] == "pointer"]
    assert not [each for each in looks[:3] if (each["borderTopWidth"], each["borderRadius"]) != ("0px", "0px")]


def test_charts_are_filled_while_a_recording_plays(page):
    page.emulate_media(reduced_motion="no-preference")
    open_scanner(page, "/?session=demo-long")
    shown(page, "graph-neurons", "plot.data.length === 3")
    shown(page, "graph-history", "plot.data.length === 2")
    neuron = view(page)["neuron"]
    page.evaluate(f"window.mri.desk.select({{ neuron: {(neuron + 1) % 64} }})")
    expect(page.locator("#graph-history-title")).to_contain_text(f"neuron {(neuron + 1) % 64}")
    assert page.evaluate("window.mri.player.mode") == "playing"


def test_reduced_motion_does_not_play_by_itself(page):
    open_scanner(page, "/?session=demo-long")
    until(page, "document.querySelector('#graph-neurons .js-plotly-plot')")
    assert step(page) == 0
    expect(page.get_by_role("button", name="Play (space)")).to_be_visible()


def test_keys(page):
    open_scanner(page, "/?session=demo-long&step=20&point=block.0.resid_post")
    for key, expected in (
        ("ArrowRight", 21),
        ("ArrowLeft", 20),
        ("Shift+ArrowRight", 30),
        ("Shift+ArrowLeft", 20),
        ("End", 99),
        ("Home", 0),
    ):
        page.keyboard.press(key)
        until(page, f"window.mri.player.step === {expected}")
    page.keyboard.press("]")
    assert page.evaluate("window.mri.player.speed") == 2
    page.keyboard.press("[")
    page.keyboard.press("ArrowUp")
    assert view(page)["point"] == "block.1.resid_post"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert view(page)["point"] == "embed.resid0"
    page.keyboard.press("h")
    assert view(page)["head"] == 1
    page.keyboard.press("Space")
    until(page, "window.mri.player.step >= 1")
    page.keyboard.press("Space")
    assert page.evaluate("window.mri.player.mode") == "paused"


def test_scrubbing_needs_no_request(page):
    requests = []
    open_scanner(page, "/?session=demo-long&step=0")
    until(page, "window.mri.run.frame(99) !== null || window.mri.player.seek(60) || window.mri.run.frame(99) !== null")
    page.locator("#mri-scrubber").focus()
    page.on("request", lambda request: requests.append(request.url))
    before = page.evaluate("window.mri.timings.draw.length")
    for _ in range(40):
        page.keyboard.press("ArrowLeft")
    until(page, "window.mri.player.step === 20 && window.mri.stage.lanes[0]?.frame.header.step === 20")
    drawn = page.evaluate("window.mri.timings.draw.length") - before
    assert drawn > 10
    assert not [url for url in requests if "/sessions/" in url]
    assert len(requests) < 20, "charts are asked for when the clock rests, not for each step"


@pytest.mark.parametrize("tab", ["neurons", "why"])
def test_the_picture_stays_where_it_is_while_the_steps_go_by(page, tab):
    """What is said has a room of its own: a picture that is measured anew at every step has a third of the frames."""
    open_scanner(page, f"/?session=demo-story&step=0&tab={tab}&view=full")
    until(page, "document.querySelector('.mri-tools button')")
    places = set()
    for at in range(24):
        until(page, f"window.mri.stage.lanes[0].frame.header.step === {at}")
        places.add(tuple(page.locator(".mri-view").bounding_box().values()))
        page.keyboard.press("ArrowRight")
    assert len(places) == 1


def test_a_link_restores_the_view(page):
    link = "/?session=demo-long&step=33&point=block.1.mlp_out&layer=1&head=1&neuron=12&tab=attention"
    open_scanner(page, link)
    assert {name: value for name, value in view(page).items() if value} == {
        "session": "demo-long",
        "step": 33,
        "point": "block.1.mlp_out",
        "layer": 1,
        "head": 1,
        "neuron": 12,
        "tab": "attention",
    }
    expect(page.get_by_role("tab", name="Attention")).to_have_attribute("aria-selected", "true")
    page.get_by_label("More of what comes next").click()
    page.get_by_role("button", name="20 words, at any temperature").click()
    expect(page.get_by_role("tab", name="Predictions")).to_have_attribute("aria-selected", "true")
    page.locator("#mri-scrubber").focus()
    page.keyboard.press("Home")
    until(page, "location.search.includes('step=0') && location.search.includes('tab=predictions')")
    page.go_back()
    until(page, "window.mri.desk.view.tab === 'attention' && window.mri.player.step === 33")


def test_a_broken_link_falls_back(page):
    open_scanner(page, "/?session=demo-long&step=9999&point=block.77.nothing&neuron=99999&tab=no")
    found = view(page)
    assert (found["step"], found["point"], found["tab"]) == (99, "block.1.resid_post", "neurons")


def test_an_unknown_session_says_so(page):
    page.goto("/?session=nobody")
    expect(page.get_by_role("alert")).to_contain_text("cannot be opened")


def test_the_value_under_the_pointer_is_the_files(page, folder):
    open_scanner(page, "/?session=demo-long&step=12&point=block.0.mlp_out")
    with open_session(folder / "demo-long.h5") as reader:
        frame, layout = reader.frame(12), reader.session.layout
    indices, values = Captured(frame, layout).captured("block.0.mlp_out")
    for place in (0, len(indices) - 1):
        point_at(page, "block.0.mlp_out", int(indices[place]))
        tip = page.locator("#mri-stage .mri-tip")
        expect(tip).to_contain_text(f"block.0.mlp_out · neuron {indices[place]}")
        said = tip.locator(".mri-value").inner_text().replace("−", "-").removesuffix(" activation")
        assert float(said) == pytest.approx(float(values[place]), rel=1e-6)
        expect(tip).to_contain_text(f"rank {place + 1} of 64")
    other = next(neuron for neuron in range(64) if neuron not in indices)
    point_at(page, "block.0.mlp_out", other)
    expect(page.locator("#mri-stage .mri-tip .mri-value")).to_contain_text("not captured, |x| ≤ ")


def test_marks_are_told_apart(page):
    """The handmade session holds, by step: −∞ and NaN; a clipped value; zeros; nothing at the neurons 2 to 5."""
    open_scanner(page, "/?session=handmade&step=0&point=block.0.resid_post")
    for at, neuron, text in (
        (0, 6, "NaN"),
        (0, 1, "−∞"),
        (1, 6, "clipped at 65504"),
        (2, 0, "0 activation, rounded: |x| ≤ 2.99e−8"),
        (2, 3, "not captured"),
    ):
        page.evaluate(f"window.mri.player.seek({at})")
        until(page, f"window.mri.stage.lanes[0]?.frame.header.step === {at}")
        point_at(page, "block.0.resid_post", neuron)
        expect(page.locator("#mri-stage .mri-tip .mri-value")).to_have_text(re.compile("^" + re.escape(text)))
    legend = page.locator(".mri-legend")
    for name in ("not captured", "zero", "NaN", "±∞", "clipped"):
        expect(legend).to_contain_text(name)


def test_the_list_of_hook_points(page, folder):
    open_scanner(page, "/?session=demo-long&step=3")
    options = page.get_by_role("option")
    assert page.locator(".mri-row").count() == 5 + 9, "a row a block, and those of the open one"
    options.filter(has_text="final norm").click()
    assert view(page)["point"] == "final.ln_f"
    page.get_by_role("listbox", name="Hook points").focus()
    page.keyboard.press("ArrowUp")
    assert view(page)["point"] == "final.logits"
    with open_session(folder / "demo-long.h5") as reader:
        stats = Captured(reader.frame(3), reader.session.layout).stats("final.logits")
    page.get_by_role("tab", name="Statistics").click()
    until(page, "document.querySelector('#mri-point-numbers h3')?.textContent === 'final.logits'")
    shown = page.locator("#mri-point-numbers dd").evaluate_all("cells => cells.map((cell) => Number(cell.title))")
    assert shown == pytest.approx(list(stats.values()))


def test_the_picker_opens_another_session(page):
    open_scanner(page, "/?session=demo-long&step=3")
    page.get_by_label("Recording", exact=True).select_option("handmade")
    until(page, "window.mri?.session === 'handmade' && window.mri.timings.draw.length > 0")
    assert "session=handmade" in page.url
    page.go_back()
    until(page, "window.mri?.session === 'demo-long' && window.mri.player.step === 3")


def test_a_failing_server_is_told_on_the_stage_and_what_failed_comes_later(browser, site):
    context = browser.new_context(base_url=site, reduced_motion="reduce", color_scheme="dark")
    page = context.new_page()
    page.route("**/frames?*start=64*", lambda route: route.abort())
    open_scanner(page, "/?session=demo-long&step=5")
    page.evaluate("window.mri.player.seek(80)")
    expect(page.locator("#mri-stage").get_by_role("alert")).to_contain_text("retry")
    page.evaluate("window.mri.player.seek(6)")
    until(page, "window.mri.stage.lanes[0]?.frame.header.step === 6")
    page.unroute("**/frames?*start=64*")
    page.evaluate("window.mri.player.seek(80)")
    until(page, "window.mri.stage.lanes[0]?.frame.header.step === 80")
    context.close()


def test_a_server_that_is_gone_is_told_until_it_answers_again(browser, site):
    context = browser.new_context(base_url=site, reduced_motion="reduce", color_scheme="dark")
    page = context.new_page()
    open_scanner(page, "/?session=demo-long&step=5&tab=neurons")
    page.wait_for_load_state("networkidle")
    page.route("**/_dash-update-component*", lambda route: route.abort())
    page.keyboard.press("ArrowRight")
    told = page.locator(".mri-toast-error").filter(has_text="does not answer")
    expect(told).to_have_count(1)
    failed: list[object] = []
    page.on("requestfailed", lambda request: failed.append(request))
    # more than once, as Dash may be at the last failure still
    until(page, lambda: failed, act=lambda: page.keyboard.press("ArrowRight", delay=500))
    expect(told).to_have_count(1)
    page.unroute("**/_dash-update-component*")
    page.keyboard.press("ArrowRight")
    expect(told).to_have_count(0)
    context.close()


@pytest.mark.parametrize(("tab", "theme"), [("neurons", "dark"), ("statistics", "light")])
def test_axe_finds_no_serious_fault(page, tab, theme):
    page.add_init_script(f"localStorage.setItem('mri-theme', '{theme}')")
    open_scanner(page, f"/?session=demo-long&step=30&tab={tab}")
    until(page, f"document.querySelector('#panel-{tab} .main-svg')")
    faults = [fault for fault in Axe().run(page).response["violations"] if fault["impact"] in ("serious", "critical")]
    assert not faults, [(fault["id"], [node["target"] for node in fault["nodes"]][:3]) for fault in faults]


def test_phone(browser, site):
    with clean_page(browser, site, PHONE) as page:
        open_scanner(page, "/?session=demo-long&step=3")
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        transport = page.locator("#mri-transport")
        expect(transport).to_be_in_viewport()
        page.locator("#mri-layers").scroll_into_view_if_needed()
        expect(transport).to_be_in_viewport()
        page.get_by_role("button", name="One step on (→)").click()
        assert step(page) == 4


def test_no_canvas_leaves_the_charts_in_charge(page):
    page.add_init_script(
        """const real = HTMLCanvasElement.prototype.getContext;
        HTMLCanvasElement.prototype.getContext = function (...kind) {
          return this.matches(".mri-flat, .mri-tower") ? null : real.apply(this, kind); };"""
    )
    page.goto("/?session=demo-long&step=3&tab=statistics")
    expect(page.locator("#mri-stage")).to_contain_text("no canvas")
    until(page, "document.querySelector('#graph-map .js-plotly-plot')?.layout?.shapes?.[0].x0 === 3")
    page.keyboard.press("ArrowRight")
    until(page, "document.querySelector('#graph-map .js-plotly-plot').layout.shapes[0].x0 === 4")
