"""The dialog that records, in a real browser: with the real worker and a tiny model, and with a fake one for what goes
wrong."""

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from mri.store.opening import open_session
from mri.web.server import create_app
from mri.web.services import EXTENSION
from mri.worker.handle import GenerationWorker
from tests.browser.scanner_page import until
from tests.browser.serving import DESKTOP, PHONE, clean_page, served
from tests.conftest import FAKE_WORKER

MODEL = Path(__file__).parents[1] / "golden" / "E5"
TABLET = {"width": 768, "height": 1024}


@pytest.fixture
def fake_site(tmp_path, handmade_session):
    handmade_session(tmp_path)
    worker = GenerationWorker(tmp_path, program=FAKE_WORKER)
    with served(create_app(tmp_path, MODEL, worker=worker)) as address:
        yield address
    worker.close()


def open_dialog(page, prompt, most=None, address="/sessions"):
    """On a page, and the prompt is checked."""
    if address:
        page.goto(address)
    page.locator("#record-open").click()
    return fill(page, prompt, most)


def fill(page, prompt, most=None):
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Prompt", exact=True).fill(prompt)
    if prompt:
        expect(dialog.locator("#record-prompt-says")).to_contain_text("tokens.")
    if most is not None:
        dialog.get_by_label("Words at most").fill(str(most))
    return dialog


def record(dialog):
    dialog.get_by_role("button", name="Record", exact=True).click()


def has_focus(page, selector):
    until(page, f"document.activeElement?.matches({selector!r})")


def test_a_recording_from_prompt_to_scan(browser, tmp_path):
    app = create_app(tmp_path, MODEL)
    with served(app) as address, clean_page(browser, address) as page:
        dialog = open_dialog(page, "Mia went", 6)
        dialog.get_by_role("radio", name="Light").check()
        dialog.get_by_label("Temperature").fill("1")
        expect(dialog.get_by_text("1: as it finds them")).to_be_visible()
        record(dialog)
        expect(page).to_have_url(re.compile(r"/(live)?\?session=\d{8}-\d{6}-[0-9a-f]{6}"), timeout=120_000)
        expect(page.locator("#mri-ribbon")).to_contain_text("Mia went")
        expect(page).to_have_url(re.compile(r"/\?session="))  # over, it is the replay
        expect(page.get_by_role("dialog")).to_have_count(0)
        page.get_by_role("button", name="New recording").click()
        expect(page.get_by_label("Prompt", exact=True)).to_have_value("Mia went")
        assert page.get_by_role("radio", name="Light").is_checked(), "what stood there is there again"
        page.keyboard.press("Escape")
        page.evaluate("""document.querySelector('.mri-more a[href="/live"]').click()""")  # to where one is begun
        expect(page.get_by_role("button", name="Write a prompt")).to_be_visible()
    app.server.extensions[EXTENSION].worker.close()
    [path] = tmp_path.glob("*.h5")
    with open_session(path) as session:
        assert session.session.prompt == "Mia went"
        assert session.session.layout.config.capture_mode == "stats"
        wanted = {"max_new_tokens": 6, "temperature": 1, "top_k": 50, "seed": 42}
        assert {name: session.session.sampling[name] for name in wanted} == wanted


def test_the_prompt_is_checked_while_it_is_typed(page, site):
    dialog = open_dialog(page, "When Mia and Tom went to the laboratory, Tom gave a ball to")
    says = dialog.locator("#record-prompt-says")
    expect(says).to_have_text("20 tokens. It does not know laboratory: it reads “l·ab·or·at·or·y”.")
    expect(dialog.locator(".record-marks u")).to_have_text("laboratory")
    mark, field = (dialog.locator(name).bounding_box() for name in (".record-marks u", "#record-prompt"))
    assert field["x"] < mark["x"] < field["x"] + field["width"] - mark["width"]
    expect(dialog.locator(".record-steps, .record-ready")).to_contain_text("83 steps at most")
    dialog.get_by_text("Answer as a chat").click()
    expect(says).to_contain_text("23 tokens.")
    dialog.get_by_label("Words at most").fill("32")
    expect(dialog.locator(".record-ready")).to_contain_text("54 steps at most")
    dialog.get_by_label("Prompt", exact=True).fill("Mia and " * 400)
    expect(says).to_contain_text("the model's context holds 512: shorten it")
    expect(says).to_have_class(re.compile("is-error"))
    dialog.get_by_label("Prompt", exact=True).fill("")
    expect(says).to_have_text("Write a few words to start from.")


def test_presets_say_what_they_keep_and_what_they_will_not_show(page, site):
    dialog = open_dialog(page, "When Mia and Tom went to the park, Tom gave a ball to")
    rows = dialog.locator(".record-preset")
    expect(rows).to_have_count(4)
    expect(rows.nth(0)).to_contain_text("will not show single neurons (the tower stays dark), the prompt word by word")
    expect(rows.nth(1)).to_contain_text("Reading")
    expect(rows.nth(1)).to_contain_text("suggested")
    expect(rows.nth(1).get_by_role("radio")).to_be_checked()
    expect(rows.nth(3)).to_contain_text("nothing is left out")
    sizes = [float(re.search(r"≤ ([\d.]+) MB", row)[1]) for row in rows.all_inner_texts()]
    assert sizes[0] < sizes[2] <= sizes[1] < sizes[3]
    dialog.get_by_label("Words at most").fill("400")
    until(page, "parseFloat(document.querySelectorAll('.record-size')[1].textContent.slice(1)) > 5")
    assert rows.nth(1).locator("b").inner_text() == "Reading", "a step still stays under 100 KB"
    for title, word in (("preset standard", "Reading"), ("the MLP's neurons", "memory neurons"), ("seed", "Seed")):
        assert dialog.get_by_title(title, exact=True).first.inner_text().startswith(word)


def test_a_seed_is_explained_and_thrown_anew(page, site):
    dialog = open_dialog(page, "Mia")
    expect(dialog.get_by_text("same seed, same dice: same text again")).to_be_visible()
    dialog.get_by_role("button", name="New seed").click()
    expect(dialog.get_by_label("Seed", exact=True)).not_to_have_value("42")
    dialog.get_by_label("Temperature").fill("0")
    expect(dialog.get_by_text("no dice at temperature 0")).to_be_visible()
    dialog.get_by_label("Top-k").fill("7")
    dialog.get_by_label("Temperature").fill("0.5")
    expect(dialog.get_by_text("draws among the 7 likeliest")).to_be_visible()


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("viewport", [DESKTOP, TABLET, PHONE], ids=["desktop", "tablet", "phone"])
def test_the_dialog_is_accessible_and_fits(browser, fake_site, theme, viewport):
    with clean_page(browser, fake_site, viewport) as page:
        page.add_init_script(f"localStorage.setItem('mri-theme', '{theme}')")
        page.goto("/sessions")
        expect(page.locator("tbody tr")).to_have_count(1)
        open_dialog(page, "Mia", 5, address=None)
        expect(page.get_by_text("Value embeddings are missing.")).to_be_visible()
        record(fill(page, "refuse"))
        expect(page.get_by_role("alert").filter(has_text="512 are the most")).to_be_visible()
        result = Axe().run(page)
        assert result.violations_count == 0, result.generate_report()
        box = page.locator(".record-dialog").bounding_box()
        if viewport is PHONE:
            assert box == {"x": 0, "y": 0, "width": 390, "height": 800}, "a sheet as high as the screen"
            smallest = "[...document.querySelectorAll('.record-dialog :is(button, select, .form-control)')]"
            heights = page.evaluate(f"{smallest}.map((each) => each.getBoundingClientRect().height).filter(Boolean)")
            assert min(heights) >= 36
        parts = "[...document.querySelectorAll('.record-dialog, .record-scroll')]"
        assert page.evaluate(f"{parts}.every((part) => part.scrollWidth <= part.clientWidth)"), "nothing is wider"
        for button in ("Record", "Start paused"):
            expect(page.get_by_role("button", name=button, exact=True).last).to_be_in_viewport(ratio=1)


def test_all_by_keyboard(browser, fake_site):
    with clean_page(browser, fake_site) as page:
        page.goto("/sessions")
        page.locator("#record-open").focus()
        page.keyboard.press("Enter")
        has_focus(page, "#record-prompt")
        page.keyboard.type("one")  # in the place of what stood there
        page.keyboard.press("Shift+Enter")
        page.keyboard.type("hang")
        expect(page.locator("#record-prompt")).to_have_value("one\nhang")
        for _ in range(30):  # the focus stays in the dialog
            page.keyboard.press("Tab")
            assert page.evaluate("!document.activeElement.closest('#react-entry-point')")
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        has_focus(page, "#record-open")
        page.keyboard.press("Enter")
        expect(page.locator("#record-prompt")).to_have_value("one\nhang")
        page.keyboard.type("refuse")
        page.keyboard.press("Enter")
        expect(page.locator(".record-error")).to_have_text("The prompt has 700 tokens: 512 are the most.")
        has_focus(page, "#record-prompt")
        page.locator("#record-seed").focus()
        page.keyboard.press("Control+Enter")
        expect(page.locator(".record-error")).to_have_text("The prompt has 700 tokens: 512 are the most.")
        page.locator("#record-prompt").fill("hang")
        page.locator("#record-prompt").press("Enter")
        expect(page).to_have_url(re.compile(r"/live\?session="))


@pytest.mark.parametrize(
    ("prompt", "sentence"), [("", "The prompt is empty"), ("refuse", "512 are the most"), ("die", "exit code 9")]
)
def test_what_goes_wrong_is_a_sentence_in_the_dialog_and_the_prompt_stays(browser, fake_site, prompt, sentence):
    with clean_page(browser, fake_site) as page:
        dialog = open_dialog(page, prompt, 5)
        record(dialog)
        expect(dialog.locator(".record-error")).to_contain_text(sentence)
        expect(dialog.get_by_label("Prompt", exact=True)).to_have_value(prompt)
        expect(dialog.get_by_label("Words at most")).to_have_value("5")
        expect(dialog.get_by_role("button", name="Record", exact=True)).to_be_enabled()
        expect(page.locator(".mri-toast")).to_have_count(0)
        record(fill(page, "hang"))
        expect(page).to_have_url(re.compile(r"/live\?session="))


def test_a_number_that_cannot_be_is_refused_where_it_stands(browser, fake_site):
    with clean_page(browser, fake_site) as page:
        dialog = open_dialog(page, "Mia", 0)
        record(dialog)
        has_focus(page, "#record-most")
        assert page.evaluate("document.activeElement.validity.rangeUnderflow")
        expect(dialog).to_be_visible()


def test_who_waits_in_the_queue_can_cancel_or_go_on(browser, fake_site):
    with clean_page(browser, fake_site) as page:
        page.goto("/sessions")
        running = page.request.post("/record", data={"prompt": "hang", "max_new_tokens": 2}).json()["id"]
        dialog = open_dialog(page, "one", address=None)
        record(dialog)
        expect(dialog.get_by_role("status").filter(has_text="in the queue")).to_have_text("next in the queue.")
        expect(dialog.get_by_label("Prompt", exact=True)).to_be_disabled()
        dialog.get_by_role("button", name="Cancel", exact=True).last.click()
        expect(dialog.locator(".record-error")).to_have_text("Cancelled before it began.")
        expect(dialog.get_by_label("Prompt", exact=True)).to_have_value("one")
        record(dialog)
        expect(dialog.get_by_role("status").filter(has_text="in the queue")).to_be_visible()
        page.keyboard.press("Escape")  # it goes on without the dialog
        page.get_by_role("button", name="Watch it").click()
        expect(page).to_have_url(re.compile(r"/live\?session="))
        expect(page.locator(".live-headline")).to_have_text("Waiting")
        page.request.post(f"/record/{running}/stop")


def test_what_a_checkpoint_is_said_to_be_and_where_it_runs(browser, fake_site):
    with clean_page(browser, fake_site) as page:
        dialog = open_dialog(page, "Mia")
        model = dialog.locator(".record-model")
        expect(model).to_contain_text("3 layers, 4 looks each, 64 numbers for a word; 512 words (pieces) at most")
        expect(model.get_by_role("alert")).to_have_text("Value embeddings are missing.")
        expect(model).to_contain_text("config.json has a key that is not known: it is ignored.")
        expect(model.get_by_label("Runs on")).to_have_value("cpu")
        model.get_by_label("Type of the weights").select_option("bfloat16")
        expect(model.get_by_label("Type of the weights")).to_have_value("bfloat16")
        expect(model).to_contain_text("of such a recording Why shows what was kept, and cannot compute more.")
        model.get_by_label("Runs on").select_option("mps")  # the fake one loads there until it is called off
        expect(model.get_by_role("status")).to_have_text("Reading the weights…")
        bar = model.get_by_role("progressbar")
        until(page, "document.querySelector('.record-loading progress').value === 0.4")
        model.get_by_role("button", name="Do not load it now").click()
        expect(model).to_contain_text("Not loaded: it is when you record.")
        expect(bar).to_be_hidden()
        has_focus(page, ".record-loading button")
        dialog.get_by_label("Model", exact=True).select_option(index=1)
        expect(model).to_contain_text("Reads the English of a small world")
        expect(model.get_by_label("Type of the weights")).to_have_value("float32")
        with page.expect_request("**/record") as asked:
            record(fill(page, "hang"))
        sent = asked.value.post_data_json
        assert (sent["device"], sent["dtype"], len(sent["model"])) == ("", "", 16)


def test_every_door_opens_the_one_dialog(browser, fake_site):
    with clean_page(browser, fake_site) as page:
        page.goto("/live")
        page.get_by_role("button", name="A sum").click()
        expect(page.get_by_label("Prompt", exact=True)).to_have_value("What is 12 plus 7?")
        assert page.get_by_role("radio", name="Answer as a chat").is_checked()
        page.keyboard.press("Escape")
        page.goto("/live?start")
        expect(page.get_by_label("Prompt", exact=True)).to_have_value("Once there was a girl named Mia.")
        page.keyboard.press("Escape")
        page.goto("/compare")
        page.get_by_role("button", name="Record two prompts").click()
        expect(page.get_by_label("Prompt B")).to_be_visible()
        expect(page.get_by_role("button", name="Start paused")).to_be_hidden()
        page.keyboard.press("Escape")
        page.goto("/?session=handmade")
        until(page, "window.mri?.stage.lanes[0]?.frame")
        page.keyboard.press("/")
        expect(page.get_by_role("dialog")).to_have_count(1)
        assert page.locator("textarea").count() == 1, "there is no second form"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("sessions")
