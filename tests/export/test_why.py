"""Ledger and lens as frames: rows add up, tokens are found, what was not recorded is refused with the cure."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import mri
from mri.errors import ConfigError
from mri.export.trace import Trace
from mri.format.captured import Captured


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Trace:
    folder = tmp_path_factory.mktemp("why")
    return mri.record("red, blue, green, red, blue,", temperature=0, max_new_tokens=3, sessions=folder, seal=False)


def test_parts_of_a_difference_add_up(trace: Trace) -> None:
    frame = trace.ledger(11, token=" green", against=" golden")
    assert list(frame.columns) == ["step", "part", "block", "head", "logit"]
    assert frame.logit.sum() == pytest.approx(14.5275, abs=1e-3)
    best = frame.nlargest(2, "logit")
    assert list(best.part) == ["block.5.head.0", "block.5.head.1"]
    assert list(zip(best.block, best["head"], strict=True)) == [(5, 0), (5, 1)]
    assert frame.attrs["units"]["logit"] == "logits, before the softcap"


def test_without_a_token_it_is_the_chosen_one_in_every_step(trace: Trace) -> None:
    frame = trace.ledger()
    assert frame.step.nunique() == trace.num_steps
    for step, rows in frame.groupby("step"):
        wrote = Captured(trace.frame(int(step)), trace.layout).ledger()
        assert wrote is not None
        assert rows.logit.sum() == pytest.approx(float(wrote.total[-1]), abs=1e-4)
    assert len(frame) == trace.num_steps * (1 + 6 * 5 + 1)


def test_a_token_may_be_an_id(trace: Trace) -> None:
    chosen = trace.frame(11).chosen_id
    np.testing.assert_array_equal(trace.ledger(11, token=chosen).logit, trace.ledger(11).logit)
    np.testing.assert_array_equal(trace.ledger(-3).logit, trace.ledger(trace.num_steps - 3).logit)


def test_the_lens_ends_at_the_model(trace: Trace) -> None:
    frame = trace.lens(11, token=" green")
    assert list(frame.depth) == ["embed.resid0", *(f"block.{i}.resid_post" for i in range(6))]
    assert frame.exit_logit.iloc[-1] == pytest.approx(trace.ledger(11, token=" green").logit.sum(), abs=1e-4)
    assert frame["rank"].iloc[-1] == 0
    assert frame.prob.between(0, 1).all()
    assert set(frame.token) == {" green"}


def test_what_is_not_there_is_refused_with_the_cure(trace: Trace, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no single token"):
        trace.ledger(token="a word that is none")
    with pytest.raises(ConfigError, match="only the 20 strongest predictions"):
        trace.ledger(11, token=trace.frame(0).arrays["tokens"][0].item())
    with pytest.raises(IndexError, match="no step"):
        trace.lens(99)
    bare = mri.record("Hi", config=mri.TraceConfig(), max_new_tokens=1, sessions=tmp_path, seal=False)
    for ask in (bare.ledger, bare.lens):
        with pytest.raises(ConfigError, match="record it again with the preset standard"):
            ask()
