"""HTTP route of the lessons: everything that a page shows of one, in one answer.

Hands out what the catalogue puts together; computes nothing. Errors leave as {"error": sentence}.
"""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from mri.web.routes.sessions import compress, revalidated_json
from mri.web.services import services

lesson_routes = Blueprint("lesson_routes", __name__)


@lesson_routes.get("/lessons/<lesson_id>.json")
@compress.compressed()
def lesson(lesson_id: str) -> ResponseReturnValue:
    """Moments with their numbers filled in, the numbers with their formulas, widgets' data, the machinery's words."""
    return revalidated_json(services().lessons.content(lesson_id))
