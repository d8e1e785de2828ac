"""The bundled recordings are all there, and what they recorded of each part adds up and is what the design's table of
true numbers says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

import numpy as np
import pytest

from mri.export.trace import Trace, open_trace
from mri.format.captured import Captured
from mri.making.demos import DEMOS, Demo
from mri.paths import SESSIONS, demos

SOFTCAP = 15.0
NUM_DEPTHS = 7


@pytest.fixture(params=[demo.id for demo in DEMOS])
def trace(request: pytest.FixtureRequest) -> Iterator[Trace]:
    with open_trace(SESSIONS / f"{request.param}.h5") as found:
        yield found


def test_they_are_what_the_command_makes() -> None:
    assert {path.stem for path in demos()} == {demo.id for demo in DEMOS}
    assert len(DEMOS) == 9


@pytest.mark.parametrize("demo", DEMOS, ids=lambda demo: demo.id)
def test_each_was_recorded_as_it_is_asked_for(demo: Demo) -> None:
    with open_trace(SESSIONS / f"{demo.id}.h5") as trace:
        session = trace.session
        assert (session.name, session.layout.config) == (demo.name, demo.capture)
        assert session.sampling == asdict(demo.sampling)
        assert all(trace.frame(step).dropped == 0 for step in range(trace.num_steps))


def test_the_ledger_adds_up_to_the_recorded_logits(trace: Trace) -> None:
    """`total` is Σ parts + left over. It is what `lm_head` gave, so that the softcap makes the logit of it."""
    for step in range(trace.num_steps):
        frame = trace.frame(step)
        wrote = Captured(frame, trace.layout).ledger()
        assert wrote is not None
        logits = frame.arrays["logits/values"]
        assert wrote.token_ids[:-1].tolist() == frame.arrays["logits/token_ids"].tolist()
        assert np.abs(SOFTCAP * np.tanh(wrote.total[:-1] / SOFTCAP) - logits).max() <= 1e-4
        assert np.abs(wrote.left_over).max() <= 1e-4 * np.abs(wrote.total).max()


def test_the_chosen_token_is_the_last_of_them(trace: Trace) -> None:
    for step in range(trace.num_steps):
        frame = trace.frame(step)
        wrote = Captured(frame, trace.layout).ledger()
        assert wrote is not None
        assert wrote.token_ids[-1] == (wrote.token_ids[0] if frame.chosen_id is None else frame.chosen_id)


def test_the_lens_ends_where_the_ledger_does(trace: Trace) -> None:
    for step in range(trace.num_steps):
        captured = Captured(trace.frame(step), trace.layout)
        wrote, depths = captured.ledger(), captured.lens()
        assert wrote is not None
        assert depths is not None
        assert depths.top_ids is not None
        assert depths.top_ids.shape == (NUM_DEPTHS, 5)
        assert np.abs(depths.exit[-1] - wrote.total).max() <= 1e-4 * np.abs(wrote.total).max()


TABLE = (
    ("demo-list", 11, " green", " golden", 18.32, 3.79, {"5.0": 9.05, "5.1": 6.10, "MLP 5": -1.25}),
    ("demo-gift", 14, " Mia", " Tom", 15.61, 4.24, {"MLP 4": 7.28, "MLP 5": 4.06, "5.0": 0.22}),
    ("pair-gift", 14, " Tom", " Mia", 15.37, 2.70, {"MLP 4": 6.14, "MLP 5": 3.83, "5.0": 2.32}),
    ("demo-story", 11, " her", " my", 16.77, 2.48, {"MLP 5": 6.11, "MLP 4": 5.14, "5.1": 2.87}),
    ("demo-story", 35, " Mia", " Sunday", 22.35, 3.14, {"5.0": 13.86, "5.1": 6.79, "MLP 5": -1.91}),
    ("demo-calculator", 11, "<|python_start|>", " ", 9.90, 1.26, {"MLP 4": 7.96, "MLP 5": 2.08}),
    ("pair-capital-what", 15, " Paris", " France", 11.67, 0.70, {"MLP 4": 9.31, "MLP 5": 3.18}),
)
"""Session, step, chosen, rival, logit of each before the softcap, and the parts that wrote most to the difference."""
LAST_DIGIT = 0.0051


@pytest.mark.parametrize(
    ("session", "step", "chosen", "rival", "logit", "rivals", "wrote"),
    TABLE,
    ids=[f"{row[0]}-{row[1]}" for row in TABLE],
)
def test_the_table_of_true_numbers(
    session: str, step: int, chosen: str, rival: str, logit: float, rivals: float, wrote: dict[str, float]
) -> None:
    with open_trace(SESSIONS / f"{session}.h5") as trace:
        frame = trace.ledger(step, against=rival)
        assert trace.ledger(step, token=chosen).logit.sum() == pytest.approx(logit, abs=LAST_DIGIT)
        assert trace.ledger(step).logit.sum() == pytest.approx(logit, abs=LAST_DIGIT)
        assert trace.ledger(step, token=rival).logit.sum() == pytest.approx(rivals, abs=LAST_DIGIT)
    assert frame.logit.sum() == pytest.approx(logit - rivals, abs=2 * LAST_DIGIT)
    found = {named(part): amount for part, amount in zip(frame.part, frame.logit, strict=True)}
    assert {part: found[part] for part in wrote} == pytest.approx(wrote, abs=LAST_DIGIT)
    assert max(found, key=lambda part: abs(found[part])) == next(iter(wrote))
    assert abs(found["left_over"]) <= 1e-5


def named(part: str) -> str:
    """As the table names it: block.5.head.0 -> 5.0, block.4.mlp -> MLP 4."""
    match part.split("."):
        case ["block", block, "head", head]:
            return f"{block}.{head}"
        case ["block", block, "mlp"]:
            return f"MLP {block}"
    return part
