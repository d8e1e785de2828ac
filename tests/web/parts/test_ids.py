"""Names that Python and JavaScript share are the same on both sides."""

import json
import subprocess

from mri.panels import theme
from mri.web.parts import components, ids
from tests.test_javascript import node

READ = """import(process.argv[1]).then((names) => console.log(JSON.stringify({
  ids: names.IDS, tabs: names.TABS, graphs: names.GRAPHS, store: names.viewStore("x") })))"""


def test_names_are_the_same_in_both_languages():
    path = theme.ASSETS / "js" / "core" / "names.mjs"
    out = subprocess.run([node(), "-e", READ, path.as_uri()], capture_output=True, text=True, check=True).stdout
    names = json.loads(out)
    of_python = {name: value for name, value in vars(ids).items() if name.isupper() and isinstance(value, str)}
    assert set(names["ids"].values()) == {value for name, value in of_python.items() if not name.endswith("_PATH")}
    assert names["tabs"] == [list(item) for item in ids.TABS.items()]
    assert names["graphs"] == {tab: list(graphs) for tab, graphs in ids.GRAPHS.items()}
    assert names["store"] == ids.view("x")


def test_every_graph_has_a_caption():
    assert set(components.PICTURES) == {graph for graphs in ids.GRAPHS.values() for graph in graphs}
    for panel in components.inspector_panels():
        assert panel


def test_no_graph_can_send_anything_away():
    assert components.GRAPH_CONFIG["showSendToCloud"] is False
    assert components.GRAPH_CONFIG["displaylogo"] is False
