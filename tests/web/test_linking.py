"""Bundles of modules do what the modules do: run in node, each module once, wherever it is imported from."""

import json
import re
import shutil
import subprocess

import pytest

from mri.web.linking import link

MODULES = {
    "js/main.mjs": 'import { count, Counter as Kept } from "./core/count.mjs";\n'
    'import * as all from "./core/names.mjs";\n'
    "export const named = `${all.name} ${new Kept().number}`;\nexport async function scanner() {\n"
    '  count();\n  return [(await import("./pages/scanner.mjs")).shown, (await import("./other.mjs")).seen];\n}\n',
    "js/core/count.mjs": 'import {\n  name,\n} from "./names.mjs";\nlet number = 0;\n'
    "export function count() {\n  return ++number;\n}\nexport class Counter {\n  number = name.length;\n}\n",
    "js/core/names.mjs": 'export const name = "three";\n'
    'export const here = new URL("./x.json", import.meta.url).pathname;\n',
    "js/pages/scanner.mjs": 'import { count } from "../core/count.mjs";\n'
    '/** @type {import("../other.mjs").Seen|null} */\n'
    "export const shown = count();\n",
    "js/other.mjs": 'import { count } from "./core/count.mjs";\nimport { own } from "./own.mjs";\n'
    'import { shown } from "./pages/scanner.mjs";\n'
    "export const seen = [count(), own, shown];\n",
    "js/own.mjs": 'import { here } from "./core/names.mjs";\nexport const own = here.endsWith("/js/core/x.json");\n',
    "boot.js": 'import("./js/main.mjs").then(async ({ named, scanner }) =>\n'
    "  console.log(JSON.stringify([named, await scanner()])));\n",
}
ENTRIES = ("js/main.mjs", "js/pages/scanner.mjs")
SAID = ["three 5", [2, [3, True, 2]]]


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
@pytest.mark.parametrize("texts", [MODULES, link(MODULES, ENTRIES).files], ids=["as they are", "linked"])
def test_linked_modules_say_what_they_say_as_they_are(texts, tmp_path):
    for name, text in texts.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "package.json").write_text("{}")
    said = subprocess.run(["node", "boot.js"], cwd=tmp_path, check=True, stdout=subprocess.PIPE).stdout
    assert json.loads(said) == SAID


def test_every_module_is_served_once():
    linked = link(MODULES, ENTRIES)
    assert set(linked.files) == {
        "boot.js",
        "js/main.linked.mjs",
        "js/pages/scanner.linked.mjs",
        "js/other.mjs",
        "js/own.mjs",
    }
    assert linked.homes == {
        "js/core/names.mjs": "js/main.linked.mjs",
        "js/core/count.mjs": "js/main.linked.mjs",
        "js/main.mjs": "js/main.linked.mjs",
        "js/pages/scanner.mjs": "js/pages/scanner.linked.mjs",
    }
    assert "other.mjs" in linked.files["js/pages/scanner.linked.mjs"]  # the type in a note is left as it is


def test_a_module_that_is_in_no_bundle_keeps_its_lines():
    served = link(MODULES, ENTRIES).files["js/other.mjs"]
    assert served.count("\n") == MODULES["js/other.mjs"].count("\n")


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        (
            {"a.mjs": 'import { b } from "./b.mjs";\n', "b.mjs": 'import { a } from "./a.mjs";\n'},
            "a.mjs → b.mjs → a.mjs: these import each other in a circle, which cannot be linked.",
        ),
        (
            {"a.mjs": "export default 1;\n"},
            "a.mjs cannot be linked: write 'export default 1;' as an import or export of names.",
        ),
        ({"a.mjs": "export let a = 1;\n"}, "a.mjs cannot be linked: write 'export let a = 1;'"),
    ],
)
def test_what_is_written_in_another_style_is_refused(texts, sentence):
    with pytest.raises(ValueError, match=re.escape(sentence)):
        link(texts, ["a.mjs"])
