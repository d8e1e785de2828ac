"""What a model does not have is refused before anything runs."""

from __future__ import annotations

import pytest

from mri.edit.edited import edited
from mri.errors import ConfigError, MriError, SessionNotFound, StoreError, UnknownHookPoint
from mri.nanochat.checkpoint import LoadedModel
from tests.capture import forks

MISSING: dict[str, tuple[type[MriError], str]] = {
    "block.9.mlp = 0": (UnknownHookPoint, "no block 9: this model has the blocks 0 to"),
    "block.0.head.99 = 0": (UnknownHookPoint, "no head 99"),
    "block.0.sublime = 0": (UnknownHookPoint, "no 'block.0.sublime': its blocks have resid_pre"),
    "block.0.mlp_act[99999] = 0": (UnknownHookPoint, "has the neurons 0 to"),
    "final.logits[99999] = 0": (UnknownHookPoint, "has the neurons 0 to"),
    "block.0.mlp = 0 @ 512:": (ConfigError, "beyond the model's context"),
    "block.0.mlp = patch(nobody@3)": (SessionNotFound, "nobody"),
    "block.0.mlp = mean(nobody)": (SessionNotFound, "nobody"),
    "block.0.mlp = mean": (ConfigError, "The mean of which session"),
    "block.0.mlp += 2 * token(#99999)": (ConfigError, "no token #99999"),
    'block.0.mlp += 2 * token("two words")': (ConfigError, "no single token"),
    "block.0.mlp += 2 * neuron(block.9.mlp_act[1])": (ConfigError, "has no neuron"),
    "block.0.mlp_act += 2 * token(#1)": (ConfigError, "takes .* there: choose a place of that width"),
    "block.0.mlp[0:4] += 2 * token(#1)": (ConfigError, "takes 4 there"),
    "block.0.mlp += 2 * nothing.npy": (StoreError, "cannot be read"),
    'token = " a"': (ConfigError, "chooses its tokens"),
}


@pytest.mark.parametrize("text", MISSING)
def test_what_names_nothing_is_refused_before_the_block(golden: LoadedModel, text: str) -> None:
    kind, words = MISSING[text]
    with pytest.raises(kind, match=words) as refusal:
        edited(golden, text)
    assert str(refusal.value).endswith(".")
    assert forks.nothing_left(golden.model)
