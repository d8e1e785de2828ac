"""What is selected, from a page's store and from an address."""

import pytest

from mri.errors import ConfigError
from mri.panels.selection import Selection


def test_a_store_and_an_address_say_the_same():
    store = {
        "step": 3,
        "point": "a.b",
        "neuron": None,
        "layer": 1,
        "head": 0,
        "overlay": True,
        "watched": ["a.b:1", "c:2"],
    }
    address = {"step": "3", "point": "a.b", "layer": "1", "overlay": "1", "watched": "a.b:1,c:2,c:2"}
    found = Selection.from_mapping(store | {"theme": "dark", "stat": None, "temperature": None})
    assert found == Selection.from_mapping(address)
    assert found == Selection(step=3, point="a.b", layer=1, overlay=True, watched=(("a.b", 1), ("c", 2)))
    assert Selection.from_mapping({}) == Selection()
    assert Selection.from_mapping({"overlay": False, "points": "a,b"}) == Selection(points=("a", "b"))


@pytest.mark.parametrize(
    "given", [{"step": "x"}, {"head": -1}, {"temperature": "warm"}, {"temperature": -1}, {"watched": "x"}]
)
def test_what_is_no_selection_is_told(given):
    with pytest.raises(ConfigError):
        Selection.from_mapping(given)
