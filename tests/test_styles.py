"""Style sheets: each in its layer, short, with their colours in one place, the same that charts have."""

import re

import pytest

from mri.panels.theme import THEMES
from mri.paths import ASSETS
from mri.web.assets import LAYERS

SHEETS = {
    path.relative_to(ASSETS / "css").as_posix(): path.read_text("utf-8") for path in (ASSETS / "css").rglob("*.css")
}
BLOCK = {
    "dark": re.compile(r':root, \[data-bs-theme="dark"\] \{(.*?)\n\}', re.DOTALL),
    "light": re.compile(r'\n\[data-bs-theme="light"\] \{(.*?)\n\}', re.DOTALL),
}
OF_CHARTS_ONLY = {"plot", "zero"}
"""Grounds that only Plotly draws."""
ELSEWHERE = {"#000", "#fff", "#0b0f15"}
"""Colours outside theme.css: black, white, and the panel where more contrast is asked for."""


def test_every_sheet_is_in_a_layer():
    assert {sheet.split("/")[0].removesuffix(".css") for sheet in SHEETS} == {*LAYERS} - {"bootstrap"}


@pytest.mark.parametrize("sheet", SHEETS)
def test_sheets_are_short(sheet):
    lines = SHEETS[sheet].splitlines()
    assert len(lines) <= 320
    assert [line for line in lines if len(line) > 160] == []


@pytest.mark.parametrize("theme", BLOCK)
def test_the_page_has_the_colours_of_its_charts(theme):
    block = BLOCK[theme].search(SHEETS["theme.css"])
    colours = dict(re.findall(r"--([\w-]+): (#\w+);", block[1]))
    assert {name: colours.get(name.replace("_", "-")) for name in THEMES[theme].keys() - OF_CHARTS_ONLY} == {
        name: colour for name, colour in THEMES[theme].items() if name not in OF_CHARTS_ONLY
    }


def test_colours_have_names():
    others = "".join(text for sheet, text in SHEETS.items() if sheet != "theme.css")
    assert set(re.findall(r"#[0-9a-fA-F]{3,8}\b(?=[;, )])", others)) == ELSEWHERE


def test_every_variable_is_there():
    styles = "".join(SHEETS.values())
    assert set(re.findall(r"var\((--film-[\w-]+)", styles)) <= set(re.findall(r"(--film-[\w-]+):", styles))


def test_nothing_as_large_as_the_picture_is_styled_by_what_it_holds():
    """Such a rule is tried anew, for the whole page, whenever anything in it changes: a third of a step's time."""
    of_all = r"(?:body|html|:root[^ {]*|\.mri-(?:shell|main|scanner|stage|deck|strip)|\.compare|\.learn):has\("
    found = {
        sheet: re.findall(of_all, re.sub(r"@media print \{.*?\n\}", "", text, flags=re.DOTALL))
        for sheet, text in SHEETS.items()
    }
    assert {sheet: rules for sheet, rules in found.items() if rules and sheet != "print.css"} == {}
