"""The package as a notebook meets it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import mri
from mri.errors import ConfigError, ModelError, PromptError, SessionNotFound, StoreError
from tests.conftest import write_handmade_session

GOLDEN = Path(__file__).parent / "golden" / "E5"


def test_record_gives_a_trace(tmp_path: Path) -> None:
    trace = mri.record("ab", model=GOLDEN, max_new_tokens=9, temperature=0, sessions=tmp_path, name="mine")
    assert trace.num_steps == 11, "the prompt token by token, then nine of the model's"
    assert trace.session.name == "mine"
    assert trace.stats()["step"].max() == 10
    assert trace.values("block.2.mlp_out", step=4).shape == (64,)
    listed = mri.sessions(tmp_path)
    assert listed["id"].tolist() == [trace.session.id]
    with mri.open_trace(listed["path"].iloc[0]) as again:
        np.testing.assert_array_equal(again.matrix("final.ln_f"), trace.matrix("final.ln_f"))


def test_a_loaded_model_can_be_used_again(tmp_path: Path) -> None:
    model = mri.load_model(GOLDEN)
    assert (model.era, model.config.n_layer, model.tokenizer.n_vocab) == ("E5", 3, 300)
    first = mri.record([5, 6, 7], model=model, max_new_tokens=4, seed=1, sessions=tmp_path)
    second = mri.record([5, 6, 7], model=model, max_new_tokens=4, seed=1, sessions=tmp_path)
    assert first.session.response == second.session.response
    assert first.session.id != second.session.id


def test_constants_that_no_file_says(tmp_path: Path) -> None:
    loud = {"model": GOLDEN, "max_new_tokens": 1, "temperature": 0, "sessions": tmp_path, "seal": False}
    fifteen, twenty = mri.record("ab", **loud), mri.record("ab", **loud, constants={"softcap": 20})
    assert (fifteen.session.provenance["softcap"], twenty.session.provenance["softcap"]) == (15, 20)
    model = mri.load_model(GOLDEN, constants={"softcap": 20})
    assert model.model.softcap == mri.load_model(GOLDEN, softcap=20).model.softcap == 20
    again = mri.record("ab", **{**loud, "model": model}, constants={"softcap": 20})
    assert again.session.provenance["softcap"] == 20
    with pytest.raises(ConfigError, match="loaded with softcap 20"):
        mri.record("ab", **{**loud, "model": model}, constants={"softcap": 15})
    with pytest.raises(ConfigError, match="no constant 'rope': known are softcap, rotary_base"):
        mri.record("ab", **loud, constants={"rope": 1})


def test_mistakes_are_sentences(tmp_path: Path) -> None:
    with pytest.raises(PromptError, match="empty"):
        mri.record("", model=GOLDEN, sessions=tmp_path)
    with pytest.raises(ModelError, match="does not exist"):
        mri.record("a", model=tmp_path / "nothing", sessions=tmp_path)
    with pytest.raises(AttributeError, match="no attribute 'recrod'"):
        mri.recrod  # noqa: B018
    with pytest.raises(StoreError, match="nowhere does not exist"):
        mri.sessions(tmp_path / "nowhere")
    assert mri.sessions(tmp_path).empty


def test_without_a_folder_all_that_the_pages_show_is_listed_and_opened_by_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_handmade_session(tmp_path, "mine")
    for module in ("mri.api", "mri.export.trace"):
        monkeypatch.setattr(f"{module}.SESSIONS", tmp_path)
    listed = mri.sessions().set_index("id")
    assert not listed.loc["mine", "is_bundled"]
    assert listed.loc["demo-gift", "is_bundled"]
    assert mri.sessions(tmp_path)["id"].tolist() == ["mine"]
    for session_id, path in listed["path"].items():
        with mri.open_trace(session_id) as by_id, mri.open_trace(path) as by_path:
            assert by_id.path == by_path.path
    with pytest.raises(SessionNotFound, match=r"`mri.sessions\(\)` lists"):
        mri.open_trace("nothing")


def test_without_torch_what_runs_a_model_is_one_sentence_and_recordings_open() -> None:
    code = """
import sys
sys.modules["torch"] = None
import mri
for name in ("load_model", "watch", "Recorder", "Point"):
    try:
        getattr(mri, name)
    except mri.MriError as error:
        print(error)
try:
    mri.record("a")
except mri.MriError as error:
    print(error)
print(mri.open_trace("demo-gift").num_steps > 5)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[1], capture_output=True, text=True)
    sentence = "PyTorch is not installed here, and no model runs without it: `pip install torch`."
    assert done.stdout.splitlines() == [*[sentence] * 5, "True"], done.stderr


def test_importing_costs_nothing_heavy() -> None:
    code = "import sys, mri; assert not {'torch', 'pandas', 'h5py', 'dash'} & set(sys.modules), sorted(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[1])


def test_every_public_name_is_there() -> None:
    for name in mri.__all__:
        assert getattr(mri, name) is not None
    assert set(mri.__all__) <= set(dir(mri))
