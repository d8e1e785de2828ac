"""Sweeps of two texts and of looks as frames, and what is refused of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import mri
from mri.errors import ConfigError, SessionNotFound

GOLDEN = Path(__file__).parents[1] / "golden"


def test_a_patch_is_a_table_of_places_and_positions() -> None:
    trace = mri.open_trace("pair-gift")
    found = trace.sweep(14 - trace.num_steps, "patch", base="demo-gift")
    assert [*found.columns] == [
        *("step", "part", "block", "head", "position", "token_id", "token", "base_position", "restored", "reached")
    ]
    assert len(found) == (1 + 6 * 7) * 15
    assert found.attrs["units"]["restored"] == "share of the way to the base"
    assert {name: found.attrs[name] for name in ("kind", "base", "token", "against", "approximate")} == {
        "kind": "patch",
        "base": "demo-gift",
        "token": " Tom",
        "against": " Mia",
        "approximate": False,
    }
    strongest = found[found["head"] >= 0].nlargest(1, "restored").iloc[0]
    assert (strongest.part, strongest.position, strongest.token) == ("block.3.head.0", 14, " to")
    swapped = trace.sweep(14, "patch", base=mri.open_trace("demo-gift"), token=" Mia", against=" Tom")
    np.testing.assert_allclose(swapped.restored, found.restored, rtol=0, atol=1e-5)
    assert swapped.attrs["difference"] == pytest.approx(-found.attrs["difference"], abs=1e-4)


def test_a_knockout_is_a_table_of_heads_and_positions() -> None:
    """“Mia gave Tom a ball. Mia said to”: the copying head needs its look at Tom, head 3.0 its look at the giver."""
    found = mri.open_trace("pair-gift").sweep(14, "knockout")
    assert [*found.columns] == [
        *("step", "part", "block", "head", "position", "token_id", "token", "weight", "lost", "bits")
    ]
    assert len(found) == 6 * 4 * 15
    most = found.nlargest(2, "lost")
    assert most.part.tolist() == ["block.5.head.0", "block.3.head.0"]
    assert most.token.tolist() == [" Tom", " Mia"]
    np.testing.assert_allclose(most.lost, [21.03, 7.81], atol=0.006)
    np.testing.assert_allclose(most.weight, [0.494, 0.975], atol=6e-4)
    assert found.attrs["difference"] == pytest.approx(12.67, abs=0.006)


def test_what_cannot_be_swept_is_a_sentence(tmp_path: Path) -> None:
    trace = mri.open_trace("pair-gift")
    with pytest.raises(ConfigError, match="no sweep 'gradient': choose ablate, patch, knockout"):
        trace.sweep(14, "gradient")
    with pytest.raises(ConfigError, match="Name the other session: base="):
        trace.sweep(14, "patch")
    with pytest.raises(ConfigError, match='belongs to kind="patch"'):
        trace.sweep(14, base="demo-gift")
    with pytest.raises(SessionNotFound):
        trace.sweep(14, "patch", base="gone")
    other = mri.record("ab", model=GOLDEN / "E5", max_new_tokens=1, sessions=tmp_path, seal=False)
    with pytest.raises(ConfigError, match="recorded with another model"):
        trace.sweep(14, "patch", base=other)
    fork = trace.fork(14, edits="block.3.head.0 = 0", sessions=tmp_path)
    with pytest.raises(ConfigError, match="recorded with edits"):
        trace.sweep(14, "patch", base=fork)
