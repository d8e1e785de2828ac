"""Lesson 6, "The whole nanochat": the numbers of its text and the data of its widgets.

From lesson-leo, a story that the model wrote, lesson-guess, one that it only read, and lesson 5's lesson-capital, which
is exact enough to compute a logit from its weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mri.lessons.arithmetic import Place, shown, softcap_of, softcapped_logit, sum_of_products, word
from mri.lessons.levels.lens import Weights
from mri.lessons.numbers import Number, computed
from mri.measure.predictions import predictions
from mri.store.reader import SessionReader

LEO, GUESS, CAPITAL = "lesson-leo", "lesson-guess", "lesson-capital"
COPIED = " tea"  # said twice in lesson-leo: chosen freely, then copied
SURE_BITS = 0.1
ROUNDS = (4, 15, 20, 37, 40, 46, 51, 63, 72, 90)
"""Steps of lesson-guess at which the reader guesses; chosen by hand, some of them where the model is sure."""
SURE_STEP, UNSURE_STEP = 46, 51
"""Of lesson-guess: before a word that the story gives away, and before one that nobody can know."""
NUM_OPTIONS = 4
BYTES_PER_NUMBER = 4  # float32, as the embedded model runs on a processor


def numbers(readers: Mapping[str, SessionReader], weights: Weights) -> dict[str, Number]:
    """Every number of the lesson's text by name."""
    leo = readers[LEO]
    return {
        **_cache(leo),
        **_copying(leo),
        **_softcap(readers[CAPITAL], weights),
        **_guesses(readers[GUESS]),
        "temperature": Number(leo.session.sampling["temperature"], source=f"sampling of {LEO}"),
        "seed": Number(leo.session.sampling["seed"], source=f"sampling of {LEO}"),
        "top_k": Number(leo.session.sampling["top_k"], source=f"sampling of {LEO}"),
        "n_vocab": Number(leo.session.layout.n_vocab, source="vocab_size of the model's config"),
    }


def widget_data(readers: Mapping[str, SessionReader], weights: Weights) -> dict[str, Any]:
    """Lists for the widgets: the cache's growth, what could be drawn, the game."""
    leo = readers[LEO]
    first, _ = copied_steps(leo)
    steps = leo.steps()
    return {
        "cache": {
            "tokens": tokens_shown(leo),
            "reads": [[int(a), int(n)] for a, n in zip(steps["pos0"], steps["t_add"], strict=True)],
            "n_layer": leo.session.layout.n_layer,
            "bytes_per_token": _bytes_per_token(leo),
        },
        "draws": [_draw(leo, step) for step in (0, first)],
        "game": _game(readers[GUESS]),
    }


def tokens_shown(reader: SessionReader) -> list[str]:
    """Every token with visible spaces."""
    return [shown(reader.token_bytes[int(i)]) for i in reader.token_ids()]


def copied_steps(reader: SessionReader) -> tuple[int, int]:
    """The two steps that chose the word that comes twice."""
    chosen = reader.steps()["chosen_id"].tolist()
    found = [step for step, i in enumerate(chosen) if reader.token_bytes.get(i) == COPIED.encode()]
    return found[0], found[1]


def _bytes_per_token(reader: SessionReader) -> int:
    config = reader.session.model_config
    head_dim = config["n_embd"] // config["n_head"]
    return int(2 * config["n_layer"] * config["n_kv_head"] * head_dim * BYTES_PER_NUMBER)


def _cache(reader: SessionReader) -> dict[str, Number]:
    """What is read in how many passes, and how large the cache becomes."""
    config, prompt = reader.session.model_config, reader.session.num_prompt_tokens
    steps = reader.steps()
    read = int(steps["pos0"][-1] + steps["t_add"][-1])
    shape = {name: config[name] for name in ("n_layer", "n_kv_head")} | {
        "head_dim": config["n_embd"] // config["n_head"]
    }
    parts = {name: Number(n, source="the model's config") for name, n in shape.items()}
    parts["bytes"] = Number(BYTES_PER_NUMBER, source="float32")
    formula = "2 · {n_layer} blocks · {n_kv_head} heads · {head_dim} numbers · {bytes} bytes"
    per_token = Number(_bytes_per_token(reader), formula, parts, unit="bytes")
    n_read = Number(read, source=f"positions read by the {reader.num_steps} steps of {LEO}")
    first = Number(prompt, source=f"tokens of the prompt of {LEO}, read in step 0")
    without = sum(int(a + n) for a, n in zip(steps["pos0"], steps["t_add"], strict=True))
    cache = Number(read * int(per_token.value), "{read} · {each}", {"read": n_read, "each": per_token}, unit="bytes")
    rows = computed(without, "{prompt} + {next} + … + {read}", prompt=first, next=prompt + 1, read=n_read)
    return {
        "prompt_tokens": first,
        "read": n_read,
        "decode_steps": Number(reader.num_steps - 1, source=f"steps of {LEO} behind the first"),
        "kv_bytes": per_token,
        "cache_bytes": cache,
        **_kept_at(reader, copied_steps(reader)[0], per_token),
        "without_cache": rows,
    }


def _kept_at(reader: SessionReader, step: int, per_token: Number) -> dict[str, Number]:
    """How much is kept once a step has read its token."""
    frame = reader.frame(step)
    kept = Number(frame.pos0 + frame.t_add, source=f"positions read by {LEO} up to step {step}")
    size = int(kept.value) * int(per_token.value)
    return {
        "kept_first": kept,
        "kept_first_bytes": Number(size, "{kept} · {each}", {"kept": kept, "each": per_token}, unit="bytes"),
    }


def _copying(reader: SessionReader) -> dict[str, Number]:
    """The word that comes twice: how open the choice was, and who looked back."""
    found = {}
    first, second = copied_steps(reader)
    for name, step in (("first", first), ("second", second)):
        place = Place(reader, step)
        arrays = place.frame.arrays
        logprob = place.measured(float(arrays["logits/chosen_logprob"]), "logits/chosen_logprob", tab="predictions")
        found[f"{name}_step"] = Number(step, source=f"the step that chose {COPIED.strip()!r}")
        bits = place.measured(float(arrays["logits/entropy"]), "logits/entropy", tab="predictions")
        found[f"{name}_entropy"] = bits
        found[f"{name}_equal"] = Number(float(2 ** float(bits.value)), "2^{bits}", {"bits": bits})
        found[f"{name}_prob"] = Number(float(np.exp(float(logprob.value))), "e^({logprob})", {"logprob": logprob})
        found[f"{name}_rank"] = place.measured(
            int(arrays["logits/chosen_rank"]) + 1, "logits/chosen_rank + 1", tab="predictions"
        )
    position = Place(reader, first).frame.pos0 + 1  # where the word chosen first stands
    last = reader.session.layout.n_layer - 1
    found["first_read_step"] = Number(first + 1, source=f"the step that read the first {COPIED.strip()!r}")
    found["copied_position"] = Number(position, source=f"position of the first {COPIED.strip()!r}")
    for head in range(reader.session.layout.n_head):
        found[f"back_{head}"] = Place(reader, second).attention(last, head, position)
    return found


def _softcap(reader: SessionReader, weights: Weights) -> dict[str, Number]:
    """A logit before and after the softcap: of the token that follows the country in lesson-capital."""
    place = Place(reader, reader.session.num_prompt_tokens - 2)
    token_id = int(weights["softcapped_id"])
    stream, read = place.values("final.ln_f"), f"final.ln_f neuron #, step {place.step} of {CAPITAL}"
    raw = sum_of_products(stream, weights["lm_head_row"], x_source=read, w_source=f"weight lm_head[{token_id}, #]")
    arrays = place.frame.arrays
    second = next(
        float(v) for i, v in zip(arrays["logits/token_ids"], arrays["logits/values"], strict=True) if i != token_id
    )
    return {
        "softcap": Number(softcap_of(reader), source="softcap of the model's code"),
        "n_embd": Number(reader.session.layout.width("final.ln_f"), source="n_embd of the model's config"),
        "capped_word": Number(word(reader.token_bytes[token_id]), source=f"token {token_id}"),
        "raw": raw,
        "capped": softcapped_logit(raw, softcap_of(reader)),
        "runner_up": place.measured(second, "the second of logits/values", tab="predictions"),
    }


def _guesses(reader: SessionReader) -> dict[str, Number]:
    """How often the model was sure, and how often right, over the whole story that it read."""
    inside = slice(0, reader.session.num_prompt_tokens - 1)  # steps whose next token is the story's own
    ranks, entropy = reader.column("logits/chosen_rank")[inside], reader.column("logits/entropy")[inside]
    sure = entropy < SURE_BITS

    def count(mask: Any, what: str) -> Number:
        return Number(int(np.count_nonzero(mask)), source=f"{what}, counted in {GUESS}")

    unsure = reader.frame(UNSURE_STEP).arrays["logits/token_ids"]
    return {
        "luck_sure_bits": _entropy(reader, SURE_STEP),
        "luck_open_bits": _entropy(reader, UNSURE_STEP),
        "luck_guess": Number(
            word(reader.token_bytes[int(unsure[0])]), source=f"the likeliest token at step {UNSURE_STEP}"
        ),
        "guesses": Number(len(ranks), source=f"steps of {GUESS} with a next token in the story"),
        "right": count(ranks == 0, "steps whose strongest prediction came true"),
        "sure": count(sure, f"steps with an entropy below {SURE_BITS:g} bits"),
        "sure_right": count((ranks == 0) & sure, f"of the steps below {SURE_BITS:g} bits, those that came true"),
        "open": count(~sure, f"steps with {SURE_BITS:g} bits or more"),
        "open_right": count(
            (ranks == 0) & ~sure, f"of the steps with {SURE_BITS:g} bits or more, those that came true"
        ),
        "game_rounds": Number(len(ROUNDS), source="rounds of the game"),
        "game_model": Number(
            int(sum(reader.frame(step).arrays["logits/chosen_rank"] == 0 for step in ROUNDS)),
            source="rounds with rank 0",
        ),
    }


def _entropy(reader: SessionReader, step: int) -> Number:
    place = Place(reader, step)
    return place.measured(float(place.frame.arrays["logits/entropy"]), "logits/entropy", tab="predictions")


def _draw(reader: SessionReader, step: int) -> dict[str, Any]:
    """All tokens that could be drawn in a step (top-k of them were recorded), strongest first."""
    arrays, ids = reader.frame(step).arrays, reader.token_ids()
    place = reader.frame(step)
    end = place.pos0 + place.t_add
    top_k = int(reader.session.sampling["top_k"])
    return {
        "step": step,
        "before": "".join(reader.token_bytes[int(i)].decode("utf-8", "replace") for i in ids[1:end]),
        "words": [shown(reader.token_bytes[int(i)]) for i in arrays["logits/token_ids"][:top_k]],
        "logits": [round(float(v), 5) for v in arrays["logits/values"][:top_k]],
        "chosen": shown(reader.token_bytes[place.chosen_id]),
        "temperature": reader.session.sampling["temperature"],
    }


def _game(reader: SessionReader) -> dict[str, Any]:
    """Rounds of the guessing game: the text so far, four words by the alphabet, what came, what the model gave."""
    ids = reader.token_ids()
    tokens = [reader.token_bytes[int(i)].decode("utf-8", "replace") for i in ids]
    rounds = []
    for step in ROUNDS:
        found = predictions(reader.frame(step))
        assert found is not None  # the session was recorded with predictions
        share = dict(zip(found.token_ids.tolist(), found.probs.tolist(), strict=True))
        truth, model = int(ids[step + 1]), int(found.token_ids[0])
        others = [i for i in found.token_ids.tolist() if i != truth][: NUM_OPTIONS - 1]
        options = sorted([truth, *others], key=lambda i: word(reader.token_bytes[i]).lower())
        each: dict[str, Any] = {"step": step, "text": "".join(tokens[1 : step + 1])}
        each["options"] = [{"word": word(reader.token_bytes[i]), "share": round(share[i], 5)} for i in options]
        each |= {"truth": options.index(truth), "model": options.index(model)}
        each["entropy"] = round(float(reader.frame(step).arrays["logits/entropy"]), 3)
        rounds.append(each)
    return {"session": GUESS, "rounds": rounds, "story": "".join(tokens[1:-1])}
