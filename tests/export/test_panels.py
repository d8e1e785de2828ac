"""Tables of the Scanner's panels: every number is the file's, and what is missing is told from NaN."""

import io

import numpy as np
import pandas as pd
import pytest

from mri.errors import ConfigError, UnknownHookPoint
from mri.export.panels import KINDS, Selection, panel_csv
from mri.format.captured import Captured
from mri.format.config import TraceConfig
from mri.store.opening import open_session
from tests.conftest import write_handmade_session, write_random_session

KEY = "block.1.mlp_out"


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    with open_session(write_handmade_session(tmp_path_factory.mktemp("sessions"))) as reader:
        yield reader


def table(reader, kind, **fields):
    """Columns by name, as text; and the units by name."""
    text = b"".join(panel_csv(reader, kind, Selection(**{"step": 0, "point": KEY, **fields}))).decode()
    frame = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
    named = [name.removesuffix("]").partition(" [") for name in frame.columns]
    return frame.set_axis([name for name, _, _ in named], axis=1), {name: unit for name, _, unit in named}


def test_a_captured_nan_is_no_missing_value(reader):
    found, units = table(reader, "neurons")
    assert found["value"].tolist() == ["-1.0", "-inf", "", "", "", "", "NaN", "2.0"]
    assert found["state"].tolist() == ["captured"] * 2 + ["not captured"] * 4 + ["captured"] * 2
    bound = Captured(reader.frame(0), reader.session.layout).bound(KEY)
    assert found["at_most"].tolist() == ["", "", *[str(np.float32(bound))] * 4, "", ""]
    assert units == {"hook_point": "", "neuron": "", "value": "activation", "state": "", "at_most": "|activation|"}


@pytest.mark.parametrize("kind", KINDS)
def test_pandas_reads_numbers_as_numbers(reader, kind):
    selected = Selection(step=0, point=KEY, neuron=6, points=(KEY,), watched=((KEY, 6),))
    found = pd.read_csv(io.BytesIO(b"".join(panel_csv(reader, kind, selected))))
    texts = {"hook_point", "state", "token", "read", "query_token", "key_token", "follows", "in_prompt", "forced"}
    assert {name for name in found if not pd.api.types.is_numeric_dtype(found[name].dtype)} <= texts
    numbers = found.select_dtypes("number")
    assert len(numbers.columns) > 1
    assert np.isfinite(numbers.to_numpy(float)).any()
    assert not [name for name in found if name.startswith("Unnamed")]


def test_in_pandas_a_captured_nan_is_told_by_the_state(reader):
    found = pd.read_csv(io.BytesIO(b"".join(panel_csv(reader, "neurons", Selection(step=0, point=KEY)))))
    assert found["value [activation]"].isna().sum() == 5
    captured = found[found["state"] == "captured"]
    assert captured["value [activation]"].isna().tolist() == [False, False, True, False]
    assert captured["value [activation]"].max() == 2
    assert captured["value [activation]"].min() == -np.inf


def test_the_stage_has_every_hook_point_that_it_shows(reader):
    found, _ = table(reader, "stage", step=2, points=("block.0.mlp_out", KEY))
    assert found["hook_point"].tolist() == ["block.0.mlp_out"] * 8 + [KEY] * 8
    assert found["value"][8:].tolist() == ["0.0", "-3.0", "", "", "", "", "4.0", "2.0"]


def test_histories_say_what_each_step_read(reader):
    found, _ = table(reader, "history", neuron=6)
    assert found["value"].tolist() == ["NaN", "65504.0", "4.0", "0.0", "1.0"]
    assert found["read"].tolist() == ["a", " ", "b", "c", "d"]
    assert found["at_most"].tolist() == ["", "", "", str(2**-25), ""], "what float16 kept as 0 may be that much"
    found, _ = table(reader, "watched", watched=((KEY, 3), ("final.ln_f", 0)))
    assert found["neuron"].tolist() == ["3"] * 5 + ["0"] * 5
    assert set(found["state"][:5]) == {"not captured"}
    assert set(found["value"][:5]) == {""}
    assert (found["at_most"][:5] != "").all()


def test_attention_of_all_heads_and_of_one(reader):
    found, units = table(reader, "attention", step=3, layer=1)
    assert found["layer"].tolist() == ["1"] * 2 * 4
    assert found["head"].tolist() == ["0"] * 4 + ["1"] * 4
    assert units["weight"] == "probability"
    found, _ = table(reader, "head", step=3, layer=1, head=1)
    assert found["weight"].tolist() == ["0.25"] * 4
    assert found["token"].tolist() == ["a", " ", "b", "c"]


def test_attention_that_was_not_kept_has_a_bound(tmp_path):
    path = write_random_session(tmp_path, num_steps=20, config=TraceConfig(prefill="stepwise"))
    with open_session(path) as reader:
        found, _ = table(reader, "head", step=15, point="block.0.mlp_out")
    missing = found["state"] == "not captured"
    assert missing.sum() == 16 - 8
    assert (found["weight"][missing] == "").all()
    assert (found["at_most"][missing].astype(float) >= 0).all()


def test_predictions(reader):
    found, _ = table(reader, "predictions", step=3)
    assert float(found["probability"][0]) == pytest.approx(np.exp(-0.5), rel=1e-6)
    assert found["follows"].tolist() == ["True", "False", "False", "False", "False"]
    assert found["logit"].tolist()[-1] == "-inf"
    found, units = table(reader, "predictions", step=3, temperature=0.5)
    assert units["probability"] == "share of these tokens at temperature 0.5"
    assert found["probability"].astype(float).sum() == pytest.approx(1)


def test_heads_of_all_layers_and_one_head_over_all_steps(reader):
    found, units = table(reader, "heads", step=3)
    assert found["entropy"].tolist() == ["0.0", "2.0"] * 2
    least, most = (found[f"distance_at_{end}"].astype(float).to_numpy() for end in ("least", "most"))
    np.testing.assert_allclose([least, most], [[3, 1.5] * 2] * 2, rtol=5e-4)
    assert (least < most).all(), "float16 rows are rounded"
    assert units["entropy"] == "bits"
    found, _ = table(reader, "looks", layer=1, head=1)
    assert len(found) == 1 + 2 + 3 + 4 + 5
    assert found["weight"].tolist()[-5:] == [str(np.float32(np.float16(0.2)))] * 5
    assert found["query_token"].tolist()[-1] == "d"


def test_statistics_of_a_step_and_over_all_steps(reader):
    found, units = table(reader, "bars", step=2)
    assert len(found) == 21
    assert found.iloc[4]["std"] == str(2 + 4 + 1 / 8)
    assert units["sparsity"] == "share of zeros"
    found, _ = table(reader, "map", stat="std")
    assert len(found) == 5 * 21
    assert found.iloc[21 * 3 + 2]["std"] == str(3 + 2 + 1 / 8)


def test_the_timeline_and_the_tokens(reader):
    found, units = table(reader, "timeline", point="final.logits")
    assert found["surprise"].astype(float).tolist() == pytest.approx([0.5 / np.log(2)] * 5)
    assert found["l2 of final.logits"].tolist()[:2] == [str(20 + 4 / 8), str(1 + 20 + 4 / 8)]
    assert units["surprise"] == units["entropy"] == "bits"
    found, _ = table(reader, "tokens")
    assert found["token"].tolist() == ["a", " ", "b", "c", "d", "e"]
    assert found["read_by"].tolist() == ["0", "1", "2", "3", "4", "-1"]
    assert found["logprob"].tolist()[0] == "", "nothing predicted the first token"


@pytest.mark.parametrize("kind", KINDS)
def test_every_table_has_as_many_cells_as_columns(reader, kind):
    found, units = table(reader, kind, points=(KEY,), watched=((KEY, 1),))
    assert len(found) > 0
    assert len(units) == len(found.columns)


def test_the_timeline_has_what_a_training_script_added(tmp_path):
    with open_session(write_random_session(tmp_path, extras=True, num_steps=5)) as reader:
        found, units = table(reader, "timeline", point="final.logits")
    assert found["loss"].tolist()[:4] == ["4.0", "2.0", "NaN", "1.0"]
    assert units["loss"] == ""
    assert "rate" not in found, "no single number"


def test_what_is_not_there_is_told(reader):
    for kind, fields, error in (
        ("nothing", {}, ConfigError),
        ("bars", {"step": 5}, ConfigError),
        ("map", {"stat": "x"}, ConfigError),
        ("head", {"layer": 2}, ConfigError),
        ("predictions", {"temperature": 0}, ConfigError),
        ("neurons", {"point": "x"}, UnknownHookPoint),
        ("history", {"neuron": 8}, UnknownHookPoint),
    ):
        with pytest.raises(error):
            table(reader, kind, **fields)


def test_sessions_without_payload_have_tables_too(tmp_path):
    with open_session(write_random_session(tmp_path, config=TraceConfig(capture_mode="stats"))) as reader:
        found, _ = table(reader, "neurons", point="block.0.mlp_out")
        assert set(found["state"]) == {"not captured"}
        assert set(found["at_most"]) == {""}
