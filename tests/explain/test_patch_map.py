"""The patching map of two recordings: blanks, zeros and shares, and how far the gradient's is from the measured one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mri.edit.edited import edited
from mri.errors import ConfigError
from mri.explain.cells import places
from mri.explain.patch_map import patch_map
from mri.explain.replay import Replay
from mri.nanochat.checkpoint import LoadedModel
from mri.store.library import whole_library
from tests.edit.conftest import logits_of

LIBRARY = whole_library()
NO_PROGRESS = lambda done, of: None  # noqa: E731
Found = tuple[dict[str, np.ndarray], dict[str, Any]]


def mapped(embedded: LoadedModel, own: str, base: str, step: int, exact: bool | None = None, **how: Any) -> Found:
    replay = Replay(embedded.model)
    readers = LIBRARY.open(own), LIBRARY.open(base)
    asked = {"token": None, "against": None, "on_progress": NO_PROGRESS, "exact": exact} | how
    return patch_map(*readers, replay, step, **asked)


@pytest.fixture(scope="module")
def gift(embedded: LoadedModel) -> Found:
    """Values of the text in which Mia is thanked, put into the one in which Tom is."""
    return mapped(embedded, "pair-gift", "demo-gift", 14)


def test_the_gift(embedded: LoadedModel, gift: Found) -> None:
    """Head 3.0 at the last token gives nearly all of it back, and the name that it reads hardly anything alone."""
    arrays, facts = gift
    assert facts == {"approximate": False}
    assert arrays["partners"].tolist() == [*range(15)]
    np.testing.assert_allclose(arrays["differences"], [12.67, -11.37], atol=0.005)
    rows = [row.target for row in places(6, 4)]
    restored = dict(zip(rows, arrays["restored"][:, 14], strict=True))
    assert restored["block.3.head.0"] == pytest.approx(0.903, abs=5e-4)
    assert restored["block.3.attn_out"] == pytest.approx(1.002, abs=5e-4)
    assert np.abs(arrays["restored"][:, :14]).max() < 0.05
    assert not arrays["restored"][arrays["reached"] == 0].any()
    assert not np.isnan(arrays["restored"]).any()


def test_a_cell_is_the_edit_that_it_is_named_by(embedded: LoadedModel, gift: Found) -> None:
    arrays, _ = gift
    ids = LIBRARY.open("pair-gift").token_ids()[:15].tolist()
    pair, cap = arrays["token_ids"].astype(int), embedded.model.softcap
    for i, row in enumerate(places(6, 4)):
        for position in (10, 14):
            with edited(embedded, row.edit("demo-gift", int(arrays["partners"][position]), position)):
                capped = logits_of(embedded.model, ids)[-1, pair].double().numpy()
            own, given = arrays["differences"]
            uncapped = cap * np.arctanh(capped / cap)
            share = (uncapped[0] - uncapped[1] - own) / (given - own)
            assert arrays["restored"][i, position] == pytest.approx(share, abs=2e-3), row.target


def test_no_value_is_a_blank(embedded: LoadedModel) -> None:
    """“What is the capital of France?” and “Which city …”: where one has more words than the other, nothing stands."""
    arrays, _ = mapped(embedded, "pair-capital-what", "pair-capital-which", 15, against=None)
    blank = arrays["partners"] < 0
    assert blank.any()
    assert not blank.all()
    assert np.isnan(arrays["restored"][:, blank]).all()
    assert not np.isnan(arrays["restored"][:, ~blank]).any()


PAIRS = [("pair-gift", "demo-gift", 14), ("demo-gift", "pair-gift", 14)]


@pytest.mark.parametrize(("own", "base", "step"), PAIRS)
def test_the_gradient_has_the_signs_of_the_strongest_cells(
    embedded: LoadedModel, own: str, base: str, step: int
) -> None:
    """And how far it is off is said, of cells that were measured as well."""
    exact = mapped(embedded, own, base, step, exact=True)[0]["restored"]
    arrays, facts = mapped(embedded, own, base, step, exact=False)
    near, there = arrays["restored"], arrays["reached"].astype(bool)
    strongest = np.argsort(-np.where(there, np.abs(exact), 0).ravel())[:20]
    assert (np.sign(near.ravel()[strongest]) == np.sign(exact.ravel()[strongest])).mean() >= 0.95
    told = np.argsort(-np.where(there, np.abs(near), 0).ravel())[:20]
    off = np.abs(near.ravel()[told] - exact.ravel()[told])
    assert facts["approximate"]
    assert facts["checked"] == 20
    assert facts["error"] == pytest.approx(off.mean(), abs=1e-3)
    assert facts["worst"] == pytest.approx(off.max(), abs=1e-3)
    assert facts["correlation"] > 0.9
    assert facts["same_sign"] >= 0.95


def test_what_would_take_too_long_is_approximated(embedded: LoadedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mri.explain.patch_map.EXACT_SECONDS", 0.0)
    assert mapped(embedded, "pair-gift", "demo-gift", 14)[1]["approximate"]
    assert not mapped(embedded, "pair-gift", "demo-gift", 14, exact=True)[1]["approximate"]


def test_progress_is_told_and_may_end_it(embedded: LoadedModel) -> None:
    told: list[tuple[int, int]] = []

    def stop(done: int, of: int) -> None:
        told.append((done, of))
        if of > 100 and done > 40:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        mapped(embedded, "pair-gift", "demo-gift", 14, exact=True, on_progress=stop)
    assert told[-1][0] > 40
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in embedded.model.modules())


def test_what_cannot_be_is_refused(embedded: LoadedModel) -> None:
    with pytest.raises(ConfigError, match="nothing to restore"):
        mapped(embedded, "demo-gift", "demo-gift", 14)
    with pytest.raises(ConfigError, match="No token of demo-story stands for the one"):
        mapped(embedded, "demo-list", "demo-story", 20)
