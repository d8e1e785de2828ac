"""What every way of recording says of the model: the weights that it had then, its era, type and device."""

from __future__ import annotations

import hashlib
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import mri
from mri.capture.identity import run_of, run_of_loaded, versions
from mri.format.config import Sampling, TraceConfig
from mri.nanochat.checkpoint import LoadedModel, load_model
from mri.nanochat.model import GPT
from mri.nanochat.weights import weights_hash
from mri.run.record import record_generation
from mri.store.opening import open_session
from tests.capture.conftest import GOLDEN
from tests.capture.forks import small, with_head


def provenance_in(path: Path | None) -> dict[str, Any]:
    assert path is not None
    with open_session(path) as reader:
        return reader.session.provenance


def recorded(loaded: LoadedModel, folder: Path) -> dict[str, Any]:
    recording = record_generation(
        loaded, [1, 5, 9], sampling=Sampling(max_new_tokens=2, temperature=0), config=TraceConfig(), sessions=folder
    )
    return provenance_in(recording.path)


def watched(model: nn.Module, folder: Path, tokenizer: Any = None) -> dict[str, Any]:
    with mri.watch(model, sessions=folder, tokenizer=tokenizer) as scan, torch.inference_mode():
        model(torch.tensor([[1, 5, 9]]))
    return provenance_in(scan.path)


def test_a_recording_says_which_weights_it_had_and_which_file_they_came_from(tmp_path: Path) -> None:
    loaded = load_model(GOLDEN / "E5", device="cpu")
    file_hash = hashlib.sha256(loaded.ref.file.read_bytes()).hexdigest()
    whole = recorded(loaded, tmp_path)
    assert whole["file_hash"] == file_hash == loaded.file_hash
    assert whole["weights_hash"] == weights_hash(loaded.model)
    assert (whole["era"], whole["softcap"], whole["dtype"], whole["device"]) == ("E5", 15, "float32", "cpu")
    assert whole["config_hash"] == loaded.config_hash
    assert whole["tokenizer_hash"] == loaded.tokenizer.hash
    assert set(whole["versions"]) == {"torch", "tiktoken", "safetensors"}
    weight = loaded.model.transformer["h"][2].attn.c_proj.weight  # type: ignore[index]
    kept, version = weight.detach().clone(), weight._version
    weight.data.zero_()
    assert weight._version == version, "so that nothing but the bits tells"
    changed = recorded(loaded, tmp_path)
    assert changed["weights_hash"] != whole["weights_hash"]
    assert "file_hash" not in changed
    assert changed["config_hash"] == whole["config_hash"]
    weight.data.copy_(kept)
    assert recorded(loaded, tmp_path) == whole


def test_weights_changed_before_the_first_recording_are_not_the_files(tmp_path: Path) -> None:
    loaded = load_model(GOLDEN / "E2", device="cpu")
    loaded.model.lm_head.weight.data[0, 0] += 1
    assert not loaded.is_as_loaded
    assert "file_hash" not in recorded(loaded, tmp_path)


def test_a_watched_model_says_as_much(golden: LoadedModel, tmp_path: Path) -> None:
    found = watched(golden.model, tmp_path, golden.tokenizer._encoding)
    named = run_of_loaded(golden).model.to_json() | versions()
    for name in ("weights_hash", "era", "dtype", "device", "config_hash", "tokenizer_hash", "versions"):
        assert found[name] == named[name], name
    assert "file_hash" not in found
    parameter = golden.model.transformer["h"][0].mlp.c_fc.weight  # type: ignore[index]
    parameter.data.mul_(2)
    try:
        assert watched(golden.model, tmp_path)["weights_hash"] != found["weights_hash"]
    finally:
        parameter.data.div_(2)
    assert watched(golden.model, tmp_path)["weights_hash"] == found["weights_hash"]


def test_recorded_and_watched_are_the_same_run(golden: LoadedModel, tmp_path: Path) -> None:
    """Also of a model like upstream's, which carries no softcap: its passes show it."""
    run = run_of_loaded(golden)
    theirs, others = (with_head(golden.model, lambda x, c=c: c * torch.tanh(x / c)) for c in (15, 20))
    del theirs.softcap, others.softcap
    recording = record_generation(
        golden, [1, 5, 9], sampling=Sampling(max_new_tokens=2, temperature=0), config=TraceConfig(), sessions=tmp_path
    )
    with open_session(recording.path) as reader:
        assert reader.session.run == run
    for model, is_same in ((golden.model, True), (theirs, True), (others, False)):
        with mri.watch(model, sessions=tmp_path) as scan, torch.inference_mode():
            model(torch.tensor([[1, 5, 9]]))
        assert scan.path is not None
        with open_session(scan.path) as reader:
            assert (reader.session.run.hash == run.hash) == is_same


def upstream(softcap: float, loudness: float = 1) -> GPT:
    """As upstream has it: the softcap is a literal in the code, ∞ for none."""
    model = with_head(small(), lambda x: x if softcap == math.inf else softcap * torch.tanh(x / softcap))
    model.lm_head.weight.data *= loudness
    del model.softcap
    return model


def test_models_that_differ_in_softcap_alone_do_not_share_a_config_hash(tmp_path: Path) -> None:
    found = {c: watched(upstream(c), tmp_path) for c in (15.0, 20.0, math.inf)}
    assert len({facts["weights_hash"] for facts in found.values()}) == 1
    assert len({facts["config_hash"] for facts in found.values()}) == 3
    assert found[15.0]["config_hash"] == watched(small(), tmp_path)["config_hash"], "which carries its softcap"
    assert watched(with_head(small(), lambda x: x), tmp_path)["config_hash"] == found[math.inf]["config_hash"]


def test_a_recording_of_changed_code_has_the_config_hash_of_the_softcap_that_it_showed(tmp_path: Path) -> None:
    loaded = load_model(GOLDEN / "E5", device="cpu")
    whole = recorded(loaded, tmp_path)
    loaded = replace(loaded, model=with_head(loaded.model, lambda x: 20 * torch.tanh(x / 20)))
    changed = recorded(loaded, tmp_path)
    assert (whole["softcap"], changed["softcap"]) == (15, 20)
    assert changed["config_hash"] != whole["config_hash"]


def test_a_softcap_that_no_pass_shows_leaves_no_config_hash(tmp_path: Path) -> None:
    assert run_of(upstream(15)).model.config_hash == ""
    assert run_of(small()).model.config_hash
    silent, odd = upstream(15), with_head(upstream(15), lambda x: 2 * x + 1)
    forward = silent.forward
    silent.forward = lambda idx: forward(idx).sum()  # type: ignore[method-assign]
    with pytest.warns(RuntimeWarning, match="No predictions"):
        assert "config_hash" not in watched(odd, tmp_path)
    found = watched(silent, tmp_path)
    assert found["softcap_is_assumed"]
    assert "config_hash" not in found


@pytest.mark.parametrize("softcap", [15.0, 20.0])
def test_logits_too_small_to_tell_their_softcap_show_none(softcap: float, tmp_path: Path) -> None:
    found = watched(upstream(softcap, loudness=1e-5), tmp_path)
    assert found["softcap_is_assumed"]
    assert "config_hash" not in found
    quiet = small()
    quiet.lm_head.weight.data *= 1e-5
    assert "config_hash" in watched(quiet, tmp_path), "its own attribute says it"


def test_what_a_later_pass_shows_was_not_assumed(tmp_path: Path) -> None:
    model = upstream(20)
    forward = model.forward
    model.forward = lambda idx: forward(idx).sum() if idx.shape[1] == 3 else forward(idx)  # type: ignore[method-assign]
    with mri.watch(model, sessions=tmp_path) as scan, torch.inference_mode():
        model(torch.tensor([[1, 5, 9]]))
        model(torch.tensor([[1, 5, 9, 2]]))
    found = provenance_in(scan.path)
    assert (found["softcap"], "softcap_is_assumed" in found) == (20, False)
    assert found["config_hash"] == watched(upstream(20), tmp_path)["config_hash"]


def test_two_dtypes_are_both_named(small_model: GPT) -> None:
    model = GPT(small_model.config)
    model.transformer["wte"].bfloat16()
    found = run_of(model).model
    assert found.dtype == "bfloat16, float32"
    assert found.weights_hash != run_of(small_model).model.weights_hash


def test_a_training_says_which_weights_it_had_in_its_first_step(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.Tanh())
    hashes = []
    for _ in range(2):
        with mri.Recorder(model, ["0"], sessions=tmp_path) as rec:
            first = weights_hash(model)
            for _ in range(2):
                model(torch.ones(1, 2))
                rec.step()
                model[0].bias.data += 1
        found = provenance_in(rec.path)
        assert found["weights_hash"] == first
        assert (found["dtype"], found["device"]) == ("float32", "cpu")
        assert not {"era", "softcap", "config_hash", "file_hash"} & set(found)
        hashes.append(first)
    assert hashes[0] != hashes[1]


@pytest.mark.parametrize("model", [nn.ReLU(), nn.Linear(2, 2, device="meta"), nn.LazyLinear(2)])
def test_a_module_without_weights_here_has_none(model: nn.Module) -> None:
    assert run_of(model).hash == run_of(model).model.weights_hash == ""
