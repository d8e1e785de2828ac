"""The Scanner as a person uses it: small verbs for browser tests."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Error as BrowserError
from playwright.sync_api import Page

from mri.format.config import TraceConfig
from tests.conftest import write_handmade_session, write_random_session


def write_two(folder: Path) -> Path:
    """The session of known values, and demo-long of 100 steps with whole attention rows. -> the folder"""
    rows = TraceConfig(attention_tier="full_row", prefill="stepwise")
    write_handmade_session(folder)
    write_random_session(folder, session_id="demo-long", num_steps=100, n_embd=64, config=rows)
    return folder


def open_scanner(page: Page, address: str = "/") -> None:
    """Open the page and wait for the first picture."""
    page.goto(address)
    until(page, "window.mri?.timings.draw.length > 0")


def until(
    page: Page, condition: str | Callable[[], Any], deadline_s: float = 60, act: Callable[[], object] = lambda: None
) -> Any:
    """Poll a JavaScript expression, or a function here, until it is true, after `act` each time; -> its value.

    (Playwright's own waiting needs eval, which the page forbids.) One that throws is not true yet: after Back,
    Dash builds the page anew, and for a moment there is no `window.mri`.
    """
    end = time.monotonic() + deadline_s
    while True:
        act()
        fault = ""
        try:
            if value := page.evaluate(condition) if isinstance(condition, str) else condition():
                return value
        except BrowserError as error:
            fault = f": {error}"
        if time.monotonic() > end:
            raise AssertionError(f"not true in {deadline_s} s: {condition}{fault}")
        page.wait_for_timeout(25)


def shown(page: Page, graph: str, condition: str = "true") -> None:
    """Wait until a figure is drawn and `condition` holds of it (`plot` is Plotly's element)."""
    until(
        page,
        f"""(() => {{ const plot = document.querySelector('#{graph} .js-plotly-plot');
            return plot?._fullLayout && plot.data?.length > 0 && ({condition}); }})()""",
    )


def plot(page: Page, graph: str, expression: str) -> Any:
    """A value from a figure."""
    return page.evaluate(
        f"(() => {{ const plot = document.querySelector('#{graph} .js-plotly-plot'); return {expression}; }})()"
    )


def unfold(page: Page) -> None:
    """Filter, order and scale of the list of layers."""
    page.get_by_role("button", name="Filter, order and scale").click()


def colour(page: Page, chosen: str) -> None:
    """What the dots' colour says: magnitude, sign, difference or groups."""
    page.get_by_label("What the colour of a dot says").select_option(chosen)


def step(page: Page) -> int:
    return page.evaluate("window.mri.player.step")


def view(page: Page) -> dict[str, Any]:
    return page.evaluate("window.mri.desk.view")


def neuron_at(page: Page, key: str, neuron: int) -> tuple[float, float]:
    """Where a neuron is drawn, in CSS pixels of the page."""
    x, y = page.evaluate(
        """([key, neuron]) => { const { stage } = window.mri; const box = stage.view.getBoundingClientRect();
            const [x, y] = stage.locate(key, neuron); return [box.x + x, box.y + y]; }""",
        [key, neuron],
    )
    return x, y


def point_at(page: Page, key: str, neuron: int) -> None:
    """The pointer rests on a neuron and its value is shown; aimed at anew where the stage moved meanwhile."""
    name = f"{key} · neuron {neuron}"
    until(
        page,
        f"document.querySelector('#mri-stage .mri-tip:not([hidden]) div')?.textContent === {json.dumps(name)}",
        act=lambda: page.mouse.move(*neuron_at(page, key, neuron)),
    )


def click_neuron(page: Page, key: str, neuron: int) -> None:
    point_at(page, key, neuron)
    page.mouse.down()
    page.mouse.up()


def place_in(page: Page, graph: str, data_x: float, data_y: float) -> tuple[float, float]:
    """Where a point of a figure is on the page, given in data coordinates of its axes (categories by number)."""
    x, y = page.evaluate(
        """([graph, dataX, dataY]) => { const plot = document.querySelector(`#${graph} .js-plotly-plot`);
            plot.scrollIntoView({ block: "center" });
            const { xaxis, yaxis } = plot._fullLayout; const box = plot.getBoundingClientRect();
            return [box.x + xaxis._offset + xaxis.l2p(dataX), box.y + yaxis._offset + yaxis.l2p(dataY)]; }""",
        [graph, data_x, data_y],
    )
    return x, y


def click_bar(page: Page, graph: str, data_x: float, data_y: float) -> None:
    """Click a point of a figure."""
    x, y = place_in(page, graph, data_x, data_y)
    page.mouse.move(x, y)
    page.mouse.move(x + 1, y)
    page.mouse.click(x, y)


def hover_words(page: Page, graph: str, data_x: float, data_y: float) -> str:
    """What a figure says of the point under the pointer. One that is drawn anew forgets the pointer until it moves."""

    def move() -> None:
        x, y = place_in(page, graph, data_x, data_y)
        page.mouse.move(x, y)
        page.mouse.move(x + 1, y)

    return until(page, f"document.querySelector('#{graph} .hoverlayer').textContent", act=move)
