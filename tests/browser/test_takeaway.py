"""Taking things away in a real browser: pictures, tables, the link, the snippet; with and without a clipboard."""

import io

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import expect

from mri.format.captured import Captured
from mri.store.opening import open_session
from tests.browser.scanner_page import open_scanner, shown, until, view
from tests.browser.serving import HINTS_SEEN
from tests.conftest import write_handmade_session, write_random_session

KEY = "block.1.mlp_out"
LINK = f"/?session=handmade&step=1&point={KEY}&neuron=6&watched={KEY}:6&picture=flat"
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sessions")
    write_handmade_session(folder)
    write_random_session(folder, session_id="other")
    return folder


def taken(page, menu, item):
    """Name and bytes of what a menu's item downloads."""
    page.locator(menu).scroll_into_view_if_needed()
    page.locator(f"{menu} > summary").click()
    with page.expect_download() as download:
        page.locator(menu).get_by_role("button", name=item).click()
    assert page.locator(menu).get_attribute("open") is None, "the menu closes"
    return download.value.suggested_filename, download.value.path().read_bytes()


def menu_of(graph):
    return f".mri-panel:has(#{graph}) .mri-menu"


def size_of(png):
    assert png.startswith(PNG)
    return int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")


def test_a_chart_as_picture_and_as_table(page):
    open_scanner(page, LINK)
    shown(page, "graph-neurons", "plot.data.length === 3")
    width, height = page.evaluate(
        "(() => { const b = document.querySelector('#graph-neurons .js-plotly-plot').getBoundingClientRect();"
        " return [b.width, b.height]; })()"
    )
    name, png = taken(page, menu_of("graph-neurons"), "Picture, PNG")
    assert name == "handmade_step-1_neurons.png"
    found = size_of(png)
    assert found[0] == pytest.approx(2 * width, abs=3), "twice the screen's pixels at least"
    assert found[1] > 2 * height
    name, svg = taken(page, menu_of("graph-neurons"), "Picture, SVG")
    assert name == "handmade_step-1_neurons.svg"
    assert "handmade · step 1" in svg.decode()
    name, table = taken(page, menu_of("graph-neurons"), "Numbers, CSV")
    assert name == "handmade_step-1_neurons.csv"
    values = pd.read_csv(io.BytesIO(table))["value [activation]"]
    np.testing.assert_array_equal(values[[0, 1, 6, 7]], np.float32([-0.125, -0.5, 65504, 0.25]))


def test_every_chart_has_a_table(page):
    open_scanner(page, LINK)
    for tab in ("neurons", "attention", "predictions", "statistics"):
        page.evaluate("(tab) => window.mri.desk.select({ tab })", tab)
        until(page, f"document.querySelectorAll('#panel-{tab} .js-plotly-plot').length > 0")
        graphs = page.locator(f"#panel-{tab} .mri-panel:has(.mri-menu)")
        assert graphs.count() >= 1
        for place in range(graphs.count()):
            menu = graphs.nth(place).locator(".mri-menu")
            if not menu.locator("[data-mri-take='csv']").count():
                continue
            of = menu.locator("[data-mri-take='csv']").get_attribute("data-mri-of")
            name, table = taken(page, f".mri-menu:has([data-mri-of='{of}'])", "Numbers, CSV")
            assert name == f"handmade_step-1_{of.removeprefix('graph-')}.csv"
            assert len(table.splitlines()) > 2, of


def test_the_stage_as_picture_and_as_table(page, folder):
    open_scanner(page, LINK)
    menu = "#mri-tools .mri-menu"
    name, png = taken(page, menu, "Stage, PNG")
    assert name == "handmade_step-1_stage.png"
    assert size_of(png)[0] == page.evaluate("Math.round(document.querySelector('#mri-stage').clientWidth)")
    assert colours_in(page, png) > 20, "it is not empty"
    _, table = taken(page, menu, "Stage, CSV")
    found = pd.read_csv(io.BytesIO(table)).rename(columns=lambda name: name.partition(" [")[0])
    assert found["hook_point"].unique().tolist() == ["block.0.mlp_out", KEY]
    with open_session(folder / "handmade.h5") as reader:
        expected = Captured(reader.frame(1), reader.session.layout).values(KEY)
    np.testing.assert_array_equal(found[found["hook_point"] == KEY]["value"].astype(np.float32), expected)


@pytest.mark.parametrize("part", ["layers", "timeline", "tokens"])
def test_the_other_parts_too(page, part):
    open_scanner(page, LINK)
    menu = "#mri-tools .mri-menu"
    label = {"layers": "Hook points", "timeline": "Timeline", "tokens": "Tokens"}[part]
    name, table = taken(page, menu, f"{label}, CSV")
    assert name == f"handmade_step-1_{part}.csv"
    assert len(table.splitlines()) >= 1 + 5  # a header, and a row of each step
    _, png = taken(page, menu, f"{label}, PNG")
    assert colours_in(page, png) > 20


def colours_in(page, png):
    """How many colours a PNG has, as the browser decodes it."""
    return page.evaluate(
        """async (bytes) => { const bitmap = await createImageBitmap(new Blob([new Uint8Array(bytes)]));
            const canvas = new OffscreenCanvas(bitmap.width, bitmap.height); const ctx = canvas.getContext("2d");
            ctx.drawImage(bitmap, 0, 0);
            const { data } = ctx.getImageData(0, 0, bitmap.width, bitmap.height);
            return new Set(new Uint32Array(data.buffer)).size; }""",
        list(png),
    )


def copied(page, item):
    page.locator("#mri-tools .mri-menu > summary").click()
    page.locator("#mri-tools").get_by_role("button", name=item).click()
    expect(page.locator(".mri-toast").last).to_contain_text("Copied")
    return page.evaluate("navigator.clipboard.readText()")


def test_link_and_snippet_work_as_pasted(page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_scanner(page, LINK)
    page.keyboard.press("ArrowRight")
    link = copied(page, "Copy link")
    assert "step=2" in link, "the step of now, not of the address bar a moment ago"
    before = view(page)
    namespace = {}
    page.locator(".mri-toast button").first.click()
    exec(copied(page, "Copy Python"), namespace)
    np.testing.assert_array_equal(namespace["values"]["value"].to_numpy()[[0, 1, 6, 7]], np.float32([0, -3, 4, 2]))
    assert len(namespace["stats"]) == 21
    page.goto("about:blank")
    open_scanner(page, link)
    assert view(page) == before


def test_without_a_clipboard_the_text_is_shown_selected(page):
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    open_scanner(page, LINK)
    page.locator("#mri-tools .mri-menu > summary").click()
    page.locator("#mri-tools").get_by_role("button", name="Copy link").click()
    dialog = page.get_by_role("dialog", name="Copy the link")
    expect(dialog).to_be_visible()
    text = page.evaluate(
        "(({ value, selectionStart: from, selectionEnd: to }) => value.slice(from, to))(document.activeElement)"
    )
    assert text.startswith("http://127.0.0.1")
    assert "step=1" in text
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_the_menu_by_keyboard(page):
    open_scanner(page, LINK)
    page.locator("#mri-tools summary").focus()
    page.keyboard.press("Enter")
    item = page.locator("#mri-tools").get_by_role("button", name="Stage, PNG")
    expect(item).to_be_visible()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.ariaLabel") == "Copy link"
    page.keyboard.press("Escape")
    expect(item).to_be_hidden()
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    page.keyboard.press("Enter")
    page.locator("#mri-ribbon").click(position={"x": 5, "y": 5})
    expect(item).to_be_hidden()


def test_a_server_that_refuses_is_told(browser, site):
    context = browser.new_context(
        base_url=site, reduced_motion="reduce", color_scheme="dark"
    )  # the refusal stands in the console too
    context.add_init_script(HINTS_SEEN)
    page = context.new_page()
    open_scanner(page, LINK)
    page.route("**/panels/**", lambda route: route.fulfill(status=507, json={"error": "The disk is full."}))
    page.evaluate("document.querySelector('#mri-tools details').open = true")
    page.locator("#mri-tools").get_by_role("button", name="Stage, CSV").click()
    expect(page.locator(".mri-toast-error")).to_contain_text("The disk is full.")
    context.close()
