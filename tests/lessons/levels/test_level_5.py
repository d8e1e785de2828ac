"""Lesson 5: every number that is computed, computed once more with h5py and plain numpy; what its text says is so."""

import json
from pathlib import Path

import numpy as np
import pytest

from mri.format.captured import Captured
from mri.lessons.levels import level_5
from mri.making.corpus.world import CAPITALS, PEOPLE
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
    c = numbers["channel"]
    assert c == 251  # the number that the lesson's panels show
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


def before_the_end(recorded, weights, without=()):
    """The stream before the last norm, simulated from the recorded additions, some of them left out."""
    x = start = middle = recorded("embed.resid0")
    for i in range(6):
        x = weights["resid_lambdas"][i] * x + weights["x0_lambdas"][i] * start
        for kind in ("attn_out", "mlp_out"):
            x = x + (0 if (i, kind) in without else recorded(f"block.{i}.{kind}"))
        middle = x if i == 3 else middle
    return x - weights["backout_lambda"][0] * middle


def test_what_attention_erases_is_gone_at_the_end_and_not_only_there(recorded, weights, numbers):
    last = [(5, "attn_out"), (5, "mlp_out")]
    never, attention = (before_the_end(recorded, weights, without) for without in (last, last[1:]))
    assert numbers["would_arrive"] == pytest.approx(never[numbers["channel"]], abs=1e-3)
    assert numbers["left_of_it"] == pytest.approx(attention[numbers["channel"]], abs=1e-3)
    assert abs(numbers["left_of_it"]) < 0.01 * abs(numbers["would_arrive"])
    erased = np.abs(attention) < 0.01 * np.abs(never)
    assert numbers["channel"] == np.where(erased, np.abs(never), 0).argmax(), "the largest of all that are erased so"
    end = before_the_end(recorded, weights)
    np.testing.assert_allclose(normed(end), recorded("final.ln_f"), atol=1e-4)
    assert numbers["backed_out"] == pytest.approx(end[numbers["channel"]], abs=1e-3)
    assert abs(numbers["backed_out"] - numbers["mlp_write"]) < 0.01 * abs(numbers["mlp_write"]), (
        "nearly all from the MLP"
    )
    assert numbers["between"] - numbers["taken_out"] == pytest.approx(numbers["left_of_it"], abs=1e-3)


def test_what_reaches_the_end_is_what_leaving_it_out_takes_away(recorded, weights, numbers, data):
    end = before_the_end(recorded, weights)
    total = 0.0
    for i in range(6):
        for name, kind in (("attn", "attn_out"), ("mlp", "mlp_out")):
            part = end - before_the_end(recorded, weights, [(i, kind)])
            assert numbers[f"{name}_exit_{i}"] == pytest.approx(np.linalg.norm(part), rel=1e-3, abs=1e-3)
            total += part @ end / (end @ end) if i > 3 else 0
    assert numbers["top_share"] == pytest.approx(total, abs=1e-4)
    assert total > 0.98
    for sentence in data["sentences"]:
        reaches = np.array(sentence["reaches"])
        assert (np.abs(reaches[:4]) < 0.02).all()
        assert reaches[4:].tolist() == [0.625, 1]


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


def test_the_stream_lens_reads_the_stream(recorded, weights, numbers):
    answer = recorded.chosen[STEP]
    for name, key in {
        "start": "embed.resid0",
        "before": "block.4.resid_post",
        "attn": "block.5.resid_mid",
        "mlp": "block.5.resid_post",
        "end": "final.ln_f",
    }.items():
        shares = softmax_of_lens(recorded(key), weights["lm_head"])
        assert numbers[f"stream_answer_{name}"] == pytest.approx(shares[answer], rel=1e-3)
        assert numbers[f"stream_lens_{name}_prob"] == pytest.approx(shares.max(), rel=1e-3)
    assert numbers["stream_answer_attn"] == pytest.approx(0.872, abs=5e-4)
    assert numbers["stream_answer_mlp"] == pytest.approx(0.970, abs=5e-4)


def test_the_exit_lens_reads_what_reaches_the_end_and_its_top_is_the_model(recorded, weights, numbers, data):
    answer = recorded.chosen[STEP]
    every = [(i, kind) for i in range(6) for kind in ("attn_out", "mlp_out")]
    rows = [
        softmax_of_lens(before_the_end(recorded, weights, every[written:]), weights["lm_head"]) for written in range(13)
    ]
    for name, written in {"start": 0, "before": 10, "attn": 11, "end": 12}.items():
        assert numbers[f"answer_{name}"] == pytest.approx(rows[written][answer], rel=2e-3)
        assert numbers[f"lens_{name}_prob"] == pytest.approx(rows[written].max(), rel=2e-3)
    drawn = data["sentences"][0]["lens"]["exit"][STEP]
    assert [row[0][0] for row in drawn] == [int(row.argmax()) for row in rows]
    assert [row[0][1] for row in drawn] == pytest.approx([float(row.max()) for row in rows], abs=1e-3)
    assert numbers["answer_attn"] == pytest.approx(0.984, abs=5e-4)
    assert numbers["answer_end"] == pytest.approx(0.998, abs=5e-4)
    assert {numbers["lens_before"], numbers["stream_lens_before"]} <= {capital for _, capital in CAPITALS} - {"Paris"}
    both = [data["sentences"][0]["lens"][footing][STEP][-1] for footing in ("exit", "stream")]
    assert both[0] == both[1], "the top row of both is the model's own prediction"
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
    assert numbers["ve_gate_least"] == pytest.approx(gates.min(), rel=1e-4)
    assert numbers["ve_gate_least"] >= 2.99, "all four are wide open"


def test_half_of_all_gates_are_above_their_median(readers, weights, numbers):
    every = []
    for reader in readers.values():
        layout = reader.session.layout
        for step in range(reader.num_steps):
            read = Captured(reader.frame(step), layout).values("block.5.ln1").astype(np.float64)
            every += (3 / (1 + np.exp(-weights["ve_gate"] @ read[:12]))).tolist()
    assert numbers["ve_gate_median"] == pytest.approx(np.median(every), rel=1e-3)


def test_heads_switched_off_are_told_as_measured(weights, numbers):
    shares = weights["off_share"]  # (24, 24) by head, 4 · block + head; tests/making/lessons runs them anew
    np.testing.assert_array_equal(shares, shares.T)
    assert (numbers["looker_1"], numbers["looker_2"]) == (2, 3)
    assert (numbers["without_1"], numbers["without_2"]) == (shares[22, 22], shares[23, 23])
    assert numbers["without_both"] == shares[22, 23] < 0.02
    others = [shares[i, j] for i in range(22) for j in range(i)]
    assert numbers["other_pairs"] == len(others) == 231
    assert numbers["pairs_below_half"] == sum(share < 0.5 for share in others)
    assert numbers["instead"] == "Lima"


def test_what_the_answers_say_is_so(recorded, numbers):
    """done: of recipe, norm, mlp, who and smear."""
    assert numbers["normed_in"] == pytest.approx(numbers["entering"] / numbers["rms_in"])
    assert numbers["neuron_act"] == pytest.approx(max(0, numbers["neuron_pre"]) ** 2)
    act = recorded("block.5.mlp_act")
    assert (act > 0).sum() == numbers["awake"]
    assert (act[act <= 0] == 0).all()
    heads = recorded.rows_of_attention[STEP, 5, :, 4]
    assert heads.argmax() == 3
    assert numbers["smear"] > 0.9 * numbers["smear_lambda"]  # "nearly as open as it can be"


def test_what_the_text_says_without_a_number_is_so(recorded, weights, numbers, data):
    lens, words = data["sentences"][0]["lens"], data["sentences"][0]["words"]
    assert numbers["answer"] == "Paris"
    for footing in ("exit", "stream"):
        firsts = [words[row[0][0]] for row in lens[footing][STEP]]
        assert firsts.index("␣Paris") == 1 + 2 * 5  # behind the start and five blocks: attention of block 5
    assert numbers["mlp_size_0"] == 0
    assert [i for i in range(6) if numbers[f"mlp_size_{i}"] == 0] == [0]
    heads = recorded.rows_of_attention[STEP, 5, :, : STEP + 1]  # (n_head, positions)
    assert heads[3].argmax() == heads[2].argmax() == 4
    assert heads[3, 4] > heads[2, 4]
    assert heads[0].argmax() == 0
    top = {words[i].removeprefix("␣") for i, _ in lens["exit"][3][-1]}  # behind "The capital of"
    assert top <= {country for country, _ in CAPITALS}
    assert numbers["mlp_size_4"] > 3 * numbers["attn_size_4"]
    gift = data["sentences"][1]
    (last,) = (i for i, token in enumerate(gift["tokens"]) if token == "␣to" and gift["tokens"][i - 1] == "␣ball")
    assert last == 14
    front = {
        footing: [gift["words"][row[0][0]] for row in gift["lens"][footing][last]] for footing in ("exit", "stream")
    }
    assert {footing: rows[2 * 5].removeprefix("␣") for footing, rows in front.items()} == {
        footing: numbers[f"gift_{footing}"] for footing in front
    }
    assert numbers["gift_stream"] in {person.name for person in PEOPLE}  # a name that is not in the sentence
    assert f"␣{numbers['gift_stream']}" not in gift["tokens"][: last + 1]
    assert numbers["gift_exit"] not in {person.name for person in PEOPLE}
    for rows in front.values():
        assert rows.index("␣Mia") == 1 + 2 * 5  # attention of block 5
        assert rows[-1] == gift["tokens"][last + 1] == "␣Mia"
