"""Numbers of a text: measured, computed, written, and in one table with all that they are computed from."""

import numpy as np
import pytest

from mri.errors import LessonError
from mri.format.captured import Captured
from mri.lessons.numbers import Number, Table, from_recording, measured, number_named, shown, statistic
from mri.store.opening import open_session
from tests.conftest import write_handmade_session

POINT = "block.1.resid_post"


@pytest.fixture(scope="module")
def readers(tmp_path_factory):
    with open_session(write_handmade_session(tmp_path_factory.mktemp("sessions"))) as reader:
        yield {"handmade": reader}


def test_a_placeholder_finds_its_place_in_the_recording(readers):
    reader = readers["handmade"]
    neuron = from_recording(f"handmade/2/{POINT}/1", readers)
    assert neuron.value == Captured(reader.frame(2), reader.session.layout).values(POINT)[1] == -3.0
    assert (neuron.source, neuron.link) == (
        f"{POINT}, neuron 1, step 2",
        f"/?session=handmade&step=2&point={POINT}&neuron=1",
    )
    assert from_recording("handmade/steps", readers).value == 5
    assert from_recording(f"handmade/1/{POINT}/l2", readers) == statistic(reader, 1, POINT, "l2")
    own = {"handmade/steps": Number(7)}
    assert number_named("handmade/steps", own, readers).value == 7


@pytest.mark.parametrize(
    "name",
    [
        "other/steps",
        "handmade",
        "handmade/9/block.1.resid_post/1",
        "handmade/2/block.1.resid_post/3",
        "handmade/2/block.1.resid_post/99",
        "handmade/2/nowhere/1",
        "handmade/2/block.1.resid_post/mode",
    ],
)
def test_what_was_not_measured_is_no_number(name, readers):
    with pytest.raises(LessonError):
        number_named(name, {}, readers)


def test_what_was_not_captured_is_not_measured(readers):
    with pytest.raises(LessonError, match="not captured"):
        measured(readers["handmade"], 2, POINT, 3)


@pytest.mark.parametrize(
    ("value", "spec", "text"),
    [
        (0.8281, "", "0.8281"),
        (-1.5, ".2f", "−1.50"),
        (48, "", "48"),
        (0.25, ".0%", "25%"),
        (12345, ",d", "12,345"),
        (-0.0, "", "0"),
        (-0.001, ".2f", "0.00"),
        (3, "+.1f", "+3.0"),
        ("XOR", ".2f", "XOR"),
    ],
)
def test_numbers_are_written_as_asked(value, spec, text):
    assert shown(value, spec) == text


@pytest.mark.parametrize("spec", ["x", ".2e", "10d", "!r", ".2f}"])
def test_another_format_is_refused(spec):
    with pytest.raises(LessonError):
        shown(1.0, spec)


def test_a_table_holds_each_number_once_with_its_inputs():
    z = Number(np.float32(-2.0), source="measured")
    one, two = Number(4.0, "{z}²", {"z": z}), Number(-8.0, "{z}·{square}·{k}", {"z": z, "square": 4, "k": 1})
    table = Table()
    assert [table.place(each) for each in (one, two, one)] == [1, 2, 1]
    assert [row["text"] for row in table.rows] == ["−2", "4", "−8"]
    assert table.rows[1]["inputs"] == {"z": {"at": 0}}
    assert table.rows[2]["inputs"] == {"z": {"at": 0}, "square": {"text": "4"}, "k": {"text": "1"}}
    assert table.rows[0]["value"] == -2.0
    with pytest.raises(LessonError, match="'y'"):
        table.place(Number(1.0, "{x} + {y}", {"x": z}))
