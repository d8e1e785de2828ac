"""Level 4, attention: its numbers, from the recordings and one head's weights beside them, and its pictures.

The head is computed anew from what it read, so that every stage has its numbers; a test holds its weights against the
recorded ones. Numpy in, Numbers and plain lists out. Knows nothing of pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mri.arrays import Doubles
from mri.format.captured import Captured
from mri.format.captured_steps import CapturedSteps
from mri.lessons.levels.controls import without_threes
from mri.lessons.levels.level_3 import rounded
from mri.lessons.numbers import Number, Readers, Weights, computed
from mri.lessons.sums import dot, rms
from mri.measure.attention import attention_map
from mri.measure.head_scores import head_score, head_scores, induction_targets, previous_targets
from mri.measure.one_head import OneHead, angles, normed, one_head, score_by_distance
from mri.nanochat.eras import ERAS, Era
from mri.store.reader import SessionReader

LAYER, HEAD = 2, 2
"""The head whose weights lie beside the recordings."""

DOG, LIST, LIST_OFF, LONG = "lesson-dog", "lesson-list", "lesson-list-off", "lesson-long"
QUERY, KEY = 6, 5
"""“ball” looks at “red”."""

MOST_DISTANCE = 24


def numbers(readers: Readers, weights: Weights) -> dict[str, Number]:
    """Of the text, by name."""
    scores = _score_numbers(readers)
    return (
        _head_numbers(readers[DOG], weights)
        | _distance_numbers(readers[DOG], weights)
        | scores
        | without_threes(scores, weights)
        | _window_numbers(readers[LONG])
    )


def head_of(reader: SessionReader, weights: Weights) -> OneHead:
    """The head over the short sentence, from the recorded ln1 of its block."""
    streams = list(CapturedSteps(reader).values(f"block.{LAYER}.ln1"))
    return one_head(streams, weights, era_of(reader))


def era_of(reader: SessionReader) -> Era:
    """nanochat's constants at the time of the recorded model."""
    return ERAS[reader.session.run.model.era]


def _head_numbers(reader: SessionReader, weights: Weights) -> dict[str, Number]:
    head, era, layout = head_of(reader, weights), era_of(reader), reader.session.layout
    head_dim = head.q.shape[1]
    found: dict[str, Number] = {
        "n_head": Number(layout.n_head),
        "heads_in_all": Number(
            layout.n_layer * layout.n_head,
            formula="{n_layer} · {n_head}",
            inputs={"n_layer": float(layout.n_layer), "n_head": float(layout.n_head)},
        ),
        "head_dim": Number(head_dim),
        "qk_scale": Number(era.qk_scale),
        "query_first": _query_first(reader, weights, head, era),
    }
    scores = {}
    for key in range(QUERY + 1):
        product = dot(head.q[QUERY], head.k[key], f"query of token {QUERY}", f"key of token {key}")
        if key != KEY:  # one of them is open down to every product
            product = Number(product.value, formula=f"the {head_dim} products of query and key {key}, added up")
        inputs: dict[str, Number | float] = {"product": product, "head_dim": float(head_dim)}
        scores[key] = Number(float(head.scores[QUERY, key]), formula="{product} / √{head_dim}", inputs=inputs)
        found[f"score_{key}"] = scores[key]
    found |= _softmax_numbers(scores, reader) | {"ahead_share": _ahead(head)}
    factor: dict[str, Number | float] = {"a": scores[KEY], "b": scores[KEY - 1]}
    ratio = float(np.exp(head.scores[QUERY, KEY] - head.scores[QUERY, KEY - 1]))
    found["factor_5_4"] = Number(ratio, formula="exp({a} − {b})", inputs=factor)
    terms: dict[str, Number | float] = {}
    for key in range(QUERY + 1):
        terms[f"w{key}"] = found[f"weight_{key}"]
        terms[f"v{key}"] = _value_first(reader, weights, key)
    formula = " + ".join(f"{{w{key}}}·{{v{key}}}" for key in range(QUERY + 1))
    found |= _asked_by_red(reader)
    return found | {"out_first": Number(float(head.out[QUERY, 0]), formula=formula, inputs=terms)}


def _asked_by_red(reader: SessionReader) -> dict[str, Number]:
    """From whom “red” fetches most, and how much it keeps of its own, as recorded."""
    shares, _ = attention_map(reader, LAYER, HEAD)
    most = int(shares[KEY, : KEY + 1].argmax())
    where = f"attention of block {LAYER}, head {HEAD}, step {KEY}, to token"
    return {
        "red_most": Number(reader.token_bytes[int(reader.token_ids()[most])].decode().strip(), source=f"token {most}"),
        "red_most_share": Number(float(shares[KEY, most]), source=f"{where} {most}"),
        "red_own_share": Number(float(shares[KEY, KEY]), source=f"{where} {KEY}"),
    }


def _ahead(head: OneHead) -> Number:
    """Without the mask, the share that “The” would give to later tokens."""
    inputs = {
        f"s{key}": Number(float(score), formula=f"query 1 · key {key} / √{head.q.shape[1]}")
        for key, score in enumerate(head.scores[1])
    }
    later = " + ".join(f"exp({{s{key}}})" for key in range(2, len(inputs)))
    every = " + ".join(f"exp({{{name}}})" for name in inputs)
    exps = np.exp(head.scores[1])
    return Number(float(exps[2:].sum() / exps.sum()), formula=f"({later}) / ({every})", inputs=inputs)


def _softmax_numbers(scores: Mapping[int, Number], reader: SessionReader) -> dict[str, Number]:
    """weight_<key> by hand from the scores, measured_<key> as recorded."""
    names = {f"s{key}": score for key, score in scores.items()}
    total_value = sum(np.exp(float(score.value)) for score in scores.values())
    total = Number(float(total_value), formula=" + ".join(f"exp({{{name}}})" for name in names), inputs=names)
    found = {}
    measured, _ = attention_map(reader, LAYER, HEAD)
    for key, score in scores.items():
        value = float(np.exp(float(score.value)) / total_value)
        found[f"weight_{key}"] = Number(
            value, formula="exp({score}) / {total}", inputs={"score": score, "total": total}
        )
        found[f"measured_{key}"] = Number(
            float(measured[QUERY, key]),
            source=f"attention of block {LAYER}, head {HEAD}, step {QUERY}, to token {key}",
            link=f"/?session={DOG}&step={QUERY}&tab=attention&layer={LAYER}&head={HEAD}",
        )
    return found


def _query_first(reader: SessionReader, weights: Weights, head: OneHead, era: Era) -> Number:
    """The first number of the query, down to the weights: row · stream, over its RMS, turned, scaled."""
    half = head.q.shape[1] // 2
    stream = Captured(reader.frame(QUERY), reader.session.layout).values(f"block.{LAYER}.ln1")
    name = f"block.{LAYER}.ln1, step {QUERY}"
    divisor = rms(head.raw_q[QUERY], f"row of c_q times {name}, for number")
    first, second = (dot(weights["c_q"][place], stream, f"weight of c_q, row {place}", name) for place in (0, half))
    value, angle = float(head.q[QUERY, 0]), float(QUERY)
    formula = "{scale} · ({a}·cos({angle}) + {b}·sin({angle})) / {rms}"
    return computed(value, formula, scale=era.qk_scale, a=first, b=second, rms=divisor, angle=angle)


def _value_first(reader: SessionReader, weights: Weights, key: int) -> Number:
    stream = Captured(reader.frame(key), reader.session.layout).values(f"block.{LAYER}.ln1")
    whole = dot(weights["c_v"][0], stream, "weight of c_v, row 0", f"block.{LAYER}.ln1, step {key}")
    return whole if key == KEY else Number(whole.value, f"row 0 of c_v times block.{LAYER}.ln1, step {key}")


def _distance_numbers(reader: SessionReader, weights: Weights) -> dict[str, Number]:
    """Rotary: how fast the hands turn, and what the same two tokens would score at other distances."""
    head, era = head_of(reader, weights), era_of(reader)
    pairs = head.q.shape[1] // 2
    turns = angles(pairs, era.rotary_base)
    scores = score_by_distance(normed(head.raw_q)[QUERY], normed(head.raw_k)[KEY], era, range(MOST_DISTANCE + 1))
    how = f"q·k / √{2 * pairs} with the key turned as if it stood so far back"
    return {
        "pairs": Number(pairs, formula="{head_dim} / 2", inputs={"head_dim": float(2 * pairs)}),
        "rotary_base": Number(int(era.rotary_base)),
        "fast_degrees": _degrees(turns, 0, era),
        "slow_degrees": _degrees(turns, pairs - 1, era),
        "best_distance": Number(int(scores.argmax()), "the distance with the largest score"),
        **{f"score_at_{d}": Number(float(scores[d]), formula=f"{how} ({d})") for d in (0, 1, 2, 4)},
    }


def _degrees(turns: Doubles, pair: int, era: Era) -> Number:
    inputs: dict[str, Number | float] = {"base": era.rotary_base, "pair": float(pair), "pairs": float(len(turns))}
    value = float(np.degrees(turns[pair]))
    return Number(value, formula="{base}^(−{pair}/{pairs}) · 180/π", inputs=inputs, unit="°")


def _score_numbers(readers: Readers) -> dict[str, Number]:
    """Which heads look back by one, and which find what followed before; with three of them off, too."""
    reader, off = readers[LIST], readers[LIST_OFF]
    previous, induction = head_scores(reader)
    found: dict[str, Number] = {}
    for rank, flat in enumerate(np.argsort(-previous, axis=None)[:3].tolist(), 1):
        layer, head = divmod(flat, previous.shape[1])
        found |= _named(f"previous_{rank}", layer, head) | {
            f"previous_{rank}_score": _mean_weight(reader, layer, head, previous_targets(reader.num_steps))
        }
    layer, head = divmod(int(induction.argmax()), induction.shape[1])
    targets = induction_targets(reader.token_ids()[: reader.num_steps])
    found |= _named("induction", layer, head)
    found["induction_score"] = _mean_weight(reader, layer, head, targets)
    found["induction_score_off"] = _mean_weight(off, layer, head, targets)
    off_score, on_score = found["induction_score_off"], found["induction_score"]
    left = float(off_score.value) / float(on_score.value)
    found["induction_left"] = computed(left, "{off} / {on}", off=off_score, on=on_score)
    looks, _ = attention_map(reader, layer, head)
    found["induction_first"] = Number(
        sum(int(looks[query, : query + 1].argmax()) == key for query, key in targets),
        source=f"of these, where block {layer}, head {head} looks most at the token after the earlier occurrence",
    )
    found["induction_places"] = Number(len(targets), source=f"tokens of {LIST} that stood earlier too")
    step = targets[0][0] + 1
    row, _ = Captured(reader.frame(step), reader.session.layout).row(layer, head)
    found["list_step"] = Number(step, source=f"a step of {LIST} in its second round")
    found["list_key"] = Number(int(row.argmax()), source=f"block.{layer}.attn_summary head {head}, step {step}")
    found["list_weight"] = Number(float(row.max()), source=f"block.{layer}.attn_summary head {head}, step {step}")
    for name, session in (("right", reader), ("right_off", off)):
        right = words_foretold(session, targets)
        found[name] = Number(len(right), source=f"steps of {session.session.id} whose first guess is the next word")
    found["to_guess"] = Number(len(targets) - 1, source="words of the second round that follow one of its words")
    return found


def words_foretold(reader: SessionReader, targets: list[tuple[int, int]]) -> list[int]:
    """Steps of the second round whose strongest prediction is the token that comes next."""
    ids = reader.token_ids().tolist()
    steps = [query for query, _ in targets if query + 1 < reader.num_steps]
    return [step for step in steps if int(reader.frame(step).arrays["logits/token_ids"][0]) == ids[step + 1]]


def _named(name: str, layer: int, head: int) -> dict[str, Number]:
    return {
        f"{name}_layer": Number(layer, source="found by its score"),
        f"{name}_head": Number(head, source="found by its score"),
    }


def _mean_weight(reader: SessionReader, layer: int, head: int, targets: list[tuple[int, int]]) -> Number:
    """The mean of recorded weights, each of which is an input."""
    weights, _ = attention_map(reader, layer, head)
    where = f"attention of block {layer}, head {head}"
    inputs: dict[str, Number | float] = {
        f"w{query}": Number(float(weights[query, key]), source=f"{where}, step {query}, to token {key}")
        for query, key in targets
    }
    formula = f"({' + '.join(f'{{{name}}}' for name in inputs)}) / {{n}}"
    return Number(head_score(weights, targets), formula=formula, inputs=inputs | {"n": float(len(targets))})


def _window_numbers(reader: SessionReader) -> dict[str, Number]:
    """At the last step of the long text: the oldest token that each block gives any weight."""
    step = reader.num_steps - 1
    frame, layout = reader.frame(step), reader.session.layout
    config = reader.session.model_config
    windows = era_of(reader).window_sizes(config["sequence_len"], layout.n_layer, config["window_pattern"])
    rows, _ = Captured(frame, layout).attention()
    position = frame.pos0 + frame.t_add - 1
    found = {
        "long_step": Number(step, source=f"the last step of {LONG}"),
        "long_position": Number(position, source=f"{LONG}, step {step}"),
        "short_window": Number(min(windows), formula=f"nanochat's rule for S in {config['window_pattern']}"),
        "context": Number(config["sequence_len"]),
        "prompt_tokens": Number(reader.session.num_prompt_tokens, source=LONG),
    }
    for layer in range(layout.n_layer):
        seen = np.flatnonzero((rows[layer] > 0).any(0))
        source = f"block.{layer}.attn_summary, step {step}: the oldest token with a weight above 0"
        found[f"oldest_{layer}"] = Number(int(seen[0]), source=source)
    return found


def widget_data(readers: Readers, weights: Weights) -> dict[str, Any]:
    """Plain lists for the widgets, by widget."""
    reader = readers[DOG]
    head, era = head_of(reader, weights), era_of(reader)
    tokens = [reader.token_bytes[int(i)].decode() for i in reader.token_ids()[: reader.num_steps]]
    table = {
        name: [rounded(row) for row in getattr(head, name)] for name in ("q", "k", "v", "scores", "weights", "out")
    }
    return {
        "one-head": {"layer": LAYER, "head": HEAD, "tokens": tokens, **table},
        "rotary": {
            "tokens": tokens,
            "angles": rounded(angles(head.q.shape[1] // 2, era.rotary_base)),
            "scale": era.qk_scale,
            "q": [rounded(row) for row in normed(head.raw_q)],
            "k": [rounded(row) for row in normed(head.raw_k)],
        },
        "head-scores": {
            **{name: _scores(readers[session]) for name, session in (("all", LIST), ("off", LIST_OFF))},
            "controls": rounded(np.sort(weights["control_induction"])),
        },
    }


def _scores(reader: SessionReader) -> dict[str, list[list[float]]]:
    previous, induction = head_scores(reader)
    return {"previous": [rounded(row) for row in previous], "induction": [rounded(row) for row in induction]}
