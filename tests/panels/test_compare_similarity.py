"""Three numbers of how alike two recordings are: before they part, and after it below and above."""

import numpy as np
import pytest

from mri.measure.difference import difference_map
from mri.panels.compare_similarity import _blocks, tiles
from mri.store.opening import open_session
from mri.study.comparison import compare
from tests.true_sessions import write_true_session

A, B = [0, 26, 1, 2, 3, 5, 4], [0, 26, 6, 1, 2, 5, 4]


@pytest.fixture(scope="module")
def readers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sessions")
    write_true_session(folder, "one", A, seed=1)
    write_true_session(folder, "two", B, seed=1)
    return [open_session(folder / f"{name}.h5") for name in ("one", "two")]


def test_tiles_are_means_of_the_map(readers):
    found = compare(*readers, "mapping")
    before, lower, upper = (tile.split("|") for tile in tiles(found))
    assert [before[0], lower[0], upper[0]] == ["before they part", "after, block 0", "after, block 1"]
    assert before[1] == "0.00", "one model has read the same"
    steps = found.matched_steps
    of = difference_map(*readers, steps[steps[:, 0] >= found.alignment.divergence], ["block.1.resid_post"])
    assert upper[1:] == [f"{np.mean(of.difference):.2f}", f"certain: {np.mean(of.low):.2f} … {np.mean(of.high):.2f}"]


def test_there_is_no_tile_of_what_there_is_not(readers):
    assert tiles(compare(*readers, "pooled")) == []
    assert [tile.split("|")[:2] for tile in tiles(compare(readers[0], readers[0]))] == [["before they part", "0.00"]]


def test_blocks_are_named():
    assert _blocks(["block.0.resid_post", "block.2.resid_post"]) == "blocks 0–2"
    assert _blocks(["hidden"]) == "hidden"
    assert _blocks(["hidden", "out"]) == "hidden–out"
