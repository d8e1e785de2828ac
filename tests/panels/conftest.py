"""A known recording for panels, and their tables as a spreadsheet reads them."""

import io

import pandas as pd
import pytest

from mri.panels.panel import panel_named
from mri.panels.scan import Scan
from mri.panels.selection import Selection
from mri.store.opening import open_session
from tests.conftest import write_handmade_session

KEY = "block.1.mlp_out"


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    with open_session(write_handmade_session(tmp_path_factory.mktemp("sessions"))) as reader:
        yield reader


def selection(**fields):
    return Selection(**{"point": KEY, **fields})


def drawn(reader, name, theme="dark", **fields):
    """Figure, caption and words of a panel of the Scanner."""
    selected = selection(**fields)
    return panel_named("scanner", name).draw(Scan(reader, selected.step), selected, theme)


def table(reader, name, **fields):
    """Columns by name, as text; and the units by name."""
    selected = selection(**fields)
    return read_csv(panel_named("scanner", name).csv(Scan(reader, selected.step), selected))


def read_csv(pieces):
    frame = pd.read_csv(io.StringIO(b"".join(pieces).decode()), dtype=str, keep_default_na=False)
    named = [name.removesuffix("]").partition(" [") for name in frame.columns]
    return frame.set_axis([name for name, _, _ in named], axis=1), {name: unit for name, _, unit in named}
