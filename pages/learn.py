"""The Learn page: the course with what is done of it, and a lesson: text, the widget of the moment, THE Scanner.

Layout only. What a moment shows, locks, notices and keeps is JavaScript's (assets/js/learn/); the charts are served by
the Scanner's callbacks. No maths, no HDF5.
"""

from __future__ import annotations

from typing import Any

import dash
from dash import dcc, html

from mri.errors import MriError
from mri.lessons.lesson import Lesson
from mri.web.parts import components, ids, states
from mri.web.services import services

dash.register_page(__name__, path=ids.LEARN_PATH, name="Learn", title="Learn · nanochat MRI", order=3)


def layout(lesson: str | None = None, **_: Any) -> html.Div:
    """The course; with `?lesson=…` that lesson. Which moment, the address tells JavaScript."""
    try:
        if lesson is None:
            return _course(services().lessons.lessons())
        title = services().lessons.lesson(lesson).title
    except MriError as error:
        ways = states.way("All lessons", ids.LEARN_PATH), states.way(*states.TO_SCANNER)
        return states.state("This lesson cannot be opened", str(error), *ways, kind="error")
    boot = {"is_lesson": True, "lesson": lesson}
    return html.Div(
        [
            html.Section(
                html.Div("Fetching the lesson …", className="mri-loading", role="status"),
                id=ids.LEARN_TEXT,
                className="learn-text",
                **components.attributes({"aria-label": title}),
            ),
            html.Div(
                [
                    html.Section(id=ids.LEARN_WIDGET, className="learn-widget"),
                    components.scanner(boot, None, title),
                ],
                className="learn-area",
            ),
        ],
        id=ids.LEARN,
        className="learn",
    )


def _course(lessons: list[Lesson]) -> html.Div:
    if not lessons:
        what = "Their folder, data/lessons, holds none: get it back from the repository."
        return states.state("There are no lessons here", what, states.way(*states.TO_SCANNER))
    words = services().lessons.words()["course"]
    cards = [_card(lesson, words) for lesson in lessons]
    minutes = sum(lesson.minutes for lesson in lessons)
    return html.Div(
        [
            dcc.Store(id=ids.BOOT, data={"is_lesson": True, "lesson": None, "words": words}),
            dcc.Store(id=ids.MOUNTED),
            html.H1(words["title"]),
            html.P(words["lead"].format(lessons=len(lessons), minutes=minutes), className="learn-lead"),
            html.Ol(cards, className="learn-cards"),
            html.P(
                [
                    html.Span(words["kept"] + " ", className="mri-muted"),
                    html.Button(words["reset"], type="button", className="mri-button", id="learn-reset"),
                ],
                className="learn-kept",
            ),
        ],
        id=ids.LEARN,
        className="mri-page learn-course",
    )


def _card(lesson: Lesson, words: dict[str, str]) -> html.Li:
    href = f"{ids.LEARN_PATH}?lesson={lesson.id}"
    return html.Li(
        [
            html.Span(str(lesson.level), className="learn-level", **components.attributes({"aria-hidden": "true"})),
            html.Div(
                [
                    html.H2(dcc.Link(lesson.title, href=href)),
                    html.P(words["minutes"].format(minutes=lesson.minutes), className="mri-muted"),
                ]
            ),
            html.Ul([html.Li(can) for can in lesson.can]),
            html.Div(className="learn-card-progress"),
        ],
        className="learn-card",
        **components.attributes({"data-lesson": lesson.id, "data-moments": str(len(lesson.moments))}),
    )
