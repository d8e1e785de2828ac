"""The ribbon of tokens in a real browser: where a token leads, and how it is written."""

import pytest
from playwright.sync_api import expect

from mri.store.opening import open_session
from tests.browser.scanner_page import open_scanner, until, write_two
from tests.browser.serving import PHONE, clean_page


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_two(tmp_path_factory.mktemp("sessions"))


def test_a_token_goes_to_the_step_that_read_it_and_its_prediction_is_marked(page, folder):
    open_scanner(page, "/?session=demo-long&step=0")
    page.locator(".mri-token[data-position='7']").click()
    until(page, "window.mri.player.step === 7")
    with open_session(folder / "demo-long.h5") as reader:
        steps = reader.steps()
    assert steps["pos0"][7] + steps["t_add"][7] - 1 == 7
    expect(page.locator(".mri-token.is-current")).to_have_attribute("data-position", "7")
    expect(page.locator(".mri-token.is-next")).to_have_attribute("data-position", "8")


def test_special_and_white_tokens_are_readable(page):
    open_scanner(page, "/?session=handmade&step=2")
    texts = page.locator(".mri-token").all_inner_texts()
    assert len(texts) == 6
    assert page.locator(".mri-token .mri-space").count() == 1
    expect(page.locator(".mri-ribbon-says")).to_contain_text("read b")
    expect(page.locator(".mri-ribbon-says")).to_contain_text("60.7 %")  # exp(−0.5)


def test_chips_of_special_tokens_are_whole_and_apart(browser, site):
    with clean_page(browser, site, PHONE) as page:
        open_scanner(page, "/?session=demo-long&step=20")
        chips = page.evaluate(
            """[...document.querySelectorAll(".mri-token.is-special")].map((chip) => {
              const { top, bottom } = chip.getBoundingClientRect();
              return [top, bottom, getComputedStyle(chip).borderBottomColor]; })"""
        )
        tops = [top for top, _, _ in chips]
        assert max(tops) - min(tops) < 3, "the words are one line"
        for _, _, colour in chips:
            assert not colour.endswith(", 0)"), "a chip is closed at its bottom"
