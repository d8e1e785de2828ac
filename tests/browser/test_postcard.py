"""A scan that is one file, opened from the disk with the network off: what is read there is what Python says."""

import base64
import json
import re
import zlib
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import url2pathname

import numpy as np
import pytest
from playwright.sync_api import expect

from mri.export.trace import open_trace
from mri.format.config import TraceConfig
from mri.paths import ROOT
from tests.browser.scanner_page import open_scanner, plot, shown, step, until
from tests.browser.serving import clean_page
from tests.browser.test_accessibility import faults
from tests.conftest import write_random_session

POINT = "block.3.mlp_act"
HOSTILE = '</script><img src=x onerror="window.bad=1"><script>window.bad=2</script>\u2028{{\'&quot;'


@pytest.fixture(scope="module")
def trace():
    with open_trace(ROOT / "data" / "sessions" / "demo-story.h5") as trace:
        yield trace


@pytest.fixture(scope="module")
def site(trace, tmp_path_factory):
    """In place of a server."""
    return trace.to_html(tmp_path_factory.mktemp("file") / "story.html").as_uri()


@pytest.fixture
def page(browser, site):
    with clean_page(browser, site) as page:
        page.context.set_offline(True)
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        yield page
        assert [url for url in asked if not url.startswith((site, "data:", "blob:"))] == []
        page.context.set_offline(False)


def numbers(page, graph, place):
    """Of a figure, null as NaN."""
    found = plot(page, graph, f"[...{place}].flat().map((each) => each === undefined || each === null ? null : +each)")
    return np.array([np.nan if each is None else each for each in found], np.float64)


def test_the_story_is_light_and_opens_at_the_step_of_its_link(page, site, trace, tmp_path):
    assert trace.to_html(tmp_path / "again.html").stat().st_size <= 4_500_000
    open_scanner(page, f"{site}#?view=full&step=40")
    assert step(page) == 40


def test_a_neuron_is_clicked_and_its_history_is_pythons(page, site, trace):
    open_scanner(page, f"{site}#?view=full&step=40&point={POINT}&neuron=0")
    shown(page, "graph-neurons", "plot.layout.meta.of.point === 'block.3.mlp_act'")
    topk = trace.topk(POINT)
    neuron = int(topk[topk["step"] == 40]["neuron"].iloc[0])
    drawn = numbers(page, "graph-neurons", "plot.data[1].customdata.flat().map((each) => each[2])")
    np.testing.assert_allclose(drawn, trace.values(POINT, step=40), rtol=1e-6, equal_nan=True)
    click = f"{{points: [{{customdata: [{neuron}]}}]}}"
    page.evaluate(f"document.querySelector('#graph-neurons .js-plotly-plot').emit('plotly_click', {click})")
    expect(page.locator("#graph-history-title")).to_have_text(f"{POINT} · neuron {neuron}")
    history = trace.neuron(POINT, neuron)
    np.testing.assert_allclose(
        numbers(page, "graph-history", "plot.data[1].y"), history["value"], rtol=1e-6, equal_nan=True
    )
    np.testing.assert_allclose(
        numbers(page, "graph-history", "plot.data[0].base"),
        np.where(history["captured"], np.nan, 0.0),
        equal_nan=True,
    )
    until(page, lambda: f"neuron={neuron}" in page.url.split("#")[1])


def test_scrubbing_moves_the_charts(page, site, trace):
    open_scanner(page, f"{site}#?view=full&step=40&tab=attention&layer=2&head=1")
    shown(page, "graph-head", "plot.layout.meta.of.layer === 2")
    page.keyboard.press("ArrowRight")
    until(page, lambda: step(page) == 41)
    row = trace.attention_row(layer=2, head=1, step=41)
    shown(page, "graph-attention", f"plot.data[1].x.length === {len(row)}")
    np.testing.assert_allclose(numbers(page, "graph-attention", "plot.data[1].z[1]"), row, atol=1e-6, equal_nan=True)
    page.get_by_role("tab", name="Statistics").click()
    shown(page, "graph-map", "plot.data[0].z.length > 10")
    page.locator("#mri-stat").select_option("p99")
    expect(page.locator("#graph-map-title")).to_contain_text("p99")
    stats = trace.stats().pivot(index="hook_point", columns="step", values="p99").loc[trace.hook_points]
    drawn = numbers(page, "graph-map", "plot.data[0].customdata.flat()")
    np.testing.assert_allclose(drawn, stats.to_numpy().ravel(), rtol=1e-6, equal_nan=True)
    page.goto(f"{site}#?view=full&step=41&tab=predictions")
    shown(page, "graph-predictions", "plot.data[0].x.length > 3")
    logits = trace.logits()
    best = logits[logits["step"] == 41].sort_values("rank")
    drawn = numbers(page, "graph-predictions", "plot.data[0].customdata.map((each) => each[0])")
    np.testing.assert_allclose(drawn[: len(best)], best["logit"][: len(drawn)], rtol=1e-6)


def test_why_says_what_was_recorded_and_what_is_not_here(page, site, trace):
    open_scanner(page, f"{site}#?view=full&step=40&tab=why")
    expect(page.locator("#mri-why")).to_contain_text("Not in this file")
    why = page.evaluate(
        "(({ token, against, wrote }) => ({ token, against, wrote: [...wrote] }))"
        "(mri.panels.whys.at(mri.run.frame(40), mri.desk.view))"
    )
    ledger = trace.ledger(40, token=why["token"], against=why["against"])
    np.testing.assert_allclose(why["wrote"], ledger["logit"], atol=1e-5)


def test_a_dot_under_the_pointer_has_its_value(page, site, trace):
    open_scanner(page, f"{site}#?view=full&step=40&point={POINT}")
    box = page.locator("#mri-stage .mri-view").bounding_box()
    known = set(trace.topk(POINT).query("step == 40")["neuron"])

    def strong(across, down):
        hit = page.evaluate(f"mri.stage.hit({{ clientX: {across}, clientY: {down} }})")
        return hit and hit["key"] == POINT and hit["neuron"] in known and hit["neuron"]

    left, right = int(box["x"]) + 50, int(box["x"] + box["width"]) - 50
    heights = range(int(box["y"]) + 20, int(box["y"] + box["height"]) - 20, 7)
    across, down = next((x, y) for y in heights for x in range(left, right, 9) if strong(x, y))
    neuron = strong(across, down)
    value = trace.values(POINT, step=40)[neuron]
    page.mouse.move(across, down)
    until(page, f"document.querySelector('.mri-tip:not([hidden])').textContent.includes('neuron {neuron}')")
    told = page.locator(".mri-tip:not([hidden])").first.text_content()
    assert str(value) + " activation" in told.replace("−", "-")


def test_simple_and_full_and_links(page, site):
    open_scanner(page, f"{site}#?view=full&step=40")
    page.get_by_role("button", name="Simple", exact=True).click()
    until(page, "window.mri?.shown.view === 'simple' && window.mri.timings.draw.length > 0")
    assert "view=simple" in page.url
    page.evaluate("location.hash = '#?view=full&step=42&tab=attention'")
    until(page, "window.mri?.shown.view === 'full' && window.mri.timings.draw.length > 0")
    until(page, lambda: step(page) == 42)
    expect(page.get_by_role("tab", name="Attention")).to_have_attribute("aria-selected", "true")
    for words in ("Copy Python", "Numbers, CSV", "Influence"):
        expect(page.get_by_text(words, exact=True).filter(visible=True)).to_have_count(0)


@pytest.mark.parametrize("address", ["#?view=simple", "#?view=full&tab=attention", "#?view=full&tab=why"])
def test_axe_finds_nothing(page, site, address):
    open_scanner(page, site + address)
    assert "connect-src 'none'" in page.evaluate("document.querySelector('meta[http-equiv]').content")
    assert faults(page) == []  # axe comes through the debugger, which the policy does not see


def test_no_markup_of_a_recording_runs(browser, tmp_path):
    config = TraceConfig(attention_tier="full_row", prefill="stepwise")
    path = write_random_session(tmp_path, session_id="bad", num_steps=6, config=config, words=HOSTILE)
    with open_trace(path) as trace:
        site = trace.to_html(tmp_path / "bad.html").as_uri()
    with clean_page(browser, site) as page:
        for address in (
            "#?view=full&step=3",
            "#?view=simple&step=3",
            "#?view=full&tab=<img src=x onerror=window.bad=3>",
        ):
            page.goto("about:blank")
            open_scanner(page, site + address)
            assert page.evaluate("[window.bad === undefined, document.images.length]") == [True, 0]
        assert "onerror" in page.locator("body").inner_text()


def test_nothing_of_the_senders_machine(trace, site):
    text = Path(url2pathname(urlparse(site).path)).read_text("utf-8")
    blocks = re.findall(r'<script type="application/octet-stream;base64" id="mri-(about|charts)">([^<]*)', text)
    said = {key: zlib.decompress(base64.b64decode(body)).decode() for key, body in blocks}
    assert "model_path" not in json.loads(said["about"])["meta"]["session"]["run"]["model"]
    for secret in (str(Path.home()), str(trace.path.parent), "model_path"):
        assert not any(secret in each for each in [*said.values(), text])
