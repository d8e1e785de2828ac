"""Display strings of tokens."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mri.format.token_text import display


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
