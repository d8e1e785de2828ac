"""What the canvas shows where: the tower and the flat picture of a session whose values are known."""

import numpy as np
import pytest

from mri.measure.series import full_scales
from mri.panels.theme import colours, scales
from mri.store.opening import open_session
from tests.browser.scanner_page import colour, open_scanner, until
from tests.browser.serving import clean_page
from tests.conftest import write_handmade_session

KEY = "block.0.resid_post"
NAN, INF = float("nan"), float("inf")
VALUES = (  # by step, at the neurons 6, 1, 7, 0
    (NAN, INF, 2.0, -1.0),
    (65504.0, -INF, 0.25, -0.125),
    (4.0, -3.0, 1.0, 0.0),
    (4.0, -4.0, 1.0, -1.0),
    (4.0, -4.0, 1.0, -1.0),
)
RADIUS = 32  # pixels around a neuron that are looked at
READ = """([key, neuron, radius]) => {
  const { stage } = window.mri; const { canvas } = stage.picture === "tower" ? stage.tower : stage.flat;
  const under = stage.picture === "tower" ? stage.tower.ground : canvas;
  stage.tower.quality.isOn = false;
  window.mri.takeaway.context.paint();
  const copy = document.createElement("canvas"); copy.width = canvas.width; copy.height = canvas.height;
  const ctx = copy.getContext("2d"); ctx.drawImage(under, 0, 0); ctx.drawImage(canvas, 0, 0);
  const [x, y] = stage.locate(key, neuron).map(Math.round);
  return Array.from(ctx.getImageData(x - radius, y - radius, 2 * radius + 1, 2 * radius + 1).data); }"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sessions")
    write_handmade_session(folder, values=VALUES)
    return folder


@pytest.fixture(params=["tower", "flat"])
def look(request, browser, site):
    """look(step, neuron) -> (2r+1, 2r+1, 3) pixels around that neuron, which is not the selected one."""
    with clean_page(browser, site) as page:

        def pixels(step, neuron, *, signed=False):
            other = 2 if neuron != 2 else 5
            open_scanner(page, f"/?session=handmade&step={step}&point={KEY}&neuron={other}&picture={request.param}")
            until(page, f"window.mri.stage.lanes[0]?.frame?.header.step === {step}")
            if signed:
                colour(page, "sign")
                until(page, "window.mri.desk.view.sign === 1")
                page.evaluate("new Promise(requestAnimationFrame)")
            found = np.array(page.evaluate(READ, [KEY, neuron, RADIUS])).reshape(2 * RADIUS + 1, 2 * RADIUS + 1, 4)
            return found[..., :3].astype(int)

        yield pixels


@pytest.fixture
def share(folder):
    """Of the full scale: where a value stands on the colour scale."""
    with open_session(folder / "handmade.h5") as reader:
        top = full_scales(reader)[KEY]
    return lambda value: min(1.0, abs(value) / top)


def near(pixel, colour, off=9):
    return np.abs(np.asarray(pixel) - np.asarray(colour)).max() <= off


def rgb(hex_colour):
    return [int(hex_colour[i : i + 2], 16) for i in (1, 3, 5)]


def middle(pixels):
    return pixels[RADIUS, RADIUS]


def has(pixels, colour, off=24):
    return bool((np.abs(pixels - np.asarray(colour)).max(axis=-1) <= off).any())


@pytest.mark.parametrize(("step", "neuron", "value"), [(2, 6, 4.0), (2, 7, 1.0), (3, 0, -1.0), (1, 7, 0.25)])
def test_a_captured_value_has_its_colour_whatever_its_sign(look, share, step, neuron, value):
    expected = colours("temperature", [share(value)])[0]
    assert near(middle(look(step, neuron)), expected), (middle(look(step, neuron)), expected)


def test_sign_on_request(look):
    negative, positive = middle(look(3, 1, signed=True)), middle(look(3, 6, signed=True))
    assert negative[2] > negative[0] + 40, "blue"
    assert positive[0] > positive[2] + 40, "red"


def test_zero_is_a_ring(look):
    pixels, ring = look(2, 0), rgb(scales()["marks"]["zero"])
    assert has(pixels, ring, 40)
    assert middle(pixels).sum() < sum(ring) / 2, "its middle is dark"


def test_nan_is_a_cross(look):
    around = look(0, 6)[RADIUS - 1 : RADIUS + 2, RADIUS - 1 : RADIUS + 2]
    assert has(around, rgb(scales()["marks"]["nan"]), 30)


def test_infinities_are_triangles_that_point_their_way(look):
    tint = rgb(scales()["marks"]["infinite"])
    for step, is_up in ((0, True), (1, False)):
        pixels = look(step, 1)
        near_by = pixels[RADIUS - 14 : RADIUS + 15, RADIUS - 14 : RADIUS + 15]
        marked = np.argwhere(np.abs(near_by - tint).max(axis=-1) <= 60)
        assert len(marked) > 5
        rows, widths = np.unique(marked[:, 0], return_counts=True)
        assert (rows[widths.argmax()] > 14) == is_up, "its long side is opposite the way it points"
        assert not near(middle(pixels), tint, 60)


def test_a_clipped_value_is_the_strongest_dot_in_a_square(look):
    pixels = look(1, 6)
    assert near(middle(pixels), colours("temperature", [1.0])[0])
    assert has(pixels, [255, 255, 255], 40)


def test_not_captured_is_dim_and_unlike_the_smallest_value(look, share):
    pixels = look(2, 3)
    assert pixels[RADIUS - 2 : RADIUS + 3, RADIUS - 2 : RADIUS + 3].max() < 140
    small = middle(look(1, 7))
    assert np.abs(middle(pixels) - small).max() > 30
