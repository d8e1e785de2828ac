"""The list of hook points in a real browser: filter, order, scales, exact values, keyboard."""

import math
from itertools import pairwise

import numpy as np
import pytest
from playwright.sync_api import expect

from mri.format.captured import Captured
from mri.store.opening import open_session
from mri.web.server import create_app
from tests.browser.scanner_page import open_scanner, unfold, until, view
from tests.browser.serving import PHONE, clean_page, served
from tests.conftest import write_random_session

AT = 5
BLOCKS, OPEN = (2, 1, 0), 1  # of three; the stream as it leaves the middle one is selected


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sessions")
    write_random_session(folder, session_id="demo", n_layer=3, num_steps=12)
    return folder


@pytest.fixture
def page(browser, site):
    with clean_page(browser, site) as page:
        open_scanner(page, f"/?session=demo&step={AT}")
        yield page


@pytest.fixture
def by_key(folder):
    """Statistics of every hook point in step AT, and in the step before."""
    with open_session(folder / "demo.h5") as reader:
        layout = reader.session.layout
        frames = reader.frame(AT), reader.frame(AT - 1)
        return tuple({key: Captured(frame, layout).stats(key) for key in layout.rows} for frame in frames)


def keys(page):
    return page.locator(".mri-row").evaluate_all("rows => rows.map((row) => row.dataset.key)")


def test_a_row_a_block_and_under_the_open_one_its_hook_points(page, by_key):
    assert page.locator(".mri-row.is-block").all_text_contents() == [
        f"{'▾' if n == OPEN else '▸'}block {n}" for n in BLOCKS
    ]
    of_open = [key for key in list(by_key[0])[::-1] if key.startswith(f"block.{OPEN}.")]
    assert [key for key in keys(page) if key and key.startswith("block.")] == of_open
    page.locator(".mri-row.is-block").last.click()
    until(page, "window.mri.desk.view.point === 'block.0.resid_post'")
    page.get_by_role("listbox", name="Hook points").press("End")
    until(page, "window.mri.desk.view.point === 'embed.resid0'")
    page.get_by_label("Statistic of the rows").select_option("spread")
    until(page, "location.search.includes('marks=spread')")
    expect(page.locator(".mri-axis")).to_be_visible()


def test_filter_and_keyboard(page, by_key):
    unfold(page)
    search = page.get_by_role("searchbox", name="Filter hook points")
    search.fill("block 1 mlp")
    assert keys(page) == ["block.1.mlp_out", "block.1.mlp_act", "block.1.mlp_pre"]
    search.press("ArrowDown")
    expect(page.get_by_role("listbox", name="Hook points")).to_be_focused()
    for key, expected in (("Home", "mlp_out"), ("ArrowDown", "mlp_act"), ("End", "mlp_pre"), ("ArrowUp", "mlp_act")):
        page.keyboard.press(key)
        until(page, f"window.mri.desk.view.point === 'block.1.{expected}'")
    page.evaluate(
        """() => { const list = document.querySelector("[role=listbox]");
            const press = (key) => list.dispatchEvent(new KeyboardEvent("keydown", { key }));
            ["Home", "ArrowDown", "ArrowDown"].forEach(press); }"""
    )  # faster than pictures are drawn
    until(page, "window.mri.desk.view.point === 'block.1.mlp_pre'")
    search.fill("nothing like it")
    expect(page.get_by_role("status").filter(has_text="No hook point")).to_be_visible()


@pytest.mark.parametrize("stat", ["l2", "sparsity", "p99", "change"])
def test_order(page, by_key, stat):
    now, before = by_key

    def size(key):
        if stat == "change":
            return abs(now[key]["l2"] - before[key]["l2"]) / before[key]["l2"]
        return now[key][stat]

    unfold(page)
    page.get_by_label("Order of the hook points").select_option(stat)
    top_down = [*reversed(now)]
    expected = sorted(top_down, key=size, reverse=True)
    until(page, f"document.querySelector('.mri-row').dataset.key === '{expected[0]}'")
    assert keys(page) == expected
    expect(page.locator(".mri-layers-head .mri-note")).to_have_text(f"as in step {AT}")
    page.keyboard.press("Escape")
    page.evaluate(f"window.mri.player.seek({AT + 1})")
    expect(page.locator(".mri-layers-head .mri-note")).to_have_text(f"as in step {AT + 1}")


def test_hover_gives_the_values_of_the_python_api(page, by_key):
    page.locator(".mri-row[data-block='block 2']").click()
    page.locator(".mri-row[data-key='block.2.attn_out']").hover()
    tip = page.locator(".mri-layers .mri-tip [data-stat]")
    shown = tip.evaluate_all("lines => lines.map((line) => [line.dataset.stat, line.lastChild.textContent])")
    values = {name: np.float32(text.replace("−", "-")) for name, text in shown}
    assert values == by_key[0]["block.2.attn_out"]


def test_scales_have_labels_that_do_not_touch(page):
    unfold(page)
    page.get_by_label("Statistic of the rows").select_option("all")
    for scale in ("asinh", "linear", "own"):
        page.get_by_label("Scale of the bars").select_option(scale)
        boxes = [label.bounding_box() for label in page.locator(".mri-axis span").all()]
        assert len(boxes) >= 3
        for left, right in pairwise(boxes):
            assert left["x"] + left["width"] <= right["x"], scale


def test_bars_lines_and_numbers_are_drawn_where_the_rows_are(page, by_key):
    page.get_by_label("Statistic of the rows").select_option("all")
    until(page, "window.mri.panels.timeline.values[1].textContent !== '…'")  # the series is here
    drawn = page.evaluate(
        """() => { const { canvas, bars } = window.mri.panels.layers; const ctx = canvas.getContext("2d");
            const ratio = canvas.width / parseFloat(canvas.style.width); const [left, width] = bars.bars;
            const { data } = ctx.getImageData(0, 0, canvas.width, 20 * ratio); // once: a second time is a warning
            const isDrawn = (x, w) => data.some((byte, i) => byte
                && (i / 4) % canvas.width >= x * ratio && (i / 4) % canvas.width < (x + w) * ratio);
            const rows = document.querySelectorAll(".mri-row").length;
            return [isDrawn(0, left - 6), isDrawn(left, width), isDrawn(left + width, 40), rows]; }"""
    )
    assert drawn == [True, True, True, len(BLOCKS) + 3 + 9]


def test_phone(browser, site):
    with clean_page(browser, site, PHONE) as page:
        open_scanner(page, f"/?session=demo&step={AT}")
        row = page.locator(".mri-row[data-key='embed.resid0']")
        row.scroll_into_view_if_needed()
        row.click()
        assert view(page)["point"] == "embed.resid0"
        assert row.bounding_box()["height"] >= 28
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        assert not math.isnan(page.evaluate("window.mri.panels.layers.bars.bars[1]"))


@pytest.fixture(scope="module")
def tall(tmp_path_factory):
    """48 blocks of 32 heads."""
    folder = tmp_path_factory.mktemp("tall")
    write_random_session(folder, session_id="tall", n_layer=48, n_head=32, n_embd=64, num_steps=3)
    return folder


def test_names_and_heads_of_a_tall_model_are_legible(browser, tall):
    with served(create_app(tall)) as address, clean_page(browser, address) as page:
        open_scanner(page, "/?session=tall&step=2&tab=attention&sort=l2")
        names = page.evaluate(
            """() => [...document.querySelectorAll(".mri-row")].map((row) => {
              const [block, point] = row.children, box = (node) => node.getBoundingClientRect();
              return [block.scrollWidth <= block.clientWidth, point.scrollWidth <= point.clientWidth,
                box(block).right <= box(point).left,
                box(point).right <= box(document.querySelector(".mri-list-frame canvas")).left + 1];
            })"""
        )
        assert len(names) > 48 * 9
        assert all(all(row) for row in names)
        ticks = "[...document.querySelectorAll('#graph-heads .xtick text')].map((node) => node.getBoundingClientRect())"
        until(page, f"{ticks}.length > 3")
        boxes = page.evaluate(f"{ticks}.map(({{left, right}}) => [left, right])")
        assert all(first[1] < second[0] for first, second in pairwise(sorted(boxes)))
