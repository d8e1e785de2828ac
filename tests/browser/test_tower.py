"""The tower as a moving picture: camera, quality by itself, reduced motion, a lost drawing context, no WebGL2."""

import pytest
from playwright.sync_api import expect

from tests.browser.scanner_page import open_scanner, step, until
from tests.conftest import write_random_session

LINK = "/?session=demo&step=3&point=block.1.resid_post&neuron=0"
LOSE = """window.loss = window.mri.stage.tower.canvas.getContext("webgl2").getExtension("WEBGL_lose_context");
  window.loss.loseContext()"""
NO_WEBGL = """const real = HTMLCanvasElement.prototype.getContext;
  HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
    return kind === "webgl2" ? null : real.call(this, kind, ...rest); };"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sessions")
    write_random_session(folder, n_layer=3, n_embd=64, n_head=4, num_steps=12, session_id="demo")
    return folder


def test_a_lost_context_leaves_the_flat_picture_and_says_so(page):
    open_scanner(page, LINK)
    until(page, "!window.mri.stage.tower.canvas.hidden")
    page.evaluate(LOSE)
    until(page, "window.mri.stage.tower.canvas.hidden && !window.mri.stage.flat.canvas.hidden")
    note = page.locator(".mri-stage-note")
    expect(note).to_contain_text("took its drawing context back")
    page.keyboard.press("ArrowRight")
    until(page, "window.mri.stage.lanes[0]?.frame.header.step === 4")
    assert page.evaluate("window.mri.stage.locate('block.1.resid_post', 0)") is not None
    page.evaluate("window.loss.restoreContext()")
    until(page, "!window.mri.stage.tower.canvas.hidden && window.mri.stage.flat.canvas.hidden")
    expect(note).to_be_hidden()


COUNT_CONTEXTS = """window.contexts = new Set(); const real = HTMLCanvasElement.prototype.getContext;
  HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
    if (kind === "webgl2") window.contexts.add(this);
    return real.call(this, kind, ...rest); };"""


def test_the_tower_is_drawn_on_the_canvas_that_was_rehearsed(page):
    page.add_init_script(COUNT_CONTEXTS)
    frames = []
    page.on("request", lambda request: "/frames" in request.url and frames.append(request.url))
    page.route("**/_dash-layout", lambda route: (until(page, "window.contexts.size === 1"), route.continue_()))
    open_scanner(page, LINK)
    assert page.evaluate("[...window.contexts].map((canvas) => canvas === window.mri.stage.tower.canvas)") == [True]
    assert "start=2&stop=5" in frames[0]
    assert len([url for url in frames if "start=2&stop=5" in url]) == 1


def test_a_page_with_the_flat_picture_makes_no_webgl2(page):
    page.add_init_script(COUNT_CONTEXTS)
    open_scanner(page, f"{LINK}&picture=flat")
    until(page, "document.querySelector('.js-plotly-plot .main-svg') !== null")
    assert page.evaluate("window.contexts.size") == 0


def test_without_webgl2_the_flat_picture_works_and_says_so(page):
    page.add_init_script(NO_WEBGL)
    open_scanner(page, LINK)
    expect(page.locator(".mri-stage-note")).to_contain_text("no WebGL2")
    assert page.evaluate("window.mri.stage.tower.canvas.hidden && !window.mri.stage.flat.canvas.hidden")
    page.keyboard.press("ArrowRight")
    until(page, "window.mri.stage.lanes[0]?.frame.header.step === 4")


def test_reduced_motion_paints_steps_and_nothing_between_them(page):
    open_scanner(page, LINK)
    until(  # once lines and sizes have come
        page,
        """(async () => { const { tower } = window.mri.stage; const before = tower.numPainted;
            for (let i = 0; i < 12; i++) await new Promise(requestAnimationFrame);
            return tower.numPainted === before; })()""",
    )
    page.keyboard.press("ArrowRight")
    until(page, "window.mri.stage.lanes[0]?.frame.header.step === 4")


def test_reduced_motion_leaves_particles_where_they_are(page):
    open_scanner(page, LINK)
    phases = page.evaluate(
        """async () => { const { tower } = window.mri.stage; const seen = []; const { renderer } = tower;
            const paint = renderer.paint.bind(renderer);
            renderer.paint = (camera, moving) => { seen.push([...moving.phases]); paint(camera, moving); };
            const { paint: paintNow } = window.mri.takeaway.context;
            for (let i = 0; i < 3; i++) { await new Promise(requestAnimationFrame); paintNow(); }
            delete renderer.paint; return seen; }"""
    )
    assert len(phases) >= 3
    assert all(each == phases[0] for each in phases)


def test_with_motion_particles_run_between_steps(page):
    page.emulate_media(reduced_motion="no-preference")
    open_scanner(page, LINK)
    page.evaluate("Object.assign(window.mri.stage.tower.quality, { isOn: false, tier: 2 })")  # never mind how slow
    before = page.evaluate("window.mri.stage.tower.numPainted")
    until(page, f"window.mri.stage.tower.numPainted > {before} + 5")
    assert step(page) == 3


@pytest.mark.parametrize(("tier", "bloom", "particles"), [(2, True, True), (1, False, True), (0, False, False)])
def test_bloom_goes_first_then_particles(page, tier, bloom, particles):
    open_scanner(page, LINK)
    asked = page.evaluate(
        """(tier) => { const { tower } = window.mri.stage; tower.quality.isOn = false; tower.quality.tier = tier;
            let asked; const { renderer } = tower; renderer.paint = (camera, moving) => (asked = moving);
            window.mri.takeaway.context.paint(); delete renderer.paint;
            return [asked.hasBloom, asked.hasParticles]; }""",
        tier,
    )
    assert asked == [bloom, particles]


def test_slow_frames_lower_the_quality_and_the_readout_says_so(page):
    page.emulate_media(reduced_motion="no-preference")
    open_scanner(page, LINK)
    page.evaluate("for (let i = 0; i < 45; i++) window.mri.stage.tower.quality.report(60)")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".mri-readout")).to_contain_text("fps")
    expect(page.locator(".mri-readout")).to_contain_text("no bloom")


def test_the_mouse_turns_zooms_and_resets_the_tower(page):
    open_scanner(page, LINK)
    home = page.evaluate("window.mri.stage.tower.orbit")
    box = page.locator("canvas.mri-tower").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 80, y + 20, steps=5)
    page.mouse.up()
    turned = page.evaluate("window.mri.stage.tower.orbit")
    assert turned["yaw"] != home["yaw"]
    assert turned["pitch"] != home["pitch"]
    assert page.evaluate("window.mri.desk.view.point") == "block.1.resid_post", "a drag is no click"
    page.mouse.wheel(0, -200)
    until(page, f"window.mri.stage.tower.orbit.zoom > {turned['zoom']}")
    page.get_by_role("button", name="reset view").click()
    assert page.evaluate("window.mri.stage.tower.orbit") == home


def test_a_held_key_paints_each_step_once_and_nothing_between(page):
    page.emulate_media(reduced_motion="no-preference")
    open_scanner(page, LINK)
    # on a busy machine a step may last: only those that came as fast as a held key's say something
    more = page.evaluate(
        """async () => { const { player, stage } = window.mri; const { tower } = stage; const more = []; let last = 0;
        let drawn = 0; const draw = tower.draw.bind(tower); tower.draw = (...all) => { drawn++; draw(...all); };
        const tick = () => new Promise(requestAnimationFrame);
        for (let i = 0; i < 300 && more.length < 5; i++) {
          const began = performance.now(); const before = tower.numPainted - drawn;
          player.seek(i % 2); await tick(); await tick(); await tick();
          if (performance.now() - began < 120 && began - last < 120) more.push(tower.numPainted - drawn - before);
          last = began; }
        return more; }"""
    )
    assert more[1:] == [0, 0, 0, 0], "the first may meet the end of the opening pulse"
