"""Lesson 5, "A block": the numbers of its text and the data of its widgets, from lesson-capital and lesson-gift.

Follows one number of the residual stream through the last block, and asks the stream at every depth what it would say.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mri.analysis.logit_lens import rms
from mri.lessons.arithmetic import Place, shown, sigmoid_of, sum_of_products, weight, word
from mri.lessons.lens import Weights, depths, lens_probability, lens_table, logits_at, vocabulary_of
from mri.lessons.numbers import Number
from mri.store.reader import SessionReader

CAPITAL, GIFT = "lesson-capital", "lesson-gift"
PATH = ("resid_pre", "attn_out", "resid_mid", "mlp_out", "resid_post")
VE_GATE_FACTOR, VE_GATE_CHANNELS, SMEAR_CHANNELS = 3.0, 12, 24  # era E5 of mri/nanochat/eras.py


def numbers(readers: Mapping[str, SessionReader], weights: Weights) -> dict[str, Number]:
    """Every number of the lesson's text by name."""
    reader = readers[CAPITAL]
    place = Place(reader, reader.session.num_prompt_tokens - 1)  # the step that reads the prompt's last word
    return {
        **_stream(place, weights),
        **_mlp(place, weights),
        **_sizes(place),
        **_lens(place, weights),
        **_own_parts(place, weights),
    }


def widget_data(readers: Mapping[str, SessionReader], weights: Weights) -> dict[str, Any]:
    """Lists for the widgets: sizes of every write, the lens at every depth."""
    vocabulary = vocabulary_of(weights)
    sentences = []
    for session_id in (CAPITAL, GIFT):
        reader = readers[session_id]
        keys = [[f"block.{i}.{name}" for name in PATH] for i in range(reader.session.layout.n_layer)]
        lens = lens_table(reader, weights)
        ids = {i for step in lens for row in step for i, _ in row}
        l2 = {key: reader.column("stats", reader.session.layout.row(key), 4) for block in keys for key in block}
        sentences.append({
            "session": session_id,
            "prompt": reader.session.prompt,
            "num_prompt_tokens": reader.session.num_prompt_tokens,
            "tokens": [shown(reader.token_bytes[int(i)]) for i in reader.token_ids()],
            "sizes": [
                [[round(float(l2[key][step]), 3) for key in block] for block in keys]
                for step in range(reader.num_steps)
            ],
            "lens": lens,
            "depths": depths(reader.session.layout.n_layer),
            "words": {i: shown(vocabulary[i]) for i in sorted(ids)},
        })  # fmt: skip
    return {"sentences": sentences}


def last_block(place: Place) -> int:
    return place.layout.n_layer - 1


def followed(place: Place) -> int:
    """The number of the stream that the lesson follows: where the last block's attention writes most."""
    return int(np.abs(place.values(f"block.{last_block(place)}.attn_out")).argmax())


def _stream(place: Place, weights: Weights) -> dict[str, Number]:
    """norm → attention → add → norm → MLP → add, for the followed number of the stream."""
    i, c = last_block(place), followed(place)
    pre, attention, mid, out, post = (place.value(f"block.{i}.{name}", c) for name in PATH)
    entering = Number(
        pre.value, "{kept} · {before} + {again} · {start}",
        {
            "kept": weight(weights["resid_lambdas"][i], "resid_lambdas", i),
            "before": place.value(f"block.{i - 1}.resid_post", c),
            "again": weight(weights["x0_lambdas"][i], "x0_lambdas", i), "start": place.value("embed.resid0", c),
        }, source=pre.source, link=pre.link,
    )  # fmt: skip
    between = Number(
        mid.value, "{entering} + ({attention})", {"entering": entering, "attention": attention}, source=mid.source,
        link=mid.link,
    )  # fmt: skip
    mlp = sum_of_products(
        place.values(f"block.{i}.mlp_act"), weights["c_proj"][c],
        x_source=f"block.{i}.mlp_act neuron #, step {place.step}",
        w_source=f"weight h.{i}.mlp.c_proj[{c}, #]", value=float(out.value), source=out.source,
    )  # fmt: skip
    return {
        "channel": Number(c, source=f"where block.{i}.attn_out is largest, step {place.step}"),
        "n_embd": Number(place.layout.width("embed.resid0"), source="n_embd of the model's config"),
        "entering": entering,
        "rms_in": place.rms(f"block.{i}.resid_pre"),
        "normed_in": place.normed(f"block.{i}.resid_pre", c),
        "attn_write": attention,
        "between": between,
        "normed_mid": place.normed(f"block.{i}.resid_mid", c),
        "mlp_write": mlp,
        "leaving": Number(
            post.value, "{between} + ({mlp})", {"between": between, "mlp": mlp}, source=post.source, link=post.link
        ),
    }  # fmt: skip


def _mlp(place: Place, weights: Weights) -> dict[str, Number]:
    """The neuron that writes most to the followed number, from its 256 inputs to its write."""
    i, c = last_block(place), followed(place)
    act, stream = place.values(f"block.{i}.mlp_act"), place.values(f"block.{i}.resid_mid")
    j = int(np.abs(act * weights["c_proj"][c]).argmax())
    before, after = place.value(f"block.{i}.mlp_pre", j), place.value(f"block.{i}.mlp_act", j)
    pre = sum_of_products(
        stream / rms(stream), weights["c_fc"][j], x_source=f"normed block.{i}.resid_mid neuron #, step {place.step}",
        w_source=f"weight h.{i}.mlp.c_fc[{j}, #]", value=float(before.value), source=before.source,
    )  # fmt: skip
    fired = Number(after.value, "relu({z})²", {"z": pre}, source=after.source, link=after.link)
    w = weight(weights["c_proj"][c, j], f"h.{i}.mlp.c_proj", c, j)
    return {
        "neuron": Number(j, source=f"the neuron that writes most to number {c}, step {place.step}"),
        "neuron_pre": pre,
        "neuron_act": fired,
        "neuron_write": Number(float(act[j]) * float(w.value), "{act} · ({w})", {"act": fired, "w": w}),
        "mlp_width": Number(len(act), source="4 · n_embd"),
        "awake": Number(int(np.count_nonzero(act)), source=f"neurons of block.{i}.mlp_act above 0, step {place.step}"),
    }


def _sizes(place: Place) -> dict[str, Number]:
    """Lengths of every write and of the stream behind every block."""
    found = {"size_start": place.l2("embed.resid0")}
    for i in range(place.layout.n_layer):
        found[f"attn_size_{i}"] = place.l2(f"block.{i}.attn_out")
        found[f"mlp_size_{i}"] = place.l2(f"block.{i}.mlp_out")
        found[f"stream_size_{i}"] = place.l2(f"block.{i}.resid_post")
    return found


def _lens(place: Place, weights: Weights) -> dict[str, Number]:
    """The word on top at some depths, and the probability there of the word that was chosen in the end."""
    vocabulary, i = vocabulary_of(weights), last_block(place)
    answer = place.frame.chosen_id
    found = {"answer": Number(word(vocabulary[answer]), source=f"the token chosen after step {place.step}")}
    looks = {
        "start": "embed.resid0", "before": f"block.{i - 1}.resid_post", "attn": f"block.{i}.resid_mid",
        "mlp": f"block.{i}.resid_post", "end": "final.ln_f",
    }  # fmt: skip
    for name, key in looks.items():
        logits = logits_at(place, key, weights)
        best = int(logits.argmax())
        found[f"lens_{name}"] = Number(word(vocabulary[best]), source=f"logit lens at {key}, step {place.step}")
        found[f"lens_{name}_prob"] = lens_probability(place, key, best, weights, logits)
        found[f"answer_{name}"] = lens_probability(place, key, answer, weights, logits)
    for head in range(place.layout.n_head):  # how the last block's heads look at the word before the last
        found[f"head_{head}_country"] = place.attention(i, head, place.step - 1)
    return found


def _own_parts(place: Place, weights: Weights) -> dict[str, Number]:
    """nanochat's own: lambdas, smear, the gates of value embeddings, backout."""
    n_layer, i, c = place.layout.n_layer, last_block(place), followed(place)
    found: dict[str, Number] = {}
    for name in ("resid_lambdas", "x0_lambdas"):
        found |= {f"{name}_{k}": weight(weights[name][k], name, k) for k in range(n_layer)}
    embedding = weights["wte"][place.step] / rms(weights["wte"][place.step])  # wte has the prompt's rows, one a step
    z = sum_of_products(
        embedding[:SMEAR_CHANNELS], weights["smear_gate"], w_source="weight smear_gate[0, #]",
        x_source=f"normed embedding of the token of step {place.step}, number #",
    )  # fmt: skip
    found["smear_lambda"] = weight(weights["smear_lambda"][0], "smear_lambda", 0)
    found["smear"] = sigmoid_of(z, found["smear_lambda"])
    country = Place(place.reader, place.step - 1)
    stream = country.values(f"block.{i}.resid_pre")
    for head in range(place.layout.n_head):
        z = sum_of_products(
            (stream / rms(stream))[:VE_GATE_CHANNELS], weights["ve_gate"][head],
            x_source=f"normed block.{i}.resid_pre neuron #, step {country.step}",
            w_source=f"weight h.{i}.attn.ve_gate[{head}, #]",
        )  # fmt: skip
        found[f"ve_gate_{head}"] = sigmoid_of(z, VE_GATE_FACTOR)
    end, middle = place.value(f"block.{i}.resid_post", c), place.value(f"block.{n_layer // 2}.resid_post", c)
    found["backout_lambda"] = weight(weights["backout_lambda"][0], "backout_lambda", 0)
    found["backed_out"] = Number(
        float(end.value) - float(found["backout_lambda"].value) * float(middle.value), "{end} − {backout} · {middle}",
        {"end": end, "backout": found["backout_lambda"], "middle": middle},
    )  # fmt: skip
    return found
