"""Records lesson 7, "Why this word": a list that comes again and who gets the ball, both with the ledger; and beside
them what is lost with each part off, and where the last block looks without each head below it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mri.export.trace import Trace, open_trace
from mri.format.config import Sampling
from mri.format.events import Array
from mri.format.presets import PRESETS
from mri.making.demos import GIFT
from mri.making.lessons.ablation import read, without_head_at_end
from mri.making.lessons.record import record_anew
from mri.nanochat.checkpoint import LoadedModel, load_model

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
    colours, giver = (open_trace(folder / f"lesson-{name}.h5") for name in ("colours", "giver"))
    found: dict[str, Array] = {}
    last = last_step(colours)
    steps = {"colours": (colours, last), "again": (colours, last + 2), "giver": (giver, last_step(giver))}
    for name, (trace, step) in steps.items():
        frame = trace.sweep(step, model=loaded)
        for column, short in (("answered_by_norm", "norm"), ("answered_by_parts", "later")):
            found[f"{name}_{short}"] = frame[column].to_numpy(np.float32)
    found["colours_looks"] = looks(loaded, colours)
    rows = giver.sources(last_step(giver), model=loaded)
    rows = rows[(rows["block"] == loaded.config.n_layer - 1) & (rows["head"] == 0)].set_index("position")
    gave = rows["stream"] + rows["value"]
    names = [rows.index[rows["token"] == name][0] for name in (" Mia", " Tom")]  # where each is named first
    found["giver_gave"] = gave.loc[names].to_numpy(np.float32)
    return found


def last_step(trace: Trace) -> int:
    """The step that read the prompt's last token and chose the first word of the answer."""
    return trace.session.num_prompt_tokens - 1


def looks(loaded: LoadedModel, trace: Trace) -> Array:
    """As `colours_looks` of `measured`."""
    step, model, last = last_step(trace), loaded.model, loaded.config.n_layer - 1
    ids = trace.reader.token_ids()[: step + 1].tolist()
    place = ids.index(loaded.tokenizer.encode(COPIED)[0])

    def look() -> list[float]:
        return read(model, ids)[1][last][list(COPIERS), -1, place].tolist()

    found = [look()]
    for layer in range(last):
        for head in range(loaded.config.n_head):
            with without_head_at_end(model, layer, head):
                found.append(look())
    return np.array(found, np.float32)
