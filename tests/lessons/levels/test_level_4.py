"""Level 4's numbers, made again with plain numpy from the recordings and the head's weights."""

import numpy as np
import pytest

LESSON = "4-attention"


def streams(reader):
    row = reader.session.layout.groups["full/256"].index("block.2.ln1")
    return reader.column("full/256/values", row).astype(np.float64)  # (7, 256)


def hands(rows, places):
    """Norm, then turn each pair as a complex number, then the scale of nanochat's era E5."""
    rows = rows / np.sqrt((rows**2).mean(1, keepdims=True))
    pairs = rows[:, :32] + 1j * rows[:, 32:]
    return 1.2 * pairs * np.exp(-1j * np.outer(places, 100_000.0 ** (-np.arange(32) / 32)))


def test_scores_and_shares_of_ball(readers, weights, numbers):
    x = streams(readers["lesson-dog"])
    q, k = (hands(x @ weights[name].T.astype(np.float64), np.arange(7)) for name in ("c_q", "c_k"))
    scores = (q[6] * k.conj()).real.sum(1) / 8
    shares = np.exp(scores) / np.exp(scores).sum()
    recorded = readers["lesson-dog"].frame(6).arrays["attention/rows"][2, 2]
    for key in range(7):
        assert numbers[f"score_{key}"] == pytest.approx(scores[key], abs=1e-5)
        assert numbers[f"weight_{key}"] == pytest.approx(shares[key], abs=1e-6)
        assert numbers[f"measured_{key}"] == pytest.approx(recorded[key])
    np.testing.assert_allclose(shares, recorded, atol=1e-6)
    assert numbers["query_first"] == pytest.approx(q[6, 0].real, abs=1e-5)
    assert numbers["out_first"] == pytest.approx(shares @ (x @ weights["c_v"][0]), abs=1e-5)
    assert numbers["factor_5_4"] == pytest.approx(shares[5] / shares[4], rel=1e-5)
    assert numbers["ahead_share"] == pytest.approx(ahead_of_the(q, k), rel=1e-5)


def test_what_red_asks_for(readers, numbers):
    shares = readers["lesson-dog"].frame(5).arrays["attention/rows"][2, 2].astype(float)
    assert numbers["red_most"] == "a"
    assert numbers["red_most_share"] == pytest.approx(shares[4])
    assert numbers["red_own_share"] == pytest.approx(shares[5])
    assert shares.max() == shares[4]
    assert shares[5] == np.sort(shares)[-2]  # "and from itself" is the second


def test_what_ball_looks_at_is_named_in_its_order(numbers):
    shares = [numbers[f"weight_{key}"] for key in range(7)]
    assert np.argsort(shares)[::-1][:2].tolist() == [5, 4]  # “red”, next “a”


def test_the_induction_head_looks_first_where_the_answer_says(readers, numbers):
    rows = rows_of(readers["lesson-list"], 5, 1)
    assert numbers["induction_first"] == sum(rows[step].argmax() == step - 9 for step in range(11, 21))
    assert numbers["induction_first"] == numbers["induction_places"]
    assert numbers["induction_left"] == pytest.approx(numbers["induction_score_off"] / numbers["induction_score"])


def ahead_of_the(q, k):
    """What “The” would give to later words."""
    scores = (q[1] * k.conj()).real.sum(1) / 8
    return np.exp(scores[2:]).sum() / np.exp(scores).sum()


def test_scores_by_distance(readers, weights, numbers):
    x = streams(readers["lesson-dog"])
    q = hands(x[6:] @ weights["c_q"].T.astype(np.float64), [0])
    k = hands(x[5:6] @ weights["c_k"].T.astype(np.float64), [0])
    turn = 100_000.0 ** (-np.arange(32) / 32)
    scores = np.array([(q * np.exp(-1j * d * turn) * k.conj()).real.sum() / 8 for d in range(25)])
    assert numbers["best_distance"] == scores.argmax() == 1
    for distance in (0, 1, 2, 4):
        assert numbers[f"score_at_{distance}"] == pytest.approx(scores[distance], abs=1e-5)
    assert scores[7] > scores[6]
    assert scores[7] > scores[8]
    assert scores[7] < scores[1]
    assert scores[:8].min() > scores[8:].min()


def rows_of(reader, layer, head):
    return np.array(
        [np.pad(reader.frame(s).arrays["attention/rows"][layer, head].astype(float), (0, 20 - s)) for s in range(21)]
    )


def test_scores_of_heads(readers, numbers):
    found = {}
    for name in ("lesson-list", "lesson-list-off"):
        rows = np.array([[rows_of(readers[name], layer, head) for head in range(4)] for layer in range(6)])
        back, again = np.arange(1, 21), np.arange(11, 21)
        found[name] = rows[:, :, back, back - 1].mean(-1), rows[:, :, again, again - 9].mean(-1)
    previous, induction = found["lesson-list"]
    order = np.argsort(-previous, axis=None)
    for rank in (1, 2, 3):
        assert (numbers[f"previous_{rank}_layer"], numbers[f"previous_{rank}_head"]) == divmod(int(order[rank - 1]), 4)
        assert numbers[f"previous_{rank}_score"] == pytest.approx(previous.flat[order[rank - 1]])
    best = divmod(int(induction.argmax()), 4)
    assert (numbers["induction_layer"], numbers["induction_head"]) == best == (5, 1)
    assert numbers["induction_score"] == pytest.approx(induction.max())
    assert numbers["induction_score_off"] == pytest.approx(found["lesson-list-off"][1][best])
    # check 3: what looks back goes on looking; what finds again does not
    np.testing.assert_allclose(found["lesson-list-off"][0][2, 2], previous[2, 2], atol=1e-6)
    assert (found["lesson-list-off"][1][5, :2] < 0.5 * induction[5, :2]).all()


def test_the_heads_switched_off_are_the_three_best(numbers):
    from mri.making.lessons.level_4 import SWITCHED_OFF

    best = {(numbers[f"previous_{rank}_layer"], numbers[f"previous_{rank}_head"]) for rank in (1, 2, 3)}
    assert best == set(SWITCHED_OFF)


def test_our_three_are_held_against_forty_others(weights, numbers):
    """What was measured lies beside the recordings; tests/making/lessons measures it anew."""
    threes = weights["control_heads"].astype(int)  # (40, 3, 2)
    assert threes.shape == (numbers["control_count"], 3, 2) == (40, 3, 2)
    drawn = [{(int(layer), int(head)) for layer, head in three} for three in threes]
    assert all(len(three) == 3 for three in drawn)
    assert not {(2, 1), (2, 2), (4, 2)} & set().union(*drawn)
    assert threes[..., 0].max() < numbers["induction_layer"]
    induction, right = weights["control_induction"].astype(float), weights["control_right"].astype(float)
    assert numbers["control_induction_mean"] == pytest.approx(induction.mean())
    assert numbers["control_right_mean"] == pytest.approx(right.mean())
    assert numbers["control_halved"] == (induction < numbers["induction_score"] / 2).sum()
    assert numbers["control_as_bad"] == (right <= numbers["right_off"]).sum()
    # the question: the looking falls farther than without any other three, the words do not
    assert numbers["induction_score_off"] < numbers["control_induction_lowest"] == induction.min()
    assert numbers["control_right_lowest"] == right.min() < numbers["right_off"]
    assert numbers["control_halved"] < numbers["control_as_bad"]


@pytest.mark.parametrize(("name", "session"), [("right", "lesson-list"), ("right_off", "lesson-list-off")])
def test_words_guessed_right(readers, numbers, name, session):
    ids = readers[session].token_ids()
    guesses = readers[session].column("logits/token_ids")[:, 0]
    assert numbers[name] == (guesses[11:20] == ids[12:21]).sum()
    assert numbers["to_guess"] == 9
    assert numbers["right_off"] < numbers["right"]


def test_the_list_step_looks_behind_the_first_duck(readers, numbers):
    reader = readers["lesson-list"]
    words = [reader.token_bytes[int(i)].decode().strip() for i in reader.token_ids()]
    assert words[numbers["list_step"]] == "duck"
    assert words[numbers["list_key"]] == "kite"


def test_windows_end_where_the_recording_says(readers, numbers):
    reader = readers["lesson-long"]
    rows = reader.frame(reader.num_steps - 1).arrays["attention/rows"].astype(float)  # (6, 4, n_keys)
    position = rows.shape[-1] - 1
    assert numbers["long_position"] == position
    for layer in range(6):
        oldest = int(np.flatnonzero(rows[layer].sum(0))[0])
        assert numbers[f"oldest_{layer}"] == oldest == (0 if layer in (3, 5) else position - numbers["short_window"])


def test_the_who_asks_check(readers):
    shares = readers["lesson-dog"].frame(1).arrays["attention/rows"][2, 2]
    assert shares.argmax() == 0
    assert len(shares) == 2


def test_widgets_get_the_heads_own_numbers(data):
    head = data["one-head"]
    q, k = np.array(head["q"]), np.array(head["k"])
    np.testing.assert_allclose(q @ k.T / 8, head["scores"], atol=1e-3)
    assert len(data["rotary"]["angles"]) == 32
    assert np.shape(data["head-scores"]["off"]["induction"]) == (6, 4)
    assert len(data["head-scores"]["controls"]) == 40
