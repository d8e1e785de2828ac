"""The lessons as a reader has them: done from start to end, locked, kept, printed, on a phone."""

from itertools import pairwise

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from mri.lessons.catalogue import Catalogue
from mri.lessons.targets import targets
from mri.paths import LESSONS
from mri.web.server import create_app
from tests.browser.lesson_walker import walk_lesson
from tests.browser.scanner_page import neuron_at, until, view
from tests.browser.serving import PHONE, clean_page, served
from tests.browser.test_simple import OVERLAPS
from tests.browser.test_widths import SETTLED, SIZES


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with served(create_app(tmp_path_factory.mktemp("sessions"))) as address:
        yield address


def open_moment(page, lesson_id, moment_id):
    """Straight to a page of a lesson, by its address."""
    ids = [moment.id for moment in Catalogue(LESSONS).lesson(lesson_id).moments]
    page.goto(f"/learn?lesson={lesson_id}&moment={ids.index(moment_id) + 1}")
    ready(page, moment_id)


def ready(page, moment_id):
    until(page, f"document.querySelector('#learn')?.dataset.ready === '{moment_id}'")


def test_the_first_lesson_with_the_keyboard_alone(page):
    walk_lesson(page, Catalogue(LESSONS).lesson("1-perceptron"), keyboard=True)
    page.goto("/learn")
    expect(page.locator("[data-lesson='1-perceptron']")).to_contain_text("✓ 3 of 3 right")


def test_the_second_lesson(page):
    walk_lesson(page, Catalogue(LESSONS).lesson("2-mlp"))


def test_what_is_locked_does_nothing_and_says_why(page):
    open_moment(page, "1-perceptron", "learns")
    says = page.locator(".learn-says")
    page.locator(".mri-lanes").click(position={"x": 80, "y": 8})
    expect(says).to_contain_text("The timeline: locked for now")
    page.keyboard.press("t")
    expect(says).to_contain_text("The picture's switches: locked for now")
    chosen = view(page)
    page.mouse.click(*neuron_at(page, "sum", 0))
    expect(says).to_contain_text("The stage: locked for now")
    assert page.evaluate("window.mri.player.step") == 0
    assert view(page) == chosen
    for locked in (".mri-lanes", ".mri-tools", ".mri-view"):
        expect(page.locator(locked)).to_have_attribute("aria-disabled", "true")
    page.keyboard.press("ArrowRight")  # the clock is open
    until(page, "window.mri.player.step === 1")
    for _ in range(2):
        page.locator(".learn-next").click()
    ready(page, "until")
    page.locator(".mri-lanes").click(position={"x": 200, "y": 8})
    until(page, "window.mri.player.step > 4")
    expect(page.locator(".mri-view")).not_to_have_attribute("aria-disabled", "true")
    expect(page.locator(".mri-tools")).not_to_have_class("is-locked")


def test_progress_survives_a_reload_and_can_be_forgotten(page):
    page.goto("/learn?lesson=1-perceptron")
    ready(page, "smallest")
    for part in ("x1", "x2"):
        page.locator(f"#learn-widget [data-part={part}]").click()
    page.locator(".learn-next").click()
    ready(page, "weights")
    page.goto("/learn?lesson=1-perceptron")
    ready(page, "weights")
    page.keyboard.press("b")
    ready(page, "smallest")
    expect(page.locator(".learn-done")).to_contain_text("Both inputs count now.")
    page.goto("/learn")
    card = page.locator("[data-lesson='1-perceptron']")
    expect(card).to_contain_text("page 2 of 14")
    go_on = page.get_by_role("link", name="Go on: One perceptron")
    expect(go_on).to_be_visible()
    expect(page.locator("#course-go")).to_contain_text("page 2 of 14, about 11 minutes left")
    page.get_by_role("button", name="Forget it and start anew").click()
    expect(card).to_contain_text("about 12 minutes")
    page.get_by_role("link", name="Begin: One perceptron").click()
    ready(page, "smallest")
    expect(page.locator(".learn-done")).to_be_empty()


def test_text_and_picture_light_each_other(page):
    open_moment(page, "1-perceptron", "correction")
    term = page.locator("[data-term='neuron:sum:0']")
    term.hover()
    x, y = neuron_at(page, "sum", 0)
    box = page.locator(".learn-glow").bounding_box()
    assert box is not None
    assert abs(box["x"] + box["width"] / 2 - x) < 2
    assert abs(box["y"] + box["height"] / 2 - y) < 2
    open_moment(page, "1-perceptron", "learns")
    page.locator("#mri-stage .mri-view").hover()
    expect(page.locator("[data-term=stage]")).to_have_class("learn-term is-lit")
    page.locator(".learn-title").hover()
    expect(page.locator("[data-term=stage]")).to_have_class("learn-term")


def test_a_number_opens_down_to_what_was_measured(page):
    open_moment(page, "1-perceptron", "correction")
    number = page.locator(".learn-prose [data-number=w1_after]")
    expect(number).to_have_text("−0.75")
    number.click()
    card = page.locator(".learn-formula")
    expect(card.locator(".learn-actual").first).to_have_text("−0.75 = −1 + 0.25·1·1")
    expect(card.locator(".learn-symbolic").first).to_have_text("before + rate·error·input")
    card.get_by_role("button", name="error: 1").click()
    expect(card.locator("li").nth(1)).to_contain_text("1 = 1 − 0")
    card.get_by_role("button", name="said: 0").click()
    expect(card.locator("li").nth(2)).to_contain_text("measured: output, neuron 0, step 3")
    expect(card.get_by_role("link")).to_have_attribute("href", "/?session=lesson-and&step=3&point=output&neuron=0")
    page.keyboard.press("Escape")
    expect(card).to_have_count(0)
    expect(number).to_be_focused()


def test_back_goes_a_page_back_and_an_address_opens_its_view(page):
    open_moment(page, "2-mlp", "units")
    page.locator(".learn-next").click()
    ready(page, "relu")
    page.go_back()
    ready(page, "units")
    expect(page.locator(".learn-title")).to_have_text("Each hidden unit is a perceptron")
    page.goto("/learn?lesson=2-mlp&moment=5&session=lesson-xor&step=77&point=mlp_pre&neuron=3")
    ready(page, "open")
    assert page.evaluate("window.mri.player.step") == 77
    assert (view(page)["point"], view(page)["neuron"]) == ("mlp_pre", 3)


def test_paper_has_every_page_with_formulas_and_answers(page):
    lesson = Catalogue(LESSONS).lesson("1-perceptron")
    page.goto("/learn?lesson=1-perceptron")
    ready(page, "smallest")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    paper = page.locator("#learn-print")
    expect(paper).to_be_visible()
    expect(page.locator("#learn")).to_be_hidden()
    text = paper.inner_text()
    for moment in lesson.moments:
        assert moment.title in text
    assert "−0.75 = −1 + 0.25·1·1" in text
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    expect(paper).to_have_count(0)


def test_every_part_that_a_lesson_can_point_at_is_on_the_screen(page):
    page.goto("/?session=lesson-colours&step=11&tab=why")
    for name, target in targets().items():
        if name != "widget":
            until(page, f"document.querySelector({target.selector!r})")
    assert page.evaluate("document.querySelectorAll('.learn-ring').length") == 0


def test_a_training_is_shown_without_tokens(page):
    page.goto("/?session=lesson-and&step=3")
    until(page, "window.mri?.timings.draw.length > 0")
    expect(page.locator("#mri-ribbon")).to_be_hidden()
    expect(page.locator(".mri-lane-labels > div > span")).to_have_text(["error", "target", "l2"])
    expect(page.locator("#mri-facts")).to_have_text("Perceptron · 6 hook points · 48 steps · strongest 2 of each point")
    expect(page.locator("#mri-session option:checked")).to_have_text("A perceptron learns AND")
    places = [neuron_at(page, key, 0) for key in ("inputs", "weights", "weighted", "bias", "sum", "output")]
    gaps = [below[1] - above[1] for below, above in pairwise(places)]
    camera = page.evaluate("window.mri.stage.tower.camera.width")
    assert min(gaps) > 0.03 * camera, "plates are apart, and so are their dots"


def test_an_unknown_lesson_says_so(page):
    page.goto("/learn?lesson=9-nothing")
    expect(page.get_by_role("alert")).to_contain_text("There is no lesson")


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_course_is_accessible_and_no_text_lies_on_another_at_any_width(page, theme):
    page.add_init_script(f"try {{ localStorage.setItem('mri-theme', '{theme}'); }} catch {{}}")
    page.goto("/learn?lesson=2-mlp")
    ready(page, "several")
    page.goto("/learn")
    expect(page.get_by_role("link", name="Go on: A small MLP")).to_be_visible()
    found = []
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate(SETTLED)
        found += [f"{width} × {height}: {fault}" for fault in page.evaluate(OVERLAPS)]
        if width in (390, 1440):
            found += [f"{width}: {each['id']}" for each in Axe().run(page).response["violations"]]
    assert not found, "\n".join(found)


def test_it_fits_a_phone(browser, site):
    with clean_page(browser, site, PHONE) as page:
        page.goto("/learn")
        expect(page.get_by_role("link", name="Begin: One perceptron")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        for lesson_id, moment_id in (("1-perceptron", "learns"), ("2-mlp", "dies")):
            open_moment(page, lesson_id, moment_id)
            expect(page.locator("#mri-scrubber")).to_be_in_viewport()
            assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
