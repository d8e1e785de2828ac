"""One step as panels read it: each part once, and what there is not is said."""

import pytest

from mri.errors import ConfigError, UnknownHookPoint
from mri.panels.scan import Scan
from mri.panels.selection import Selection
from tests.panels.conftest import KEY


def test_a_step_that_is_not_there(reader):
    for step in (-1, 5):
        with pytest.raises(ConfigError, match=f"There is no step {step}: this session has 5"):
            Scan(reader, step)


def test_parts_are_read_once(reader):
    scan = Scan(reader, 3)
    for part in ("frame", "captured", "attention", "distances", "tokens", "texts"):
        assert getattr(scan, part) is getattr(scan, part), part
    assert scan.frame.step == 3
    assert scan.tokens == ["a", "␣", "b", "c", "d", "e"]
    assert scan.texts == ["a", " ", "b", "c", "d", "e"]


def test_what_a_hook_point_is_measured_in(reader):
    scan = Scan(reader, 0)
    assert scan.unit(KEY) == "activation"
    assert scan.never_negative("block.0.mlp_act")
    assert not scan.never_negative(KEY)
    with pytest.raises(UnknownHookPoint):
        scan.unit("block.9.mlp_out")


def test_a_head_that_is_not_there(reader):
    scan = Scan(reader, 0)
    assert scan.head(Selection(point=KEY, layer=1, head=1)) == (1, 1)
    for layer, head in ((2, 0), (0, 2), (-1, 0)):
        with pytest.raises(ConfigError, match="2 layers of 2 heads"):
            scan.head(Selection(point=KEY, layer=layer, head=head))
