"""What an organ is worth, against the same model with its weights zeroed, and on the bundled recordings."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

import mri
from mri.errors import ConfigError
from mri.explain.organs import effects, organs_of, shortest_window
from mri.making import corpus
from mri.making.evaluate import ids_from_text
from mri.nanochat.checkpoint import LoadedModel
from mri.nanochat.model import GPT
from tests.edit.conftest import logits_of, some_ids
from tests.edit.test_changes import surgery


def bits_and_tops(model: GPT, ids: list[int], first: int) -> tuple[float, list[int]]:
    logits = logits_of(model, ids)[first - 1 : -1]
    bits = -torch.log_softmax(logits, -1).gather(1, torch.tensor(ids[first:])[:, None])[:, 0] / np.log(2)
    return float(bits.mean()), logits.argmax(-1).tolist()


def test_an_organ_is_worth_what_its_weights_are(golden: LoadedModel) -> None:
    model, ids, first = golden.model, some_ids(golden), 5
    plain, tops = bits_and_tops(model, ids, first)
    before, found = effects(model, [ids], first)
    assert before == pytest.approx(plain, abs=1e-4)
    assert [each.organ for each in found] == [*organs_of(model)]
    for each in found:
        if each.organ not in ("smear", "backout", "x0"):
            continue
        with surgery(model, each.organ):
            off, others = bits_and_tops(model, ids, first)
        assert each.bits == pytest.approx(off - plain, abs=1e-3)
        changed = [i for i, (a, b) in enumerate(zip(tops, others, strict=True)) if a != b]
        expected = (first + changed[0], tops[changed[0]], others[changed[0]]) if changed else (-1, -1, -1)
        assert (each.first, each.was, each.now) == expected


def test_a_window_costs_nothing_where_the_text_is_shorter(small_model: GPT) -> None:
    assert shortest_window(small_model) == 128
    ids = np.random.default_rng(0).integers(0, 300, 300).tolist()
    short = {each.organ: each for each in effects(small_model, [ids[:128]])[1]}
    long = {each.organ: each for each in effects(small_model, [ids])[1]}
    assert (short["window"].bits, short["window"].first) == (0, -1)
    assert abs(long["window"].bits) > 1e-4
    assert long["window"].first > 128


def test_a_long_text_is_read_in_pieces_and_several_count_together(small_model: GPT) -> None:
    ids = np.random.default_rng(0).integers(0, 300, 700).tolist()
    whole, found = effects(small_model, [ids])
    apart, others = effects(small_model, [ids[:512], ids[512:]])
    assert whole == pytest.approx(apart, abs=1e-6)
    assert found == others
    with pytest.raises(ConfigError, match="predicts no token"):
        effects(small_model, [[5]])


def test_the_story() -> None:
    """x0 and the value embeddings carry it; the windows are never reached."""
    found = mri.open_trace("demo-story").organs("Once there was a girl.")
    by_organ = found.set_index("organ")
    assert found.attrs["bits_before"] == pytest.approx(0.432, abs=6e-4)
    for organ, bits in {"x0": 11.32, "value embeddings": 5.98, "softcap": 0.24, "backout": 0.01, "smear": 0.0}.items():
        assert by_organ.bits[organ] == pytest.approx(bits, abs=0.006), organ
    assert by_organ.bits["window"] == 0
    assert by_organ.note["window"] == "exactly 0 below 128 tokens"
    assert tuple(by_organ.loc["backout", ["first_changed", "was", "now"]]) == (14, " sister", " brother")
    assert found.text_bits.notna().all()
    assert found.attrs["text_tokens"] > 4


@pytest.mark.long
def test_two_hundred_texts_of_the_corpus(embedded: LoadedModel) -> None:
    bos = embedded.tokenizer.bos_id
    texts = [each.text for each in itertools.islice(corpus.documents("fresh"), 200)]
    before, found = effects(embedded.model, [[bos, *ids_from_text(embedded.tokenizer, text), bos] for text in texts])
    assert before == pytest.approx(1.241, abs=6e-4)
    known = {"x0": 9.63, "value embeddings": 3.57, "softcap": 1.54, "backout": 0.06, "smear": 0.01, "window": 0.0}
    assert {each.organ: each.bits for each in found} == pytest.approx(known, abs=0.006)
