"""Files for the browser: addresses that name their contents, compressed, complete lists of what a page needs."""

import gzip
import posixpath
import re

import brotli
import pytest
from flask import Flask

from mri.web.assets import DASH_ASKS, PLOTLY, Assets, warm
from mri.web.server import FIRST_MODULES, App


@pytest.fixture
def folder(tmp_path):
    for name, text in {
        "js/main.mjs": 'import { a } from "./core/a.mjs";\nconst later = import("./later.mjs");\n',
        "js/core/a.mjs": 'import {\n  b,\n} from "../b.mjs";\nexport const a = b;\n'
        'export function x() {\n  return new URL("../none.json");\n}\n',
        "js/b.mjs": "export const b = 1; // of a\n",
        "js/later.mjs": 'import { a } from "./core/a.mjs";\nexport default a;\n',
        "css/pages/b.css": "b {}",
        "css/theme.css": "a {}",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.fixture
def assets(folder, monkeypatch):
    monkeypatch.setattr("mri.web.assets.LOOK_EVERY_S", 0)
    return Assets(folder)


@pytest.fixture
def client(assets):
    server = Flask("test", static_folder=None)
    assets.serve(server)
    return server.test_client()


def test_an_address_changes_with_the_contents_of_any_file(assets, folder, client):
    before = assets.now().address("js/main.mjs")
    assert assets.now().address("js/main.mjs") == before
    assert "immutable" in client.get(before).headers["Cache-Control"]
    (folder / "js" / "b.mjs").write_text("export const b = 2;")
    after = assets.now().address("js/main.mjs")
    assert after != before
    assert "immutable" in client.get(after).headers["Cache-Control"]
    assert client.get(before).status_code == 404


def test_a_file_without_a_version_is_asked_for_anew(client):
    answer = client.get("/assets/js/b.mjs")
    assert (answer.headers["Cache-Control"], answer.mimetype) == ("no-cache", "text/javascript")


@pytest.mark.parametrize("name", ["../secret", "js", "js/none.mjs", "", "%2e%2e/secret"])
def test_only_files_of_the_folder_are_answered(client, folder, name):
    (folder.parent / "secret").write_text("x")
    assert client.get(f"/assets/{name}").status_code == 404


def test_modules_come_without_their_notes_line_for_line(assets, folder):
    text = (
        "/**\n * About.\n */\nconst a = 1; /** beside code */\n  /** @type {B} */\nconst s = `\n/* text */`;\n"
        "/** @type {C} */ (a).b = 1;\n/** E. */\n"
    )
    (folder / "js" / "b.mjs").write_text(text)
    served = assets.now().read("js/b.mjs").decode()
    assert served == (
        "\n\n\nconst a = 1; /** beside code */\n\nconst s = `\n/* text */`;\n/** @type {C} */ (a).b = 1;\n\n"
    )


def test_the_style_sheet_is_all_of_them_each_in_its_layer(folder):
    other = folder / "other.txt"
    other.write_text("c {}")
    style = Assets(folder, {"css/bootstrap.css": other}).now().read("style.css").decode()
    assert style.splitlines()[0] == "@layer bootstrap, theme, shell, parts, pages, contrast, print;"
    assert re.findall(r"@layer (\w+) \{\n(.) \{\}\n\}", style) == [("bootstrap", "c"), ("pages", "b"), ("theme", "a")]


def test_a_module_is_listed_with_all_that_it_imports_at_once(assets):
    tree = assets.now()
    assert tree.modules(["js/later.mjs"]) == ["js/later.mjs", "js/main.linked.mjs"]
    assert tree.linked.homes.keys() == {"js/main.mjs", "js/core/a.mjs", "js/b.mjs"}


def test_modules_of_the_first_picture_stand_behind_those_that_begin(assets):
    tags = assets.now().tags(["js/b.mjs"], ["js/later.mjs"]).splitlines()
    named = [(re.search(r'[^/"]+(?=">)', tag)[0], "fetchpriority" in tag) for tag in tags if "as=" not in tag]
    assert named == [("style.css", False), ("main.linked.mjs", False), ("later.mjs", True)]


def test_what_dash_asks_for_first_is_asked_for_with_the_page(app):
    client = app.server.test_client()
    tags = [tag for tag in client.get("/").text.splitlines() if 'rel="preload"' in tag]
    assert [re.search('href="([^"]+)"', tag)[1] for tag in tags] == [*DASH_ASKS]
    for address in DASH_ASKS:
        answer = client.get(address, headers={"Accept-Encoding": "br"})
        assert (answer.status_code, answer.headers["Content-Encoding"]) == (200, "br")


@pytest.mark.parametrize(("encoding", "decoded"), [("br", brotli.decompress), ("gzip", gzip.decompress)])
def test_an_answer_is_compressed_once(client, encoding, decoded, monkeypatch):
    plain = client.get("/assets/js/main.mjs").data
    answers = [client.get("/assets/js/main.mjs", headers={"Accept-Encoding": encoding}) for _ in range(2)]
    assert answers[0].headers["Content-Encoding"] == encoding
    assert decoded(answers[0].data) == plain
    monkeypatch.setattr("mri.web.compression.brotli.compress", None)  # whoever compresses again fails
    monkeypatch.setattr("mri.web.compression.gzip.compress", None)
    assert client.get("/assets/js/main.mjs", headers={"Accept-Encoding": encoding}).data == answers[0].data


@pytest.mark.parametrize("page", FIRST_MODULES)
def test_every_import_of_a_first_picture_is_preloaded(page):
    tree = App.assets.now()
    listed = tree.modules(["js/main.mjs", f"js/{FIRST_MODULES[page]}.mjs"])
    held = {*listed, *(name for name, home in tree.linked.homes.items() if home in listed)}
    assert len(held) > 20
    for name in listed:
        served = tree.read_linked(name).decode()
        imported = re.findall(r'^\s*(?:import|export|})[^;()]*?\bfrom "([^"]+)"', served, re.MULTILINE)
        assert {posixpath.normpath(f"{posixpath.dirname(name)}/{other}") for other in imported} <= {*listed}
        assert {*re.findall(r'= modules\["([^"]+)"\];', served)} <= held


def test_the_scanner_is_two_files():
    tree = App.assets.now()
    assert tree.modules(["js/main.mjs", "js/pages/scanner.mjs"]) == [
        "js/main.linked.mjs",
        "js/pages/scanner.linked.mjs",
    ]
    assert len(tree.linked.homes) > 70


def test_plotly_lies_where_it_is_warmed(app, tmp_path, monkeypatch):
    monkeypatch.setattr("mri.web.compression.FOLDER", tmp_path / "kept")
    monkeypatch.setattr("mri.web.compression.BEST", 5)  # the best takes eight seconds
    monkeypatch.setattr("mri.web.assets.LEISURE_S", 0)
    client = app.server.test_client()
    warm(app.server)
    assert any(path.stat().st_size > 1e6 for path in (tmp_path / "kept").iterdir())
    answer = client.get(PLOTLY, headers={"Accept-Encoding": "br"})
    assert (answer.status_code, answer.headers["Content-Encoding"]) == (200, "br")
    assert len(answer.data) < 1.3e6
