"""Attention rollout: by hand on two layers, and what is known of a recorded session."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mri.capture.payload import quantized_weights
from mri.errors import ConfigError, SessionNotFound
from mri.format.config import TraceConfig
from mri.format.events import TraceSession
from mri.format.wire import KIND_FRAME, bytes_from_frame, record_bytes
from mri.measure.saliency import attention_mass, rollout
from mri.store.opening import open_session
from mri.store.writer import SessionWriter
from tests.conftest import TINY_VOCABULARY, random_frame, random_layout
from tests.tiers import sample

ROWS = TraceConfig(attention_tier="full_row", prefill="stepwise", quantization="f32")


def rows_of(*layers):
    """Full lower-triangular matrices, one per layer -> rows by position."""
    stack = np.array(layers, np.float32)
    return {p: stack[:, p, : p + 1] for p in range(stack.shape[1])}


def test_two_layers_of_three_tokens_by_hand():
    first = [[1, 0, 0], [0.5, 0.5, 0], [0.2, 0.2, 0.6]]
    second = [[1, 0, 0], [0.8, 0.2, 0], [0, 0.5, 0.5]]
    # second layer: the mass of token 2 goes ½·(0, ½, ½) + ½·(0, 0, 1) = (0, ¼, ¾)
    # first layer: ¼ of token 1's row (¼, ¾, 0) and ¾ of token 2's row (0.1, 0.1, 0.8)
    mass, off = rollout(rows_of(first, second), 2, 2)
    assert off == 0
    np.testing.assert_allclose(mass, [0.25 * 0.25 + 0.75 * 0.1, 0.25 * 0.75 + 0.75 * 0.1, 0.75 * 0.8], rtol=1e-6)
    assert mass.sum() == pytest.approx(1)


def test_it_is_the_papers_product_of_matrices():
    rng = np.random.default_rng(3)
    layers = np.tril(rng.random((4, 9, 9)))
    layers /= layers.sum(-1, keepdims=True)
    product = np.eye(9)
    for layer in layers:
        product = (0.5 * layer + 0.5 * np.eye(9)) @ product
    for position in (0, 4, 8):
        mass, _ = rollout(rows_of(*layers), 4, position)
        np.testing.assert_allclose(mass, product[position, : position + 1], atol=1e-6)
        assert mass.sum() == pytest.approx(1, abs=1e-6)


def test_tokens_that_look_only_at_themselves_keep_all_mass():
    assert rollout(rows_of(np.eye(3), np.eye(3)), 2, 2)[0].tolist() == [0, 0, 1]


@given(st.integers(0, 2**32 - 1), st.integers(9, 40), st.floats(0.05, 1))
@settings(max_examples=sample(ci=50, long=1000))
def test_of_the_strongest_keys_it_is_off_by_no_more_than_is_said(seed, n, concentration):
    rng = np.random.default_rng(seed)
    whole = {p: rng.dirichlet(np.full(p + 1, concentration), 3).astype(np.float32) for p in range(n)}
    few, row_off = {}, {}
    for p, row in whole.items():
        kept = np.where(row >= np.sort(row, axis=-1)[:, max(0, p - 7)][:, None], row, 0)
        few[p], row_off[p] = kept / kept.sum(axis=-1, keepdims=True), 1 - kept.sum(axis=-1)
    true, _ = rollout(whole, 3, n - 1)
    found, off = rollout(few, 3, n - 1, row_off)
    assert np.abs(found - true).sum() / 2 <= off + 1e-5


@pytest.mark.parametrize("tier", ["summary", "full_row", "full_matrix"])
@pytest.mark.parametrize("quantization", ["f32", "f16", "q8"])
def test_rounded_weights_are_off_by_no_more_than_is_said(tier, quantization, tmp_path):
    """Against the weights before they were stored."""
    prefill = "positions" if tier == "full_matrix" else "stepwise"
    config = TraceConfig(attention_tier=tier, prefill=prefill, quantization=quantization)
    layout, rng, n = random_layout(2, 16, 2, config), np.random.default_rng(4), 20
    true = np.zeros((2, 2, n, n), np.float32)
    for query in range(n):
        true[:, :, query, : query + 1] = rng.dirichlet(np.full(query + 1, 0.2), (2, 2))
    read = [n] if tier == "full_matrix" else [1] * n
    with SessionWriter(tmp_path, TraceSession("one", layout), vocabulary=TINY_VOCABULARY) as writer:
        for step, t_add in enumerate(read):
            frame = random_frame(layout, rng, step, "prefill", step, t_add)
            rows = true[:, :, step + t_add - 1, : step + t_add]
            keys = np.argsort(-rows, axis=-1)[..., :8]
            named = {"attention/keys": keys, "attention/rows": quantized_weights(rows, quantization)}
            top = np.take_along_axis(rows, keys, -1)
            named["attention/weights"] = quantized_weights(top, "f32" if quantization == "f32" else "f16")
            named["attention/matrix"] = quantized_weights(true, quantization)
            for name in named.keys() & frame.arrays.keys():
                frame.arrays[name][...] = named[name]
            writer.append(frame)
        folder = writer.finish("stopped", seal=False)
    with open_session(folder) as reader:
        found = attention_mass(reader, len(read) - 1)
    mass, _ = rollout({p: true[:, :, p, : p + 1].mean(axis=1) for p in range(n)}, 2, n - 1)
    really = np.abs(found.weights - mass).sum() / 2
    assert really <= found.most_off + 1e-6
    assert found.exact == (found.most_off == 0) == (quantization == "f32" and tier != "summary") == (not found.note)
    if tier != "summary" and quantization != "f32":
        assert really > 0
        assert found.most_off < {"f16": 1e-3, "q8": 0.05}[quantization]


def expected(reader, step):
    """From the frames' own arrays."""
    n_layer = reader.session.layout.n_layer
    matrices = np.tile(np.eye(step + 1), (n_layer, 1, 1))
    for k in range(step + 1):
        matrices[:, k, : k + 1] = reader.frame(k).arrays["attention/rows"].astype(np.float64).mean(1)
    matrices /= matrices.sum(-1, keepdims=True)
    product = np.eye(step + 1)
    for layer in matrices:
        product = (0.5 * layer + 0.5 * np.eye(step + 1)) @ product
    return product[step]


@pytest.mark.parametrize("seal", [True, False])
def test_whole_rows_of_every_step_are_exact(seal, tmp_path, random_session):
    with open_session(random_session(tmp_path, config=ROWS, num_steps=40, seal=seal)) as reader:
        for step in (0, 3, 39):
            saliency = attention_mass(reader, step)
            assert (saliency.exact, saliency.note) == (True, "")
            np.testing.assert_allclose(saliency.weights, expected(reader, step), atol=1e-6)


def test_a_whole_matrix_of_the_prompt_is_exact(tmp_path, random_session):
    config = TraceConfig(attention_tier="full_matrix", quantization="f32")
    with open_session(random_session(tmp_path, config=config)) as reader:
        saliency = attention_mass(reader, 5)
        assert saliency.exact
        assert saliency.weights.shape == (9,)
        assert saliency.weights.sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("tier", ["summary", "full_row"])
@pytest.mark.parametrize("step", [0, 3])
def test_a_prompt_read_in_one_pass_is_refused_with_what_to_do(tmp_path, random_session, tier, step):
    config = TraceConfig(attention_tier=tier)
    with (
        open_session(random_session(tmp_path, config=config, num_prompt_tokens=12, num_steps=4)) as reader,
        pytest.raises(ConfigError) as error,
    ):
        attention_mass(reader, step)
    assert str(error.value) == (
        f"What 10 of the {12 + step} tokens looked at was not captured, since the prompt was read in one pass: "
        "record it token by token, with the preset `rows`."
    )


def test_a_prompt_of_one_token_is_no_prompt_read_in_one_pass(tmp_path, random_session):
    config = TraceConfig(quantization="f32")
    with open_session(random_session(tmp_path, num_prompt_tokens=1, num_steps=5, config=config)) as reader:
        assert attention_mass(reader, 4).exact


def test_rows_that_the_budget_left_out_are_refused(tmp_path, random_session):
    with open_session(random_session(tmp_path, config=ROWS, num_steps=6)) as reader:
        frames = [reader.frame(k) for k in range(6)]
        bare = replace(frames[2], arrays={k: v for k, v in frames[2].arrays.items() if not k.startswith("attention")})
        fake = SimpleNamespace(
            session=reader.session,
            num_steps=6,
            records=lambda a, b: b"".join(
                record_bytes(KIND_FRAME, f.step, bytes_from_frame(f)) for f in (*frames[:2], bare, *frames[3:])[a:b]
            ),
        )
        with pytest.raises(ConfigError, match=r"of 1 of the 6 tokens were not captured.*max_bytes_per_step"):
            attention_mass(fake, 5)


def test_where_the_strongest_keys_say_too_little_it_is_refused(tmp_path, random_session):
    config = TraceConfig(prefill="stepwise", quantization="f32")
    with open_session(random_session(tmp_path, config=config, num_steps=300)) as reader:
        near = attention_mass(reader, 12)
        assert 0 < near.most_off <= 0.5
        assert f"Up to {near.most_off:.2%} of the mass may stand elsewhere" in near.note
        with pytest.raises(ConfigError, match=r"could stand elsewhere\. Record whole rows"):
            attention_mass(reader, 299)


def test_few_keys_are_all_of_them(tmp_path, random_session):
    """The eight strongest of eight keys are the whole row."""
    config = TraceConfig(prefill="stepwise", quantization="f32")
    with open_session(random_session(tmp_path, config=config, num_steps=10)) as reader:
        assert attention_mass(reader, 7).exact
        assert not attention_mass(reader, 8).exact


def test_eight_bit_weights_are_called_approximate(tmp_path, random_session):
    config = TraceConfig(prefill="stepwise", attention_tier="full_row", quantization="q8")
    with open_session(random_session(tmp_path, config=config)) as reader:
        found = attention_mass(reader, 3)
    assert 0 < found.most_off < 0.05
    assert found.note == (
        f"Approximate: weights were rounded to 8 bits. Up to {found.most_off:.2%} of the mass may stand elsewhere."
    )


def test_what_cannot_be_is_a_sentence(tmp_path, random_session):
    with open_session(random_session(tmp_path)) as reader, pytest.raises(SessionNotFound, match="no step 8"):
        attention_mass(reader, 8)
    with (
        open_session(random_session(tmp_path, n_layer=0, n_head=0, num_steps=2, session_id="plain")) as reader,
        pytest.raises(ConfigError, match="attention"),
    ):
        attention_mass(reader, 1)
