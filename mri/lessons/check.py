"""`python -m mri lessons check`: compares the lessons with their recordings, the table of targets and the words.

-> sentences, one for each thing that is wrong. Knows no screen: that every target's element is there, a browser test
sees.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mri.errors import MriError
from mri.format.layout import Layout
from mri.lessons.catalogue import SESSION_PREFIX, Catalogue, nodes_of, numbers_of
from mri.lessons.conditions import check_condition
from mri.lessons.lesson import Lesson, Moment, walk, words_in
from mri.lessons.numbers import Number, Readers, Table, number_named, shown
from mri.lessons.targets import is_lock, is_target, targets

MOST_WORDS = 90
NUM_CHECKS = 3
TABS = ("why", "neurons", "attention", "predictions", "statistics")


def check_folder(folder: Path, language: str = "en") -> list[str]:
    """What is wrong with the lessons of a folder; empty where nothing is."""
    catalogue = Catalogue(folder, language)
    wrong = []
    try:
        said = catalogue.words().get("targets", {})
    except (OSError, MriError) as error:
        return [f"The words of the machinery cannot be read ({error}): restore words.{language}.yaml."]
    wrong += [f"words.{language}.yaml does not say what {name!r} is." for name in targets() if name not in said]
    for lesson_id in catalogue.ids():
        wrong += check_lesson(catalogue, lesson_id)
    return wrong or ([] if catalogue.ids() else [f"There are no lessons in {folder}."])


def check_lesson(catalogue: Catalogue, lesson_id: str) -> list[str]:
    """What is wrong with one lesson."""
    try:
        lesson = catalogue.lesson(lesson_id)
        catalogue.card(lesson_id)
        with catalogue.sources(lesson) as (readers, weights):
            numbers = numbers_of(lesson, readers, weights)
            return [*_lesson(lesson), *_all_moments(lesson, numbers, readers)]
    except MriError as error:
        return [str(error)]


def _lesson(lesson: Lesson) -> Iterator[str]:
    checks = [moment.id for moment in lesson.moments if moment.check]
    if checks != [moment.id for moment in lesson.moments[-NUM_CHECKS:]]:
        yield f"{lesson.id}: the last {NUM_CHECKS} moments, and only they, are its check: mark them check: true."
    for session_id in lesson.sessions:
        if not session_id.startswith(SESSION_PREFIX):
            yield f"{lesson.id}: the id of the session {session_id!r} must begin with {SESSION_PREFIX!r}."


def _all_moments(lesson: Lesson, numbers: Mapping[str, Number], readers: Readers) -> Iterator[str]:
    table = Table()
    for number in numbers.values():
        table.place(number)  # raises where a formula names what is no input
    before: tuple[str, ...] = ()
    for moment in lesson.moments:
        where = f"{lesson.id}, {moment.id}"
        new = moment.unlocked[len(before) :]
        before = moment.unlocked
        yield from (f"{where}: {name!r} cannot be unlocked." for name in new if not is_lock(name))
        try:
            yield from _moment(moment, where, numbers, readers)
        except MriError as error:
            yield f"{where}: {error}"


def _moment(moment: Moment, where: str, numbers: Mapping[str, Number], readers: Readers) -> Iterator[str]:
    reader = readers.get(moment.session or "")
    if moment.session and reader is None:
        yield f"{where}: the session {moment.session!r} is not among those of the front matter."
    if words_in(moment.body) > MOST_WORDS:
        yield f"{where}: {words_in(moment.body)} words are too many; at most {MOST_WORDS}."
    if moment.check and not moment.ask:
        yield f"{where}: a moment of the check asks a question: add `ask`."
    layout = reader.session.layout if reader else None
    names = [moment.target] if moment.target else []
    for node in walk(nodes_of(asdict(moment))):
        if "term" in node:
            names.append(node["term"])
        if "number" in node:
            shown(number_named(node["number"], numbers, readers).value, node["format"])
    for name in names:
        yield from _target(name, moment, layout, where)
    yield from _selection(moment.view, layout, where)
    steps = [*_steps(moment.player)]
    if moment.do:
        when = moment.do["when"]
        check_condition(when, where)
        yield from _selection(
            {**when.get("selected", {}), **({"watched": [when["watched"]]} if "watched" in when else {})}, layout, where
        )
        yield from _doable(moment, when, where)
        steps += [when[name] for name in ("step_at", "step_at_least") if name in when]
        if "opened" in when and not any(n.get("number") == when["opened"] for n in walk(nodes_of(asdict(moment)))):
            yield f"{where}: its text has no number {when['opened']!r} to open."
    if steps and reader is None:
        yield f"{where}: a clock is moved, but no session is shown."
    yield from (f"{where}: there is no step {s}." for s in steps if reader and not 0 <= s < reader.num_steps)


def _steps(player: dict[str, Any]) -> Iterator[int]:
    for name in ("seek", "play_to"):
        if name in player:
            yield int(player[name])
    yield from map(int, player.get("loop") or ())


def _target(name: str, moment: Moment, layout: Layout | None, where: str) -> Iterator[str]:
    if not is_target(name):
        yield f"{where}: there is no target {name!r} on the screen (mri/lessons/targets.py has them all)."
        return
    kind, _, argument = name.partition(":")
    if name.startswith("widget"):
        if not moment.widget:
            yield f"{where}: {name!r} is shown, but the moment has no widget."
        return
    if layout is None:
        yield f"{where}: {name!r} is shown, but the moment has no session."
        return
    target = targets().get(name)
    panel = target.panel if target else "layers" if kind == "point" else ""
    if panel and panel not in moment.panels:
        yield f"{where}: {name!r} is seen only where the panel {panel!r} is open: add it to `panels`."
    if kind == "point":
        yield from _selection({"point": argument}, layout, where)
    if kind == "neuron":
        key, _, neuron = argument.rpartition(":")
        yield from _selection({"point": key, "neuron": int(neuron)}, layout, where)


def _selection(view: Mapping[str, Any], layout: Layout | None, where: str) -> Iterator[str]:
    if not view:
        return
    if layout is None:
        yield f"{where}: something is selected, but no session is shown."
        return
    for watched in view.get("watched") or []:
        key, _, neuron = str(watched).rpartition(":")
        yield from _selection({"point": key, "neuron": int(neuron)}, layout, where)
    point = view.get("point")
    if point is not None and point not in layout.rows:
        yield f"{where}: {point!r} is no hook point of the session."
        return
    if point is not None and view.get("neuron") is not None and view["neuron"] >= layout.width(point):
        yield f"{where}: {point} has no neuron {view['neuron']}."
    if (view.get("layer") or 0) >= max(1, layout.n_layer) or (view.get("head") or 0) >= max(1, layout.n_head):
        yield f"{where}: there is no such layer or head in the session."
    if view.get("part") is not None and not _is_part(view["part"], layout):
        yield f"{where}: {view['part']!r} is no part of the session: write 3.1 for a head, 4.mlp for an MLP, in quotes."
    if view.get("tab") not in (None, *TABS):
        yield f"{where}: {view['tab']!r} is no tab: {', '.join(TABS)}."


def _is_part(part: Any, layout: Layout) -> bool:
    """Whether it names a head or an MLP as the address bar does."""
    block, _, head = str(part).partition(".")
    if not isinstance(part, str) or not block.isdigit() or int(block) >= layout.n_layer:
        return False
    return head == "mlp" or (head.isdigit() and int(head) < layout.n_head)


CLOCK = "transport transport.scrubber timeline ribbon"
PLACES = "stage layers ribbon attention neurons sentence statistics why"


def _doable(moment: Moment, when: Mapping[str, Any], where: str) -> Iterator[str]:
    """What is asked for must be unlocked."""
    needs: dict[str, tuple[str, ...]] = {"played": ("transport",), "tab": ("tabs",), "picture": ("stage.tools",)}
    needs |= dict.fromkeys(("step_at", "step_at_least", "visited"), tuple(CLOCK.split()))
    needs |= {"watched": ("stage", "neurons"), "selected": tuple(PLACES.split())}
    for name in when:
        if name in needs and not {"all", *needs[name]} & set(moment.unlocked):
            yield f"{where}: {name!r} cannot be done, all of {', '.join(needs[name])} are locked."
    if "widget" in when and not moment.widget:
        yield f"{where}: it waits for a widget that is not there."
