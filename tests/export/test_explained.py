"""Why, out of the product: every row of the table of true numbers, sweeps, source tokens and neurons as frames."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

import mri
from mri.errors import ConfigError
from mri.export.trace import Trace
from mri.paths import SESSIONS

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture(scope="session")
def traces(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Trace]:
    """Bundled recordings by name, and the list."""
    folder = tmp_path_factory.mktemp("list")
    red = mri.record("red, blue, green, red, blue,", temperature=0, max_new_tokens=14, sessions=folder, seal=False)
    names = ("demo-gift", "pair-gift", "demo-story", "demo-calculator", "pair-capital-what")
    return {"list": red} | {name: mri.open_trace(SESSIONS / f"{name}.h5") for name in names}


TRUE = [
    # recording, step, chosen, rival, their logits; what parts wrote; what is lost without them
    (
        "list",
        11,
        (" green", " golden"),
        (18.32, 3.79),
        {"5.0": 9.05, "5.1": 6.10, "MLP 5": -1.25},
        {"3.1": 14.71, "5.0": 9.19, "1.1": 8.93, "MLP 1": 6.44, "MLP 5": -8.79},
    ),
    (
        "demo-gift",
        14,
        (" Mia", " Tom"),
        (15.61, 4.24),
        {"MLP 4": 7.28, "MLP 5": 4.06, "5.0": 0.22},
        {"3.0": 7.00, "MLP 4": 5.01, "MLP 5": 3.19},
    ),
    (
        "pair-gift",
        14,
        (" Tom", " Mia"),
        (15.37, 2.70),
        {"MLP 4": 6.14, "MLP 5": 3.83, "5.0": 2.32},
        {"3.0": 7.92, "MLP 4": 6.39, "MLP 3": 4.36, "5.0": -0.05},
    ),
    (
        "demo-story",
        11,
        (" her", " my"),
        (16.77, 2.48),
        {"MLP 5": 6.11, "MLP 4": 5.14, "5.1": 2.87},
        {"5.1": 5.09, "MLP 5": 2.99},
    ),
    (
        "demo-story",
        35,
        (" Mia", " Sunday"),
        (22.35, 3.14),
        {"5.0": 13.86, "5.1": 6.79, "MLP 5": -1.91},
        {"MLP 1": 6.57, "MLP 3": 5.30, "5.0": 5.30},
    ),
    (
        "demo-calculator",
        11,
        ("<|python_start|>", " "),
        (9.90, 1.26),
        {"MLP 4": 7.96, "MLP 5": 2.08},
        {"MLP 4": 13.12, "3.0": 12.92},
    ),
    (
        "pair-capital-what",
        15,
        (" Paris", " France"),
        (11.67, 0.70),
        {"MLP 4": 9.31, "MLP 5": 3.18},
        {"MLP 4": 8.95, "3.3": 5.07},
    ),
]


def point(name: str) -> str:
    """`block.3.head.1` of 3.1, `block.4.mlp` of MLP 4."""
    if name.startswith("MLP"):
        return f"block.{name[4:]}.mlp"
    block, head = name.split(".")
    return f"block.{block}.head.{head}"


@pytest.mark.parametrize(
    ("name", "step", "tokens", "logits", "wrote", "lost"), TRUE, ids=[f"{row[0]}-{row[1]}" for row in TRUE]
)
def test_true_numbers(
    traces: dict[str, Trace],
    name: str,
    step: int,
    tokens: tuple[str, str],
    logits: tuple[float, float],
    wrote: dict[str, float],
    lost: dict[str, float],
) -> None:
    trace = traces[name]
    found = trace.sweep(step)
    assert (found.attrs["token"], found.attrs["against"]) == tokens, "what is chosen and what is strongest beside it"
    assert found.attrs["difference"] == pytest.approx(logits[0] - logits[1], abs=0.0101)
    ledger = trace.ledger(step, against=found.attrs["against_id"])
    assert ledger.logit.sum() == pytest.approx(found.attrs["difference"], abs=1e-4)
    for token, logit in zip(("token_id", "against_id"), logits, strict=True):
        assert trace.ledger(step, token=found.attrs[token]).logit.sum() == pytest.approx(logit, abs=0.0051)
    left_over = ledger[ledger.part == "left_over"].logit.item()
    assert abs(left_over) <= 1e-5
    by_part = found.set_index("part")
    exact = ledger.set_index("part").logit
    for part, amount in wrote.items():
        assert round(exact[point(part)], 2) == amount, part
        assert by_part.wrote[point(part)] == pytest.approx(exact[point(part)], abs=1e-4)
    for part, amount in lost.items():
        assert by_part.lost[point(part)] == pytest.approx(amount, abs=0.0051), part
    rest = found[~found.part.isin([point(part) for part in lost])].lost
    assert max(lost.values()) >= rest.max()
    np.testing.assert_allclose(
        found.lost, found.wrote - found.answered_by_norm - found.answered_by_parts, rtol=0, atol=1e-4
    )


@pytest.mark.parametrize(
    ("name", "step", "agreement"),
    [("list", 11, 0.21), ("demo-gift", 14, 0.03), ("pair-capital-what", 15, 0.47), ("demo-calculator", 11, -0.26)],
)
def test_how_far_the_ledger_ranks_the_parts_as_switching_off_does(
    traces: dict[str, Trace], name: str, step: int, agreement: float
) -> None:
    found = traces[name].sweep(step)
    assert round(float(spearmanr(found.wrote, found.lost).statistic), 2) == agreement


def test_what_answers_when_a_part_is_off(traces: dict[str, Trace]) -> None:
    """5.0 wrote 13.86; without it 5.35 would be left, the last norm makes it 7.44, later parts make it 13.91."""
    found = traces["demo-story"].sweep(35)
    part = found.set_index("part").loc["block.5.head.0"]
    left = found.attrs["difference"] - part.wrote
    normed = left + part.answered_by_norm
    assert [round(x, 2) for x in (part.wrote, left, normed, normed + part.answered_by_parts)] == [
        13.86,
        pytest.approx(5.35, abs=0.0101),
        7.44,
        13.91,
    ]


def test_a_head_reads_for_and_against(traces: dict[str, Trace]) -> None:
    """5.0 of the gift: Mia +10.22, Tom −10.00, net +0.22; nearly all of it through the value embedding."""
    found = traces["demo-gift"].sources(14)
    head = found[(found.block == 5) & (found["head"] == 0)]
    net = head.stream + head.value
    by_token = net.groupby(head.token, observed=True).sum()
    assert (round(by_token[" Mia"], 2), round(by_token[" Tom"], 2)) == (10.22, -10.00)
    assert round(net.sum(), 2) == 0.22
    assert found.attrs["units"]["stream"] == "logits, before the softcap"
    list_head = traces["list"].sources(11).query("block == 5 and head == 0")
    assert round(list_head.value.sum(), 1) == pytest.approx(9.3, abs=0.3)


def test_all_sources_and_all_neurons_add_up_to_their_part(traces: dict[str, Trace]) -> None:
    trace = traces["list"]
    ledger = trace.ledger(11, against=" golden")
    sources = trace.sources(11, token=" green", against=" golden")
    net = (sources.stream + sources.value).groupby([sources.block, sources["head"]]).sum()
    heads = ledger[ledger["head"] >= 0]
    np.testing.assert_allclose(net.to_numpy(), heads.logit, rtol=0, atol=1e-3)
    assert len(sources) == 6 * 4 * 12
    writers = trace.writers(11, against=" golden")
    mlps = ledger[(ledger.block >= 0) & (ledger["head"] < 0)]
    np.testing.assert_allclose(writers.groupby("block").logit.sum(), mlps.logit, rtol=0, atol=1e-3)


@pytest.mark.parametrize(
    ("name", "step", "neuron", "wrote"),
    [("demo-calculator", 11, (4, 615), 6.04), ("pair-capital-what", 15, (4, 908), 9.09)],
)
def test_the_neuron_that_wrote_most(
    traces: dict[str, Trace], name: str, step: int, neuron: tuple[int, int], wrote: float
) -> None:
    most = traces[name].writers(step).nlargest(1, "logit").iloc[0]
    assert ((most.block, most.neuron), round(most.logit, 2)) == (neuron, wrote)


def test_a_sweep_of_a_golden_model_names_its_model(tmp_path: Path) -> None:
    trace = mri.record("ab", model=GOLDEN / "E1", max_new_tokens=2, sessions=tmp_path, seal=False)
    with pytest.raises(ConfigError, match=r"other weights .* than the embedded model has"):
        trace.sweep(0)
    found = trace.sweep(-1, model=GOLDEN / "E1")
    assert list(found.columns)[:6] == ["step", "part", "block", "head", "lost", "bits"]
    assert set(found.step) == {trace.num_steps - 1}
    loaded = mri.load_model(GOLDEN / "E1")
    np.testing.assert_array_equal(trace.sweep(-1, model=loaded).lost, found.lost)


def test_what_cannot_be_asked_is_refused(traces: dict[str, Trace], tmp_path: Path) -> None:
    trace = traces["list"]
    with pytest.raises(ConfigError, match="no sweep 'gradient': choose ablate"):
        trace.sweep(11, "gradient")
    with pytest.raises(ConfigError, match="choose two that differ"):
        trace.sweep(11, token=" golden", against=" golden")
    with pytest.raises(ConfigError, match="no single token of this model"):
        trace.sweep(11, token=" two words")
    with pytest.raises(IndexError, match="no step 99"):
        trace.sweep(99)
    other = mri.open_trace(Path(__file__).parents[1] / "recordings" / "perceptron.h5")
    with pytest.raises(ConfigError, match="another module than a nanochat model"):
        other.sweep(0)
