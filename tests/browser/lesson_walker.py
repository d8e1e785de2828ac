"""Walks a lesson as a reader does: does what each page asks, with the real controls, and answers its questions.

Levels add what their widgets ask for to DRIVERS: (widget, announced) -> what to do, given a Reader.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from mri.lessons.lesson import Lesson, Moment, walk
from mri.lessons.targets import targets
from tests.browser.scanner_page import click_neuron, shown, until

MOST_TABS = 200


class Reader:
    """A reader at a page. `keyboard`: touches nothing but keys."""

    def __init__(self, page: Page, *, keyboard: bool = False) -> None:
        self.page = page
        self.keyboard = keyboard

    def press(self, selector: str) -> None:
        """A button or the like."""
        if not self.keyboard:
            self.page.locator(selector).first.click()
            return
        self.focus(selector)
        self.page.keyboard.press("Enter" if self.page.evaluate("document.activeElement.tagName") != "INPUT" else " ")

    def focus(self, selector: str) -> None:
        """By Tab alone, from where the focus is."""
        for _ in range(MOST_TABS):
            if self.page.evaluate("(selector) => document.activeElement?.matches(selector)", selector):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"{selector} cannot be reached with Tab")

    def slide(self, selector: str, value: float) -> None:
        """A range input to a value."""
        field = self.page.locator(selector).first
        if not self.keyboard:
            field.fill(str(value))
            return
        self.focus(selector)
        at, step = self.page.evaluate("[Number(document.activeElement.value), Number(document.activeElement.step)]")
        for _ in range(round(abs(value - at) / step)):
            self.page.keyboard.press("ArrowRight" if value > at else "ArrowLeft")

    def key(self, name: str, times: int = 1) -> None:
        for _ in range(times):
            self.page.keyboard.press(name)

    @property
    def step(self) -> int:
        return int(self.page.evaluate("window.mri.player.step"))

    def go_to_step(self, step: int) -> None:
        if not self.keyboard:
            self.page.locator("#mri-scrubber").fill(str(step))
            return
        distance = step - self.step
        self.key("Shift+ArrowRight" if distance > 0 else "Shift+ArrowLeft", abs(distance) // 10)
        self.key("ArrowRight" if distance > 0 else "ArrowLeft", abs(distance) % 10)


Driver = Callable[[Reader], None]


def set_sliders(**values: float) -> Driver:
    """Ranges of a widget, by their part."""

    def drive(reader: Reader) -> None:
        for part, value in values.items():
            reader.slide(f"#learn-widget [data-part={part}] input", value)

    return drive


def _both(reader: Reader) -> None:
    reader.press("#learn-widget [data-part=x1]")
    reader.press("#learn-widget [data-part=x2]")


def _tried(reader: Reader) -> None:
    for value in (-1.5, -1, 0.25, 0.75, 1, 1.5):
        reader.slide("#learn-widget [data-part=w1] input", value)


def _units(reader: Reader) -> None:
    for unit in (1, 4, 6):
        reader.press(f"#learn-widget .widget-unit:nth-child({unit + 1})")


DRIVERS: dict[tuple[str, str], Driver] = {
    ("perceptron", "both"): _both,
    ("perceptron", "against"): set_sliders(w2=-2),
    ("perceptron", "bias"): set_sliders(b=1),
    ("plane", "and"): set_sliders(b=-0.75),
    ("plane", "or"): set_sliders(b=-0.25),
    ("plane", "tried"): _tried,
    ("half-planes", "units"): _units,
    ("activation", "below"): set_sliders(z=-1),
    ("activation", "smaller"): set_sliders(z=0.5),
}


def walk_lesson(page: Page, lesson: Lesson, *, keyboard: bool = False) -> Reader:
    """From the first page to the end. Every target is seen, every term glows its place, every task waits until it is
    done and then notices, every answer has its own reply."""
    reader = Reader(page, keyboard=keyboard)
    page.goto(f"/learn?lesson={lesson.id}")
    for moment in lesson.moments:
        until(page, f"document.querySelector('#learn')?.dataset.ready === '{moment.id}'")
        expect(page.locator(".learn-title")).to_have_text(moment.title)
        if moment.target:
            expect(page.locator(".learn-ring")).to_be_visible()
            see_chart(page, moment.target)
        see_terms(reader, moment)
        if moment.do:
            expect(page.locator(".learn-done")).to_be_empty()
            do(reader, moment)
            expect(page.locator(".learn-done")).not_to_be_empty()
        if moment.ask:
            answer(reader, moment)
        if keyboard:
            page.keyboard.press("n")
        else:
            page.locator(".learn-next").click()
    until(page, "document.querySelector('#learn')?.dataset.ready === 'end'")
    expect(page.locator(".learn-score")).to_contain_text("3 of 3")
    return reader


def see_chart(page: Page, target: str) -> None:
    """A chart that the page is about is looked at before one goes on: Plotly complains where its tab closes before."""
    graph = re.search(r":has\(#([\w-]+)\)", targets()[target].selector if target in targets() else "")
    if graph:
        shown(page, graph[1])


def see_terms(reader: Reader, moment: Moment) -> None:
    """Each word that means a place glows it."""
    page = reader.page
    fields: list[Any] = [*moment.body, *(moment.do["text"] if moment.do else ())]
    for term in {node["term"] for node in walk(fields) if "term" in node}:
        selector = f".learn-text [data-term='{term}']"
        reader.focus(selector) if reader.keyboard else page.locator(selector).first.focus()
        expect(page.locator(".learn-glow"), f"{moment.id}: {term} is nowhere").to_be_visible()


def do(reader: Reader, moment: Moment) -> None:
    """What the task asks for, condition by condition."""
    page = reader.page
    when = moment.do["when"] if moment.do else {}
    for name, value in when.items():
        if name in ("step_at", "step_at_least"):
            reader.go_to_step(value)
        elif name == "played":
            reader.press(".mri-play")
        elif name == "visited":
            for _ in range(value):
                page.keyboard.press("ArrowRight")
        elif name == "opened":
            reader.press(f".learn-text [data-number='{value}']")
            expect(page.locator(".learn-formula")).to_be_visible()
            page.keyboard.press("Escape")
        elif name == "tab" and reader.keyboard and value == "why":
            reader.key("y")
        elif name == "tab":
            reader.press(f"#tab-{value}")
        elif name == "picture":
            reader.press(f".mri-tools button:text-is('{value}')")
        elif name == "widget":
            DRIVERS[(str((moment.widget or {})["name"]), value)](reader)
    if "selected" in when:
        select(reader, when["selected"])
    if "watched" in when:
        key, _, neuron = when["watched"].rpartition(":")
        page.keyboard.down("Shift")
        click_neuron(page, key, int(neuron))
        page.keyboard.up("Shift")


def select(reader: Reader, wanted: dict[str, Any]) -> None:
    """By a click on the stage, the ribbon, or a head's button."""
    page = reader.page
    if "token" in wanted:
        page.locator(f"#mri-ribbon [data-position='{wanted['token']}']").click()
    elif "neuron" in wanted:
        point = wanted.get("point") or page.evaluate("window.mri.desk.view.point")
        click_neuron(page, point, wanted["neuron"])
    elif "point" in wanted:
        row = page.locator(f"#mri-layers [data-key='{wanted['point']}']")
        chosen = f"window.mri.desk.view.point === '{wanted['point']}'"
        until(page, chosen, act=row.click)  # names that arrive late move the rows between press and release
    if "layer" in wanted and "neuron" not in wanted and "point" not in wanted:
        up = wanted["layer"] - page.evaluate("window.mri.desk.view.layer")
        reader.key("ArrowUp" if up > 0 else "ArrowDown", abs(up))
    if "part" in wanted:
        select_part(reader, wanted["part"])
    if "head" in wanted:
        page.locator("#mri-heads button").nth(1 + wanted["head"]).click()


def select_part(reader: Reader, part: str) -> None:
    """A head or an MLP, in the right map of the tab Why."""
    block, _, head = part.partition(".")
    name = f"MLP {block}:" if head == "mlp" else f"head {part}:"
    if not reader.keyboard:
        reader.page.locator(f".mri-why-map [aria-label^='{name}']").last.click()
        return
    measured = "![...document.querySelectorAll('.mri-why-map')].some((map) => map.textContent.includes('…'))"
    until(reader.page, f"document.querySelector('.mri-why-map') && {measured}")  # what arrives late moves the focus
    reader.focus(".mri-why-maps figure:last-child button")
    at = "[...document.activeElement.parentElement.querySelectorAll('button')]"
    cells = f"{at}.map((each) => each.getAttribute('aria-label'))"
    here, there = (
        reader.page.evaluate(f"{cells}.findIndex((each) => each.startsWith({which}))")
        for which in ("document.activeElement.getAttribute('aria-label')", json.dumps(name))
    )
    style = "getComputedStyle(document.activeElement.parentElement)"
    columns = int(reader.page.evaluate(f"{style}.getPropertyValue('--columns')"))
    rows, across = there // columns - here // columns, there % columns - here % columns
    reader.key("ArrowDown" if rows > 0 else "ArrowUp", abs(rows))
    reader.key("ArrowRight" if across > 0 else "ArrowLeft", abs(across))
    reader.key("Enter")


def answer(reader: Reader, moment: Moment) -> None:
    """The right answer; outside the check a wrong one first."""
    page, answers = reader.page, (moment.ask or {})["answers"]
    right = next(i for i, each in enumerate(answers) if each["right"])
    order = [right] if moment.check else [next(i for i in range(len(answers)) if i != right), right]
    for count, i in enumerate(order, 1):
        reader.press(f".learn-answers li:nth-child({i + 1}) .learn-answer")
        expect(page.locator(".learn-reply")).to_have_count(count)
    expect(page.locator(".learn-answer.is-right")).to_have_count(1)
