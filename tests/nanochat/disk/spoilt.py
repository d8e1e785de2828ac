"""What tests do to the checkpoint of the fixture `base`, and how it is refused then."""

import json

import pytest
import torch

from mri.errors import ModelError
from mri.nanochat.checkpoint import load_model


def model_file(base):
    return base / "base_checkpoints" / "d3" / "model_000010.pt"


def state_in(base):
    return torch.load(model_file(base), weights_only=True)


def edit_meta(base, **change):
    path = base / "base_checkpoints" / "d3" / "meta_000010.json"
    meta = json.loads(path.read_text())
    meta["model_config"] |= change
    path.write_text(json.dumps(meta))


def refused(base, words):
    """Loading raises one sentence that names the spoilt file, the fact and a cure."""
    with pytest.raises(ModelError, match=words) as caught:
        load_model(base, device="cpu")
    text = str(caught.value)
    assert str(base) in text
    assert text.endswith(".")
    assert "\n" not in text
    assert ": " in text
