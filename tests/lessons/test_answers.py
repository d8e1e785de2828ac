"""Every task of every lesson answers with what was to be seen there: its own sentence, never a bare "Done."."""

import re

import pytest

from mri.lessons.catalogue import Catalogue
from mri.lessons.lesson import walk
from mri.paths import LESSONS

TASKS = [(lesson, moment) for lesson in Catalogue(LESSONS).lessons() for moment in lesson.moments if moment.do]
LEAST_WORDS = 5


def words(nodes):
    found = []
    for node in walk(nodes):
        found += node.get("children", []) if "number" not in node else [node["number"]]
    return " ".join(each for each in found if isinstance(each, str))


@pytest.mark.parametrize(("lesson", "moment"), TASKS, ids=lambda each: each.id)
def test_a_task_has_an_answer_of_its_own(lesson, moment):
    said = words(moment.do["done"])
    assert len(said.split()) >= LEAST_WORDS, said
    assert not re.match(r"(done|right|good|well)\b", said, re.IGNORECASE)
    assert [other.id for _, other in TASKS if words(other.do["done"]) == said] == [moment.id]


@pytest.mark.parametrize("level", [3, 4, 5, 6, 7])
def test_answers_about_a_recording_have_its_numbers(level):
    """Sentences without one are about what the reader has just made."""
    answers = [moment.do["done"] for lesson, moment in TASKS if lesson.level == level]
    with_number = [any("number" in node for node in walk(answer)) for answer in answers]
    assert sum(with_number) >= 0.6 * len(with_number)
