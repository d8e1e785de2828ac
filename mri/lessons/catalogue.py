"""Finds the lessons of a folder and puts together what a page needs of one: text, numbers filled in, data, words.

A lesson is a folder data/lessons/<level>-<slug>; docs/writing-lessons.md has the form. Reads recordings through the
store; knows no HTTP and no page.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from mri.errors import LessonError, LessonNotFound
from mri.lessons.lesson import Lesson, Moment, lesson_of, walk, yaml_of
from mri.lessons.levels.word_space import WordSpace
from mri.lessons.numbers import Number, Readers, Table, Weights, number_named, shown
from mri.lessons.pictures import picture
from mri.lessons.targets import targets
from mri.measure.series import full_scales, largest_statistic
from mri.store.opening import open_session

Files = tuple[tuple[str, int], ...]
"""Of a lesson's folder, with the time of their last change."""
SESSION_PREFIX = "lesson-"
"""Ids of the lessons' recordings begin so: they are opened by id, and stand in no list of a person's own sessions."""


@dataclass(frozen=True)
class Card:
    """The picture of a lesson's card, as SVG, and what stands below it."""

    svg: str
    caption: str


class Catalogue:
    """The lessons in `folder`, in one language."""

    def __init__(self, folder: Path, language: str = "en") -> None:
        self.folder = folder
        self.language = language

    def ids(self) -> list[str]:
        """Lessons by level."""
        found = [path.parent.name for path in self.folder.glob(f"*/lesson.{self.language}.md")]
        return sorted(found, key=lambda name: (int(name.split("-")[0]) if name.split("-")[0].isdigit() else 99, name))

    def lesson(self, lesson_id: str) -> Lesson:
        """Raises LessonNotFound, LessonError."""
        if lesson_id not in self.ids():  # what is not in the list never becomes a path
            raise LessonNotFound(f"There is no lesson {lesson_id!r}: choose one at /learn.")
        path = self.folder / lesson_id / f"lesson.{self.language}.md"
        return _lesson(path, path.stat().st_mtime_ns)

    def lessons(self) -> list[Lesson]:
        """All, by level. Raises LessonError."""
        return [self.lesson(lesson_id) for lesson_id in self.ids()]

    def words(self) -> dict[str, Any]:
        """The machinery's own words. A panel that they do not name is called what it is called on the screen."""
        path = self.folder / f"words.{self.language}.yaml"
        words = _words(path, path.stat().st_mtime_ns)
        own = {name: list(target.words) for name, target in targets().items() if target.words}
        return words | {"targets": own | words.get("targets", {})}

    def own_words(self, lesson_id: str) -> dict[str, Any]:
        """The words of a lesson's widgets: words.<language>.yaml beside its text, if there is one."""
        path = self.folder / lesson_id / f"words.{self.language}.yaml"
        return _words(path, path.stat().st_mtime_ns) if path.exists() else {}

    @cached_property
    def word_space(self) -> WordSpace:
        """The words of level 3. Raises LessonNotFound where these lessons have none."""
        path = self.folder / "3-words" / "weights.npz"
        if not path.exists():
            raise LessonNotFound("These lessons have no words to look at: choose a lesson at /learn.")
        with np.load(path, allow_pickle=False) as file:
            return WordSpace.of({name: file[name] for name in ("word_letters", "word_ids", "word_rows")})

    def session_path(self, session_id: str) -> Path | None:
        """The file of a lesson's recording."""
        return next(iter(sorted(self.folder.glob(f"*/{session_id}.h5"))), None)

    def content(self, lesson_id: str) -> dict[str, Any]:
        """All that the page shows of a lesson, as JSON: see docs/writing-lessons.md. Raises LessonError, BadSession.

        Kept as long as no file of the lesson changes.
        """
        self.lesson(lesson_id)
        return _content(self.folder, self.language, lesson_id, self._files(lesson_id))

    def card(self, lesson_id: str) -> Card | None:
        """Kept as its content is. None where its level has no picture. Raises LessonError, BadSession."""
        self.lesson(lesson_id)
        return _card(self.folder, self.language, lesson_id, self._files(lesson_id))

    def _files(self, lesson_id: str) -> Files:
        return tuple((str(path), path.stat().st_mtime_ns) for path in sorted((self.folder / lesson_id).iterdir()))

    @contextmanager
    def sources(self, lesson: Lesson) -> Iterator[tuple[Readers, Weights]]:
        """Readers of its sessions and its weights. Raises LessonError where a session is missing."""
        with ExitStack() as stack:
            readers = {}
            for session_id in lesson.sessions:
                path = self.session_path(session_id)
                if path is None:
                    raise LessonError(
                        f"{lesson.id} names the session {session_id!r}, which is not there: make lessons."
                    )
                readers[session_id] = stack.enter_context(open_session(path))
            path = self.folder / lesson.id / "weights.npz"
            weights: Mapping[str, np.ndarray] = {}
            if path.exists():
                with np.load(path, allow_pickle=False) as file:
                    weights = dict(file)
            yield readers, weights


def numbers_of(lesson: Lesson, readers: Readers, weights: Weights) -> Mapping[str, Number]:
    """The numbers that the lesson's code computes; none for a lesson without code."""
    module = level_module(lesson)
    return module.numbers(readers, weights) if module else {}


def level_module(lesson: Lesson) -> Any:
    """mri/lessons/levels/level_<n>.py, None where there is none."""
    name = f"mri.lessons.levels.level_{lesson.level}"
    return importlib.import_module(name) if importlib.util.find_spec(name) else None


@lru_cache(maxsize=64)
def _lesson(path: Path, _: int) -> Lesson:
    return lesson_of(path.read_text("utf-8"), path.parent.name)


@lru_cache(maxsize=8)
def _words(path: Path, _: int) -> dict[str, Any]:
    return dict(yaml_of(path.read_text("utf-8")))


@lru_cache(maxsize=16)
def _content(folder: Path, language: str, lesson_id: str, _: Files) -> dict[str, Any]:
    catalogue = Catalogue(folder, language)
    lesson = catalogue.lesson(lesson_id)
    ids = catalogue.ids()
    after = ids[ids.index(lesson_id) + 1 :]
    with catalogue.sources(lesson) as (readers, weights):
        numbers = numbers_of(lesson, readers, weights)
        module, table = level_module(lesson), Table()
        data = module.widget_data(readers, weights) if module and hasattr(module, "widget_data") else {}
        moments = [_moment_json(moment, numbers, readers, table) for moment in lesson.moments]
        boots = {
            name: {"session": name, "full_scale": full_scales(reader), "limit": largest_statistic(reader)}
            for name, reader in readers.items()
        }
        named = {name: table.place(number) for name, number in numbers.items()}
    return {
        **{name: getattr(lesson, name) for name in ("id", "title", "level", "minutes", "can")},
        **{"moments": moments, "numbers": table.rows, "named": named, "data": data, "sessions": boots},
        "words": catalogue.words(),
        "own_words": catalogue.own_words(lesson_id),
        "targets": {name: asdict(target) for name, target in targets().items()},
        "next": {"id": after[0], "title": catalogue.lesson(after[0]).title} if after else None,
    }


@lru_cache(maxsize=16)
def _card(folder: Path, language: str, lesson_id: str, _: Files) -> Card | None:
    catalogue = Catalogue(folder, language)
    lesson = catalogue.lesson(lesson_id)
    with catalogue.sources(lesson) as (readers, weights):
        found = picture(lesson.level, readers, weights)
    if found is None:
        return None
    try:
        return Card(found.svg, lesson.caption.format(**found.says))
    except (LookupError, ValueError) as error:
        knows = ", ".join(f"{{{name}}}" for name in found.says) or "nothing to fill in"
        raise LessonError(f"The caption of {lesson_id} cannot be filled in: its picture knows {knows}.") from error


def _moment_json(moment: Moment, numbers: Mapping[str, Number], readers: Readers, table: Table) -> dict[str, Any]:
    """The moment with a text and a place in the table for each of its numbers."""
    fields = asdict(moment)  # copies, so that the lesson stays as it is
    for node in walk(nodes_of(fields)):
        if "number" in node:
            number = number_named(node["number"], numbers, readers)
            node |= {"at": table.place(number), "text": shown(number.value, node["format"])}
    return fields


def nodes_of(fields: dict[str, Any]) -> list[Any]:
    """All prose of a moment (as a dict): body, task, question, answers, replies."""
    nodes = [*fields["body"]]
    if fields["do"]:
        nodes += [*fields["do"]["text"], *fields["do"]["done"]]
    if fields["ask"]:
        nodes += fields["ask"]["question"]
        for answer in fields["ask"]["answers"]:
            nodes += [*answer["text"], *answer["reply"]]
    return nodes
