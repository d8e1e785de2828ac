"""Lesson 5: every number that is computed, computed once more with h5py and plain numpy; what its text says is so."""

import json
from pathlib import Path

import numpy as np
import pytest

from mri.lessons import level_5
from mri.nanochat.corpus.world import CAPITALS, PEOPLE
from mri.paths import LESSONS
from tests.lessons.conftest import plain_h5

LESSON = "5-block"
STEP = 5  # reads " is", the last word of the prompt


class Recorded:
    """lesson-capital as any HDF5 tool reads it."""

    def __init__(self, path: Path) -> None:
        with plain_h5(path) as f:
            self.rows = [key.decode() for key in f["hook_points/key"]]
            self.stats = f["stats"][:]
            self.full = {w: f[f"full/{w}/values"][:].astype(np.float64) for w in (256, 1024)}
            self.names = {w: json.loads(f[f"full/{w}"].attrs["hook_points"]) for w in (256, 1024)}
            self.rows_of_attention = f["attention/rows"][:].astype(np.float64)
            self.logits = f["logits/values"][:].astype(np.float64)
            self.logsumexp = f["logits/logsumexp"][:].astype(np.float64)
            self.chosen = f["steps/chosen_id"][:]

    def __call__(self, key, step=STEP):
        width = 1024 if "mlp_pre" in key or "mlp_act" in key else 256
        return self.full[width][step, self.names[width].index(key)]


@pytest.fixture(scope="module")
def recorded():
    return Recorded(LESSONS / LESSON / "lesson-capital.h5")


@pytest.fixture(scope="module")
def weights(sources):
    return {name: array.astype(np.float64) for name, array in sources[1].items() if not name.startswith("vocabulary")}


def normed(x):
    return x / np.sqrt((x**2).mean() + np.finfo(np.float32).eps)


def softmax_of_lens(stream, lm_head):
    logits = 15 * np.tanh(lm_head @ normed(stream) / 15)
    powers = np.exp(logits - logits.max())
    return powers / powers.sum()


def test_the_followed_number_goes_through_the_last_block_as_recorded(recorded, weights, numbers):
    c = int(np.abs(recorded("block.5.attn_out")).argmax())
    assert numbers["channel"] == c == 153  # the number that the lesson's panels show
    entering = (
        weights["resid_lambdas"][5] * recorded("block.4.resid_post")[c]
        + weights["x0_lambdas"][5] * recorded("embed.resid0")[c]
    )
    assert numbers["entering"] == pytest.approx(entering, rel=1e-4)
    assert numbers["normed_in"] == pytest.approx(normed(recorded("block.5.resid_pre"))[c], rel=1e-5)
    assert numbers["normed_in"] == pytest.approx(recorded("block.5.ln1")[c], rel=1e-4)
    assert numbers["between"] == pytest.approx(entering + numbers["attn_write"], abs=1e-3)
    assert numbers["mlp_write"] == pytest.approx(weights["c_proj"][c] @ recorded("block.5.mlp_act"), rel=1e-4)
    assert numbers["leaving"] == pytest.approx(numbers["between"] + numbers["mlp_write"], abs=1e-3)


def test_the_neuron_comes_from_its_weights(recorded, weights, numbers):
    c, act = numbers["channel"], recorded("block.5.mlp_act")
    j = int(np.abs(act * weights["c_proj"][c]).argmax())
    assert numbers["neuron"] == j == 417
    pre = weights["c_fc"][j] @ normed(recorded("block.5.resid_mid"))
    assert numbers["neuron_pre"] == pytest.approx(pre, rel=1e-4)
    assert numbers["neuron_act"] == pytest.approx(max(pre, 0) ** 2, rel=1e-4)
    assert numbers["neuron_write"] == pytest.approx(act[j] * weights["c_proj"][c, j], rel=1e-5)
    assert numbers["awake"] == np.count_nonzero(act)


def test_sizes_are_lengths(recorded, numbers, data):
    for i in range(6):
        for name, key in (("attn", "attn_out"), ("mlp", "mlp_out"), ("stream", "resid_post")):
            expected = np.linalg.norm(recorded(f"block.{i}.{key}"))
            assert numbers[f"{name}_size_{i}"] == pytest.approx(expected, rel=1e-5, abs=1e-6)
    drawn = data["sentences"][0]["sizes"][STEP][4]
    expected = [np.linalg.norm(recorded(f"block.4.{key}")) for key in level_5.PATH]
    assert drawn == pytest.approx(expected, abs=1e-3)


def test_the_lens_is_the_models_own_end_computed_again(recorded, weights, numbers):
    answer = recorded.chosen[STEP]
    for name, key in {
        "start": "embed.resid0", "before": "block.4.resid_post", "attn": "block.5.resid_mid",
        "mlp": "block.5.resid_post", "end": "final.ln_f",
    }.items():  # fmt: skip
        shares = softmax_of_lens(recorded(key), weights["lm_head"])
        assert numbers[f"answer_{name}"] == pytest.approx(shares[answer], rel=1e-3)
        assert numbers[f"lens_{name}_prob"] == pytest.approx(shares.max(), rel=1e-3)
    measured = np.exp(recorded.logits[STEP, 0] - recorded.logsumexp[STEP])
    assert numbers["answer_end"] == pytest.approx(measured, rel=1e-3)  # there it is what the model predicted


def test_the_end_of_the_stream_is_after_backout(recorded, weights, numbers):
    end = recorded("block.5.resid_post") - weights["backout_lambda"][0] * recorded("block.3.resid_post")
    np.testing.assert_allclose(normed(end), recorded("final.ln_f"), atol=1e-4)
    assert numbers["backed_out"] == pytest.approx(end[numbers["channel"]], rel=1e-4)


def test_smear_and_gates_come_from_their_weights(recorded, weights, numbers):
    embeddings = weights["wte"] / np.sqrt((weights["wte"] ** 2).mean(1, keepdims=True) + np.finfo(np.float32).eps)
    gate = weights["smear_lambda"][0] / (1 + np.exp(-embeddings[STEP][:24] @ weights["smear_gate"]))
    assert numbers["smear"] == pytest.approx(gate, rel=1e-4)
    np.testing.assert_allclose(embeddings[STEP] + gate * embeddings[STEP - 1], recorded("embed.resid0"), atol=1e-4)
    gates = 3 / (1 + np.exp(-weights["ve_gate"] @ recorded("block.5.ln1", STEP - 1)[:12]))
    assert [numbers[f"ve_gate_{head}"] for head in range(4)] == pytest.approx(gates.tolist(), rel=1e-4)


def test_what_the_text_says_without_a_number_is_so(recorded, weights, numbers, data):
    lens, words = data["sentences"][0]["lens"], data["sentences"][0]["words"]
    assert numbers["answer"] == "Paris"
    firsts = [words[row[0][0]] for row in lens[STEP]]
    assert firsts.index("␣Paris") == 1 + 2 * 5  # behind the start and five blocks: attention of block 5
    assert numbers["mlp_size_0"] == 0
    assert [i for i in range(6) if numbers[f"mlp_size_{i}"] == 0] == [0]
    heads = recorded.rows_of_attention[STEP, 5, :, : STEP + 1]  # (n_head, positions)
    assert heads[3].argmax() == heads[2].argmax() == 4
    assert heads[3, 4] > heads[2, 4]
    assert heads[0].argmax() == 0
    top = {words[i].removeprefix("␣") for i, _ in lens[3][-1]}  # behind "The capital of"
    assert top <= {country for country, _ in CAPITALS}
    assert numbers["mlp_size_4"] > 3 * numbers["attn_size_4"]
    gift = data["sentences"][1]
    (last,) = (i for i, token in enumerate(gift["tokens"]) if token == "␣to" and gift["tokens"][i - 1] == "␣ball")
    assert last == 14
    behind_block_4 = gift["words"][gift["lens"][last][2 * 5][0][0]]  # a name that is not in it
    assert behind_block_4.removeprefix("␣") in {person.name for person in PEOPLE}
    assert behind_block_4 not in gift["tokens"][: last + 1]
    assert gift["words"][gift["lens"][last][-1][0][0]] == gift["tokens"][last + 1] == "␣Mia"
