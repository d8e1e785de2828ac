"""The book of charts: every selection that a panel's figure depends on, in both themes, with few numbers in it."""

import json
from itertools import product

import pytest

from mri.format.config import TraceConfig
from mri.panels.theme import THEMES
from mri.store.opening import open_session
from mri.web.postcard.charts import KEYS, book, packed
from tests.conftest import write_random_session


@pytest.fixture(scope="module")
def charts(tmp_path_factory):
    config = TraceConfig(attention_tier="full_row", prefill="stepwise")
    with open_session(write_random_session(tmp_path_factory.mktemp("sessions"), config=config)) as reader:
        yield json.loads(packed(book(reader)))


def test_every_head_has_its_charts(charts):
    keys = [json.dumps(each, separators=(",", ":")) for each in product((0, 1), (0, 1), (False, True))]
    assert list(charts["panels"]["head"]["charts"]) == keys
    assert all(set(chart["looks"]) == set(THEMES) for chart in charts["panels"]["head"]["charts"].values())


def test_what_comes_from_frames_is_not_in_it(charts):
    chart = charts["panels"]["neurons"]["charts"]['["block.0.mlp_out",false]']
    assert chart["numbers"] == [{}, {}, {}]
    assert all("z" not in trace for trace in chart["looks"]["dark"]["data"])


def test_what_a_chart_needs_is_part_of_its_key(charts):
    for name, panel in charts["panels"].items():
        assert set(panel["needs"]) <= set(KEYS.get(name, ())), name
