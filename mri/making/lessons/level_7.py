"""Records lesson 7, "Why this word": a list that comes again and who gets the ball, both with the ledger; and beside
them what is lost with each part off, and where the last block looks without each head below it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mri.explain.ablation import ablation
from mri.explain.found import replayed
from mri.explain.why import Window
from mri.format.config import Sampling
from mri.format.events import Array
from mri.format.presets import PRESETS
from mri.making.demos import GIFT
from mri.making.lessons.ablation import read, without_head_at_end
from mri.making.lessons.record import record_anew
from mri.nanochat.checkpoint import LoadedModel, load_model
from mri.store.opening import open_session
from mri.store.reader import SessionReader

LIST = "red, blue, green, red, blue,"
COPIERS = (0, 1)
"""Heads of the last block: those that write the third colour of the list."""

COPIED = " green"


def record(folder: Path) -> None:
    """The sessions lesson-colours and lesson-giver, and weights.npz: what was measured with parts off."""
    loaded = load_model(device="cpu")
    told = {"config": PRESETS["standard"]}
    record_anew(loaded, folder, "lesson-colours", LIST, name="Three colours", sampling=Sampling(14, 0.0), **told)
    gift = GIFT.format("Tom")
    record_anew(loaded, folder, "lesson-giver", gift, name="Who gets the ball?", sampling=Sampling(8, 0.0), **told)
    np.savez_compressed(folder / "weights.npz", **measured(loaded, folder))  # type: ignore[arg-type]


def measured(loaded: LoadedModel, folder: Path) -> dict[str, Array]:
    """P parts in the model's order, of each block its heads, then its MLP.

    colours_norm, colours_later, giver_…, again_… (P,): what the last norm and later parts answer with a part off, of
    the step behind each prompt, and of the one that chooses the list's next colour. colours_looks (1 + heads, 2):
    weight of COPIERS on COPIED as they are, then with each head below the last block off at this step. giver_gave (2,):
    what head 5.0 took from the two names, Mia's and Tom's, to the lead.
    """
    found: dict[str, Array] = {}
    with open_session(folder / "lesson-colours.h5") as colours, open_session(folder / "lesson-giver.h5") as giver:
        last, gift = last_step(colours), last_step(giver)
        steps = {"colours": (colours, last), "again": (colours, last + 2), "giver": (giver, gift)}
        for name, (reader, step) in steps.items():
            found |= {f"{name}_{kind}": array for kind, array in answers(loaded, reader, step).items()}
        found["colours_looks"] = looks(loaded, colours)
        known, asked = replayed(giver, [gift], loaded)
        positions, stream, value = Window(known.replay, asked).all_sources(asked[0].pair(None, None))[-1]
        ids = giver.token_ids()[positions].tolist()
    names = [ids.index(loaded.tokenizer.encode(name)[0]) for name in (" Mia", " Tom")]  # where each is named first
    found["giver_gave"] = (stream[0] + value[0])[names].astype(np.float32)
    return found


def answers(loaded: LoadedModel, reader: SessionReader, step: int) -> dict[str, Array]:
    """norm, later (P,): what the last norm and later parts do to the lead with a part off in this step."""
    known, asked = replayed(reader, [step], loaded)
    pair = asked[0].pair(None, None)
    off = ablation(known.replay, asked[0], pair)
    before, after, wrote, norm = (
        off[name][..., 0] - off[name][..., 1] for name in ("before", "after", "wrote", "norm")
    )
    return {"norm": norm - (before - wrote), "later": after - norm}


def last_step(reader: SessionReader) -> int:
    """The step that read the prompt's last token and chose the first word of the answer."""
    return reader.session.num_prompt_tokens - 1


def looks(loaded: LoadedModel, reader: SessionReader) -> Array:
    """As `colours_looks` of `measured`."""
    step, model, last = last_step(reader), loaded.model, loaded.config.n_layer - 1
    ids = reader.token_ids()[: step + 1].tolist()
    place = ids.index(loaded.tokenizer.encode(COPIED)[0])

    def look() -> list[float]:
        return read(model, ids)[1][last][list(COPIERS), -1, place].tolist()

    found = [look()]
    for layer in range(last):
        for head in range(loaded.config.n_head):
            with without_head_at_end(model, layer, head):
                found.append(look())
    return np.array(found, np.float32)
