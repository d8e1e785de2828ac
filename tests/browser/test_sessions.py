"""The session list in a real browser: search, open, rename, delete, empty state, phone width."""

import re
import threading

import h5py
import pytest
from playwright.sync_api import expect

from mri.store import integrity
from mri.web.server import create_app
from tests.browser.serving import PHONE, clean_page, served


@pytest.fixture
def site(tmp_path):
    with served(create_app(tmp_path)) as address:
        yield address


@pytest.fixture
def sessions(tmp_path, handmade_session, random_session):
    handmade_session(tmp_path)
    random_session(tmp_path, session_id="another", seed=5)
    return tmp_path


def test_an_empty_library_says_what_to_do(browser, site):
    with clean_page(browser, site) as page:
        page.goto("/sessions")
        expect(page.get_by_text("No recordings yet")).to_be_visible()


def test_search_narrows_the_list(browser, site, sessions):
    with clean_page(browser, site) as page:
        page.goto("/sessions")
        expect(page.locator("tbody tr")).to_have_count(2)
        page.get_by_placeholder("Search name, prompt, model").fill("handmade a b")
        expect(page.locator("tbody tr")).to_have_count(1)
        expect(page.locator("tbody tr")).to_contain_text("Handmade")
        page.get_by_placeholder("Search name, prompt, model").fill("nothing like it")
        expect(page.get_by_text("Nothing matches")).to_be_visible()


def test_a_session_opens_in_the_scanner(browser, site, sessions):
    with clean_page(browser, site) as page:
        page.goto("/sessions")
        page.get_by_role("link", name="Handmade").click()
        expect(page).to_have_url(re.compile(r"/\?session=handmade"))
        expect(page.locator("#mri-ribbon")).to_contain_text("a")


def test_a_damaged_session_is_withdrawn_when_its_checksums_were_compared(browser, site, sessions, monkeypatch):
    path, looked = sessions / "handmade.h5", threading.Event()
    with h5py.File(path, "r+") as file:
        file["attention/entropy"][2, 0, 0] += 1
    state = integrity._state
    monkeypatch.setattr(integrity, "_state", lambda session: looked.wait(60) and state(session))
    with clean_page(browser, site, tolerated="status of 422") as page:  # what was asked for meanwhile is refused
        page.goto("/?session=handmade")
        expect(page.locator("#mri-ribbon")).to_contain_text("a")
        looked.set()
        expect(page.get_by_text("This session cannot be opened")).to_be_visible()
        expect(page.get_by_text(f"/attention/entropy in {path} is damaged: restore a copy.").first).to_be_visible()
        expect(page.locator("#mri-ribbon")).to_have_count(0)


def test_renaming(browser, site, sessions):
    with clean_page(browser, site) as page:
        page.goto("/sessions")
        page.get_by_role("button", name="Rename Handmade").click()
        field = page.get_by_label("Name", exact=True)
        expect(field).to_have_value("Handmade")
        field.fill("Mia's <b>walk</b>")
        page.get_by_role("button", name="Rename", exact=True).click()
        expect(page.get_by_role("link", name="Mia's <b>walk</b>")).to_be_visible()
        page.reload()
        expect(page.get_by_role("link", name="Mia's <b>walk</b>")).to_be_visible()
    assert (sessions / "handmade.h5").exists()


def test_deleting_asks_first_and_can_be_undone(browser, site, sessions):
    with clean_page(browser, site) as page:
        page.goto("/sessions")
        page.get_by_role("button", name="Delete Handmade").click()
        expect(page.get_by_text("For an hour it can be undone.")).to_be_visible()
        page.get_by_role("button", name="Keep it").click()
        expect(page.get_by_text("For an hour it can be undone.")).to_be_hidden()
        assert (sessions / "handmade.h5").exists()
        page.get_by_role("button", name="Delete Handmade").click()
        page.get_by_role("button", name="Delete", exact=True).click()
        expect(page.locator("tbody tr")).to_have_count(1)
        assert not (sessions / "handmade.h5").exists()
        page.get_by_role("button", name="Undo").click()
        expect(page.locator("tbody tr")).to_have_count(2)
        expect(page.get_by_role("button", name="Undo")).to_be_hidden()
        assert (sessions / "handmade.h5").exists()


def test_many_are_chosen_and_deleted_at_once(browser, site, sessions, handmade_session):
    handmade_session(sessions, session_id="second")
    with clean_page(browser, site) as page:
        page.goto("/sessions")
        expect(page.locator("tbody tr")).to_have_count(3)
        for row in ("handmade", "second"):
            page.locator(f"#row-{row}").get_by_role("checkbox").check()
        expect(page.get_by_text("2 chosen")).to_be_visible()
        expect(page.get_by_role("button", name="Compare them")).to_be_visible()
        page.get_by_role("button", name="Delete them").click()
        expect(page.get_by_text("2 recordings, 10 steps")).to_be_visible()
        page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
        expect(page.locator("tbody tr")).to_have_count(1)
        expect(page.get_by_text("2 recordings are deleted.")).to_be_visible()
        page.get_by_role("button", name="Undo").click()
        expect(page.locator("tbody tr")).to_have_count(3)


def test_an_error_becomes_a_toast(browser, site, sessions):
    with clean_page(browser, site) as page:
        page.goto("/sessions")
        expect(page.locator("tbody tr")).to_have_count(2)
        (sessions / "handmade.h5").unlink()
        page.get_by_role("button", name="Delete Handmade").click()
        expect(page.locator(".mri-toast")).to_contain_text("There is no session")


def test_it_fits_a_phone(browser, site, sessions):
    with clean_page(browser, site, PHONE) as page:
        page.goto("/sessions")
        expect(page.locator("tbody tr")).to_have_count(2)
        expect(page.get_by_role("button", name="Delete Handmade")).to_be_in_viewport()
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_a_page_of_another_site_has_the_server_do_nothing_but_its_links_open_pages(browser, sessions):
    app, statuses = create_app(sessions), {}
    answered = app.server.wsgi_app

    def noted(environ, start_response):
        def start(status, *rest):
            statuses[environ["PATH_INFO"]] = int(status[:3])
            return start_response(status, *rest)

        return answered(environ, start)

    app.server.wsgi_app = noted
    table, lines = "/sessions/handmade/panels/stage.csv", "/library/rows"
    with served(app) as site:
        page = browser.new_page()
        page.set_content(
            f'<img src="{site}{table}?step=1"><iframe src="{site}{lines}"></iframe><a href="{site}/?view=full">go</a>'
        )
        page.wait_for_load_state("networkidle")
        assert statuses == {table: 403, lines: 403}
        page.get_by_text("go").click()
        page.wait_for_url(re.compile(f"{site}/"))
        expect(page.locator("#mri-ribbon")).to_contain_text("a")
        page.close()


def test_what_came_with_the_project_is_marked_and_says_why_it_stays(browser, tmp_path, handmade_session):
    demo = handmade_session(tmp_path / "demos", session_id="demo-a")
    with served(create_app(tmp_path / "new", demos=[demo])) as address, clean_page(browser, address) as page:
        page.goto("/sessions")
        expect(page.locator("#row-demo-a .sessions-state")).to_have_text("bundled")
        for what in ("Rename", "Delete"):
            page.get_by_role("button", name=f"{what} Handmade").click()
            expect(page.locator("#mri-toasts").get_by_text("came with nanochat MRI").last).to_be_visible()
            expect(page.get_by_role("dialog")).to_have_count(0)
            page.locator("#mri-toasts button").last.click()
        page.get_by_role("button", name="Copy Handmade").click()
        expect(page.get_by_role("link", name="Copy of Handmade", exact=True)).to_be_visible()
        expect(page.get_by_role("button", name=re.compile("^Copy "))).to_have_count(1)  # the copy is one's own
        page.get_by_role("button", name="Delete Copy of Handmade").click()
        page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
        expect(page.get_by_role("link", name="Copy of Handmade")).to_have_count(0)
        page.get_by_role("link", name="Handmade").click()
        expect(page.locator("#mri-ribbon")).to_contain_text("a")
    assert demo.exists()


def test_recordings_of_one_name_are_told_apart_wherever_they_are_chosen(browser, site, sessions, handmade_session):
    handmade_session(sessions, session_id="second")
    with clean_page(browser, site) as page:
        page.goto("/sessions")
        expect(page.locator("#row-second .sessions-apart")).to_have_text("second")
        page.get_by_role("button", name="Export Handmade · second").click()
        expect(page.get_by_text("Export “Handmade · second”")).to_be_visible()
        for address, picker in (
            ("/?session=handmade", "#mri-session"),
            ("/compare?a=handmade&b=second", "#compare-b"),
            ("/neurons?session=handmade", "#neurons-session"),
        ):
            page.goto(address)
            expect(page.locator(f"{picker} option[value=second]")).to_have_text("Handmade · second")
