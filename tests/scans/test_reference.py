"""The embedded model over 3,357 documents of its corpus: what was measured before there were scans."""

from __future__ import annotations

import pytest

import mri


@pytest.mark.long
def test_the_reference_numbers(tmp_path):
    model = mri.load_model(device="cpu")
    scan = mri.scan("embedded:3357", model=model, out=tmp_path)
    assert scan.part.tokens.sum() == 150_025
    blocks, heads = scan.blocks(), scan.heads().set_index(["block", "head"])
    assert blocks["live"].tolist() == [1021, 1012, 991, 1022, 1024, 1024]
    assert blocks["above_zero"].tolist() == pytest.approx([2.3, 68, 42, 72, 115, 190], rel=0.03)
    assert heads["previous"].idxmax() == (2, 2)
    assert heads["previous"].max() == pytest.approx(0.38, abs=0.01)
    assert heads["first"][5].between(0.295, 0.355).all()
    assert heads["self"].max() < 0.105
    assert heads["distance"].idxmax() == (5, 0)
    assert heads["distance"].max() == pytest.approx(18, abs=0.5)
    assert heads["induction"].nlargest(2).index.tolist() == [(5, 1), (5, 0)]
    assert heads["induction"].max() == pytest.approx(0.67, abs=0.05)  # as evaluation's own lists have it
