"""What newcomers were asked to do, each in three actions at most: once with the pointer, once with the keyboard alone.

An action is a control that is used, a key, or a text that is typed; going there, by pointer or Tab, is part of it.
"""

import re

import pytest
from playwright.sync_api import expect

from mri.web.server import create_app
from mri.web.services import EXTENSION
from tests.browser.places import copy_sessions
from tests.browser.scanner_page import open_scanner, step, until
from tests.browser.serving import clean_page, served
from tests.browser.test_simple import WIDE

MOST_ACTIONS = 3
MOST_TABS = 60
DRAWN = "window.mri?.timings.draw.length > 0"
HEAD_OF_MIA = re.compile(r"(block|layer) 5,? (head|look) 0|head 5\.0", re.IGNORECASE)


class Hand:
    """Does things by one means, and counts them."""

    def __init__(self, page, by):
        self.page, self.by, self.actions = page, by, 0

    def use(self, control):
        """A button, a link or a tab."""
        self._counted()
        if self.by == "pointer":
            control.click()
        else:
            self._reach(control)
            self.page.keyboard.press("Enter")

    def look_at(self, control):
        """What it says under the pointer; it has to be in the way of the keys, too, to be looked at with them."""
        self._counted()
        control.hover()
        return control.get_attribute("title")

    def press(self, key):
        assert self.by == "keyboard"
        self._counted()
        self.page.keyboard.press(key)

    def write(self, field, text):
        self._counted()
        if self.by == "pointer":
            field.click()
        self.page.keyboard.type(text)

    def choose(self, select, key):
        """The next one of a list, by its arrow keys."""
        self._counted()
        self._reach(select)
        self.page.keyboard.press(key)

    def _counted(self):
        self.actions += 1
        assert self.actions <= MOST_ACTIONS

    def _reach(self, control):
        for _ in range(MOST_TABS):
            self.page.keyboard.press("Tab")
            if control.evaluate("(node) => node === document.activeElement"):
                return
        raise AssertionError(f"{control} is not reached by Tab")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return copy_sessions(tmp_path_factory.mktemp("sessions"), ("demo-gift", "pair-gift"))


@pytest.fixture
def page(browser, site):
    with clean_page(browser, site, WIDE, full=False) as page:
        open_scanner(page)
        yield page


@pytest.fixture(params=["pointer", "keyboard"])
def hand(request, page):
    return Hand(page, request.param)


def test_what_does_the_picture_mean(page):
    """Nothing is to be done: it stands there."""
    lede = "A small language model, the kind inside a chatbot, finishes a sentence."
    for text in (lede, "Words go in here,", "Each dot: a number.", "Six layers of work, 0 to 5."):
        expect(page.get_by_text(text)).to_be_in_viewport()
    expect(page.get_by_role("heading", name="Which word comes next?")).to_be_in_viewport()


def test_what_would_it_have_said_instead(page):
    """Neither is this."""
    expect(page.get_by_role("listitem").filter(has_text="Tom")).to_contain_text("0.053 %")
    expect(page.get_by_text("If Mia gives the ball, it says Tom: 99.97 %")).to_be_in_viewport()


def test_which_head_found_mia(page, hand):
    if hand.by == "pointer":
        says = hand.look_at(page.get_by_text("one look back of layer 5"))
        assert says == "Layer 5, look 0: attention of block 5, head 0, measured"
    else:
        hand.press("f")
        until(page, f"window.mri?.shown.view === 'full' && {DRAWN}")
        expect(page.locator("main")).to_contain_text(HEAD_OF_MIA)


def test_why_did_it_say_mia(page, hand):
    hand.use(page.get_by_role("button", name="Why “Mia”?"))
    until(page, f"window.mri?.shown.view === 'full' && {DRAWN}")
    assert step(page) == 14
    expect(page.get_by_role("tab", name="Why", selected=True)).to_be_visible()


def test_what_comes_after_a_word_and_where_was_it_chosen(page, hand):
    """Also with the keys: the sentence is the clock, and ← and → go along it."""
    if hand.by == "pointer":
        hand.use(page.get_by_role("button", name="park", exact=True))
        assert step(page) == 7
        expect(page.get_by_role("status").filter(has_text="goes on with “park”")).to_be_visible()
    else:
        hand.press("ArrowLeft")
        expect(page.get_by_role("status").filter(has_text="goes on with “to”")).to_be_visible()


def test_it_writes_on(page, hand):
    hand.use(page.get_by_role("button", name="Play"))
    expect(page.get_by_text("It ends here.")).to_be_visible()


def test_one_word_changed_and_the_two_compared(page, hand):
    hand.use(page.get_by_role("button", name="Compare the two"))
    expect(page).to_have_url(re.compile("/compare.*demo-gift"))
    until(page, DRAWN)
    expect(page.locator("main")).to_contain_text(re.compile("Mia.*Tom|Tom.*Mia", re.DOTALL))


def test_a_prompt_of_ones_own(browser, tmp_path):
    """Recorded by the real model, and open at its last word."""
    app = create_app(copy_sessions(tmp_path))
    with served(app) as address:
        for by in ("pointer", "keyboard"):
            with clean_page(browser, address, WIDE, full=False) as page:
                open_scanner(page)
                hand = Hand(page, by)
                field = page.get_by_label("Your own sentence")
                if by == "keyboard":
                    hand.press("/")
                hand.write(field, "The capital of France is")
                if by == "keyboard":
                    hand.press("Enter")
                else:
                    hand.use(page.get_by_role("button", name="Scan it"))
                expect(page).to_have_url(re.compile(r"session=\d{8}"), timeout=120_000)
                until(page, f"window.mri?.session !== 'demo-gift' && {DRAWN}")
                expect(page.get_by_role("status").filter(has_text="up to “is”. Now it chooses")).to_be_visible()
    app.server.extensions[EXTENSION].worker.close()


def test_from_the_first_page_into_the_first_lesson(page, hand):
    hand.use(page.get_by_role("link", name="Learn how it works"))
    hand.use(page.get_by_role("link", name="Begin: One perceptron"))
    until(page, "document.querySelector('#learn')?.dataset.ready")
    expect(page).to_have_url(re.compile("lesson=1-perceptron"))


def test_every_number_and_back(page, hand):
    for name, other in (("Full", "full"), ("Simple", "simple")):
        if hand.by == "pointer":
            hand.use(page.get_by_role("button", name=name, exact=True))
        else:
            hand.press("f")
        until(page, f"window.mri?.shown.view === '{other}' && {DRAWN}")
    assert step(page) == 14


def test_another_recording(page, hand):
    more = page.locator("summary", has_text="More")
    hand.use(more)
    choice = page.get_by_role("navigation").get_by_label("Recording", exact=True)
    if hand.by == "pointer":
        choice.select_option("pair-gift")
    else:
        hand.choose(choice, "ArrowUp")
    until(page, f"window.mri?.session === 'pair-gift' && {DRAWN}")
    assert page.evaluate("window.mri.shown.view") == "simple"
