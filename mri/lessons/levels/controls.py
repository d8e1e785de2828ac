"""What lessons 4 and 5 measured with heads switched off, and the same with other heads: numbers beside a claim.

They were run when the lessons were recorded (mri/making/lessons/level_4.py and level_5.py) and lie among the weights.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mri.lessons.arithmetic import Place, word
from mri.lessons.levels.lens import vocabulary_of
from mri.lessons.numbers import Number, Weights


def without_threes(scores: Mapping[str, Number], weights: Weights) -> dict[str, Number]:
    """Lesson 4: what the same list shows without other threes of heads, drawn at random. `scores`: the lesson's own."""
    threes = weights["control_heads"]
    names = ["heads " + ", ".join(f"{int(layer)}.{int(head)}" for layer, head in three) for three in threes]
    found = {"control_count": Number(len(names), source="threes of heads that were drawn and switched off")}
    for kind, what in (("induction", "induction score"), ("right", "words guessed right")):
        values = weights[f"control_{kind}"].astype(float)
        inputs: dict[str, Number | float] = {
            f"x{i}": Number(float(value), source=f"{what} without {name}")
            for i, (value, name) in enumerate(zip(values, names, strict=True))
        }
        formula = f"({' + '.join(f'{{{name}}}' for name in inputs)}) / {{n}}"
        found[f"control_{kind}_mean"] = Number(float(values.mean()), formula, inputs | {"n": float(len(values))})
        found[f"control_{kind}_lowest"] = Number(float(values.min()), source=f"the smallest {what} of these threes")
    half = float(scores["induction_score"].value) / 2
    halved = int((weights["control_induction"] < half).sum())
    as_bad = int((weights["control_right"] <= int(scores["right_off"].value)).sum())
    return found | {
        "control_halved": Number(halved, source=f"threes without which the induction score is below {half:.3f}"),
        "control_as_bad": Number(as_bad, source="threes without which as few words are guessed right, or fewer"),
    }


def _lookers(place: Place) -> list[int]:
    """The two heads of the last block that look most at the word before the last, by number."""
    shares = place.captured.attention()[0][place.layout.n_layer - 1, :, place.step - 1]
    return sorted(np.argsort(-shares, kind="stable")[:2].tolist())


def without_pairs(place: Place, weights: Weights) -> dict[str, Number]:
    """Lesson 5: what is left of the answer without the two heads that look at the country, and without other twos."""
    shares, n_head = weights["off_share"], place.layout.n_head
    one, two = ((place.layout.n_layer - 1) * n_head + head for head in _lookers(place))
    others = [i for i in range(len(shares)) if i not in (one, two)]
    pairs = [float(shares[i, j]) for i in others for j in others if i < j]
    how = "measured when the lesson was recorded: the sentence once more with"
    vocabulary = vocabulary_of(weights)

    def share(i: int, j: int) -> Number:
        names = " and ".join(f"{flat // n_head}.{flat % n_head}" for flat in sorted({i, j}))
        return Number(float(shares[i, j]), source=f"{how} head {names} switched off")

    return {
        "looker_1": Number(one % n_head, source="of the heads of the last block those that look at the country most"),
        "looker_2": Number(two % n_head, source="of the heads of the last block those that look at the country most"),
        "without_1": share(one, one),
        "without_2": share(two, two),
        "without_both": share(one, two),
        "instead": Number(word(vocabulary[int(weights["off_first"][one, two])]), source=f"{how} both switched off"),
        "other_pairs": Number(len(pairs), source=f"{how} every two of the other heads switched off"),
        "pairs_below_half": Number(
            sum(value < 0.5 for value in pairs), source="of these, with the answer's probability below ½"
        ),
    }
