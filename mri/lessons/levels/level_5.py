"""Lesson 5, "A block": the numbers of its text and the data of its widgets, from lesson-capital and lesson-gift.

Follows one number of the residual stream through the last block, tells what of all additions reaches the end, and asks
the stream at every depth what it would say.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mri.lessons.arithmetic import Place, shown, sigmoid_of, sum_of_products, weight, word
from mri.lessons.levels.controls import without_pairs
from mri.lessons.levels.exit import exits, reach_in, reaching, share_of_end, size_at_exit
from mri.lessons.levels.lens import FOOTINGS, Footing, Look, Weights, depths, lens_table, vocabulary_of
from mri.lessons.numbers import Number, computed
from mri.measure.logit_lens import rms
from mri.store.reader import SessionReader

CAPITAL, GIFT = "lesson-capital", "lesson-gift"
PATH = ("resid_pre", "attn_out", "resid_mid", "mlp_out", "resid_post")
ERASED = 0.01
"""Less than this share is left of a number that attention erased."""
VE_GATE_FACTOR, VE_GATE_CHANNELS, SMEAR_CHANNELS = 3.0, 12, 24  # era E5 of mri/nanochat/eras.py


def numbers(readers: Mapping[str, SessionReader], weights: Weights) -> dict[str, Number]:
    """Every number of the lesson's text by name."""
    reader = readers[CAPITAL]
    place = Place(reader, reader.session.num_prompt_tokens - 1)  # the step that reads the prompt's last word
    return {
        **_stream(place, weights),
        **_mlp(place, weights),
        **_sizes(place, weights),
        **_lens(place, weights),
        **without_pairs(place, weights),
        **_gift(readers[GIFT], weights),
        **_own_parts(place, weights),
        **_gates(readers, place, weights),
    }


def widget_data(readers: Mapping[str, SessionReader], weights: Weights) -> dict[str, Any]:
    """Lists for the widgets: sizes of every write, the lens at every depth."""
    vocabulary = vocabulary_of(weights)
    sentences = []
    for session_id in (CAPITAL, GIFT):
        reader = readers[session_id]
        keys = [[f"block.{i}.{name}" for name in PATH] for i in range(reader.session.layout.n_layer)]
        lens = {footing: lens_table(reader, weights, footing) for footing in FOOTINGS}
        ids = {i for table in lens.values() for step in table for row in step for i, _ in row}
        l2 = {key: reader.column("stats", reader.session.layout.row(key), 4) for block in keys for key in block}
        steps = range(reader.num_steps)
        sentence = {
            "session": session_id,
            "prompt": reader.session.prompt,
            "num_prompt_tokens": reader.session.num_prompt_tokens,
            "tokens": [shown(reader.token_bytes[int(i)]) for i in reader.token_ids()],
            "sizes": [[[round(float(l2[key][step]), 3) for key in block] for block in keys] for step in steps],
            "lens": lens,
            "depths": {footing: depths(reader.session.layout.n_layer, footing) for footing in FOOTINGS},
            "reaches": [round(factor, 6) for factor in reach_in(weights).blocks],
            "words": {i: shown(vocabulary[i]) for i in sorted(ids)},
        }
        sentences.append(sentence)
    return {"sentences": sentences}


def last_block(place: Place) -> int:
    return place.layout.n_layer - 1


def followed(place: Place, weights: Weights) -> int:
    """The number of the stream that the lesson follows: where the last block's attention erases most. Found by looking
    at all of them: of those in which it leaves less than ERASED of what would have reached the end, the largest."""
    rows = exits(place.frame, place.layout, weights)
    before, after = np.abs(rows[-3]), np.abs(rows[-2])  # without the last block; with its attention
    return int(np.where(after < ERASED * before, before, 0).argmax())


def _stream(place: Place, weights: Weights) -> dict[str, Number]:
    """norm → attention → add → norm → MLP → add, for the followed number of the stream."""
    i, c = last_block(place), followed(place, weights)
    pre, attention, mid, out, post = (place.value(f"block.{i}.{name}", c) for name in PATH)
    kept, again = (weight(weights[name][i], name, i) for name in ("resid_lambdas", "x0_lambdas"))
    before, start = place.value(f"block.{i - 1}.resid_post", c), place.value("embed.resid0", c)
    entering = pre.by("{kept} · {before} + {again} · {start}", kept=kept, before=before, again=again, start=start)
    between = mid.by("{entering} + ({attention})", entering=entering, attention=attention)
    read, written = f"block.{i}.mlp_act neuron #, step {place.step}", f"weight h.{i}.mlp.c_proj[{c}, #]"
    act, w = place.values(f"block.{i}.mlp_act"), weights["c_proj"][c]
    mlp = sum_of_products(act, w, x_source=read, w_source=written, measured=out)
    share, middle = _backout(place, weights, c)
    size = float(share.value) * float(middle.value)
    taken = computed(size, "{backout} · {middle}", backout=share, middle=middle)
    rest = float(pre.value) - size
    would_arrive = computed(rest, "{entering} − {taken}", entering=entering, taken=taken)
    left = computed(rest + float(attention.value), "{before} + ({attention})", before=would_arrive, attention=attention)
    found = f"of the numbers in which block.{i}.attn_out leaves less than {ERASED:.0%} of what would reach the end"
    return {
        "taken_out": taken,
        "would_arrive": would_arrive,
        "left_of_it": left,
        "channel": Number(c, source=f"{found}, the one with the most to erase, step {place.step}"),
        "n_embd": Number(place.layout.width("embed.resid0"), source="n_embd of the model's config"),
        "entering": entering,
        "rms_in": place.rms(f"block.{i}.resid_pre"),
        "normed_in": place.normed(f"block.{i}.resid_pre", c),
        "attn_write": attention,
        "between": between,
        "normed_mid": place.normed(f"block.{i}.resid_mid", c),
        "mlp_write": mlp,
        "leaving": post.by("{between} + ({mlp})", between=between, mlp=mlp),
    }


def _mlp(place: Place, weights: Weights) -> dict[str, Number]:
    """The neuron that writes most to the followed number, from its 256 inputs to its write."""
    i, c = last_block(place), followed(place, weights)
    act, stream = place.values(f"block.{i}.mlp_act"), place.values(f"block.{i}.resid_mid")
    j = int(np.abs(act * weights["c_proj"][c]).argmax())
    before, after = place.value(f"block.{i}.mlp_pre", j), place.value(f"block.{i}.mlp_act", j)
    read, w_source = f"normed block.{i}.resid_mid neuron #, step {place.step}", f"weight h.{i}.mlp.c_fc[{j}, #]"
    normed, row = stream / rms(stream), weights["c_fc"][j]
    pre = sum_of_products(normed, row, x_source=read, w_source=w_source, measured=before)
    fired = after.by("relu({z})²", z=pre)
    w = weight(weights["c_proj"][c, j], f"h.{i}.mlp.c_proj", c, j)
    return {
        "neuron": Number(j, source=f"the neuron that writes most to number {c}, step {place.step}"),
        "neuron_pre": pre,
        "neuron_act": fired,
        "neuron_write": Number(float(act[j]) * float(w.value), "{act} · ({w})", {"act": fired, "w": w}),
        "mlp_width": Number(len(act), source="4 · n_embd"),
        "awake": Number(int(np.count_nonzero(act)), source=f"neurons of block.{i}.mlp_act above 0, step {place.step}"),
    }


def _sizes(place: Place, weights: Weights) -> dict[str, Number]:
    """Lengths of every write, of what of it reaches the end, and of the stream behind every block."""
    found = {"size_start": place.l2("embed.resid0")}
    for i in range(place.layout.n_layer):
        found[f"attn_size_{i}"] = place.l2(f"block.{i}.attn_out")
        found[f"mlp_size_{i}"] = place.l2(f"block.{i}.mlp_out")
        found[f"stream_size_{i}"] = place.l2(f"block.{i}.resid_post")
        factor = reaching(weights, i)
        for who in ("attn", "mlp"):
            found[f"{who}_exit_{i}"] = size_at_exit(found[f"{who}_size_{i}"], factor)
        found[f"reaches_{i}"] = factor
    found["top_share"] = share_of_end(place.frame, place.layout, weights, last_block(place) - 1)
    return found


def _lens(place: Place, weights: Weights) -> dict[str, Number]:
    """The word on top at some depths, and the probability there of the word that was chosen in the end: by the exit
    lens, and with stream_ before the name by the stream lens."""
    vocabulary, i = vocabulary_of(weights), last_block(place)
    answer = place.frame.chosen_id
    found = {"answer": Number(word(vocabulary[answer]), source=f"the token chosen after step {place.step}")}
    looks = {"start": "embed.resid0", "before": f"block.{i - 1}.resid_post", "attn": f"block.{i}.resid_mid"}
    looks |= {"mlp": f"block.{i}.resid_post", "end": "final.ln_f"}
    prefixes: dict[Footing, str] = {"exit": "", "stream": "stream_"}
    for footing, prefix in prefixes.items():
        for name, key in looks.items():
            if key not in depths(place.layout.n_layer, footing):  # by the exit the last MLP is the end
                continue
            look = Look(place, key, weights, footing)
            found[f"{prefix}lens_{name}"] = Number(word(vocabulary[look.best]), source=look.source)
            found[f"{prefix}lens_{name}_prob"] = look.probability(look.best)
            found[f"{prefix}answer_{name}"] = look.probability(answer)
    for head in range(place.layout.n_head):  # how the last block's heads look at the word before the last
        found[f"head_{head}_country"] = place.attention(i, head, place.step - 1)
    return found


def _gift(reader: SessionReader, weights: Weights) -> dict[str, Number]:
    """What stands in front before the last block, by both lenses, in the sentence about the ball."""
    place = Place(reader, reader.session.num_prompt_tokens - 1)
    vocabulary, key = vocabulary_of(weights), f"block.{last_block(place) - 1}.resid_post"
    looks = {footing: Look(place, key, weights, footing) for footing in FOOTINGS}
    return {f"gift_{name}": Number(word(vocabulary[look.best]), source=look.source) for name, look in looks.items()}


def _own_parts(place: Place, weights: Weights) -> dict[str, Number]:
    """nanochat's own: lambdas, smear, the gates of value embeddings, backout."""
    n_layer, i, c = place.layout.n_layer, last_block(place), followed(place, weights)
    found: dict[str, Number] = {}
    for name in ("resid_lambdas", "x0_lambdas"):
        found |= {f"{name}_{k}": weight(weights[name][k], name, k) for k in range(n_layer)}
    embedding = weights["wte"][place.step] / rms(weights["wte"][place.step])  # wte has the prompt's rows, one a step
    read, gate = f"normed embedding of the token of step {place.step}, number #", weights["smear_gate"]
    z = sum_of_products(embedding[:SMEAR_CHANNELS], gate, x_source=read, w_source="weight smear_gate[0, #]")
    found["smear_lambda"] = weight(weights["smear_lambda"][0], "smear_lambda", 0)
    found["smear"] = sigmoid_of(z, found["smear_lambda"])
    end = place.value(f"block.{i}.resid_post", c)
    backout, middle = _backout(place, weights, c)
    found["backout_lambda"] = backout
    rest = float(end.value) - float(backout.value) * float(middle.value)
    found["backed_out"] = computed(rest, "{end} − {backout} · {middle}", end=end, backout=backout, middle=middle)
    return found


def _backout(place: Place, weights: Weights, channel: int) -> tuple[Number, Number]:
    """The share that is taken out at the end, and what stood in the middle of the stream."""
    share = weight(weights["backout_lambda"][0], "backout_lambda", 0)
    return share, place.value(f"block.{place.layout.n_layer // 2}.resid_post", channel)


def _gates(readers: Mapping[str, SessionReader], place: Place, weights: Weights) -> dict[str, Number]:
    """How far the last block's value embeddings are let in: at the country, and over all words of both sentences."""
    country = Place(place.reader, place.step - 1)
    at_country = [_gate(country, head, weights) for head in range(place.layout.n_head)]
    every = [
        float(_gate(Place(reader, step), head, weights).value)
        for reader in (readers[CAPITAL], readers[GIFT])
        for step in range(reader.num_steps)
        for head in range(place.layout.n_head)
    ]
    least = min(at_country, key=lambda gate: float(gate.value))
    median = Number(float(np.median(every)), source=f"the middle one of {len(every)} gates: all words, all heads")
    named = {f"ve_gate_{head}": gate for head, gate in enumerate(at_country)}
    return named | {"ve_gate_least": least, "ve_gate_median": median}


def _gate(place: Place, head: int, weights: Weights) -> Number:
    i = last_block(place)
    stream = place.values(f"block.{i}.resid_pre")
    x, read = (stream / rms(stream))[:VE_GATE_CHANNELS], f"normed block.{i}.resid_pre neuron #, step {place.step}"
    z = sum_of_products(x, weights["ve_gate"][head], x_source=read, w_source=f"weight h.{i}.attn.ve_gate[{head}, #]")
    return sigmoid_of(z, VE_GATE_FACTOR)
