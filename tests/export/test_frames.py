"""Tables of several sessions as one, and the same numbers with named axes."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mri
from mri.errors import ConfigError
from mri.export.rows import UNITS
from mri.export.trace import open_trace
from mri.format.config import TraceConfig
from mri.format.hook_points import STATS
from tests.conftest import HANDMADE_VALUES, write_handmade_session, write_random_session

HASHES = {"config_hash": "c0ffee", "weights_hash": "beef"}


def test_every_table_says_its_units_and_where_it_comes_from(tmp_path: Path) -> None:
    trace = open_trace(write_random_session(tmp_path, provenance=HASHES))
    for name, units in UNITS.items():
        table = getattr(trace, name)()
        assert table.attrs["units"] == units
        assert list(table.columns) == list(units)
        assert table.attrs["session_id"] == "random"
        assert table.attrs["config_hash"] == "c0ffee"
        docs = " ".join((getattr(trace, name).__doc__ or "").split())
        for column in units:
            assert column in docs, f"{name}() does not explain {column}"


def test_concat_names_the_session_and_keeps_categories(tmp_path: Path) -> None:
    small = open_trace(write_handmade_session(tmp_path))
    large = open_trace(write_random_session(tmp_path, n_layer=3, provenance=HASHES))
    both = mri.concat([small.stats(), large.stats()])
    assert next(iter(both.columns)) == "session_id"
    assert isinstance(both["session_id"].dtype, pd.CategoricalDtype)
    assert isinstance(both["hook_point"].dtype, pd.CategoricalDtype)
    for trace in (small, large):
        own = both[both.session_id == trace.session.id].reset_index(drop=True)
        table = trace.stats()
        assert own["hook_point"].astype(str).tolist() == table["hook_point"].astype(str).tolist()
        np.testing.assert_array_equal(own["l2"], table["l2"])
    assert both.attrs["session_id"] == ["handmade", "random"]
    assert both.attrs["config_hash"] == ["", "c0ffee"]
    assert both.attrs["units"] == UNITS["stats"]
    twice = mri.concat(trace.tokens() for trace in (large, small))
    assert twice[twice.session_id == "handmade"]["token"].tolist() == ["a", " ", "b", "c", "d", "e"]
    assert twice[twice.session_id == "handmade"]["raw"].tolist() == [b"a", b" ", b"b", b"c", b"d", b"e"]


def test_concat_warns_of_two_files_with_one_id_and_tells_copies_apart(tmp_path: Path) -> None:
    path = write_handmade_session(tmp_path)
    copy = tmp_path / "copy.h5"
    copy.write_bytes(path.read_bytes())
    both = mri.concat([open_trace(path).stats(), open_trace(copy).stats()])
    assert both["session_id"].value_counts().to_dict() == {"handmade": 105, "copy": 105}
    other = write_handmade_session(tmp_path / "elsewhere", values=HANDMADE_VALUES[::-1])
    with pytest.warns(RuntimeWarning, match="the same id"):
        mri.concat([open_trace(path).stats(), open_trace(other).stats()])
    mri.concat([open_trace(path).neuron("block.0.mlp_out", i) for i in (1, 2)])  # of one session, no warning


def test_concat_refuses_what_does_not_belong_together(tmp_path: Path) -> None:
    trace = open_trace(write_handmade_session(tmp_path))
    for frames, sentence in (
        ([], "at least one"),
        ([pd.DataFrame({"step": [1]})], "does not say of which session"),
        ([trace.stats(), trace.tokens()], "different tables"),
    ):
        with pytest.raises(ConfigError, match=sentence):
            mri.concat(frames)


def test_xarray_has_the_same_numbers_with_named_axes(tmp_path: Path) -> None:
    pytest.importorskip("xarray")
    trace = open_trace(write_random_session(tmp_path, provenance=HASHES, config=TraceConfig(topk=4)))
    ds = trace.to_xarray(["block.1.mlp_out"])
    assert ds.stats.dims == ("step", "hook_point", "stat")
    table = trace.stats()
    row = table[(table.step == 3) & (table.hook_point == "block.0.ln1")].iloc[0]
    for name in STATS:
        assert float(ds.stats.sel(step=3, hook_point="block.0.ln1", stat=name)) == row[name]
    np.testing.assert_array_equal(ds["block.1.mlp_out"], trace.matrix("block.1.mlp_out"))
    np.testing.assert_array_equal(ds.attention_entropy[2], trace.frame(2).arrays["attention/entropy"])
    assert ds.attention_entropy.dims == ("step", "layer", "head")
    assert ds.logits_entropy.attrs["units"] == "bits"
    assert ds.attrs["session_id"] == "random"
    assert str(ds.phase[0].item()) == "prefill"


def test_without_xarray_the_cure_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trace = open_trace(write_handmade_session(tmp_path))
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(ConfigError, match="pip install xarray"):
        trace.to_xarray()
