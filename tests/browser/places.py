"""Every page in the states that people meet, for tests that walk all of them."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from playwright.sync_api import Page

from mri import paths
from tests.browser.scanner_page import until

SESSIONS = ("demo-gift", "pair-gift")

PICTURE = "window.mri?.timings.draw.length > 0"
CHARTS = "[...document.querySelectorAll('.js-plotly-plot')].some((plot) => plot.data?.length)"
LESSON = "document.querySelector('#learn')?.dataset.ready"
LISTED = "document.querySelectorAll('.sessions-table tbody tr').length > 0"
STATE = "document.querySelector('.mri-state')"
DIALOG = "getComputedStyle(document.querySelector('.modal.show')).opacity === '1'"
NO_DIALOG = "!document.querySelector('.modal')"
FORM = "document.querySelectorAll('.record-dialog .record-preset').length === 4"

State = tuple[str, str, str]
"""Name, what is pressed for it, and when it stands."""

SCANNER = "/?session=demo-gift&step=14&tab="
PICTURES: tuple[State, ...] = (
    ("one plate", ".mri-tools button:text-is('one plate')", PICTURE),
    ("statistics", ".mri-tools button:text-is('statistics')", PICTURE),
    ("menu", "#mri-tools summary", "document.querySelector('.mri-menu[open]')"),
    ("keys", "[data-mri-action=keys]", "document.querySelector('dialog[open]')"),
)
DIALOGS: tuple[State, ...] = (
    ("export", ".sessions-button:text-is('Export')", DIALOG),
    ("after export", ".modal .btn-close", NO_DIALOG),
    ("rename", ".sessions-button:text-is('Rename')", DIALOG),
    ("after rename", ".modal .btn-close", NO_DIALOG),
    ("delete", ".sessions-button:text-is('Delete')", DIALOG),
    ("after delete", ".modal .btn-close", NO_DIALOG),
    ("check", "#sessions-check", "document.querySelector('#check-model option')"),
    ("after check", ".check-ways form button", "!document.querySelector('dialog[open]')"),
    ("record", ".record-open", FORM),
)

PLACES: dict[str, tuple[str, str, tuple[State, ...]]] = {
    "scanner": (SCANNER + "neurons", f"{PICTURE} && {CHARTS}", PICTURES),
    "flat": (SCANNER + "attention&picture=flat", f"{PICTURE} && {CHARTS}", ()),
    "predictions": (SCANNER + "predictions&picture=flat", f"{PICTURE} && {CHARTS}", ()),
    "live": ("/live", "document.querySelector('#live-start')", ()),
    "pairs": ("/compare", "document.querySelector('.compare-cards')", ()),
    "compare": ("/compare?a=pair-gift&b=demo-gift&step=14", CHARTS, ()),
    "course": ("/learn", "document.querySelector('#course-go a')", ()),
    "a widget": ("/learn?lesson=1-perceptron&moment=4", LESSON, ()),
    "numbers": ("/learn?lesson=2-mlp&moment=9", f"{LESSON} && {PICTURE}", ()),
    "words": ("/learn?lesson=3-words&moment=4", LESSON, ()),
    "attention": ("/learn?lesson=4-attention&moment=2", LESSON, ()),
    "the lens": ("/learn?lesson=5-block&moment=7", LESSON, ()),
    "nanochat": ("/learn?lesson=6-nanochat&moment=3", f"{LESSON} && {PICTURE}", ()),
    "neurons": ("/neurons?session=demo-gift&point=block.3.mlp_act", CHARTS, ()),
    "a neuron": ("/neurons?session=demo-gift&point=block.3.mlp_act&neuron=372&tab=neuron", CHARTS, ()),
    "sessions": ("/sessions", LISTED, DIALOGS),
    "no such session": ("/?session=nowhere", STATE, ()),
    "no such page": ("/nowhere", STATE, ()),
}
"""Name -> address, when it stands, and what else can be made of it, one after the other."""


def copy_sessions(folder: Path, names: Iterable[str] = SESSIONS) -> Path:
    """Recordings that come with the program, and nothing that somebody recorded here."""
    for name in names:
        shutil.copy(paths.SESSIONS / f"{name}.h5", folder)
    return folder


def states(page: Page, name: str) -> Iterator[str]:
    """Open a place; the name of each of its states, while that stands."""
    address, ready, more = PLACES[name]
    page.goto(address)
    until(page, ready, deadline_s=180)  # the first groups of neurons wait for a large import
    yield name
    for state, button, stands in more:
        page.locator(button).first.click()
        until(page, stands)
        yield state
