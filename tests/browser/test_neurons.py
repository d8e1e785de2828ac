"""The Neurons page as a person uses it, with known sessions; its groups on the Scanner's stage."""

import sys
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from mri.format.config import TraceConfig
from mri.format.run import Model, Run
from mri.study.study import Question
from mri.web.server import create_app
from mri.web.services import EXTENSION
from mri.worker.handle import GenerationWorker
from tests.browser.scanner_page import click_bar, colour, open_scanner, plot, shown, until, view
from tests.browser.serving import PHONE, clean_page, served
from tests.conftest import write_random_session

KEY = "block.1.mlp_act"
FAKE = [sys.executable, str(Path(__file__).parents[1] / "worker" / "fake_worker.py")]
GROUPS = f"/neurons?session=demo&point={KEY}&groups=3"
DOSSIER = f"/neurons?session=demo&point={KEY}&neuron=23"


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sessions")
    config = TraceConfig(prefill="stepwise", edu=True, topk=12)
    for i, (name, weights) in enumerate((("demo", "abc"), ("second", "abc"), ("foreign", "other"))):
        write_random_session(
            folder, session_id=name, seed=i, num_steps=30, config=config, provenance={"weights_hash": weights}
        )
    write_random_session(folder, session_id="light", seed=9, config=TraceConfig(capture_mode="stats"))
    write_random_session(folder, session_id="nameless", seed=8, config=config)
    app = create_app(folder, worker=GenerationWorker(folder, program=FAKE))
    yield app
    services = app.server.extensions[EXTENSION]
    services.study.indexer.close()
    services.worker.close()


@pytest.fixture(scope="module")
def site(app):
    with served(app) as address:
        yield address


@pytest.fixture(scope="module")
def study(app):
    return app.server.extensions[EXTENSION].study


def test_groups_are_those_of_the_study(page, study):
    page.goto(GROUPS)
    expect(page.locator("#neurons-summary")).to_contain_text("3 parts of")
    found = study.grouping(Question("demo", KEY, n_groups=3))
    judged = found.clusters
    expect(page.locator("#neurons-summary")).to_contain_text("No groups found")
    expect(page.locator("#neurons-summary")).to_contain_text(f"adjusted Rand index of {judged.agreement[3]:.2f}")
    expect(page.locator("#neurons-summary")).to_contain_text(f"it is {judged.null.max():.2f} at most")
    sizes = np.bincount(found.clusters.labels)
    for group, size in enumerate(sizes):
        expect(page.locator(".neurons-cards li").nth(group)).to_contain_text(f"Part {group + 1}{size} neuron")
    shown(page, "group-map", "plot.data.length === 4")
    assert plot(page, "group-map", "plot.data.slice(0, 3).map((trace) => trace.customdata.length)") == sizes.tolist()
    x = plot(page, "group-map", "Array.from(plot._fullData[0].x)")
    np.testing.assert_allclose(sorted(x), sorted(found.clusters.places[found.clusters.labels == 0, 0]), rtol=1e-4)
    shown(page, "group-heatmap")
    expect(page.locator("#neurons-summary")).to_contain_text("of the values were not captured")


def test_choices_are_in_the_address_and_come_back(page):
    page.goto(GROUPS)
    expect(page.locator("#neurons-summary")).to_contain_text("3 parts")
    page.get_by_label("Method").select_option("ward")
    page.get_by_label("Neurons of").select_option("blocks")
    page.locator("#neurons-groups").select_option("4")
    expect(page.locator("#neurons-summary")).to_contain_text("4 parts of")
    expect(page.locator("#neurons-summary")).to_contain_text("Ward")
    assert page.evaluate("location.search") == f"?session=demo&point={KEY}&span=blocks&method=ward&groups=4"
    page.get_by_label("Steps of").select_option("weights")
    expect(page.locator("#neurons-summary")).to_contain_text("of 2 sessions")
    page.reload()
    expect(page.locator("#neurons-summary")).to_contain_text("of 2 sessions")
    expect(page.locator("#neurons-groups")).to_have_value("4")
    page.get_by_role("tab", name="One neuron").click()
    expect(page.locator("#dossier-head")).to_contain_text("neuron 0")
    page.go_back()
    expect(page.get_by_role("tab", name="Groups")).to_have_attribute("aria-selected", "true")


def test_a_click_on_the_map_opens_the_neurons_dossier(page, study):
    page.goto(GROUPS)
    shown(page, "group-map", "plot.data.length === 4")
    found = study.grouping(Question("demo", KEY, n_groups=3))
    far = int(np.abs(found.clusters.places).sum(axis=1).argmax())
    click_bar(page, "group-map", *map(float, found.clusters.places[far]))
    neuron = int(found.neurons.neuron[far])
    expect(page.locator("#dossier-head")).to_contain_text(f"{KEY} · neuron {neuron}")
    assert f"neuron={neuron}" in page.evaluate("location.search")


def test_a_dossier_has_moments_tokens_and_companions(page, study):
    page.goto(DOSSIER)
    expect(page.locator("#dossier-progress")).to_contain_text("Over 2 finished sessions")
    moments = study.indexer.strongest(Run(Model("abc")).hash, KEY, 23)
    values = page.locator(".neurons-moments .neurons-value")
    expect(values).to_have_count(min(12, len(moments)))
    assert values.all_inner_texts() == [f"{moment.value:.4g}" for moment in moments[:12]]
    assert {moment.session for moment in moments} == {"demo", "second"}, "the foreign model's session is not among them"
    expect(page.locator(".neurons-moments mark").first).to_be_visible()
    promoted = page.locator(".neurons-tokens.is-promoted li")
    expect(promoted).to_have_count(3)
    expect(promoted.first).to_contain_text("a+0.500")
    expect(page.locator(".neurons-tokens.is-suppressed")).to_contain_text("<|bos|>")
    expect(page.locator("#dossier-tokens")).to_contain_text("c = 0.6")
    first = study.companions(Question("demo", KEY), 23).rising[0]
    row = page.locator("#dossier-companions tbody tr").first.locator("td")
    expect(row).to_have_text([f"{first.r:+.3f}", f"{first.without:+.3f}", f"{first.active}", f"{first.chance:.0%}"])
    shown(page, "dossier-history")
    shown(page, "distribution")
    total = plot(page, "distribution", "Array.from(plot._fullData[0].y).reduce((a, b) => a + b)")
    assert total == study.indexer.distribution(Run(Model("abc")).hash, KEY, 23)[0].sum()


def test_from_a_moment_to_the_scanner_and_from_there_to_the_dossier(page, study):
    page.goto(DOSSIER)
    expect(page.locator("#dossier-progress")).to_contain_text("Over 2 finished")
    moment = study.indexer.strongest(Run(Model("abc")).hash, KEY, 23)[0]
    page.locator(".neurons-moments a").first.click()
    until(page, "window.mri?.timings.draw.length > 0")
    assert (view(page)["session"], view(page)["point"], view(page)["neuron"]) == (moment.session, KEY, 23)
    assert page.evaluate("window.mri.player.step") == moment.step
    page.get_by_role("link", name=f"Dossier of {KEY} · 23").first.click()
    expect(page.locator("#dossier-head")).to_contain_text("neuron 23")


def test_groups_colour_the_tower_and_can_be_switched_off(page, study):
    page.goto(GROUPS)
    page.get_by_role("link", name="Colour the tower by these groups").click()
    until(page, "window.mri?.stage.legend.querySelectorAll('.mri-group-key').length === 4")
    found = study.grouping(Question("demo", KEY, n_groups=3))
    assert page.evaluate("window.mri.grouped.now.labels") == found.labels()
    sides = page.evaluate(
        """(() => { const { tower } = window.mri.stage; const out = [];
            for (let at = 0; at < tower.dots.length; at += 8) out.push(tower.dots[at + 5]); return out; })()"""
    )
    assert sides
    assert set(sides) <= {2, 3, 4, 5}
    assert f"groups=kmeans:3:point:session:0:{KEY}" in page.evaluate("location.search")
    colour(page, "magnitude")
    until(page, "!window.mri.stage.legend.querySelector('.mri-group-key')")
    until(page, "!location.search.includes('groups=')")
    colour(page, "groups")
    until(page, "window.mri.stage.legend.querySelectorAll('.mri-group-key').length === 4")
    page.evaluate("window.mri.desk.select({ point: 'block.0.mlp_out' })")
    expect(page.locator(".mri-legend")).to_contain_text(f"groups are of {KEY}: not on these plates")


def test_the_flat_picture_has_the_colours_of_the_groups(page, study):
    open_scanner(page, f"/?session=demo&step=20&point={KEY}&picture=flat&groups=kmeans:3:point:session:0:{KEY}")
    until(page, "window.mri.grouped.now")
    labels = study.grouping(Question("demo", KEY, n_groups=3)).labels()[KEY]
    found = page.evaluate(
        f"""(async () => {{ const {{ captured }} = await import('/assets/js/core/layout.mjs');
            const {{ stage, layout }} = window.mri;
            const {{ indices, values }} = captured(stage.lanes[0]?.frame, layout, '{KEY}');
            const ratio = Math.min(2, devicePixelRatio || 1); const {{ width, height }} = stage.flat.canvas;
            const {{ data }} = stage.flat.ctx.getImageData(0, 0, width, height); const out = [];
            for (let i = 0; i < 6; i++) {{
              const [x, y] = stage.locate('{KEY}', indices[i]).map((at) => Math.floor(at * ratio));
              const at = 4 * (y * width + x);
              if (values[i] !== 0) out.push([indices[i], [...data.slice(at, at + 3)]]); }}
            return [out, window.mri.grouped.now.colours]; }})()"""
    )
    pixels, colours = found
    assert pixels
    for neuron, pixel in pixels:
        colour = colours[labels[neuron]]
        assert np.abs(np.array(pixel) - [int(colour[i : i + 2], 16) for i in (1, 3, 5)]).max() <= 3, neuron


def test_what_cannot_be_shown_is_said(page):
    page.goto("/neurons?session=light")
    expect(page.locator(".mri-state")).to_contain_text("Only statistics in this session")
    page.goto("/neurons?session=nobody")
    expect(page.locator(".mri-state")).to_contain_text("There is no session 'nobody'")
    page.goto(f"/neurons?session=foreign&point={KEY}&neuron=23")
    expect(page.locator("#dossier-tokens")).to_contain_text("start the server with --model x.")
    page.goto(f"/neurons?session=nameless&point={KEY}&neuron=23")
    expect(page.locator("#dossier-moments")).to_contain_text("does not say which weights")
    expect(page.locator("#dossier-tokens")).to_contain_text("does not say which weights")
    expect(page.get_by_label("Steps of").locator("option")).to_have_count(1)


def test_numbers_and_pictures_are_taken_away(page, study):
    page.goto(GROUPS)
    shown(page, "group-map", "plot.data.length === 4")
    for kind, ending in (("csv", b"hook_point,neuron,group"), ("svg", b"<svg")):
        page.get_by_label("Take away: Map of the neurons").click()
        with page.expect_download() as download:
            panel = page.get_by_role("region", name="Map of the neurons")
            panel.locator(f"[data-mri-take={kind}]").click()
        assert download.value.suggested_filename == f"demo_{KEY}_group-map.{kind}"
        assert Path(download.value.path()).read_bytes().startswith(ending)


@pytest.mark.parametrize(("theme", "size"), [("dark", "desktop"), ("light", "desktop"), ("dark", "phone")])
def test_nobody_is_shut_out(browser, site, theme, size):
    with clean_page(browser, site, *([PHONE] if size == "phone" else [])) as page:
        page.add_init_script(f"try {{ localStorage.setItem('mri-theme', '{theme}'); }} catch {{}}")
        page.goto(GROUPS)
        shown(page, "group-map", "plot.data.length === 4")
        page.get_by_role("tab", name="Groups").focus()
        for tab in ("groups", "neuron"):
            if tab == "neuron":
                page.keyboard.press("ArrowRight")
                expect(page.locator(".neurons-tokens").first).to_be_visible()
                shown(page, "distribution")
            found = Axe().run(page).response["violations"]
            faults = [
                (fault["id"], fault["nodes"][0]["target"], fault["nodes"][0]["failureSummary"])
                for fault in found
                if fault["impact"] in ("serious", "critical")
            ]
            assert not faults, tab
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), tab
