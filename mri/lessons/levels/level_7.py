"""Lesson 7, "Why this word": what parts wrote, from the ledger of its two recordings, and what is lost without them.

The losses were measured when the lesson was recorded (mri/making/lessons/level_7.py); the Scanner measures them anew.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mri.lessons.arithmetic import word
from mri.lessons.levels.lead import OFF, Lead
from mri.lessons.numbers import Number, Weights, computed
from mri.store.reader import SessionReader

COLOURS, GIVER = "lesson-colours", "lesson-giver"
COPIED, LAST_COLOUR, GIVES = " green", " blue", " Tom"
FINDER, FINDER_AT = "head 3.1", (3, 1)


def numbers(readers: Mapping[str, SessionReader], weights: Weights) -> dict[str, Number]:
    """Every number of the lesson's text by name."""
    colours, giver = readers[COLOURS], readers[GIVER]
    step, gift_step = (reader.session.num_prompt_tokens - 1 for reader in (colours, giver))
    at, gift = Lead(colours, step, "colours", weights), Lead(giver, gift_step, "giver", weights)
    again, later = Lead(colours, step + 2, "again", weights), Lead(giver, gift_step + 4, "", weights)
    return {
        **_lead("", at, {"50": "head 5.0", "51": "head 5.1", "31": FINDER, "11": "head 1.1", "m5": "MLP 5"}),
        **_lead("gift_", gift, {"30": "head 3.0", "50": "head 5.0", "m4": "MLP 4", "m5": "MLP 5"}),
        **_looks(at, weights),
        **_losses(at),
        **_gift(gift, weights),
        "again_lead": again.lead,
        "again_lost_31": again.lost(FINDER),
        "at_step": Number(later.place.step, source="the step that chose “at”"),
        "at_lead": later.lead,
        "at_m5": later.wrote("MLP 5"),
    }


def _lead(prefix: str, at: Lead, parts: Mapping[str, str]) -> dict[str, Number]:
    """The lead of a step, and both numbers of some parts by a short name."""
    found: dict[str, Number] = {"lead": at.lead}
    found["step"] = Number(at.place.step, source="the step that read the prompt's last token")
    found |= {name: each for name, each in at.lead.inputs.items() if isinstance(each, Number)}  # own and rival
    for short, part in parts.items():
        found |= {f"wrote_{short}": at.wrote(part), f"lost_{short}": at.lost(part), f"left_{short}": at.left(part)}
    return {f"{prefix}{name}": each for name, each in found.items()}


def _looks(at: Lead, weights: Weights) -> dict[str, Number]:
    """The list: where the heads that matter look, with and without the one of block 3."""
    last, place, read_last = at.place.layout.n_layer - 1, at.position(COPIED), at.position(LAST_COLOUR)
    heads = [part for part in at.parts if part.startswith("head") and not part.startswith(f"head {last}.")]
    looks = dict(zip(heads, weights["colours_looks"][1:].astype(float).tolist(), strict=True))
    without = looks.pop(FINDER)
    who = min(looks, key=lambda head: looks[head][0])
    each = f"{OFF} each of them switched off in this step"
    return {
        "look_31": at.place.attention(*FINDER_AT, read_last),
        "look_word": Number(word(LAST_COLOUR.encode()), source=f"the word that {FINDER} looks at most"),
        "look_step": Number(read_last, source="the step that read it"),
        "look_50": at.place.attention(last, 0, place),
        "look_51": at.place.attention(last, 1, place),
        "look_50_off": Number(without[0], source=f"{OFF} {FINDER} switched off in this step"),
        "look_51_off": Number(without[1], source=f"{OFF} {FINDER} switched off in this step"),
        "others": Number(len(looks), source=f"heads below the last block, but for {FINDER}"),
        "others_least": Number(looks[who][0], source=f"{each}: the least that is left"),
        "others_who": Number(who.removeprefix("head "), source=f"{each}: the one that leaves least"),
    }


def _losses(at: Lead) -> dict[str, Number]:
    """The list: what answers, and all losses together."""
    losses = {f"x{i}": at.lost(part) for i, part in enumerate(at.parts)}
    total = sum(float(each.value) for each in losses.values())
    wrote, norm = at.wrote("MLP 5"), at.answer("norm", "MLP 5")
    others = float(at.lead.value) - float(wrote.value)
    formula = "({lead} − ({wrote}) + {norm}) / ({lead} − ({wrote}))"
    return {
        "parts": Number(len(losses), source="heads and MLPs of all blocks"),
        "lost_all": Number(total, " + ".join(f"({{{name}}})" for name in losses), losses),
        "norm_31": at.answer("norm", FINDER),
        "later_31": at.answer("later", FINDER),
        "norm_m5": norm,
        "stretch": computed((others + float(norm.value)) / others, formula, lead=at.lead, wrote=wrote, norm=norm),
    }


def _gift(at: Lead, weights: Weights) -> dict[str, Number]:
    """Who gets the ball: both MLPs, and the head that looks at who gives it."""
    four, five = at.wrote("MLP 4"), at.wrote("MLP 5")
    heads = [at.wrote(part) for part in at.parts if part.startswith("head")]
    names = [part.removeprefix("head ") for part in at.parts if part.startswith("head")]
    most = int(np.argmax([float(each.value) for each in heads]))
    how = "computed when the lesson was recorded: what head 5.0 took from"
    mia, tom = weights["giver_gave"].astype(float).tolist()
    return {
        "gift_mlps": computed(float(four.value) + float(five.value), "{four} + {five}", four=four, five=five),
        "gift_head": heads[most],
        "gift_head_name": Number(names[most], source="of all heads the one that wrote most to the lead"),
        "gift_look": at.place.attention(3, 0, at.position(GIVES)),
        "giver_word": Number(word(GIVES.encode()), source="the word that head 3.0 looks at most"),
        "gift_from_mia": Number(mia, source=f"{how} Mia"),
        "gift_from_tom": Number(tom, source=f"{how} Tom"),
    }
