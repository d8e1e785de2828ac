"""The text form: every row of docs/edits.md comes back as it is, and what is no edit is refused with one that is."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mri.edit.text import MOST_EDITS, Edit, edits_of, ranges_of
from mri.edit.values import Along, Column, Diff, File, Keys, Mean, Off, Patch, Positions, Proj, Word
from mri.errors import ConfigError

TABLE = {
    "block.4.head.2 = 0": Edit("block.4.head.2", "=", 0),
    "block.3.mlp_act[81] = 1.5": Edit("block.3.mlp_act[81]", "=", 1.5),
    "block.3.mlp_act[81,90:99] = 1.5 @ 14:20": Edit("block.3.mlp_act[81,90:99]", "=", 1.5, Positions(14, 20)),
    "block.4.head.2 = mean": Edit("block.4.head.2", "=", Mean()),
    "block.4.head.2 = mean(demo-gift)": Edit("block.4.head.2", "=", Mean("demo-gift")),
    "block.*.mlp *= 2 @ 14": Edit("block.*.mlp", "*=", 2, Positions(14, 15)),
    "block.2.resid_mid += 0.5": Edit("block.2.resid_mid", "+=", 0.5),
    "block.2.resid_mid: cap 40 @ 3:": Edit("block.2.resid_mid", "cap", 40, Positions(3)),
    'block.2.resid_post += 6 * token(" Mia")': Edit("block.2.resid_post", "+=", Along(6, Word(" Mia"))),
    "block.2.resid_post += -0.25 * token(#17)": Edit("block.2.resid_post", "+=", Along(-0.25, Word(17))),
    "embed.resid0 += 1 * neuron(block.3.mlp_act[81])": Edit("embed.resid0", "+=", Along(1, Column(3, 81))),
    "block.2.resid_post -= proj(diff(A, B))": Edit("block.2.resid_post", "-=", Proj(Diff("A", "B"))),
    "block.2.resid_post -= proj(dir/of it.npy)": None,
    "block.2.resid_post -= proj(dir/of-it.npy)": Edit("block.2.resid_post", "-=", Proj(File("dir/of-it.npy"))),
    "block.5.head.1 = patch(demo-list@14)": Edit("block.5.head.1", "=", Patch("demo-list", 14)),
    "block.*.head.*: cut 5": Edit("block.*.head.*", "cut", Keys(5, 6)),
    "block.1.head.0: cut 5:9 @ 14:": Edit("block.1.head.0", "cut", Keys(5, 9), Positions(14)),
    "smear = off": Edit("smear", "=", Off()),
    "block.3.ve = off @ 0:": Edit("block.3.ve", "=", Off(), Positions(0)),
    'token = " Tom" @ 14': Edit("token", "=", Word(" Tom"), Positions(14, 15)),
    'token = " @ 5\\" \\n" @ 14': Edit("token", "=", Word(' @ 5" \n'), Positions(14, 15)),
    "token = #300": Edit("token", "=", Word(300)),
}


@pytest.mark.parametrize("text", [text for text, edit in TABLE.items() if edit is not None])
def test_every_form_is_read_and_written(text: str) -> None:
    assert Edit.parse(text) == TABLE[text]
    assert str(TABLE[text]) == text
    assert Edit.parse(f"  {text}  ") == TABLE[text]


def test_spaces_and_other_ways_to_write_it() -> None:
    for text in ("block.3.mlp_act[81, 90:99]=1.5@14:20", "block.3.mlp_act[81,90:99] = 1.50 @ 14 : 20"):
        assert str(Edit.parse(text)) == "block.3.mlp_act[81,90:99] = 1.5 @ 14:20"
    assert str(Edit.parse("block.3.mlp cap 4e1")) == "block.3.mlp: cap 40"
    assert str(Edit.parse("block.2.resid_post += token(#1)")) == "block.2.resid_post += 1 * token(#1)"


ODD = [
    "",
    "block.4.head.2",
    "head.2 = 0",
    "block.4.head.2 == 0",
    "block.4.head.2 = ",
    "block.4.head.2 = nan",
    "block.4.head.2 *= inf",
    "block.4.head.2 = 1e30",
    "block.4.head.2 += 1e30 * token(#1)",
    "block.4.head.2 = 0 @",
    "block.4.head.2 = 0 @ -3",
    "block.4.head.2 = 0 @ 9:9",
    "block.4.head.2 = 0 @ 99999999999",
    "block.4.head.2 = 0; rm",
    "block.-1.mlp = 0",
    "block.3.mlp_act[] = 0",
    "block.3.mlp_act[9:3] = 0",
    "block.3.mlp_act[a] = 0",
    "block.3.mlp_act[1:2:3] = 0",
    "block.4.head.2[3] = 0",
    "block.4.head.2 = mean()",
    "block.4.head.2 = mean(../x)",
    "block.4.head.2 *= mean",
    "block.4.head.2 = patch(x)",
    "block.4.head.2 = patch(x@-1)",
    "block.4.head.2 -= 3",
    "block.4.head.2 = off",
    "block.4.head.2: cap -1",
    "block.4.head.2: cut a",
    "block.4.head.2: cut 9:3",
    "block.4.mlp: cut 3",
    "block.4.head.2 = cut 3",
    "block.2.resid_post += 6 * token( Mia)",
    "block.2.resid_post += 6 * neuron(block.3.mlp_out[81])",
    "block.2.resid_post += 6 * diff(A)",
    "block.2.resid_post += 6 * x.txt",
    "smear = 0",
    "smear *= 2",
    "token = 14",
    'token += " Tom"',
    'token = " Tom" @ 14:20',
    'token = " Tom',
    'token = "\\ud83d"',
    "__import__('os').x = 0",
    "block.4.head.2 = 0 " * 400,
]


@pytest.mark.parametrize("text", ODD)
def test_what_is_no_edit_is_one_sentence_with_the_cure(text: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        Edit.parse(text)
    said = str(refusal.value)
    assert said.endswith(".")
    assert 20 < len(said) < 500


def test_too_many_edits() -> None:
    with pytest.raises(ConfigError, match="400 edits: 100 are the most"):
        edits_of(["smear = off"] * 400)
    assert len(edits_of(["smear = off"] * MOST_EDITS)) == MOST_EDITS
    with pytest.raises(ConfigError, match="3 is no edit"):
        edits_of([3])  # type: ignore[list-item]


def test_what_is_not_said_is_filled_in_where_a_fork_begins() -> None:
    edit = Edit.parse("block.4.head.2 = mean")
    assert str(edit.at(Positions(11), "demo-list")) == "block.4.head.2 = mean(demo-list) @ 11:"
    assert str(Edit.parse("block.4.head.2 = mean(x) @ 3").at(Positions(11), "demo-list")) == (
        "block.4.head.2 = mean(x) @ 3"
    )


def test_ranges_end_before_their_second_number() -> None:
    assert ranges_of("block.3.mlp_act[81,90:99]") == [(81, 82), (90, 99)]
    assert ranges_of("block.3.mlp_act") == []
    assert Positions(5).within(3, 9) == slice(2, 6)
    assert Positions(5, 7).within(3, 6) == slice(2, 3)
    assert Positions(0, 2).within(3, 6).stop <= 0


@given(
    st.floats(-1e9, 1e9),
    st.integers(0, 99),
    st.one_of(st.none(), st.tuples(st.integers(0, 500), st.one_of(st.none(), st.integers(1, 300)))),
    st.sampled_from(["=", "*=", "+="]),
)
def test_numbers_come_back_to_the_last_bit(
    number: float, block: int, positions: tuple[int, int | None] | None, op: str
) -> None:
    at = positions and Positions(positions[0], positions[1] and positions[0] + positions[1])
    edit = Edit(f"block.{block}.mlp", op, number, at or None)
    back = Edit.parse(str(edit))
    assert back == edit
    assert math.copysign(1, back.value) == math.copysign(1, number) or number == 0  # type: ignore[arg-type]


@given(st.text(max_size=40).filter(lambda text: text.isprintable() and text.encode(errors="ignore").decode() == text))
def test_any_word_comes_back(word: str) -> None:
    for edit in (Edit("token", "=", Word(word), Positions(4, 5)), Edit("final.ln_f", "+=", Along(2, Word(word)))):
        assert Edit.parse(str(edit)) == edit


@given(st.text(max_size=80))
def test_no_text_raises_anything_else(text: str) -> None:
    for odd in (text, f"block.3.mlp = {text}", f"block.3.mlp += 2 * {text}", f"{text} = 0"):
        try:
            edit = Edit.parse(odd)
        except ConfigError:
            continue
        assert Edit.parse(str(edit)) == edit


def test_two_numbers_with_nothing_between_them_are_not_one() -> None:
    with pytest.raises(ConfigError, match="names no neurons"):
        Edit.parse("block.0.mlp_act[1 2] = 0")
    assert str(Edit.parse("block.0.mlp_act[ 1 , 5 : 9 ] = 0")) == "block.0.mlp_act[1,5:9] = 0"
