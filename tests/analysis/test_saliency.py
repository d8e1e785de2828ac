"""Attention rollout: by hand on two layers, and what is known of a recorded session."""

import numpy as np
import pytest

from mri.analysis.saliency import attention_mass, rollout
from mri.config import TraceConfig
from mri.errors import ConfigError, SessionNotFound
from mri.store.reader import open_session

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
    mass = rollout(rows_of(first, second), 2, 2)
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
        mass = rollout(rows_of(*layers), 4, position)
        np.testing.assert_allclose(mass, product[position, : position + 1], atol=1e-6)
        assert mass.sum() == pytest.approx(1, abs=1e-6)


def test_tokens_that_look_only_at_themselves_keep_all_mass():
    assert rollout(rows_of(np.eye(3), np.eye(3)), 2, 2).tolist() == [0, 0, 1]


def test_what_is_not_known_stays_where_it_is():
    rows = rows_of([[1, 0, 0], [1, 0, 0], [0, 1, 0]], [[1, 0, 0], [1, 0, 0], [0, 1, 0]])
    del rows[1]
    assert rollout(rows, 2, 2).tolist() == [0, 0.75, 0.25]
    rows[2][1] = np.nan  # the upper layer's row of the query itself
    assert rollout(rows, 2, 2).tolist() == [0, 0.5, 0.5]


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


def test_a_prompt_read_in_one_pass_is_approximate_and_says_so(tmp_path, random_session):
    with open_session(random_session(tmp_path, num_prompt_tokens=12, num_steps=4)) as reader:
        layout = reader.session.layout
        saliency = attention_mass(reader, 0)
        frame = reader.frame(0)
        kept = np.zeros((layout.n_layer, 12))
        for layer in range(layout.n_layer):
            for head in range(layout.n_head):
                keys = frame.arrays["attention/keys"][layer, head]
                kept[layer, keys] += frame.arrays["attention/weights"][layer, head]
        kept /= kept.sum(-1, keepdims=True)
        own = np.eye(12)[11]
        upper = 0.5 * kept[1] + 0.5 * own
        rest = upper * (1 - own)
        np.testing.assert_allclose(
            saliency.weights, rest + upper[11] * (0.5 * kept[0] + 0.5 * own), atol=1e-6
        )  # fmt: skip
        assert not saliency.exact
        assert saliency.note == (
            "Approximate: of 1 of the 12 positions only the strongest keys of each head were kept, which were scaled "
            "up to sum to 1; what 10 of the 12 positions read was not captured, so that mass stays with them."
        )
        assert attention_mass(reader, 3).weights.sum() == pytest.approx(1)


def test_few_keys_are_all_of_them(tmp_path, random_session):
    """The eight strongest of eight keys are the whole row."""
    config = TraceConfig(prefill="stepwise", quantization="f32")
    with open_session(random_session(tmp_path, config=config, num_steps=10)) as reader:
        assert attention_mass(reader, 7).exact
        assert not attention_mass(reader, 8).exact


def test_eight_bit_weights_are_called_approximate(tmp_path, random_session):
    config = TraceConfig(prefill="stepwise", attention_tier="full_row", quantization="q8")
    with open_session(random_session(tmp_path, config=config)) as reader:
        assert attention_mass(reader, 3).note == "Approximate: weights were kept with 8 bits."


def test_what_cannot_be_is_a_sentence(tmp_path, random_session):
    with open_session(random_session(tmp_path)) as reader, pytest.raises(SessionNotFound, match="no step 8"):
        attention_mass(reader, 8)
    with (
        open_session(random_session(tmp_path, n_layer=0, n_head=0, num_steps=2, session_id="plain")) as reader,
        pytest.raises(ConfigError, match="attention"),
    ):
        attention_mass(reader, 1)
