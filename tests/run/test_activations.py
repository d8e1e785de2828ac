from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import mri
from mri.errors import ConfigError, PromptError, UnknownHookPoint
from mri.nanochat.checkpoint import LoadedModel, load_model
from tests.capture.conftest import ERAS, GOLDEN

PROMPTS = [[5, 9, 2, 44, 7, 8, 1, 3, 12], [7], [3, 200, 17, 4], [1] * 150]
POINTS = ["block.*.mlp_act", "block.1.z", "final.ln_f"]


@pytest.fixture(scope="module", params=ERAS)
def model(request: pytest.FixtureRequest) -> LoadedModel:
    return load_model(GOLDEN / request.param, device="cpu")


def test_a_batch_of_unequal_prompts_has_the_numbers_of_each_alone(model: LoadedModel) -> None:
    together = mri.activations(PROMPTS, hook_points=POINTS, model=model, batch_size=4)
    assert [*together] == ["block.0.mlp_act", "block.1.z", "block.1.mlp_act", "block.2.mlp_act", "final.ln_f"]
    alone = [mri.activations([prompt], hook_points=POINTS, model=model) for prompt in PROMPTS]
    for key, array in together.items():
        expected = np.concatenate([each[key] for each in alone])
        np.testing.assert_allclose(array, expected, rtol=1e-4, atol=1e-5)
    seen: list[torch.Tensor] = []
    hook = model.model.transformer["h"][1].mlp.c_proj.register_forward_pre_hook(lambda _, args: seen.append(args[0]))  # type: ignore[index]
    with torch.inference_mode():
        model.model(torch.tensor([PROMPTS[0]]))
    hook.remove()
    np.testing.assert_array_equal(alone[0]["block.1.mlp_act"], seen[0][0].numpy())


def test_dtypes_tables_and_axes() -> None:
    model = load_model(GOLDEN / "E5", device="cpu")
    whole = mri.activations(PROMPTS, hook_points="block.1.mlp_act", model=model)
    for dtype, rtol in (("float16", 1e-3), ("bfloat16", 8e-3)):
        found = mri.activations(PROMPTS, hook_points="block.1.mlp_act", model=model, dtype=dtype)
        assert found["block.1.mlp_act"].itemsize == 2
        np.testing.assert_allclose(found.float32("block.1.mlp_act"), whole["block.1.mlp_act"], rtol=rtol, atol=1e-6)
    tokens = whole.tokens()
    assert tokens["token_id"].tolist() == [i for prompt in PROMPTS for i in prompt]
    assert tokens.groupby("prompt").size().tolist() == [9, 1, 4, 150]
    frame = whole.to_pandas("block.1.mlp_act")
    np.testing.assert_array_equal(frame.loc[2].to_numpy(), whole["block.1.mlp_act"][10:14])
    assert whole.to_xarray()["block.1.mlp_act"].shape == (164, 256)


def test_it_goes_on_where_it_was_ended(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = load_model(GOLDEN / "E5", device="cpu")
    of = {"hook_points": POINTS, "model": model, "batch_size": 1, "out": tmp_path}
    passes: list[int] = []

    def count(module: torch.nn.Module, args: tuple[torch.Tensor]) -> None:
        if len(passes) == 2:
            raise KeyboardInterrupt
        passes.append(args[0].shape[1])

    hook = model.model.register_forward_pre_hook(count)
    with pytest.raises(KeyboardInterrupt):
        mri.activations(PROMPTS, **of)  # type: ignore[arg-type]
    hook.remove()
    hook = model.model.register_forward_pre_hook(lambda _, args: passes.append(args[0].shape[1]))
    found = mri.activations(PROMPTS, progress=True, **of)  # type: ignore[arg-type]
    hook.remove()
    assert passes == [150, 9, 4, 1]
    assert "tokens, " in capsys.readouterr().err
    expected = mri.activations(PROMPTS, hook_points=POINTS, model=model, batch_size=1)
    for key, array in found.items():
        assert isinstance(array, np.memmap)
        np.testing.assert_array_equal(array, expected[key])
    with pytest.raises(ConfigError, match="other prompts"):
        mri.activations(PROMPTS[:2], **of)  # type: ignore[arg-type]


def test_refusals() -> None:
    model = load_model(GOLDEN / "E5", device="cpu")
    with pytest.raises(UnknownHookPoint):
        mri.activations(["ab"], hook_points="block.9.*", model=model)
    with pytest.raises(ConfigError, match="dtype"):
        mri.activations(["ab"], model=model, dtype="float8")
    with pytest.raises(ConfigError, match="list"):
        mri.activations("ab", model=model)
    with pytest.raises(PromptError):
        mri.activations([[1] * 600], model=model)
