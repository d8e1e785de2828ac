"""Panels: found in their folder, each with a file of tests, a table and a place."""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from mri.errors import ConfigError, UnknownHookPoint
from mri.format.config import TraceConfig
from mri.panels.panel import panel_named, panels
from mri.panels.scan import Scan
from mri.panels.table import Table, column
from mri.store.opening import open_session
from tests.conftest import write_random_session
from tests.panels.conftest import KEY, selection

SCANNER = [panel.name for panel in panels("scanner") if panel.name != "why"]  # of which a ledger is needed: test_why.py
POINTS = ("block.1.resid_post", "embed.resid0", "block.0.mlp_act", "final.logits")


def test_every_file_with_a_panel_is_found():
    folder = Path(__file__).parents[2] / "mri" / "panels"
    files = [path.stem for path in folder.glob("*.py") if "\nPANEL = " in path.read_text("utf-8")]
    found = [panel.name.replace("-", "_") for page in ("scanner", "compare", "neurons") for panel in panels(page)]
    assert sorted(found) == sorted(files)


HALF_IMPORTED = """
import sys, threading
from mri.panels.panel import panel_named
from mri.panels.scan import Scan
from mri.panels.selection import Selection
from mri.store.opening import open_session

assert "pandas" not in sys.modules
is_reached, goes_on = threading.Event(), threading.Event()

class Holds:
    def find_spec(self, name, path=None, target=None):
        if name == "pandas.compat":
            is_reached.set()
            assert goes_on.wait(60)

drawn = []
with open_session(sys.argv[1]) as reader:
    scan, at = Scan(reader, 0), Selection(point="block.0.mlp_out")
    sys.meta_path.insert(0, Holds())
    importing = threading.Thread(target=lambda: __import__("pandas"))
    importing.start()
    assert is_reached.wait(60)
    draw = lambda: drawn.append(panel_named("scanner", "neurons").draw(scan, at, "dark"))
    drawing = threading.Thread(target=draw)
    drawing.start()
    drawing.join(0.5)
    goes_on.set()
    drawing.join()
    importing.join()
print(len(drawn))
"""


def test_a_chart_waits_for_pandas_that_another_thread_imports(tmp_path):
    path = write_random_session(tmp_path)
    done = subprocess.run([sys.executable, "-c", HALF_IMPORTED, str(path)], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "1", done.stderr


def test_charts_are_ordered_by_place():
    tabs = [panel.name for panel in panels("scanner") if panel.tab == "attention"]
    assert tabs == ["everywhere", "heads", "attention", "head", "looks"]


def test_what_moves_has_a_script():
    assert {panel.name for panel in panels("scanner") if panel.moves} == {
        "neurons",
        "everywhere",
        "heads",
        "attention",
        "head",
        "looks",
        "predictions",
        "bars",
    }
    assert not any(panel.moves for page in ("compare", "neurons") for panel in panels(page))


@pytest.mark.parametrize("name", SCANNER)
def test_pandas_reads_numbers_as_numbers(reader, name):
    selected = selection(neuron=6, points=(KEY,), watched=((KEY, 6),))
    found = pd.read_csv(io.BytesIO(b"".join(panel_named("scanner", name).csv(Scan(reader, 0), selected))))
    texts = {"hook_point", "state", "token", "read", "query_token", "key_token", "follows", "in_prompt", "forced"}
    assert {name for name in found if not pd.api.types.is_numeric_dtype(found[name].dtype)} <= texts
    numbers = found.select_dtypes("number")
    assert len(numbers.columns) > 1
    assert np.isfinite(numbers.to_numpy(float)).any()
    assert not [name for name in found if name.startswith("Unnamed")]


@pytest.mark.parametrize("mode", ["topk", "full", "stats"])
def test_every_step_is_drawn(tmp_path, mode):
    config = TraceConfig(capture_mode=mode, prefill="positions")
    with open_session(write_random_session(tmp_path, num_steps=4, config=config)) as reader:
        for step, point in enumerate(POINTS):
            scan = Scan(reader, step)
            for panel in panels("scanner"):
                if panel.figure:
                    figure, title, _ = panel.draw(scan, selection(step=step, point=point), "dark")
                    assert isinstance(figure, go.Figure)
                    assert title


@pytest.mark.parametrize("panel", [panel for panel in panels("scanner") if panel.moves], ids=lambda panel: panel.name)
def test_a_chart_that_moves_names_its_columns(reader, panel):
    figure = panel.draw(Scan(reader, 3), selection(step=3), "light").figure
    assert any(trace.meta for trace in figure.data) or figure.layout.meta["layout"]


def test_what_is_not_there_is_told(reader):
    with pytest.raises(ConfigError, match="neurons"):
        panel_named("scanner", "nothing")
    with pytest.raises(ConfigError, match="There is no step 5"):
        Scan(reader, 5)
    with pytest.raises(UnknownHookPoint):
        panel_named("scanner", "neurons").table(Scan(reader, 0), selection(point="x"))


def test_csv_has_one_header_of_names_and_units():
    table = Table((1,), {"value": column([1.5], "bits")})
    assert b"".join(table.csv()) == b"value [bits]\n1.5\n"
