"""Runs a checkout's own nanochat on one sequence: `python -P -O upstream_child.py CHECKOUT FOLDER`, for upstream.py.

In float32 throughout: -O leaves out the assertion that its angles are bfloat16.

Stands alone: nothing of this project is imported where the checkout's code runs.
"""

from __future__ import annotations

import json
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import torch


def main(checkout: str, name: str) -> None:
    folder = Path(name)
    told = json.loads((folder / "told.json").read_text("utf-8"))
    sys.path.insert(0, checkout)
    from nanochat import gpt  # type: ignore[import-not-found]

    known = {field.name for field in fields(gpt.GPTConfig)}
    config = {key: value for key, value in told["config"].items() if key in known and value is not None}
    torch.Tensor.bfloat16 = torch.Tensor.float  # type: ignore[method-assign]  # until 2026-03 it rounds its angles so
    model = gpt.GPT(gpt.GPTConfig(**config))
    model.load_state_dict(torch.load(folder / "state.pt", weights_only=True))
    with torch.inference_mode():
        logits = model.eval()(torch.tensor([told["ids"]]))[0].float()
    np.save(folder / "logits.npy", logits.numpy())


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
