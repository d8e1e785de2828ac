"""The Learn page's layouts: the course, a lesson, and what there is not."""

import json
import sys

import plotly.utils
import pytest

from mri.web.server import create_app


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    return create_app(tmp_path_factory.mktemp("sessions"))


@pytest.fixture
def layout(app):
    with app.server.test_request_context():
        page = next(module for name, module in sys.modules.items() if name.endswith("pages.learn"))
        yield lambda **asked: json.dumps(page.layout(**asked), cls=plotly.utils.PlotlyJSONEncoder, ensure_ascii=False)


def test_the_course_names_every_lesson(layout):
    course = layout()
    assert "One perceptron" in course
    assert "/learn?lesson=2-mlp" in course


def test_a_lesson_has_the_one_scanner(layout):
    lesson = layout(lesson="1-perceptron")
    assert '"lesson": "1-perceptron"' in lesson
    assert "mri-stage" in lesson
    assert "learn-widget" in lesson


def test_another_lesson_is_a_sentence(layout):
    assert "There is no lesson" in layout(lesson="9-nothing")
