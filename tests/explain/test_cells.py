"""Which cells a patching map has: what stands for what, and what nothing can reach."""

from __future__ import annotations

import numpy as np
import pytest

from mri.edit.text import Edit
from mri.explain.cells import partners, places, reached


def test_rows_stand_in_the_models_order_and_are_named_as_edits_name_them() -> None:
    rows = places(2, 2)
    assert [row.target for row in rows] == [
        "embed.resid0",
        *("block.0.resid_pre", "block.0.head.0", "block.0.head.1", "block.0.attn_out", "block.0.mlp_out"),
        *("block.1.resid_pre", "block.1.head.0", "block.1.head.1", "block.1.attn_out", "block.1.mlp_out"),
    ]
    assert [(row.block, row.head) for row in rows[:4]] == [(-1, -1), (0, -1), (0, 0), (0, 1)]
    for row in rows:
        text = row.edit("a-session", 7, 9)
        assert str(Edit.parse(text)) == text


@pytest.mark.parametrize(
    ("own", "given", "expected"),
    [
        ([1, 2, 3], [1, 2, 3], [0, 1, 2]),
        ([1, 2, 3], [1, 9, 3], [0, 1, 2]),  # a word replaced stands for the one in its place
        ([1, 2, 3], [1, 8, 9, 3], [0, -1, 3]),  # by two: for neither
        ([1, 8, 9, 3], [1, 2, 3], [0, -1, -1, 2]),
        ([8, 2, 3], [9, 2, 3], [0, 1, 2]),  # before the first
        ([1, 2, 8, 7], [1, 2, 9, 6], [0, 1, 2, 3]),  # behind the last, as many
        ([1, 2, 8, 7], [1, 2, 9], [0, 1, -1, -1]),
        ([5, 6], [7, 8, 9], [-1, -1]),
    ],
)
def test_what_stands_for_what(own: list[int], given: list[int], expected: list[int]) -> None:
    assert partners(np.array(own), np.array(given), len(own) - 1).tolist() == expected
    assert partners(np.array(own), np.array(given), 0).tolist() == expected[:1]


def test_what_can_be_felt_at_the_last_token() -> None:
    """Two blocks whose windows are 1 and 2: what enters block 0 is carried 3 positions at most."""
    rows = places(2, 1)
    found = dict(zip((row.target for row in rows), reached(rows, [1, 2], 4).astype(int).tolist(), strict=True))
    assert found["embed.resid0"] == found["block.0.resid_pre"] == [0, 1, 1, 1, 1]
    assert found["block.0.head.0"] == found["block.0.mlp_out"] == found["block.1.resid_pre"] == [0, 0, 1, 1, 1]
    assert found["block.1.head.0"] == found["block.1.attn_out"] == found["block.1.mlp_out"] == [0, 0, 0, 0, 1]
