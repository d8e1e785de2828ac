"""What edits put in: the values of other sessions, as the model gives them, and directions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from mri.edit.edited import edited
from mri.errors import ConfigError
from mri.format.config import Sampling, TraceConfig
from mri.nanochat.checkpoint import LoadedModel
from mri.run.record import record_generation
from tests.edit.conftest import changed, logits_of, off_by, some_ids

WHOLE = TraceConfig(
    capture_mode="full", quantization="f32", hook_points=("*",), prefill="stepwise", max_bytes_per_step=10**7
)
Record = Callable[..., str]


@pytest.fixture
def record(golden: LoadedModel, tmp_path: Path) -> Record:
    def record(ids: list[int], **how: object) -> str:
        how = {"config": WHOLE, "sampling": Sampling(2, 0.0), "sessions": tmp_path, "seal": False} | how
        return record_generation(golden, ids, **how).id  # type: ignore[arg-type]

    return record


def values_at(model: torch.nn.Module, module: str, ids: list[int]) -> Tensor:
    """(T, width) of what goes into a module."""
    seen: list[Tensor] = []
    remove = dict(model.named_modules())[module].register_forward_pre_hook(lambda _m, a: seen.append(a[0][0])).remove
    logits_of(model, ids)
    remove()
    return seen[0]


def test_all_parts_patched_from_a_into_b_are_a(golden: LoadedModel, record: Record, tmp_path: Path) -> None:
    model = golden.model
    a, b = some_ids(golden), [*some_ids(golden)[:10], *reversed(some_ids(golden)[10:])]
    name, last = record(a), len(b) - 1
    expected, plain = logits_of(model, a)[last], logits_of(model, b)[last]
    parts = ("embed.resid0", "block.*.head.*", "block.*.mlp")
    with edited(golden, [f"{part} = patch({name}@{last}) @ {last}" for part in parts], sessions=tmp_path):
        found = logits_of(model, b)
    assert off_by(found[last], expected) <= 1e-4
    assert off_by(plain, expected) > 0.1
    assert torch.equal(found[:last], logits_of(model, b)[:last])


def test_a_mean_is_over_all_positions_that_were_read(golden: LoadedModel, record: Record, tmp_path: Path) -> None:
    ids = some_ids(golden)
    name = record(ids[:9])
    with edited(golden, f"block.1.mlp_act[3,5:9] = mean({name}) @ 4", sessions=tmp_path):
        found = values_at(golden.model, "transformer.h.1.mlp.c_proj", ids)
    read = [*ids[:9], int(logits_of(golden.model, ids[:9])[-1].argmax())]  # the last chosen token is never read
    expected = values_at(golden.model, "transformer.h.1.mlp.c_proj", read).mean(0)
    torch.testing.assert_close(found[4, [3, 5, 6, 7, 8]], expected[[3, 5, 6, 7, 8]], rtol=0, atol=1e-5)
    plain = values_at(golden.model, "transformer.h.1.mlp.c_proj", ids)
    assert torch.equal(found[:4], plain[:4])
    assert torch.equal(found[4, 9:], plain[4, 9:])


def test_a_difference_of_two_sessions_steers(golden: LoadedModel, record: Record, tmp_path: Path) -> None:
    ids = some_ids(golden)
    a, b = record(ids[:9]), record(ids[9:])
    with edited(golden, f"block.1.resid_pre += 2 * diff({a}, {b})", sessions=tmp_path):
        once = values_at(golden.model, "transformer.h.1", ids)
    with edited(golden, f"block.1.resid_pre += -2 * diff({b}, {a})", sessions=tmp_path):
        again = values_at(golden.model, "transformer.h.1", ids)
    plain = values_at(golden.model, "transformer.h.1", ids)
    torch.testing.assert_close(once, again, rtol=0, atol=1e-5)
    steps = once - plain
    torch.testing.assert_close(steps, steps[:1].expand_as(steps), rtol=0, atol=1e-4)
    assert float(steps[0].norm()) > 0.1


def test_a_session_is_read_again_under_its_own_edits(golden: LoadedModel, record: Record, tmp_path: Path) -> None:
    ids = some_ids(golden)
    name = record(ids, edits=["block.0.mlp = 0"])
    with edited(golden, f"block.1.resid_pre = patch({name}@5) @ 5", sessions=tmp_path):
        found = values_at(golden.model, "transformer.h.1", ids)[5]
    with edited(golden, "block.0.mlp = 0"):
        expected = values_at(golden.model, "transformer.h.1", ids)[5]
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)
    with pytest.raises(ConfigError, match="read 25 positions, there is no @99"):
        edited(golden, f"block.1.resid_pre = patch({name}@99)", sessions=tmp_path)


def test_of_other_weights_only_what_was_captured_whole(golden: LoadedModel, record: Record, tmp_path: Path) -> None:
    ids = some_ids(golden)
    whole, few = record(ids), record(ids, config=TraceConfig(prefill="stepwise"))
    expected = values_at(golden.model, "transformer.h.1", ids)[-1]
    with changed(golden.model.transformer["h"][0].mlp.c_proj.weight, lambda w: w.mul_(2)):
        with edited(golden, f"block.1.resid_pre = patch({whole}@{len(ids) - 1}) @ 5", sessions=tmp_path):
            found = values_at(golden.model, "transformer.h.1", ids)[5]
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)
        with pytest.raises(ConfigError, match="record it with capture_mode='full'"):
            edited(golden, f"block.1.mlp_act = patch({few}@{len(ids) - 1})", sessions=tmp_path)


def test_a_neuron_and_a_file_are_directions(golden: LoadedModel, tmp_path: Path) -> None:
    model, ids = golden.model, some_ids(golden)
    file = tmp_path / "way.npy"
    column = model.transformer["h"][0].mlp.c_proj.weight[:, 5].detach()
    np.save(file, column.numpy())
    found = []
    for direction in ("neuron(block.0.mlp_act[5])", str(file)):
        with edited(golden, f"block.1.resid_pre += 3 * {direction} @ 2:") as block:
            found.append(values_at(model, "transformer.h.1", ids))
    torch.testing.assert_close(found[0], found[1])
    plain = values_at(model, "transformer.h.1", ids)
    torch.testing.assert_close(found[0][2:], plain[2:] + 3 * column, rtol=0, atol=1e-5)
    named = str(block.edits[0])
    assert "way.npy#" in named, "its contents are part of what was done"
    np.save(file, column.numpy() * 2)
    with pytest.raises(ConfigError, match="is another file than it was"):
        edited(golden, named)
    for odd in (np.zeros((2, 3)), np.array([np.nan, 1]), np.array(["a"])):
        np.save(file, odd)
        with pytest.raises(ConfigError, match=r"way.npy (holds no vector|has the shape)"):
            edited(golden, f"block.1.resid_pre += 3 * {file}")
    np.save(file, np.zeros(model.config.n_embd))
    with pytest.raises(ConfigError, match="has no length"):
        edited(golden, f"block.1.resid_pre -= proj({file})")
    file.write_bytes(b"no numpy")
    with pytest.raises(ConfigError, match="holds no vector"):
        edited(golden, f"block.1.resid_pre += 3 * {file}")
