"""The sizes of a model: what cannot work is refused with the numbers."""

import pytest

from mri.errors import ModelError
from mri.nanochat.config import GPTConfig

SIZES = {"sequence_len": 16, "vocab_size": 10, "n_layer": 2, "n_head": 4, "n_kv_head": 2, "n_embd": 32}


def test_head_sizes():
    config = GPTConfig(**SIZES)
    assert (config.head_dim, config.kv_dim) == (8, 16)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"n_layer": 0}, "n_layer is 0"),
        ({"n_layer": True}, "n_layer is True"),
        ({"vocab_size": 10.5}, "vocab_size is 10.5"),
        ({"sequence_len": 10**12}, "sequence_len is 1000000000000"),
        ({"n_head": 3}, "n_embd 32 does not give 3 heads"),
        ({"n_head": 32}, "heads of even width"),
        ({"n_kv_head": 3}, "not a multiple"),
        ({"window_pattern": "SXL"}, "not made of S and L"),
        ({"window_pattern": ""}, "not made of S and L"),
        ({"window_pattern": 7}, "not made of S and L"),
    ],
)
def test_sizes_that_cannot_work_are_refused(change, words):
    with pytest.raises(ModelError, match=words):
        GPTConfig(**SIZES | change)
