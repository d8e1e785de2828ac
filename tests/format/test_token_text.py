"""Display strings of tokens."""

import itertools
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mri.format.token_text import display, with_characters


@pytest.mark.parametrize(
    ("token", "shown"),
    [
        (b" Mia", " Mia"),
        (b"  ", "  "),
        (b"\n\t", "\\n\\t"),
        (b"a\\n", "a\\\\n"),
        ("é 日本 👍".encode(), "é 日本 👍"),
        (b"\xe6\x97", "\\xe6\\x97"),
        (b"ok\xff", "ok\\xff"),
        ("\u202eevil".encode(), "\\u202eevil"),
        ("\u00a0\u2028\ufeff".encode(), "\\u00a0\\u2028\\ufeff"),
        (b"\x1b[31m\x00", "\\x1b[31m\\x00"),
        ("\U000e0041".encode(), "\\U000e0041"),
        (b"<script>", "<script>"),
        (b"", ""),
    ],
)
def test_examples(token, shown):
    assert display(token) == shown


@given(st.binary(max_size=12))
def test_nothing_invisible_is_left(token):
    for character in display(token):
        assert character == " " or unicodedata.category(character)[0] not in "CZ"


@given(st.binary(max_size=6), st.binary(max_size=6))
def test_different_bytes_are_different_strings(one, other):
    assert (display(one) == display(other)) == (one == other)


def test_an_escaped_code_point_is_not_a_stray_byte():
    assert display("\xa0".encode()) != display(b"\xa0")


SMILE, SUN = "🙂".encode(), "日".encode()


@pytest.mark.parametrize(
    ("tokens", "names"),
    [
        ([b"hi ", SMILE[:2], SMILE[2:]], ["hi ", "🙂(1/2)", "🙂(2/2)"]),
        ([SMILE[:1], SMILE[1:3], SMILE[3:]], ["🙂(1/3)", "🙂(2/3)", "🙂(3/3)"]),
        ([b" " + SUN[:1], SUN[1:] + SUN[:2], SUN[2:] + b"!"], [" 日(1/2)", "日(2/2)日(1/2)", "日(2/2)!"]),
        ([SMILE], ["🙂"]),
        ([SMILE[:2], b"no", SMILE[2:]], ["\\xf0\\x9f", "no", "\\x99\\x82"]),
        ([SMILE[:2]], ["\\xf0\\x9f"]),
        (["\u200d".encode()[:1], "\u200d".encode()[1:]], ["\\xe2", "\\x80\\x8d"]),
        ([b"\\xf0", b"\\x9f"], ["\\\\xf0", "\\\\x9f"]),
        ([], []),
    ],
)
def test_pieces_of_one_character_are_named_by_it(tokens, names):
    assert with_characters([display(token) for token in tokens]) == names


@given(st.text(max_size=6), st.lists(st.integers(0, 24), max_size=4))
def test_however_a_text_is_cut_no_byte_of_a_seen_character_is_left(text, cuts):
    whole = text.encode()
    ends = sorted({0, len(whole), *(cut for cut in cuts if cut < len(whole))})
    names = with_characters([display(whole[i:j]) for i, j in itertools.pairwise(ends)])
    if all(unicodedata.category(letter)[0] not in "CZ" for letter in text) and "\\" not in text:
        assert "\\x" not in "".join(names)
