"""What a page finds around it: high contrast, a translator, keyboards of other scripts."""

import pytest
from playwright.sync_api import expect

from tests.browser.scanner_page import open_scanner, shown, until, view
from tests.true_sessions import write_one_of_each

IS_TOLD = """([one, other]) => {
    const [mine, others] = [one, other].map((selector) => getComputedStyle(document.querySelector(selector)));
    return ["backgroundColor", "backgroundImage", "outlineStyle"].some((name) => mine[name] !== others[name]); }"""

CHOSEN = {
    "/?session=demo-long&step=9&tab=attention": [
        ("#nav-scan", "#nav-learn"),
        (".mri-tab[aria-selected=true]", ".mri-tab[aria-selected=false]"),
        (".mri-tools [aria-pressed=true]", ".mri-tools [aria-pressed=false]"),
        (".mri-row[aria-selected=true]", ".mri-row:not([aria-selected=true])"),
        (".mri-token.is-current", ".mri-token.is-prompt"),
        ("#mri-heads [aria-pressed=true]", "#mri-heads [aria-pressed=false]"),
    ],
    "/compare?a=one&b=two&align=mapping&step=3": [(".mri-phases .is-matched", ".mri-phases .is-apart")],
    "/learn?lesson=1-perceptron&moment=2": [(".learn-dots [aria-current]", ".learn-dots button:not([aria-current])")],
}
"""Address -> what is chosen there, and one like it that is not."""

LESSONS = (
    "1-perceptron&moment=2",
    "3-words&moment=2",
    "4-attention&moment=2",
    "5-block&moment=7",
    "6-nanochat&moment=8",
    "7-why&moment=5",
)
STAGE = (".mri-stage", ".mri-legend")
UNMARKED = r"""() => {
    const mono = getComputedStyle(document.documentElement).getPropertyValue("--mono").split(",")[0].trim();
    const isText = (node) => [...node.childNodes].some((child) => child.nodeType === 3 && /\p{L}|\d/u.test(child.data));
    const isMono = (node) => node.checkVisibility() && getComputedStyle(node).fontFamily.startsWith(mono);
    const isMarked = (node) => node.closest('[translate="no"]')?.closest("[lang]:not(html)");
    return [...document.body.querySelectorAll("*")]
      .filter((node) => isText(node) && isMono(node) && !isMarked(node))
      .map((node) => `.${node.className} in .${node.parentElement.className}: ${node.textContent.slice(0, 40)}`); }"""
"""Whatever is set in the fixed-width face is a token, a key or a number."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sessions")
    write_one_of_each(folder)
    return folder


def test_with_forced_colours_what_is_chosen_is_seen(page):
    page.emulate_media(forced_colors="active", reduced_motion="reduce")
    for address, pairs in CHOSEN.items():
        page.goto(address)
        for chosen, other in pairs:
            page.locator(chosen).first.wait_for()
            page.locator(other).first.wait_for(state="attached")
            assert page.evaluate(IS_TOLD, [chosen, other]), (address, chosen)


def test_with_forced_colours_nothing_that_is_drawn_goes(page):
    page.emulate_media(forced_colors="active", color_scheme="light", reduced_motion="reduce")
    open_scanner(page, "/?session=demo-long&step=9&loop=3-12")
    until(page, "document.querySelector('.mri-lane-labels b').textContent !== '…'")
    canvas = page.evaluate("getComputedStyle(document.body).backgroundColor")
    for drawn in (".mri-timeline-cursor", ".mri-phases .is-decode", ".mri-phases i"):
        assert page.evaluate(f"getComputedStyle(document.querySelector({drawn!r})).backgroundColor") != canvas, drawn
    assert page.evaluate("getComputedStyle(document.querySelector('.mri-timeline-loop')).borderLeftWidth") == "2px"
    looks = "(name) => { const { backgroundColor, color } = getComputedStyle(document.querySelector(name)); "
    stage, legend = (page.evaluate(looks + "return [backgroundColor, color]; }", name) for name in STAGE)
    assert (stage[0], legend[1]) == ("rgb(0, 0, 0)", "rgb(255, 255, 255)"), "marks are drawn for a dark ground"
    darkest = page.evaluate(
        """() => { const { canvas } = window.mri.panels.layers.bars, ctx = canvas.getContext("2d");
            const pixels = ctx.getImageData(0, 0, canvas.width, canvas.height).data; let least = 255;
            for (let i = 0; i < pixels.length; i += 4) if (pixels[i + 3] > 200) least = Math.min(least, pixels[i]);
            return least; }"""
    )
    assert darkest < 40, "numbers and bars of the list stand out from a light ground"


def test_data_is_not_for_translators(page):
    for address, ready in (
        ("/?session=demo-long&step=9", "graph-neurons"),
        ("/?session=demo-long&step=9&tab=attention", "graph-attention"),
        ("/?session=demo-long&step=9&tab=predictions&influence=attention", "graph-predictions"),
        ("/compare?a=one&b=two&align=mapping&step=3&point=block.1.resid_post", "graph-compare-predictions"),
    ):
        page.goto(address)
        shown(page, ready)
        assert page.evaluate(UNMARKED) == [], address
    for address, ready in (
        ("/sessions", ".sessions-name"),
        ("/live?start", "#record-prompt"),
        ("/neurons?session=one&point=block.1.mlp_out&tab=neuron&neuron=3", ".neurons-context"),
        *((f"/learn?lesson={moment}", ".learn[data-ready]") for moment in LESSONS),
    ):
        page.goto(address)
        page.locator(ready).first.wait_for()
        assert page.evaluate(UNMARKED) == [], address
    open_scanner(page, "/?session=demo-long&step=9&flow=tokens")
    page.keyboard.press("/")
    for data in (".mri-token", ".mri-column", ".mri-row", ".mri-sentence-line b", "#mri-session", "#record-prompt"):
        until(page, f"document.querySelector({data!r})?.closest('[translate=no][lang]:not(html)')")
    assert page.evaluate("document.querySelector('#record-prompt').spellcheck") is False
    assert page.evaluate("document.querySelector('.mri-tab').closest('[translate=no]')") is None, "the interface is"


@pytest.mark.parametrize("typed", ["рцх", "ητ["], ids=["Cyrillic", "Greek"])
def test_keys_are_where_they_are_on_a_latin_keyboard(page, typed):
    open_scanner(page, "/?session=demo-long&step=9&point=block.1.resid_post&neuron=3")
    press = "([key, code]) => document.dispatchEvent(new KeyboardEvent('keydown', {key, code, bubbles: true}))"
    page.evaluate(press, [typed[0], "KeyH"])
    until(page, "window.mri.desk.view.head === 1")
    page.evaluate(press, ["ц" if typed == "рцх" else "ς", "KeyW"])
    until(page, "window.mri.desk.view.watched?.length === 1")
    page.evaluate(press, [typed[2], "BracketLeft"])
    assert page.evaluate("window.mri.player.speed") == 0.5
    assert view(page)["watched"] == ["block.1.resid_post:3"]
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("another script")


def test_keys_of_a_single_character_can_be_switched_off(page):
    letters = page.get_by_role("checkbox", name="Letters and signs")
    open_scanner(page, "/?session=demo-long&step=9&head=0")
    page.keyboard.press("?")
    listed = page.locator("#mri-keys kbd")
    expect(listed.get_by_text("H", exact=True)).to_have_count(1)
    letters.uncheck()
    expect(listed.get_by_text("H", exact=True)).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.locator("#mri-keys")).to_have_count(0)
    page.keyboard.press("h")
    page.keyboard.press("?")
    page.keyboard.press("ArrowRight")
    until(page, "window.mri.player.step === 10")
    assert view(page)["head"] == 0
    expect(page.locator("#mri-keys")).to_have_count(0)
    page.goto("/learn?lesson=1-perceptron&moment=1")  # remembered, and true of a lesson's keys
    page.locator(".learn[data-ready]").wait_for()
    page.keyboard.press("n")
    page.locator("[data-mri-action=keys]").first.click()
    letters.check()
    page.keyboard.press("Escape")
    assert "moment=1" in page.url
    page.keyboard.press("n")
    page.wait_for_url("**moment=2*")
