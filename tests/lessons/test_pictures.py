"""The pictures of the lessons' cards, against what was recorded."""

import re
import shutil
from xml.etree import ElementTree

import numpy as np
import pytest

from mri.errors import LessonError
from mri.lessons import pictures
from mri.lessons.catalogue import Catalogue
from mri.lessons.levels.lead import Lead
from mri.paths import LESSONS
from tests.lessons.conftest import plain_h5

CATALOGUE = Catalogue(LESSONS)


def drawn(lesson_id):
    lesson = CATALOGUE.lesson(lesson_id)
    with CATALOGUE.sources(lesson) as (readers, weights):
        return pictures.picture(lesson.level, readers, weights)


def marks(svg, kind):
    return [node.attrib for node in ElementTree.fromstring(svg).iter() if node.tag.endswith(kind)]


@pytest.mark.parametrize("lesson_id", CATALOGUE.ids())
def test_every_lesson_has_one_inside_its_frame(lesson_id):
    card = CATALOGUE.card(lesson_id)
    assert CATALOGUE.card(lesson_id) is card
    assert card.caption
    assert "{" not in card.caption
    width, height = pictures.SIZE
    for circle in marks(card.svg, "circle"):
        x, y, r = (float(circle[name]) for name in ("cx", "cy", "r"))
        assert r <= x <= width - r
        assert r <= y <= height - r
    assert all(float(rect["y"]) + float(rect["height"]) <= height for rect in marks(card.svg, "rect"))
    assert len(card.svg) < 20_000


@pytest.mark.parametrize(
    ("lesson_id", "wanted"), [("1-perceptron", (False, False, False, True)), ("2-mlp", (False, True, True, False))]
)
def test_the_lit_part_of_the_plane_is_where_the_network_says_1(lesson_id, wanted):
    svg = drawn(lesson_id).svg
    cases = [(float(circle["cx"]), float(circle["cy"])) for circle in marks(svg, "circle")]
    lit = [tuple(float(rect[name]) for name in ("x", "y", "width", "height")) for rect in marks(svg, "rect")]
    # a pixel up and to the left: AND's line runs through one of the cases
    on = [any(x <= cx - 1 < x + w and y <= cy - 1 < y + h for x, y, w, h in lit) for cx, cy in cases]
    assert tuple(on) == wanted


def test_like_words_lie_together():
    svg = drawn("3-words").svg
    groups = {}
    for circle in marks(svg, "circle"):
        groups.setdefault(circle["fill"], []).append((float(circle["cx"]), float(circle["cy"])))
    middles = {fill: np.mean(places, 0) for fill, places in groups.items()}
    assert len(middles) == 4
    for fill, places in groups.items():
        for place in places:
            assert min(middles, key=lambda other: np.linalg.norm(middles[other] - place)) == fill


def test_the_look_back_is_the_recorded_weight():
    found = drawn("4-attention")
    assert (found.says["asker"], found.says["asked"]) == ("ball", "red")
    with plain_h5(LESSONS / "4-attention" / "lesson-dog.h5") as file:
        weight = float(file["attention/rows"][6, 2, 2, 5])
    assert found.says["share"] == f"{100 * weight:.0f} %"
    assert len(marks(found.svg, "rect")) == 7 * 8 / 2


def test_the_tower_has_a_plate_for_what_goes_in_and_one_for_each_block():
    svg = drawn("5-block").svg
    assert len(marks(svg, "polygon")) == 7
    assert len(marks(svg, "circle")) == 7 * pictures.STREAM_DOTS


def test_bars_of_the_next_word_are_its_probabilities():
    found = drawn("6-nanochat")
    with plain_h5(LESSONS / "6-nanochat" / "lesson-leo.h5") as file:
        logits = file["logits"]
        shares = np.exp(logits["values"][()] - logits["logsumexp"][()][:, None])
    step = int(np.abs(shares[:, 0] - 0.5).argmin())
    bars = [float(rect["width"]) / 136 for rect in marks(found.svg, "rect")][1::2]
    assert bars == pytest.approx(shares[step, : len(bars)].tolist(), abs=0.001)
    assert found.says["share"] == f"{100 * shares[step, 0]:.0f} %"


def test_who_wrote_against_has_the_other_colour():
    svg = drawn("7-why").svg
    lesson = CATALOGUE.lesson("7-why")
    with CATALOGUE.sources(lesson) as (readers, weights):
        reader = readers["lesson-colours"]
        lead = Lead(reader, reader.session.num_prompt_tokens - 1, "colours", weights)
        every = {part: float(lead.wrote(part).value) for part in lead.parts}
    assert set(pictures.TELLING_PARTS) == set(sorted(every, key=lambda part: -abs(every[part]))[:4])
    fills = [rect["fill"] for rect in marks(svg, "rect")][1::2]
    assert fills == [pictures.FOR if every[part] > 0 else pictures.AGAINST for part in pictures.TELLING_PARTS]


def test_the_colours_of_why_are_the_style_sheets():
    sheet = (LESSONS.parents[1] / "assets" / "css" / "theme.css").read_text("utf-8")
    said = {name: re.search(rf"--film-{name}: (#\w+)", sheet)[1] for name in ("for", "against")}
    assert said == {"for": pictures.FOR, "against": pictures.AGAINST}


def test_a_caption_that_names_what_there_is_not_is_a_sentence(tmp_path):
    shutil.copytree(LESSONS, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("[3-9]-*"))
    path = tmp_path / "2-mlp" / "lesson.en.md"
    path.write_text(path.read_text("utf-8").replace("{units}", "{layers}"), "utf-8")
    with pytest.raises(LessonError, match=r"its picture knows \{units\}"):
        Catalogue(tmp_path).card("2-mlp")


def test_a_level_without_code_has_none():
    assert pictures.picture(99, {}, {}) is None
