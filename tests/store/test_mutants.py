"""One byte of a session changed, anywhere: nobody is shown another number, token or description without a mark."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mri.errors import MriError
from mri.format.config import TraceConfig
from mri.store.library import Library
from mri.store.reader import SessionReader
from tests.conftest import write_handmade_session, write_random_session
from tests.tiers import sample

ROWS = TraceConfig(attention_tier="full_row", prefill="positions", edu=True)


def everything(reader: SessionReader) -> list[Any]:
    """All that pages, exports and notebooks are given of a session."""
    names = sorted({name for step in range(reader.num_steps) for name in reader.frame(step).arrays})
    columns = [reader.column(name).tobytes() for name in names]
    steps = [(name, values.tolist()) for name, values in reader.steps().items()]
    tokens = [reader.token_ids().tolist(), dict(reader.token_bytes), sorted(reader.special_ids)]
    return [reader.session.to_json(), names, columns, steps, tokens, reader.records(0, reader.num_steps)]


def settled(library: Library, session_id: str) -> str:
    while (state := library.integrity(session_id)) == "checking":
        time.sleep(0.001)
    return state


def check(library: Library, session_id: str, path: Path, place: int, bit: int, whole: bytes, before: Any) -> bool:
    """Whether the change was marked."""
    damaged = bytearray(whole)
    damaged[place] ^= 1 << bit
    path.unlink()  # another file: HDF5 knows what it has open by the inode
    path.write_bytes(damaged)
    (info,) = library.list()
    where = f"{path.name} byte {place} bit {bit}"
    assert info.state == "broken" or info == before[0], where
    try:
        shown = everything(library.open(session_id))
    except MriError:
        return True
    state = settled(library, session_id)
    if shown == before[1]:
        return state != "right"
    assert state.startswith("damaged: "), where
    if path.suffix == ".h5":
        assert library.list()[0].error == state.removeprefix("damaged: ")
        with pytest.raises(MriError, match=r"damaged|is no|has|lacks|cannot"):
            library.open(session_id)
    return True


@pytest.mark.parametrize("seed", [0, 1])
def test_a_sealed_session(tmp_path: Path, seed: int) -> None:
    path = write_random_session(tmp_path, config=ROWS, num_steps=5) if seed else write_handmade_session(tmp_path)
    whole, session_id = path.read_bytes(), path.stem
    library = Library(tmp_path)
    before = library.list()[0], everything(library.open(session_id))
    assert settled(library, session_id) == "right"
    rng = np.random.default_rng(seed)
    marked = 0
    for _ in range(sample(ci=25, long=500)):
        place, bit = int(rng.integers(len(whole))), int(rng.integers(8))
        marked += check(Library(tmp_path), session_id, path, place, bit, whole, before)
    assert marked


def test_a_journal(tmp_path: Path) -> None:
    folder = write_random_session(tmp_path, config=ROWS, num_steps=5, seal=False)
    library = Library(tmp_path)
    before = library.list()[0], everything(library.open("random"))
    assert settled(library, "random") == "right"
    rng = np.random.default_rng(2)
    names = ["session.json", "frames.journal", "vocabulary.safetensors", "recorder.json"]
    marked = 0
    for i in range(sample(ci=50, long=1000)):
        path = folder / names[i % len(names)]
        whole = path.read_bytes()
        place, bit = int(rng.integers(len(whole))), int(rng.integers(8))
        marked += check(Library(tmp_path), "random", path, place, bit, whole, before)
        path.write_bytes(whole)
    assert marked
