"""The table of eras: which keys mean which era, and the window rules that golden data cannot tell apart."""

import pytest

from mri.errors import ModelError
from mri.nanochat.eras import ERAS, era_from_keys, has_value_embed

E1_KEYS = {
    "transformer.wte.weight": (320, 64),
    "lm_head.weight": (320, 64),
    "transformer.h.0.attn.c_q.weight": (64, 64),
    "transformer.h.11.mlp.c_fc.weight": (256, 64),
}
E2_KEYS = E1_KEYS | {"resid_lambdas": (12,), "x0_lambdas": (12,)}
E3_KEYS = E2_KEYS | {"value_embeds.11.weight": (320, 32), "transformer.h.11.attn.ve_gate.weight": (2, 32)}
E4_KEYS = E3_KEYS | {"transformer.h.11.attn.ve_gate.weight": (2, 12)}
E5_KEYS = E4_KEYS | {"smear_gate.weight": (1, 24), "smear_lambda": (1,), "backout_lambda": (1,)}


@pytest.mark.parametrize(
    ("name", "keys"), [("E1", E1_KEYS), ("E2", E2_KEYS), ("E3", E3_KEYS), ("E4", E4_KEYS), ("E5", E5_KEYS)]
)
def test_keys_tell_the_era(name, keys):
    assert era_from_keys(keys) is ERAS[name]


@pytest.mark.parametrize(
    ("sequence_len", "windows"),
    [(2048, [2048, 1024, 1024, 768, 512]), (1000, [1000, 500, 500, 384, 256]), (512, [512, 256, 256, 256, 128])],
)
def test_short_windows(sequence_len, windows):
    assert [era.short_window(sequence_len) for era in ERAS.values()] == windows


def test_window_pattern_is_tiled_and_the_last_block_is_long():
    era = ERAS["E5"]
    assert era.window_sizes(2048, 6, "SSL") == [512, 512, 2048, 512, 512, 2048]
    assert era.window_sizes(2048, 5, "SSL") == [512, 512, 2048, 512, 2048]
    assert era.window_sizes(2048, 4, "sl") == [512, 2048, 512, 2048]
    assert era.window_sizes(2048, 3, None) == [2048] * 3
    assert ERAS["E1"].window_sizes(2048, 3, "SL") == [2048] * 3


def test_value_embeds_end_at_the_last_block():
    assert [i for i in range(6) if has_value_embed(i, 6)] == [1, 3, 5]
    assert [i for i in range(3) if has_value_embed(i, 3)] == [0, 2]


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("value_embed_A.weight", "branch of 2026-01-16"),
        ("v0_lambdas", "branch of 2026-01-16"),
        ("bigram_lambdas", "bigram embeddings, 2026-01-27"),
        ("transformer.wpe.weight", "no era of nanochat"),
        ("transformer.h.0.attn.c_q.bias", "no era of nanochat"),
        ("transformer.h.0.attn.c_q.weight\n", "no era of nanochat"),
    ],
)
def test_foreign_keys_are_named(key, words):
    with pytest.raises(ModelError, match=words) as caught:
        era_from_keys(E5_KEYS | {key: (1,)})
    assert repr(key) in str(caught.value)


def test_value_embeds_without_gates_are_the_branch():
    with pytest.raises(ModelError, match="without any 've_gate'"):
        era_from_keys(E2_KEYS | {"value_embeds.11.weight": (320, 32)})


def test_odd_gates_are_refused():
    with pytest.raises(ModelError, match=r"read \[7\] channels"):
        era_from_keys(E2_KEYS | {"transformer.h.11.attn.ve_gate.weight": (2, 7)})
