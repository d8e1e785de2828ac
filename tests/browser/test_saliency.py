"""Influence over the token ribbon in a real browser: both measures, their values, arcs, link, errors as sentences."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from mri.format.config import Sampling, TraceConfig
from mri.measure.saliency import attention_mass
from mri.nanochat.attribution import gradient_times_input
from mri.nanochat.checkpoint import load_model
from mri.run.record import record_generation
from mri.store.opening import open_session
from mri.web.server import create_app
from tests.browser.scanner_page import open_scanner, until
from tests.browser.serving import PHONE, clean_page, served
from tests.conftest import write_random_session

MODEL = Path(__file__).parents[1] / "golden" / "E5"
STEP = 6
LINK = f"/?session=golden&step={STEP}&picture=flat"
WEIGHTS = """[...document.querySelectorAll('.mri-token.has-influence')].map((token) =>
    Number(/([−\\d.e]+)( logit)? · position/.exec(token.title)[1].replaceAll('−', '-')))"""


@pytest.fixture(scope="module")
def loaded():
    return load_model(MODEL, device="cpu")


@pytest.fixture(scope="module")
def folder(loaded, tmp_path_factory):
    """Three sessions: of the model that is served, of one unknown with a prompt read in one pass, and of few keys."""
    folder = tmp_path_factory.mktemp("sessions")
    record_generation(
        loaded,
        "abcab",
        sampling=Sampling(max_new_tokens=6, temperature=0.0),
        sessions=folder,
        session_id="golden",
        config=TraceConfig(attention_tier="full_row", prefill="stepwise", quantization="f32", topk=16),
    )
    write_random_session(
        folder,
        session_id="foreign",
        num_steps=10,
        num_prompt_tokens=12,
        provenance={"weights_hash": "0" * 64, "model_path": "/models/d6"},
    )
    write_random_session(folder, session_id="few", num_steps=14, config=TraceConfig(prefill="stepwise"))
    return folder


@pytest.fixture(scope="module")
def site(folder):
    app = create_app(folder, model=MODEL)
    with served(app) as address:
        yield address
    app.server.extensions["nanochat-mri"].worker.close()


def test_attention_mass_is_the_python_apis(page, folder):
    open_scanner(page, LINK)
    assert page.locator(".mri-token.has-influence").count() == 0
    page.get_by_label("Influence").select_option("attention mass")
    expect(page.locator(".mri-influence-says")).to_contain_text("strongest:")
    with open_session(folder / "golden.h5") as reader:
        expected = attention_mass(reader, STEP)
    assert expected.exact
    assert page.evaluate(WEIGHTS) == pytest.approx(expected.weights.tolist(), rel=1e-5)
    strongest = page.locator(".mri-token").nth(int(expected.weights.argmax()))
    assert strongest.evaluate("(token) => token.style.backgroundColor") == "rgb(239, 253, 255)"
    assert strongest.evaluate("(token) => token.style.color") == "rgb(0, 0, 0)"
    assert page.locator(".mri-arcs path").count() == 5
    until(page, "location.search.includes('influence=attention')")


def test_gradients_come_from_the_worker(page, folder, loaded):
    open_scanner(page, f"{LINK}&influence=gradient")
    expect(page.locator(".mri-influence-says")).to_contain_text("strongest:")
    with open_session(folder / "golden.h5") as reader:
        ids, chosen_id = reader.token_ids()[: STEP + 1].tolist(), int(reader.steps()["chosen_id"][STEP])
    signed, _ = gradient_times_input(loaded.model, ids, chosen_id)
    assert page.evaluate(WEIGHTS) == pytest.approx(signed.tolist(), rel=1e-3, abs=1e-5)


def test_it_follows_the_clock_and_goes_away(page):
    open_scanner(page, f"{LINK}&influence=attention")
    until(page, "document.querySelectorAll('.mri-token.has-influence').length === 7")
    page.keyboard.press("ArrowRight")
    until(page, "document.querySelectorAll('.mri-token.has-influence').length === 8")
    requests = []
    page.on("request", lambda request: "saliency" in request.url and requests.append(request.url))
    page.evaluate("window.mri.player.seek(0); window.mri.player.play()")
    until(page, "window.mri.player.mode === 'playing'")
    until(page, "window.mri.player.step > 3")
    assert requests == []
    page.evaluate("window.mri.player.pause()")
    until(page, "document.querySelectorAll('.mri-token.has-influence').length === window.mri.player.step + 1")
    page.get_by_label("Influence").select_option("none")
    until(page, "document.querySelectorAll('.mri-token.has-influence, .mri-arcs path').length === 0")


def test_what_is_approximate_says_how_far_it_may_be_off(page):
    open_scanner(page, "/?session=few&step=11&picture=flat&influence=attention")
    says = page.locator(".mri-influence-says")
    expect(says).to_contain_text("approximate, up to ")
    assert "may stand elsewhere" in says.get_attribute("title")


def test_a_prompt_in_one_pass_and_foreign_weights_are_sentences(page):
    open_scanner(page, "/?session=foreign&step=4&picture=flat&influence=attention")
    says = page.locator(".mri-influence-says")
    expect(says).to_contain_text("the prompt was read in one pass: record it token by token")
    assert page.locator(".mri-token.has-influence").count() == 0
    page.get_by_label("Influence").select_option("gradient × input")
    expect(says).to_contain_text("start the server with --model /models/d6.")


def test_it_fits_a_phone(browser, site):
    with clean_page(browser, site, PHONE) as page:
        open_scanner(page, f"{LINK}&influence=attention")
        expect(page.locator(".mri-influence-says")).to_contain_text("strongest:")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
