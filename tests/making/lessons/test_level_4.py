"""The head's weights are the embedded model's, and heads are switched off only as long as they are meant to be."""

import numpy as np
import pytest
import torch

from mri.making.lessons.ablation import read_without, without_heads
from mri.making.lessons.level_4 import INDUCTION, SWITCHED_OFF, WORDS, controls, record, weights_of
from mri.nanochat.checkpoint import load_model
from mri.paths import DATA
from mri.store.opening import open_session
from mri.study.comparison import compare


@pytest.fixture(scope="module")
def loaded():
    torch.set_num_threads(1)
    return load_model(device="cpu")


def test_the_committed_weights_are_the_models(loaded):
    found, measured = weights_of(loaded), controls(loaded)
    with np.load(DATA / "lessons" / "4-attention" / "weights.npz") as file:
        assert set(file) == {*found, *measured}
        for name in found:
            np.testing.assert_array_equal(file[name], found[name], err_msg=name)
        np.testing.assert_array_equal(file["control_heads"], measured["control_heads"])
        np.testing.assert_allclose(file["control_induction"], measured["control_induction"], atol=1e-4)
        assert np.abs(file["control_right"] - measured["control_right"]).max() <= 1, "a near tie on another machine"


def test_switched_off_heads_write_nothing_and_come_back(loaded):
    ids = torch.tensor([[loaded.tokenizer.bos_id, *loaded.tokenizer.encode(WORDS)]])
    seen = {}

    def keep(layer, inputs, output):
        seen[layer] = inputs[0][0].numpy().copy(), output[0].numpy().copy()

    blocks = loaded.model.transformer["h"]
    handles = [
        blocks[layer].attn.c_proj.register_forward_hook(lambda _, x, y, layer=layer: keep(layer, x, y))
        for layer in (2, 4)
    ]
    with torch.no_grad():
        whole = loaded.model(ids)
        with without_heads(loaded.model, SWITCHED_OFF):
            less = loaded.model(ids)
            off = dict(seen)
        again = loaded.model(ids)
    for handle in handles:
        handle.remove()
    assert not torch.equal(whole, less)
    assert torch.equal(whole, again)
    for layer, heads in ((2, (0, 3)), (4, (0, 1, 3))):  # those that are left
        read, written = off[layer]
        kept = np.concatenate([read[:, 64 * head : 64 * (head + 1)] for head in heads], 1)
        weight = blocks[layer].attn.c_proj.weight.detach().numpy()
        columns = np.concatenate([weight[:, 64 * head : 64 * (head + 1)] for head in heads], 1)
        np.testing.assert_allclose(written, kept @ columns.T, atol=1e-3)


def test_heads_come_back_after_an_error(loaded):
    weight = loaded.model.transformer["h"][2].attn.c_proj.weight
    before = weight.clone()
    with pytest.raises(RuntimeError), without_heads(loaded.model, SWITCHED_OFF):
        raise RuntimeError
    assert torch.equal(weight, before)


def test_a_control_without_our_three_is_what_their_recording_says(loaded):
    """The controls are measured in one pass; the recording with our three off was made step by step."""
    ids = [loaded.tokenizer.bos_id, *loaded.tokenizer.encode(WORDS + WORDS)]
    logits, rows = read_without(loaded.model, ids, SWITCHED_OFF)
    with open_session(DATA / "lessons" / "4-attention" / "lesson-list-off.h5") as reader:
        for step in range(reader.num_steps):
            recorded = reader.frame(step).arrays["attention/rows"].astype(float)
            for layer in range(6):
                np.testing.assert_allclose(rows[layer][:, step, : step + 1], recorded[layer], atol=2e-3)
            assert int(logits[step].argmax()) == reader.frame(step).arrays["logits/token_ids"][0]
    assert INDUCTION == (5, 1)


def test_recorded_anew_it_is_the_same(tmp_path):
    record(tmp_path)
    provenances = {}
    for name in ("lesson-dog", "lesson-list", "lesson-list-off", "lesson-long"):
        with (
            open_session(tmp_path / f"{name}.h5") as anew,
            open_session(DATA / "lessons" / "4-attention" / f"{name}.h5") as kept,
        ):
            provenances[name] = anew.session.provenance
            assert anew.token_ids().tolist() == kept.token_ids().tolist()
            for step in range(kept.num_steps):
                rows = [reader.frame(step).arrays["attention/rows"].astype(float) for reader in (anew, kept)]
                np.testing.assert_allclose(*rows, atol=2e-3)
    off, whole = provenances.pop("lesson-list-off"), provenances["lesson-list"]
    assert off["weights_hash"] != whole["weights_hash"], "three heads are switched off: another model"
    assert "file_hash" not in off
    assert {p["weights_hash"] for p in provenances.values()} == {whole["weights_hash"]}
    assert all("file_hash" in p for p in provenances.values())
    with open_session(tmp_path / "lesson-list.h5") as one, open_session(tmp_path / "lesson-list-off.h5") as other:
        assert any(note.startswith("Their weights differ") for note in compare(one, other).notes)
