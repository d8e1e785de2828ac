"""Why: what each part wrote to the lead of one token over another in one step. Drawn by assets/js/panels/why_*.mjs."""

from __future__ import annotations

import numpy as np

from mri.errors import ConfigError
from mri.export.why import parts_of
from mri.panels import names
from mri.panels.panel import Panel
from mri.panels.scan import Scan
from mri.panels.selection import Selection
from mri.panels.table import Table, column

MISSING = "What each part wrote was not recorded in this step."


def table(scan: Scan, at: Selection) -> Table:
    """A row for each part, in the model's order; `wrote` adds up to the difference of the two logits."""
    wrote = scan.captured.ledger()
    if wrote is None:
        return Table((0,), {}, missing=MISSING)
    kept = [int(each) for each in wrote.token_ids]
    token, against = pair(scan, at)
    by_block = np.concatenate([wrote.heads, wrote.mlp[:, None]], 1)  # (L, H + 1, K)
    every = np.concatenate([wrote.embed[None], by_block.reshape(-1, len(kept)), wrote.left_over[None]])
    parts, blocks, heads = parts_of(scan.layout)
    texts = [names.text(scan.reader, each) for each in (token, against)]
    columns = {
        "part": column(np.array(parts, object)),
        "block": column(blocks, "index, −1 = none"),
        "head": column(heads, "index, −1 = none"),
        "wrote": column(every[:, kept.index(token)] - every[:, kept.index(against)], "logits, before the softcap"),
        "token": column(np.array(texts[0], object)),
        "against": column(np.array(texts[1], object)),
    }
    return Table((len(parts),), columns)


def pair(scan: Scan, at: Selection) -> tuple[int, int]:
    """The two tokens: those that are selected, where they were kept; else the chosen one, which is the last of the
    kept, and the strongest other. As `pairOf` in core/why.mjs. Raises ConfigError where none were kept."""
    wrote = scan.captured.ledger()
    if wrote is None:
        raise ConfigError(MISSING)
    kept = [int(each) for each in wrote.token_ids]
    token = next((each for each in kept if each == at.token), kept[-1])
    others = [each for each in kept if each != token]
    return token, next((each for each in others if each == at.against), others[0])


PANEL = Panel(name="why", page="scanner", label="Why", kind="derived", table=table)
