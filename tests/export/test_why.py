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


def test_what_is_not_there_is_refused_with_the_cure(trace: Trace) -> None:
    with pytest.raises(ConfigError, match="no single token"):
        trace.ledger(token="a word that is none")
    with pytest.raises(ConfigError, match="There is no token 99999"):
        trace.ledger(11, token=99_999)
    with pytest.raises(IndexError, match="no step"):
        trace.lens(99)


def test_a_token_that_was_not_kept_is_computed_from_the_model(trace: Trace) -> None:
    read = trace.frame(0).arrays["tokens"][0].item()
    kept = trace.frame(11).arrays["logits/token_ids"]
    assert read not in kept
    found = trace.ledger(11, token=read)
    assert len(found) == 1 + 6 * 5 + 1
    assert found.logit.sum() < trace.ledger(11).logit.sum()
    unknown = trace.lens(11, token=" Sunday")
    assert set(unknown.token) == {" Sunday"}, "a text that the recording does not have"
    assert unknown.exit_logit.iloc[-1] == pytest.approx(trace.ledger(11, token=" Sunday").logit.sum(), abs=1e-4)


def test_an_old_recording_answers_from_the_model_as_a_new_one_does(trace: Trace, tmp_path: Path) -> None:
    same = {"temperature": 0, "max_new_tokens": 3, "sessions": tmp_path, "seal": False}
    bare = mri.record("red, blue, green, red, blue,", config=mri.TraceConfig(prefill="stepwise"), **same)
    for step in (None, 11):
        for name in ("ledger", "lens"):
            computed, recorded = getattr(bare, name)(step), getattr(trace, name)(step)
            assert list(computed.columns) == list(recorded.columns)
            for column in recorded.columns:
                if recorded[column].dtype.kind == "f":
                    np.testing.assert_allclose(computed[column], recorded[column], rtol=0, atol=1e-3)
                else:
                    assert list(computed[column]) == list(recorded[column])


def test_without_its_model_an_old_recording_says_why_not(tmp_path: Path) -> None:
    golden = Path(__file__).parents[1] / "golden" / "E5"
    bare = mri.record("ab", model=golden, config=mri.TraceConfig(), max_new_tokens=1, sessions=tmp_path, seal=False)
    for ask in (bare.ledger, bare.lens):
        with pytest.raises(ConfigError, match=r"record it again with the preset standard.* other weights .* model="):
            ask()
    assert len(bare.ledger(model=golden)) == bare.num_steps * (1 + 3 * 5 + 1)
