"""Lesson 6: every number that is computed, computed once more with h5py and plain numpy; what its text says is so."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from mri.lessons.levels import level_6
from mri.paths import LESSONS
from tests.lessons.conftest import plain_h5

LESSON = "6-nanochat"


class Recorded:
    """A session as any HDF5 tool reads it."""

    def __init__(self, path: Path) -> None:
        with plain_h5(path) as f:
            self.words = tokens(f["tokens/bytes"][:].tobytes(), f["tokens/offsets"][:])
            vocabulary = tokens(f["vocab/bytes"][:].tobytes(), f["vocab/offsets"][:])
            self.vocabulary = dict(zip(f["vocab/ids"][:].tolist(), vocabulary, strict=True))
            self.steps = {name: f[f"steps/{name}"][:].astype(int) for name in ("pos0", "t_add", "chosen_id")}
            self.logits = {
                name: f[f"logits/{name}"][:]
                for name in ("entropy", "chosen_logprob", "chosen_rank", "token_ids", "values")
            }
            self.attention = f["attention/rows"][:] if "attention/rows" in f else None


def tokens(data, offsets):
    return [data[start:end].decode("utf-8", "replace") for start, end in pairwise(offsets.tolist())]


@pytest.fixture(scope="module")
def leo():
    return Recorded(LESSONS / LESSON / "lesson-leo.h5")


@pytest.fixture(scope="module")
def guess():
    return Recorded(LESSONS / LESSON / "lesson-guess.h5")


def test_the_cache_grows_by_its_size_a_token(leo, numbers, data):
    keys_and_values, blocks, heads, head_dim, float32 = 2, 6, 4, 64, 4
    assert numbers["kv_bytes"] == keys_and_values * blocks * heads * head_dim * float32
    ends = leo.steps["pos0"] + leo.steps["t_add"]
    assert (numbers["prompt_tokens"], numbers["read"]) == (leo.steps["t_add"][0], ends[-1])
    assert numbers["cache_bytes"] == ends[-1] * numbers["kv_bytes"]
    assert numbers["without_cache"] == sum(range(ends[0], ends[-1] + 1))
    assert leo.steps["t_add"][1:].tolist() == [1] * numbers["decode_steps"]
    assert data["cache"]["reads"] == np.stack([leo.steps["pos0"], leo.steps["t_add"]], 1).tolist()


def test_what_is_kept_when_the_first_word_was_read(leo, numbers):
    kept = leo.steps["pos0"][20] + leo.steps["t_add"][20]
    assert numbers["kept_first"] == kept
    assert numbers["kept_first_bytes"] == kept * numbers["kv_bytes"]


def test_before_paul_and_before_pink(guess, numbers):
    assert guess.words[47:48] + guess.words[52:53] == [" Paul", " pink"]
    assert numbers["luck_sure_bits"] == pytest.approx(guess.logits["entropy"][46])
    assert numbers["luck_open_bits"] == pytest.approx(guess.logits["entropy"][51])
    assert numbers["luck_guess"] == guess.vocabulary[int(guess.logits["token_ids"][51][0])].strip() != "pink"


def test_the_game_is_harder_than_the_story(guess, numbers):
    steps = list(level_6.ROUNDS)
    assert numbers["game_model"] == (guess.logits["chosen_rank"][steps] == 0).sum()
    assert numbers["game_model"] / numbers["game_rounds"] < numbers["right"] / numbers["guesses"]


def test_the_word_that_comes_twice(leo, numbers):
    first, second = np.flatnonzero([leo.vocabulary.get(i) == " tea" for i in leo.steps["chosen_id"].tolist()]).tolist()
    assert (numbers["first_step"], numbers["second_step"], numbers["first_read_step"]) == (first, second, first + 1)
    assert (first, second) == (20, 36)  # where the lesson's clock is sent
    assert numbers["first_entropy"] == pytest.approx(leo.logits["entropy"][first])
    assert numbers["first_equal"] == pytest.approx(2.0 ** leo.logits["entropy"][first])
    assert numbers["first_prob"] == pytest.approx(np.exp(leo.logits["chosen_logprob"][first]), rel=1e-6)
    assert numbers["second_prob"] == pytest.approx(np.exp(leo.logits["chosen_logprob"][second]), rel=1e-6)
    assert numbers["first_rank"] == leo.logits["chosen_rank"][first] + 1
    position = leo.words.index(" tea")
    assert numbers["copied_position"] == position
    weights = leo.attention[second, 5, :, : leo.steps["pos0"][second] + 1].astype(float)  # (n_head, positions)
    assert [numbers[f"back_{head}"] for head in range(4)] == pytest.approx(weights[:, position].tolist())
    assert weights.argmax(1).tolist() == [position] * 4  # "all four heads look most at"


def test_the_softcap_bends_a_logit_of_the_recording(numbers):
    with (
        plain_h5(LESSONS / "5-block" / "lesson-capital.h5") as f,
        np.load(LESSONS / LESSON / "weights.npz") as w,
    ):
        final = f["full/256/values"][4, -1].astype(float)  # final.ln_f is the last hook point of this width
        recorded = dict(zip(f["logits/token_ids"][4].tolist(), f["logits/values"][4].tolist(), strict=True))
        raw = w["lm_head_row"].astype(float) @ final
        measured = recorded.pop(int(w["softcapped_id"]))
    assert numbers["raw"] == pytest.approx(raw, rel=1e-4)
    assert numbers["capped"] == pytest.approx(15 * np.tanh(raw / 15), rel=1e-5)
    assert numbers["capped"] == pytest.approx(measured, abs=1e-3)
    assert numbers["runner_up"] == pytest.approx(max(recorded.values()))


def test_guesses_are_counted_where_the_story_goes_on(guess, numbers):
    ranks, entropy = guess.logits["chosen_rank"][:-1], guess.logits["entropy"][:-1]  # the last step chose for itself
    sure = entropy < 0.1
    expected = [len(ranks), (ranks == 0).sum(), sure.sum(), ((ranks == 0) & sure).sum(), ((ranks == 0) & ~sure).sum()]
    assert [numbers[name] for name in ("guesses", "right", "sure", "sure_right", "open_right")] == expected
    assert numbers["sure"] + numbers["open"] == numbers["guesses"]
    assert numbers["game_model"] == sum(guess.logits["chosen_rank"][step] == 0 for step in level_6.ROUNDS)


def test_every_round_offers_four_words_and_the_one_that_came(guess, data):
    for asked in data["game"]["rounds"]:
        step = asked["step"]
        words = [option["word"] for option in asked["options"]]
        assert len(set(words)) == 4
        assert words == sorted(words, key=str.lower)
        assert words[asked["truth"]] == guess.words[step + 1].strip()
        assert guess.words[step + 1].startswith(" ")  # a whole word, not a piece of one
        assert not guess.words[step + 2][0].isalpha()
        assert words[asked["model"]] == guess.vocabulary[int(guess.logits["token_ids"][step, 0])].strip()
        assert asked["text"] == "".join(guess.words[1 : step + 1])


def test_what_can_be_drawn_is_what_was_recorded(leo, data):
    for drawn in data["draws"]:
        step = drawn["step"]
        assert drawn["logits"] == pytest.approx(leo.logits["values"][step, :50].tolist(), abs=1e-4)
        assert len(drawn["words"]) == 50
        assert drawn["chosen"] in drawn["words"]
    assert data["draws"][1]["before"].endswith("We need")


def test_what_the_text_says_without_a_number_is_so(leo, guess, numbers):
    logits = leo.logits["values"][0, :50].astype(float) / 0.1
    powers = np.exp(logits - logits.max())
    assert 0 < 1 - powers[0] / powers.sum() < 1e-6  # "all of it, but for less than one in a million"
    rows = leo.attention[40, 5, 0, : leo.steps["pos0"][40] + 1].astype(float)
    assert leo.words[int(rows.argmax())] == " rice"
    assert leo.vocabulary[int(leo.steps["chosen_id"][40])] == " rice"
    assert guess.words[47] == " Paul"
    assert guess.logits["entropy"][46] < 0.1 < 4 < guess.logits["entropy"][51]
    assert guess.words[52] == " pink"
    assert numbers["capped_word"] == "is"
