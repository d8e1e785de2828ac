from __future__ import annotations

import torch

from mri.tracer.nanochat_hooks import NanochatHooks, RawStep
from tests.tracer import forks


def test_a_hook_that_torch_has_not_noted_yet_as_one_with_keywords_breaks_no_other_thread() -> None:
    """register_forward_pre_hook puts it in first and notes that it takes keywords then: a pass may run between."""
    model, steps, errors = forks.small(), list[RawStep](), list[Exception]()
    with NanochatHooks(model, steps.append, errors.append):
        for module in model.modules():
            module._forward_pre_hooks_with_kwargs.clear()
        forks.greedy(model, [1, 2, 3], 1)
    assert not errors
    assert len(steps) == 2
    assert torch.equal(steps[0].idx, torch.tensor([1, 2, 3]))
