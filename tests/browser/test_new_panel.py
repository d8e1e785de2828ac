"""docs/new-panel.md is true: its two files, and nothing else, are a panel. Tried in a copy of the repository."""

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from mri.paths import SESSIONS
from tests.browser.scanner_page import open_scanner, plot, shown, until

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "new-panel.md").read_text("utf-8")
TARGETS = """import json
from mri.lessons.targets import targets
print(json.dumps({name: target.selector for name, target in targets().items()}))"""
LEFT_OUT = ("tests/", "docs/", "benchmarks/", "data/")


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The repository as git has it, with the two files of the page."""
    folder = tmp_path_factory.mktemp("copy")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file() and not name.startswith(LEFT_OUT):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    (folder / "data").symlink_to(ROOT / "data")
    blocks = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert [language for language, _ in blocks] == ["python", "js"]
    for name, (_, text) in zip(("mri/panels/blocks.py", "assets/js/panels/blocks.mjs"), blocks, strict=True):
        assert f"`{name}`" in PAGE
        (folder / name).write_text(text, "utf-8")
    return folder


@pytest.fixture(scope="module")
def site(copy, tmp_path_factory):
    """Its address, served by the copy itself."""
    sessions = tmp_path_factory.mktemp("sessions")
    shutil.copy(SESSIONS / "demo-story.h5", sessions)
    command = [sys.executable, "-u", "app.py", "--port", "0", "--sessions", str(sessions)]
    environment = os.environ | {"PYTHONPATH": str(copy)}
    with subprocess.Popen(
        command, cwd=copy, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as server:
        said = ""
        try:
            while not (found := re.search(r"http://127\.0\.0\.1:\d+", said)):
                line = server.stdout.readline()
                assert line, f"it ended: {said}"
                said += line
            yield found[0]
        finally:
            server.kill()


def get(address):
    with urllib.request.urlopen(address, timeout=30) as answer:
        return answer.read().decode()


def test_the_copy_has_one_panel_more(copy):
    told = subprocess.run([sys.executable, "-c", TARGETS], cwd=copy, capture_output=True, text=True, check=True).stdout
    assert json.loads(told)["statistics.blocks"] == ".mri-panel:has(#graph-blocks)"


def test_its_numbers_are_csv_and_lessons_can_name_it(site):
    lines = get(f"{site}/sessions/demo-story/panels/blocks.csv?step=30").splitlines()
    assert lines[0] == "block,hook_point,l2 [activation]"
    assert [line.split(",")[:2] for line in lines[1:]] == [[f"{i}", f"block.{i}.resid_post"] for i in range(6)]
    lesson = json.loads(get(f"{site}/lessons/6-nanochat.json"))
    assert lesson["targets"]["statistics.blocks"]["tab"] == "statistics"
    assert lesson["words"]["targets"]["statistics.blocks"][0] == "Blocks in this step"


def test_it_is_on_the_page_with_its_menu_and_moves_with_the_clock(page, site):
    def numbers(step):
        rows = get(f"{site}/sessions/demo-story/panels/blocks.csv?step={step}").splitlines()[1:]
        return [float(row.split(",")[2]) for row in rows]

    open_scanner(page, "/?session=demo-story&step=30&tab=statistics")
    shown(page, "graph-blocks", "plot.data.length === 1")
    assert plot(page, "graph-blocks", "Array.from(plot._fullData[0].y)") == pytest.approx(numbers(30), rel=1e-5)
    panel = page.locator(".mri-panel:has(#graph-blocks)")
    assert panel.locator("h3").text_content() == "Blocks in this step"
    assert panel.get_by_label("Take away: Blocks in this step").count() > 0
    page.evaluate("window.dash_clientside.set_props = () => {}")  # from here on only frames in memory move it
    page.evaluate("window.mri.player.seek(33)")
    shown(page, "graph-blocks", f"{numbers(33)}.every((l2, i) => Math.abs(plot._fullData[0].y[i] / l2 - 1) < 1e-5)")
    click = '{ points: [{ customdata: "block.2.resid_post" }] }'
    page.evaluate(f"""document.querySelector("#graph-blocks .js-plotly-plot").emit("plotly_click", {click})""")
    until(page, 'window.mri.desk.view.point === "block.2.resid_post"')
