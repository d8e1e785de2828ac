"""Level 3's numbers, made again with plain numpy from the recording and the rows beside it."""

import re
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from mri.making.corpus import document

LESSON = "3-words"
LAST = 5


@pytest.fixture(scope="module")
def reader(readers):
    return readers["lesson-opposite"]


def column(reader, key):
    """(num_steps, n_embd) every value of a hook point."""
    keys = reader.session.layout.groups["full/256"]
    return reader.column("full/256/values", keys.index(key)).astype(np.float64)


def words_of(weights):
    return ["".join(chr(int(c)) for c in row if c) for row in weights["word_letters"]]


@pytest.mark.parametrize("pair", ["red white", "red seven", "hot cold", "boy girl", "big large", "Mia Tom"])
def test_cosines(numbers, weights, pair):
    words, rows = words_of(weights), weights["word_rows"].astype(np.float64)
    a, b = (rows[words.index(word)] for word in pair.split())
    assert numbers[f"cos_{pair.replace(' ', '_')}"] == pytest.approx(
        (a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum())
    )


def test_the_longest_word(numbers, weights):
    words = words_of(weights)
    assert numbers["long_words"] == sum(len(word) >= 8 for word in words)
    assert numbers["longest_word"] in words
    assert len(numbers["longest_word"]) == max(map(len, words))


def test_the_stream_is_a_sum_of_what_was_written(reader, weights, numbers):
    line = int(np.abs(column(reader, "final.ln_f")[LAST]).argmax())
    start, stream = column(reader, "embed.resid0")[LAST], column(reader, "embed.resid0")[LAST]
    for block in range(6):
        entering = weights["resid_lambdas"][block] * stream + weights["x0_lambdas"][block] * start
        attn, mlp = (column(reader, f"block.{block}.{kind}")[LAST] for kind in ("attn_out", "mlp_out"))
        stream = column(reader, f"block.{block}.resid_post")[LAST]
        np.testing.assert_allclose(entering + attn + mlp, stream, atol=1e-4)
        assert numbers[f"attn_out_{block}"] == pytest.approx(np.sqrt((attn**2).sum()), rel=1e-5)
        assert numbers[f"mlp_out_{block}"] == pytest.approx(np.sqrt((mlp**2).sum()), rel=1e-5)
    assert numbers["line"] == line
    assert numbers["line_entering"] == pytest.approx(entering[line])
    assert (numbers["line_attn"], numbers["line_mlp"]) == (pytest.approx(attn[line]), pytest.approx(mlp[line]))
    assert numbers["line_after"] == pytest.approx(numbers["line_measured"], abs=1e-4)


def test_norm_and_smear_make_the_recorded_start(reader, weights, numbers):
    normed = weights["sentence_rows"] / np.sqrt(
        (weights["sentence_rows"].astype(np.float64) ** 2).mean(1, keepdims=True)
    )
    assert numbers["bos_normed"] == pytest.approx(normed[0, 0])
    assert numbers["bos_recorded"] == pytest.approx(normed[0, 0], rel=1e-5)
    share = weights["smear_lambda"] / (1 + np.exp(-(normed[LAST, :24] * weights["smear_gate"]).sum()))
    assert numbers["smear_share"] == pytest.approx(share)
    start = normed[LAST] + share * normed[LAST - 1]
    np.testing.assert_allclose(column(reader, "embed.resid0")[LAST], start, atol=1e-5)


def test_what_the_text_says_of_the_recording(reader, numbers):
    assert numbers["answer"] == "cold"
    assert numbers["answer_share"] == pytest.approx(np.exp(reader.column("logits/chosen_logprob")[LAST]))
    assert numbers["mlp_out_0"] == 0 < numbers["awake_bos"]
    blocks = range(6)
    assert numbers["mlp_out_5"] == max(numbers[f"mlp_out_{block}"] for block in blocks)  # the question about writers
    assert abs(numbers["line_mlp"]) > abs(numbers["line_attn"]) + abs(numbers["line_entering"])  # check 3


def test_what_arrives_is_what_the_recursion_leaves(reader, weights, numbers, data):
    """Each addition by itself through lambdas and backout, step by step."""
    end = np.zeros(256)
    for block in range(6):
        for name, kind in (("attn", "attn_out"), ("mlp", "mlp_out")):
            x = middle = column(reader, f"block.{block}.{kind}")[LAST]
            for later in range(block + 1, 6):
                x = weights["resid_lambdas"][later] * x
                middle = x if later <= 3 else middle
            arriving = x - weights["backout_lambda"] * middle if block <= 3 else x
            assert numbers[f"{name}_exit_{block}"] == pytest.approx(np.linalg.norm(arriving), rel=1e-4, abs=1e-4)
            end = end + arriving * (block > 3)
    top, below = (column(reader, f"block.{block}.resid_post")[LAST] for block in (5, 3))
    last = top - weights["backout_lambda"] * below
    assert numbers["top_share"] == pytest.approx(end @ last / (last @ last), abs=1e-4)
    assert 0.98 < numbers["top_share"] < 1
    reaches = np.abs([block["reach"] for block in data["notebook"]["blocks"]])
    assert reaches[:4].max() == pytest.approx(numbers["erased_most"], abs=1e-6)
    assert reaches[:4].max() < 0.02
    assert numbers["mlp_exit_5"] == pytest.approx(numbers["mlp_out_5"]), "all of it"


def test_the_two_tables_are_untied(weights, numbers):
    """A word's row for reading and its row for saying: their neighbours are others."""
    rows = dict(zip(("hot", "cold", "boy", "girl"), weights["said_rows"].astype(np.float64), strict=True))
    for a, b in (("hot", "cold"), ("boy", "girl")):
        cosine = rows[a] @ rows[b] / np.linalg.norm(rows[a]) / np.linalg.norm(rows[b])
        assert numbers[f"said_{a}_{b}"] == pytest.approx(cosine)
        read = weights["word_rows"][words_of(weights).index(a)]
        assert not np.allclose(read, rows[a])
    found = [numbers[name] for name in ("cos_hot_cold", "said_hot_cold", "cos_boy_girl", "said_boy_girl")]
    assert found == pytest.approx([0.08, 0.32, 0.93, 0.42], abs=0.005)


def test_what_follows_boy_follows_girl_and_what_follows_hot_does_not_follow_cold():
    """In the corpus itself, as the question about the map says."""
    after = {word: Counter() for word in ("hot", "cold", "boy", "girl")}
    for i in range(2000):
        words = re.findall(r"\w+|[^\w\s]", document(f"lesson-3/{i}").text)
        for word, following in pairwise(words):
            if word in after:
                after[word][following] += 1

    def alike(a, b):
        every = sorted({*after[a], *after[b]})
        x, y = (np.array([after[word][each] for each in every], float) for word in (a, b))
        return x @ y / np.linalg.norm(x) / np.linalg.norm(y)

    assert alike("boy", "girl") > 0.8 > 0.7 > alike("hot", "cold")


def test_the_notebook_has_every_line_of_every_block(data, reader):
    notebook = data["notebook"]
    assert len(notebook["blocks"]) == 6
    for i, block in enumerate(notebook["blocks"]):
        total = block["keep"] * np.array(block["before"]) + block["again"] * np.array(notebook["start"])
        total += np.array(block["attn"]) + np.array(block["mlp"])
        np.testing.assert_allclose(total, block["after"], rtol=1e-4, atol=2e-3)  # six digits
        np.testing.assert_allclose(block["after"], column(reader, f"block.{i}.resid_post")[LAST], rtol=1e-5)


def test_the_map_keeps_a_share_of_the_squares(data, weights):
    words, rows = words_of(weights), weights["word_rows"].astype(np.float64)
    points = data["word-map"]["points"]
    unit = np.array([rows[words.index(point["word"])] for point in points])
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    unit -= unit.mean(0)
    flat = np.array([[point["x"], point["y"]] for point in points])
    assert data["word-map"]["share"] == pytest.approx((flat**2).sum() / (unit**2).sum(), abs=1e-3)


def test_neighbours_of_the_check(weights):
    from mri.lessons.levels.word_space import WordSpace

    near = [word for word, _ in WordSpace.of(weights).nearest("park", 10)]
    assert {"library", "field", "museum", "zoo"} <= set(near)
