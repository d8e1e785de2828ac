"""Conditions: a closed set, the same in Python and in the browser."""

import json
import subprocess

import pytest

from mri.errors import LessonError
from mri.lessons.conditions import CONDITIONS, check_condition
from mri.panels.theme import ASSETS
from tests.test_javascript import node

READ = "import(process.argv[1]).then(({ CONDITIONS }) => console.log(JSON.stringify(Object.keys(CONDITIONS))))"


def test_the_browser_knows_the_same_conditions():
    path = ASSETS / "js" / "learn" / "conditions.mjs"
    out = subprocess.run([node(), "-e", READ, path.as_uri()], capture_output=True, text=True, check=True).stdout
    assert set(json.loads(out)) == set(CONDITIONS)


@pytest.mark.parametrize(
    "condition", [{"step_at": 3}, {"played": True, "tab": "neurons"}, {"selected": {"point": "sum", "neuron": 0}}]
)
def test_conditions_pass(condition):
    check_condition(condition, "here")


@pytest.mark.parametrize(
    "condition",
    [
        None,
        {},
        {"step_at": True},
        {"step_at": "3"},
        {"selected": {}},
        {"selected": {"colour": 1}},
        {"selected": {"neuron": "1"}},
        {"picture": "round"},
    ],
)
def test_others_do_not(condition):
    with pytest.raises(LessonError, match="here"):
        check_condition(condition, "here")
