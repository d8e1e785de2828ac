"""Targets: every one has words, and what can be named can be unlocked or not."""

import pytest

from mri.lessons.catalogue import Catalogue
from mri.lessons.targets import is_lock, is_target, targets
from mri.paths import LESSONS
from mri.web.parts import ids


def test_every_target_has_a_name_and_says_what_it_is():
    words = Catalogue(LESSONS).words()["targets"]
    assert set(words) == set(targets())
    assert all(len(said) == 2 and said[0] for said in words.values())


def test_panels_and_tabs_are_those_of_the_scanner():
    assert {target.panel for target in targets().values()} <= {"", "layers", "inspector"}
    assert {target.tab for target in targets().values()} <= {"", *ids.TABS}


@pytest.mark.parametrize("name", ["stage", "point:block.3.mlp_act", "neuron:hidden:2", "token:4", "widget.w1"])
def test_targets(name):
    assert is_target(name)


@pytest.mark.parametrize("name", ["scene", "point:", "neuron:hidden", "token:x", "widget.", "stage.door"])
def test_no_targets(name):
    assert not is_target(name)


def test_what_is_only_looked_at_has_no_lock():
    assert is_lock("all")
    assert is_lock("transport")
    assert not is_lock("stage.legend")
    assert not is_lock("neuron:hidden:2")
