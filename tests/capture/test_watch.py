"""Other people's engines: which sessions their passes become."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from mri.capture.recorder import layout_of_model
from mri.capture.watch import watch
from mri.format.captured import Captured
from mri.format.config import PRESETS, TraceConfig
from mri.nanochat.checkpoint import LoadedModel
from mri.nanochat.model import GPT, KVCache
from mri.store.opening import open_session
from tests.capture.forks import (
    EXACT,
    PROMPT,
    frames_of,
    greedy,
    greedy_without_cache,
    same,
)


def test_a_foreign_engine_is_recorded_as_a_session(golden: LoadedModel, tmp_path: Path) -> None:
    ids = golden.tokenizer.encode("ab ab")
    with watch(golden.model, tokenizer=golden.tokenizer._encoding, name="theirs", sessions=tmp_path) as scan:
        said = [int(logits.argmax()) for logits in greedy(golden.model, ids, 6)][:6]
    assert scan.path is not None
    with open_session(scan.path) as reader:
        assert reader.num_steps == 7  # such an engine reads its last token too
        assert reader.token_ids().tolist() == [*ids, *said]
        assert reader.session.prompt == "ab ab"
        assert reader.session.response == golden.tokenizer.decode(said)
        assert (reader.session.name, reader.session.end_reason) == ("theirs", "finished")
        assert reader.session.provenance["softcap"] == 15


@pytest.mark.parametrize("name", ["rows", "everything"])
@pytest.mark.parametrize("mode", ["topk", "sampled", "full"])
@pytest.mark.parametrize("tier", ["full_row", "full_matrix"])
def test_of_a_pass_of_several_tokens_the_last_ones_values_are_kept(model: GPT, name: str, mode: str, tier: str) -> None:
    fields = {"capture_mode": mode, "attention_tier": tier, "quantization": "f32", "max_bytes_per_step": 10**7}
    config = TraceConfig(**{**PRESETS[name].to_json(), **fields})
    layout = layout_of_model(model, config)

    def in_chunks() -> None:
        cache = KVCache(model)
        with torch.inference_mode():
            for chunk in (PROMPT[:4], PROMPT[4:], [3], [1, 8]):
                model.forward(torch.tensor([chunk]), cache)

    frames = frames_of(model, in_chunks, config)
    one_by_one = frames_of(model, lambda: [greedy_through(model, [*PROMPT, 3, 1, 8])], config)
    for frame, end in zip(frames, (3, 6, 7, 9), strict=True):
        specs = layout.specs(frame.phase, frame.t_add, frame.pos0 + frame.t_add)
        assert {n: (a.dtype, a.shape) for n, a in frame.arrays.items()} == {
            n: (np.dtype(dtype), shape) for n, (dtype, shape) in specs.items()
        }
        for key in layout.rows:
            expected = Captured(one_by_one[end], layout).values(key)
            np.testing.assert_allclose(Captured(frame, layout).values(key), expected, atol=1e-4)
    assert [frame.phase for frame in frames] == ["prefill", "prefill", "decode", "decode"]
    assert [frame.chosen_id for frame in frames] == [7, 3, 1, -1]


@torch.inference_mode()
def greedy_through(model: GPT, ids: list[int]) -> None:
    cache = KVCache(model)
    for token in ids:
        model.forward(torch.tensor([[token]]), cache)


def test_rejected_drafts_are_read_over(model: GPT, tmp_path: Path) -> None:
    """Speculative decoding: a chunk of drafts, then the position goes back to the first that was rejected."""
    with watch(model, sessions=tmp_path) as scan, torch.inference_mode():
        cache = KVCache(model)
        for pos, chunk in ((0, PROMPT), (7, [1]), (8, [2, 3, 4]), (9, [5])):
            cache.pos = pos
            model.forward(torch.tensor([chunk]), cache)
    assert scan.path is not None
    with open_session(scan.path) as reader:
        assert reader.num_steps == 4
        assert reader.token_ids().tolist()[:10] == [*PROMPT, 1, 2, 5]
        assert reader.session.num_prompt_tokens == len(PROMPT)


def test_each_generation_is_a_session(model: GPT, tmp_path: Path) -> None:
    with watch(model, sessions=tmp_path) as scan:
        said = [[int(x.argmax()) for x in greedy(model, ids, 3)] for ids in (PROMPT, [8, 1], PROMPT)]
    assert [path.suffix for path in scan.paths] == [".h5"] * 3
    for path, prompt, tokens in zip(scan.paths, (PROMPT, [8, 1], PROMPT), said, strict=True):
        with open_session(path) as reader:
            assert reader.token_ids().tolist() == [*prompt, *tokens[:3]]
            assert reader.steps()["step"].tolist() == [0, 1, 2, 3]
            assert reader.session.num_prompt_tokens == len(prompt)


def test_an_engine_without_a_cache_is_recorded_as_one_with_it(model: GPT, tmp_path: Path) -> None:
    with watch(model, sessions=tmp_path, config=EXACT) as without:
        again = greedy_without_cache(model, PROMPT, 3)
        greedy_without_cache(model, [9, 9, 4], 2)
    with watch(model, sessions=tmp_path, config=EXACT) as with_cache:
        once = greedy(model, PROMPT, 3)
    assert len(without.paths) == 2
    assert with_cache.path is not None
    with open_session(without.paths[0]) as a, open_session(with_cache.path) as b:
        assert a.token_ids().tolist() == b.token_ids().tolist()
        assert a.session.num_prompt_tokens == len(PROMPT)
        for step in range(4):
            x, y = a.frame(step), b.frame(step)
            assert (x.phase, x.pos0, x.t_add, x.chosen_id) == (y.phase, y.pos0, y.t_add, y.chosen_id)
            for name, array in x.arrays.items():
                np.testing.assert_allclose(array, y.arrays[name], rtol=1e-3, atol=1e-4, err_msg=name)
    assert same(again, greedy_without_cache(model, PROMPT, 3))
    assert len(once) == len(again)
