"""Level 3, words into vectors: its numbers, from the recorded sentence and the rows of wte beside it, and its pictures.

Numpy in, Numbers and plain lists out. Knows nothing of pages.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mri.arrays import Floats
from mri.format.captured import Captured
from mri.lessons.arithmetic import sigmoid_of
from mri.lessons.levels.exit import reach_in, reaching, share_of_end, size_at_exit
from mri.lessons.levels.word_space import WordSpace
from mri.lessons.numbers import Number, Readers, Weights, computed, measured, statistic
from mri.lessons.sums import cosine, dot, length, rms
from mri.store.reader import SessionReader

SESSION = "lesson-opposite"
LAST = 5
"""Step that reads " is" and predicts the answer."""
HOT = 4
LONG_LETTERS = 8
BLOCK = 5
"""Whose additions the text counts up: the last."""

PAIRS = ("red white", "red seven", "hot cold", "boy girl", "big large", "Mia Tom")
SAID = ("hot", "cold", "boy", "girl")
"""Words whose rows of lm_head lie beside the recording, in their order."""
SAID_PAIRS = (("hot", "cold"), ("boy", "girl"))
GROUPS = {
    "names": "Mia Tom Kate Leo Ruby Oscar",
    "colours": "red blue green yellow white pink",
    "numbers": "two three five seven nine ten",
    "animals": "dog cat duck goat frog owl",
    "places": "park zoo field forest museum library",
    "giving": "gave showed offered handed passed brought",
}
"""Words of the flat map."""


def numbers(readers: Readers, weights: Weights) -> dict[str, Number]:
    """Of the text, by name."""
    reader = readers[SESSION]
    space = WordSpace.of(weights)
    layout, ids = reader.session.layout, reader.token_ids()
    line = line_of(reader)
    found = {
        "vocab_size": Number(layout.n_vocab),
        "n_embd": Number(layout.width("embed.resid0")),
        "n_layer": Number(layout.n_layer),
        "words": Number(len(space.words), source="words of the training corpus that are one token, counted"),
        "long_words": Number(
            sum(len(word) >= LONG_LETTERS for word in space.words), source="of these, long ones, counted"
        ),
        "longest_word": Number(
            max(space.words, key=len), source="the longest word of the training corpus that is one token"
        ),
        "hot_id": Number(int(ids[HOT]), source=f"{SESSION}, position {HOT}"),
        "hot_first": Number(float(weights["sentence_rows"][HOT, 0]), source="weight of wte row of “ hot”, place 0"),
        "length_hot": length(weights["sentence_rows"][HOT], "weight of wte row of “ hot”"),
        "line": Number(line, source=f"the line of final.ln_f with the largest magnitude at step {LAST}"),
        "answer": Number(reader.token_bytes[int(ids[-1])].decode().strip(), source=f"chosen at step {LAST}"),
        "awake_bos": Number(
            int((values(reader, 0, "block.0.mlp_act") > 0).sum()), source="neurons of block.0.mlp_act above 0, step 0"
        ),
        "answer_share": _chosen_share(reader, LAST),
    }
    for pair in PAIRS:
        a, b = pair.split()
        names = f"weight of wte row of “ {a}”", f"weight of wte row of “ {b}”"
        found[f"cos_{a}_{b}"] = cosine(space.row(a), space.row(b), *names, opened=pair == PAIRS[0])
    for a, b in SAID_PAIRS:
        row_a, row_b = (weights["said_rows"][SAID.index(word)] for word in (a, b))
        names = f"weight of lm_head row of “ {a}”", f"weight of lm_head row of “ {b}”"
        found[f"said_{a}_{b}"] = cosine(row_a, row_b, *names, opened=False)
    found |= _norm_numbers(reader, weights) | _ledger_numbers(reader, weights, line)
    for block in range(layout.n_layer):
        for kind in ("attn_out", "mlp_out", "resid_post"):
            key = f"block.{block}.{kind}"
            found[f"{kind}_{block}"] = statistic(reader, LAST, key, "l2")
        factor = reaching(weights, block)
        for kind in ("attn", "mlp"):
            found[f"{kind}_exit_{block}"] = size_at_exit(found[f"{kind}_out_{block}"], factor)
    middle = layout.n_layer // 2  # behind it stands what the backout takes out
    found["backout"] = Number(float(weights["backout_lambda"]), source="weight of backout_lambda")
    found["erased_most"] = Number(
        max(abs(factor) for factor in reach_in(weights).blocks[: middle + 1]),
        source=f"the largest share of what the blocks 0 to {middle} add that reaches the end",
    )
    return found | {"top_share": share_of_end(reader.frame(LAST), layout, weights, middle + 1)}


def values(reader: SessionReader, step: int, key: str) -> Floats:
    """(n_embd,) every value of a hook point."""
    return Captured(reader.frame(step), reader.session.layout).values(key)


def line_of(reader: SessionReader) -> int:
    """The neuron of the stream that speaks loudest at the end: the line of the notebook that the text follows."""
    return int(np.abs(values(reader, LAST, "final.ln_f")).argmax())


def _chosen_share(reader: SessionReader, step: int) -> Number:
    logprob = Number(
        float(reader.frame(step).arrays["logits/chosen_logprob"]),
        source=f"log-probability of the token chosen at step {step}",
        link=f"/?session={SESSION}&step={step}&tab=predictions",
    )
    return Number(float(np.exp(float(logprob.value))), "exp({log_probability})", {"log_probability": logprob})


def _norm_numbers(reader: SessionReader, weights: Weights) -> dict[str, Number]:
    """RMSNorm, counted out on the first token: nothing stands before it that could be mixed in."""
    row = weights["sentence_rows"][0]
    divisor = rms(row, "weight of wte row of <|bos|>")
    first = Number(float(row[0]), source="weight of wte row of <|bos|>, place 0")
    normed = Number(float(row[0]) / float(divisor.value), formula="{x} / {rms}", inputs={"x": first, "rms": divisor})
    stream = values(reader, LAST, f"block.{BLOCK}.resid_pre")
    return {
        "bos_first": first,
        "bos_normed": normed,
        "bos_recorded": measured(reader, 0, "embed.resid0", 0),
        "rms_bos": divisor,
        "length_normed": statistic(reader, 0, "embed.resid0", "l2"),
        "rms_stream": rms(stream, f"block.{BLOCK}.resid_pre, step {LAST}"),
    }


def _ledger_numbers(reader: SessionReader, weights: Weights, line: int) -> dict[str, Number]:
    """One line of the notebook through one block."""

    def at(key: str) -> Number:
        return measured(reader, LAST, key, line)

    before, start = at(f"block.{BLOCK - 1}.resid_post"), at("embed.resid0")
    keep = Number(float(weights["resid_lambdas"][BLOCK]), source=f"weight of resid_lambdas[{BLOCK}]")
    again = Number(float(weights["x0_lambdas"][BLOCK]), source=f"weight of x0_lambdas[{BLOCK}]")
    value = float(keep.value) * float(before.value) + float(again.value) * float(start.value)
    parts = {"keep": keep, "before": before, "again": again, "start": start}
    entering = computed(value, "{keep}·{before} + {again}·{start}", **parts)
    attn, mlp = at(f"block.{BLOCK}.attn_out"), at(f"block.{BLOCK}.mlp_out")
    value = float(entering.value) + float(attn.value) + float(mlp.value)
    after = computed(value, "{entering} + {attention} + {mlp}", entering=entering, attention=attn, mlp=mlp)
    row, before_row = weights["sentence_rows"][LAST], weights["sentence_rows"][LAST - 1]
    entries = {"start": start, "entering": entering, "attn": attn, "mlp": mlp, "after": after}
    entries["measured"] = at(f"block.{BLOCK}.resid_post")
    named = {f"line_{name}": number for name, number in entries.items()}
    return named | {"smear_share": _smear_share(row, before_row, weights)}


def _smear_share(row: Floats, before_row: Floats, weights: Weights) -> Number:
    """How much of the token before nanochat mixes into the last one's start: λ · sigmoid(gate · first 24 values)."""
    gate = weights["smear_gate"]
    divisor = float(np.sqrt((row.astype(np.float64) ** 2).mean()))
    opened = dot(gate, row[: len(gate)] / divisor, "weight of smear_gate", "weight of wte row of “ is”, normed")
    return sigmoid_of(opened, Number(float(weights["smear_lambda"]), source="weight of smear_lambda"))


def widget_data(readers: Readers, weights: Weights) -> dict[str, Any]:
    """Plain lists for the widgets, by widget."""
    reader, space = readers[SESSION], WordSpace.of(weights)
    return {
        "word-rows": {"words": sorted(space.words, key=str.lower), "first": space.about("red")},
        "word-map": _map(space),
        "rms-norm": {
            "rows": [
                {"token": token, "values": rounded(row)}
                for token, row in zip(_tokens(reader), weights["sentence_rows"], strict=True)
            ]
        },
        "notebook": _notebook(reader, weights),
    }


def _tokens(reader: SessionReader) -> list[str]:
    """Strings of what was read."""
    return [reader.token_bytes[int(i)].decode() for i in reader.token_ids()[: reader.num_steps]]


def _map(space: WordSpace) -> dict[str, Any]:
    words = [(word, group) for group, text in GROUPS.items() for word in text.split()]
    places, share = space.flat_map([word for word, _ in words])
    points = [
        {"word": word, "group": group, "x": round(float(x), 4), "y": round(float(y), 4)}
        for (word, group), (x, y) in zip(words, places, strict=True)
    ]
    return {"points": points, "share": round(share, 4)}


def _notebook(reader: SessionReader, weights: Weights) -> dict[str, Any]:
    """What is written into the last token's stream, block by block: every line of it."""
    start = values(reader, LAST, "embed.resid0")
    blocks, before = [], start
    for i in range(reader.session.layout.n_layer):
        keep, again = float(weights["resid_lambdas"][i]), float(weights["x0_lambdas"][i])
        attn, mlp, after = (values(reader, LAST, f"block.{i}.{kind}") for kind in ("attn_out", "mlp_out", "resid_post"))
        written = {"before": before, "attn": attn, "mlp": mlp, "after": after}
        shares = {"reach": reach_in(weights).blocks[i], "keep": keep, "again": again}
        block: dict[str, Any] = {name: round(share, 6) for name, share in shares.items()}
        block |= {name: rounded(x) for name, x in written.items()}
        blocks.append(block | {"l2": {name: round(float(np.linalg.norm(x)), 4) for name, x in written.items()}})
        before = after
    return {"token": _tokens(reader)[LAST], "line": line_of(reader), "start": rounded(start), "blocks": blocks}


def rounded(row: npt.ArrayLike) -> list[float]:
    """Six significant digits: what a float32 is good for."""
    return [float(f"{value:.6g}") for value in np.asarray(row, np.float64).tolist()]
