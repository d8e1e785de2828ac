"""Names that Python and JavaScript share are the same on both sides."""

import json
import subprocess

from mri.panels import theme
from mri.panels.panel import panels
from mri.web.parts import components, ids
from tests.test_javascript import node

READ = """import(process.argv[1]).then((names) => console.log(JSON.stringify({
  ids: names.IDS, tabs: names.TABS })))"""


def test_names_are_the_same_in_both_languages():
    path = theme.ASSETS / "js" / "core" / "names.mjs"
    out = subprocess.run([node(), "-e", READ, path.as_uri()], capture_output=True, text=True, check=True).stdout
    names = json.loads(out)
    of_python = {name: value for name, value in vars(ids).items() if name.isupper() and isinstance(value, str)}
    assert set(names["ids"].values()) == {value for name, value in of_python.items() if not name.endswith("_PATH")}
    assert names["tabs"] == [list(item) for item in ids.TABS.items()]


def test_every_panel_of_a_tab_stands_in_it():
    for tab, charts in zip(ids.TABS, components.inspector_panels(), strict=True):
        text = str(charts)
        wanted = [panel for panel in panels("scanner") if panel.figure and panel.tab == tab]
        assert wanted or ids.WHY in text
        for panel in wanted:
            assert f"id='{panel.id}'" in text
            assert f"id='{panel.id}-title'" in text
            assert panel.label in text
    charted = {panel.tab for panel in panels("scanner") if panel.figure}
    assert charted == set(ids.TABS) - {"why"}, "Why is all JavaScript's"


def test_no_graph_can_send_anything_away():
    assert components.GRAPH_CONFIG["showSendToCloud"] is False
    assert components.GRAPH_CONFIG["displaylogo"] is False
