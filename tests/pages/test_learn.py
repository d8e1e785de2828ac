"""The Learn page's layouts: the course, a lesson, and what there is not."""

import json
import shutil
import sys

import plotly.utils
import pytest

from mri.paths import LESSONS
from mri.web.server import create_app


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    return create_app(tmp_path_factory.mktemp("sessions"))


def page():
    return next(module for name, module in sys.modules.items() if name.endswith("pages.learn"))


@pytest.fixture
def layout(app):
    with app.server.test_request_context():
        yield lambda **asked: json.dumps(page().layout(**asked), cls=plotly.utils.PlotlyJSONEncoder, ensure_ascii=False)


def test_the_course_names_every_lesson(layout):
    course = layout()
    assert "One perceptron" in course
    assert "/learn?lesson=2-mlp" in course
    assert "What is the smallest thing that can decide?" in course
    assert ("42 minutes" in course, "“ball” looks back at “red”: 87 %" in course) == (True, True)


def test_a_missing_recording_takes_a_picture_not_the_course(tmp_path):
    shutil.copytree(LESSONS, tmp_path / "lessons", ignore=shutil.ignore_patterns("[2-9]-*", "lesson-and.h5"))
    app = create_app(tmp_path, lessons=tmp_path / "lessons")
    with app.server.test_request_context():
        course = json.dumps(page().layout(), cls=plotly.utils.PlotlyJSONEncoder)
    assert "One perceptron" in course
    assert "svg" not in course


def test_a_lesson_has_the_one_scanner(layout):
    lesson = layout(lesson="1-perceptron")
    assert '"lesson": "1-perceptron"' in lesson
    assert "mri-stage" in lesson
    assert "learn-widget" in lesson


def test_another_lesson_is_a_sentence(layout):
    assert "There is no lesson" in layout(lesson="9-nothing")
