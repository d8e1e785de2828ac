"""The Learn page: the course with what is done of it, and a lesson: text, the widget of the moment, THE Scanner.

Layout only. What a moment shows, locks, notices and keeps is JavaScript's (assets/js/learn/); the charts are served by
the Scanner's callbacks. No maths, no HDF5.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import dash
from dash import dcc, html

from mri.errors import MriError
from mri.lessons import pictures
from mri.lessons.lesson import Lesson
from mri.web.parts import components, ids, states
from mri.web.services import services

A_GROUP = 3
"""Lessons of one row."""

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
    names = words["groups"]
    groups: list[list[Lesson]] = [[] for _ in names]
    for lesson in lessons:
        groups[min((lesson.level - 1) // A_GROUP, len(names) - 1)].append(lesson)
    kept = html.Button(words["reset"], type="button", className="learn-reset", id="learn-reset")
    return html.Div(
        [
            dcc.Store(id=ids.BOOT, data={"is_lesson": True, "lesson": None, "words": words}),
            dcc.Store(id=ids.MOUNTED),
            html.Div(
                [html.H1(words["title"]), html.P(words["lead"].format(lessons=len(lessons)), className="learn-lead")],
                className="course-head",
            ),
            html.Section(className="course-go", id="course-go"),
            *[_group(name, group, words) for name, group in zip(names, groups, strict=True) if group],
            html.P([html.Span(className="course-count"), kept, html.Span(words["pictures"])], className="learn-kept"),
        ],
        id=ids.LEARN,
        className="mri-page learn-course",
    )


def _group(name: str, lessons: list[Lesson], words: dict[str, Any]) -> html.Section:
    minutes = words["group_minutes"].format(minutes=sum(lesson.minutes for lesson in lessons))
    head = html.Div([html.H2(name), html.P(minutes)], className="course-group-head")
    cards = html.Ol([_card(lesson, words) for lesson in lessons], className="learn-cards")
    return html.Section([head, cards], className="course-group", **components.aria(name))


def _card(lesson: Lesson, words: dict[str, Any]) -> html.Li:
    says = [
        html.H3(
            [
                html.Span(str(lesson.level), className="learn-level"),
                dcc.Link(lesson.title, href=f"{ids.LEARN_PATH}?lesson={lesson.id}"),
            ]
        ),
        html.P(lesson.question, className="course-question"),
        html.Ul([html.Li(gain) for gain in lesson.gains]),
        html.Div(words["minutes"].format(minutes=lesson.minutes), className="learn-card-progress"),
    ]
    data = {"data-lesson": lesson.id, "data-moments": str(len(lesson.moments)), "data-minutes": str(lesson.minutes)}
    return html.Li(
        [html.Div(_picture(lesson), className="course-picture"), html.Div(says, className="course-says")],
        className="learn-card",
        **components.attributes(data),
    )


def _picture(lesson: Lesson) -> list[Any]:
    """With what it shows below it; nothing where there is none, or where a recording is missing: the lesson says so."""
    try:
        card = services().lessons.card(lesson.id)
    except MriError:
        card = None
    if card is None:
        return []
    width, height = pictures.SIZE
    picture = html.Img(src=f"data:image/svg+xml,{quote(card.svg)}", alt="", width=width, height=height)
    return [picture, html.P(card.caption)]
