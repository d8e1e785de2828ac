"""What comes next: the bars, the mark of the token that follows, its rank, and what a temperature makes of them."""

import numpy as np
import pytest

from mri.format.config import TraceConfig
from mri.panels.predictions import temperature_words
from mri.store.opening import open_session
from tests.conftest import write_random_session
from tests.panels.conftest import drawn, table


def test_predictions_mark_the_chosen_token_in_words_too(reader):
    bars, followed = drawn(reader, "predictions", step=3).figure.data
    np.testing.assert_allclose(bars.x[0], np.exp(5 - 5.5), rtol=1e-6)
    assert bars.text[0].endswith("◂ chosen")
    assert np.isfinite(followed.x).tolist() == [True, False, False, False, False]
    assert bars.customdata[:, 1].tolist() == [1, 2, 3, 4, 5], "logit and rank"


def test_a_chosen_token_beyond_the_captured_ones_has_its_rank(tmp_path):
    config = TraceConfig(prefill="stepwise", logits_topk=4)
    with open_session(write_random_session(tmp_path, num_steps=20, config=config)) as reader:
        frames = [reader.frame(step) for step in range(20)]
        step = next(
            i for i, f in enumerate(frames) if f.chosen_id >= 0 and f.chosen_id not in f.arrays["logits/token_ids"]
        )
        axis = drawn(reader, "predictions", step=step, point="").figure.layout.yaxis
    rank = int(frames[step].arrays["logits/chosen_rank"]) + 1
    assert axis.ticktext[4].endswith(f"· rank {rank}")
    assert axis.range == (4.5, -0.5)


def test_at_a_temperature_they_are_shares(reader):
    figure = drawn(reader, "predictions", step=3, temperature=2).figure
    expected = np.exp(np.array([5, 4, 3, 2, -np.inf]) / 2)
    np.testing.assert_allclose(figure.data[0].x, expected / expected.sum(), rtol=1e-6)
    assert figure.layout.xaxis.title.text == "share among the 5 captured at temperature 2.00"
    assert drawn(reader, "predictions", step=3).figure.layout.xaxis.title.text == "probability at temperature 1, exact"
    words = "no probabilities: there is NaN or ∞ among the logits"
    for temperature in (1.0, 0.7):
        assert temperature_words(2, temperature, np.array([np.nan, 0.5], np.float32)) == words


def test_the_table_has_all_that_were_captured(reader):
    found, _ = table(reader, "predictions", step=3)
    assert float(found["probability"][0]) == pytest.approx(np.exp(-0.5), rel=1e-6)
    assert found["follows"].tolist() == ["True", "False", "False", "False", "False"]
    assert found["logit"].tolist()[-1] == "-inf"
    found, units = table(reader, "predictions", step=3, temperature=0.5)
    assert units["probability"] == "share of these tokens at temperature 0.5"
    assert found["probability"].astype(float).sum() == pytest.approx(1)
