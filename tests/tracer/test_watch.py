from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from mri.errors import ModelError
from mri.nanochat.checkpoint import LoadedModel
from mri.nanochat.model import GPT, KVCache
from mri.store.reader import open_session
from mri.tracer.watch import watch


def foreign_engine(model: GPT, ids: list[int], num_tokens: int) -> list[int]:
    """Somebody else's greedy loop, calling `forward` directly as nanochat's engine does."""
    said: list[int] = []
    with torch.inference_mode():
        cache = KVCache(model)
        logits = model.forward(torch.tensor([ids]), cache)
        for _ in range(num_tokens):
            said.append(int(logits[0, -1].argmax()))
            logits = model.forward(torch.tensor([[said[-1]]]), cache)
    return said


def test_a_foreign_engine_is_recorded_as_a_session(golden: LoadedModel, tmp_path: Path) -> None:
    ids = golden.tokenizer.encode("ab ab")
    with watch(golden.model, tokenizer=golden.tokenizer._encoding, name="theirs", sessions=tmp_path) as scan:
        said = foreign_engine(golden.model, ids, 6)
    assert scan.path is not None
    with open_session(scan.path) as reader:
        assert reader.num_steps == 7  # such an engine reads its last token too
        assert reader.token_ids().tolist() == [*ids, *said]
        assert reader.session.prompt == "ab ab"
        assert reader.session.response == golden.tokenizer.decode(said)
        assert (reader.session.name, reader.session.end_reason) == ("theirs", "finished")


def test_what_is_no_nanochat_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="name the points"):
        watch(nn.Linear(2, 2), sessions=tmp_path)


def test_an_exception_keeps_what_was_recorded(golden: LoadedModel, tmp_path: Path) -> None:
    scan = watch(golden.model, sessions=tmp_path)

    def script() -> None:
        with scan:
            foreign_engine(golden.model, [5, 6, 7], 3)
            raise ZeroDivisionError("oops")

    with pytest.raises(ZeroDivisionError):
        script()
    assert scan.path is not None
    with open_session(scan.path) as reader:
        assert reader.session.end_reason == "error: ZeroDivisionError: oops"
        assert reader.num_steps == 4
