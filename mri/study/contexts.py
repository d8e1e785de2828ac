"""Which steps of several sessions of one model are the same step: those behind the same text.

Two recordings of one prompt and seed are one; two that part at some token are the same up to there. Knows no values.
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

from mri.store.reader import SessionReader


def contexts(reader: SessionReader) -> npt.NDArray[np.uint64]:
    """(num_steps,) a number for all tokens that were read up to the end of each step: 64 bits of their hash.

    Where no text can be told (a training step reads a batch, a watched session may begin again in its middle) every
    step has a number of its own.
    """
    steps, ids = reader.steps(), reader.token_ids().astype("<i8")
    ends = steps["pos0"].astype(np.int64) + steps["t_add"].astype(np.int64)
    one_text = bool(len(ids)) and int(steps["pos0"][0]) == 0 and bool((steps["pos0"][1:] == ends[:-1]).all())
    read = hashlib.blake2b(b"" if one_text else reader.session.id.encode(), digest_size=8)
    out = np.empty(len(ends), np.uint64)
    for step, (start, end) in enumerate(zip(steps["pos0"], ends, strict=True)):
        read.update(ids[start:end].tobytes() if one_text else step.to_bytes(8, "little"))
        out[step] = int.from_bytes(read.copy().digest(), "little")
    return out
