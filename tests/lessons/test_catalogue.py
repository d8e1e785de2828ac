"""The lessons of the project: found, complete, and in one answer with their numbers filled in."""

import json
import shutil

import pytest

from mri.errors import LessonError
from mri.lessons.catalogue import Catalogue, nodes_of
from mri.lessons.lesson import walk
from mri.paths import LESSONS

IDS = Catalogue(LESSONS).ids()


def test_lessons_come_by_level():
    assert IDS[:2] == ["1-perceptron", "2-mlp"]
    assert [lesson.level for lesson in Catalogue(LESSONS).lessons()] == sorted(int(name[0]) for name in IDS)


@pytest.mark.parametrize("lesson_id", IDS)
def test_content_is_json_with_every_number_filled_in(lesson_id):
    content = json.loads(json.dumps(Catalogue(LESSONS).content(lesson_id), allow_nan=False))
    numbers = [node for moment in content["moments"] for node in walk(nodes_of(moment)) if "number" in node]
    assert numbers
    assert all(node["text"] and node["at"] < len(content["numbers"]) for node in numbers)
    for row in content["numbers"]:
        assert row["text"], row
        assert all(given.get("at", 0) < len(content["numbers"]) for given in row["inputs"].values())
    assert set(content["sessions"]) == set(Catalogue(LESSONS).lesson(lesson_id).sessions)
    assert len(json.dumps(content)) < 1_500_000


def test_asking_twice_computes_once_until_a_file_changes(tmp_path):
    shutil.copytree(LESSONS, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("[3-9]-*"))
    catalogue = Catalogue(tmp_path)
    once = catalogue.content("1-perceptron")
    assert catalogue.content("1-perceptron") is once
    path = tmp_path / "1-perceptron" / "lesson.en.md"
    path.write_text(path.read_text("utf-8").replace("title: One perceptron", "title: Another"), "utf-8")
    assert catalogue.content("1-perceptron")["title"] == "Another"


@pytest.mark.parametrize("name", ["9-nothing", "..", "1-perceptron/..", "words.en.yaml", ""])
def test_what_is_no_lesson_is_not_opened(name):
    with pytest.raises(LessonError, match="no lesson"):
        Catalogue(LESSONS).lesson(name)


def test_a_missing_session_is_named(tmp_path):
    shutil.copytree(LESSONS, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("[2-9]-*"))
    (tmp_path / "1-perceptron" / "lesson-and.h5").unlink()
    with pytest.raises(LessonError, match="lesson-and"):
        Catalogue(tmp_path).content("1-perceptron")
