"""An unmodified checkout of nanochat under `mri.watch`, for truth.py: `python -m benchmarks.upstream PATH DTYPE`.

One checkout and one dtype a process: nanochat reads its dtype when it is imported.
"""

from __future__ import annotations

import importlib
import json
import sys
import tempfile
from contextlib import nullcontext
from dataclasses import fields
from functools import partial
from inspect import signature
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import torch

import mri
from benchmarks import reference
from benchmarks.truth import CONFIG, GOLDEN, NEW_TOKENS, RANDOM_IDS, as_doubles, errors_of, seen, story_ids
from mri.nanochat.checkpoint import load_model, load_state
from mri.nanochat.disk.describe import read_config
from mri.nanochat.disk.tokenizer_files import load_tokenizer
from mri.nanochat.locate import find_checkpoint
from mri.paths import EMBEDDED
from mri.store.opening import open_session


def main(path: str, dtype: str) -> None:
    sys.path.insert(0, path)
    loader = ModuleType("nanochat.checkpoint_manager")  # its tokenizers need libraries that are not asked for here
    loader.load_model = None  # type: ignore[attr-defined]
    sys.modules[loader.__name__] = loader
    gpt = importlib.import_module("nanochat.gpt")
    name, found = Path(path).name, {}
    for checkpoint in (*sorted(GOLDEN.glob("E*")), EMBEDDED):
        files = find_checkpoint(checkpoint)
        known = {field.name for field in fields(gpt.GPTConfig)}
        config = {key: value for key, value in vars(read_config(files)).items() if key in known and value}
        model = gpt.GPT(gpt.GPTConfig(**config))
        try:
            model.load_state_dict(load_state(files.file))
        except RuntimeError:  # of another era
            continue
        ids = story_ids(load_tokenizer(files.tokenizer)) if checkpoint == EMBEDDED else RANDOM_IDS
        label = "embedded" if checkpoint == EMBEDDED else f"golden {checkpoint.name}"
        found[f"upstream {name}, {label}, {dtype}"] = watched(model.eval(), config, ids, dtype)
        if dtype == "float32":
            found[f"mri.load_model of {label} against {name}"] = {"logits": difference(model, checkpoint, ids)}
    print(json.dumps(found))


@torch.inference_mode()
def difference(model: Any, checkpoint: Path, ids: list[int]) -> float:
    """Of the logits that our model of the same file computes, relative to the largest."""
    theirs = model(torch.tensor([ids]))
    ours = load_model(checkpoint, device="cpu").model(torch.tensor([ids]))
    return float((ours - theirs).abs().max() / theirs.abs().max())


def watched(model: Any, config: dict[str, Any], ids: list[int], dtype: str) -> dict[str, float]:
    engine = importlib.import_module("nanochat.engine")
    # ids that never come: a token that ends a turn would end the recording
    tokenizer = SimpleNamespace(encode_special=lambda _: -1, get_bos_token_id=lambda: -1, decode=lambda _: "")
    has_dtype = hasattr(importlib.import_module("nanochat.common"), "COMPUTE_DTYPE")
    if has_dtype:
        compute = importlib.import_module("nanochat.common").COMPUTE_DTYPE
        model.cos, model.sin = model.cos.to(compute), model.sin.to(compute)  # as its init_weights leaves them
    elif dtype == "bfloat16":  # so it ran before it had a dtype of its own
        surroundings: Any = torch.autocast("cpu", torch.bfloat16)
    surroundings = nullcontext() if has_dtype or dtype == "float32" else surroundings
    if dtype == "float32" and "dtype" in signature(engine.KVCache).parameters:  # E3's engine has bfloat16 there
        engine.KVCache = partial(engine.KVCache, dtype=torch.float32)
    with tempfile.TemporaryDirectory() as folder:
        with seen(model) as passes, surroundings, mri.watch(model, config=CONFIG, sessions=folder) as scan:
            list(engine.Engine(model, tokenizer).generate(ids, max_tokens=NEW_TOKENS, temperature=0))
        assert scan.path is not None
        with open_session(scan.path) as reader:
            truth = None
            if dtype == "float32":
                tables = [table[0, :, 0].double().numpy() for table in (model.cos, model.sin)]
                truth = reference.forward(as_doubles(model), config, reader.token_ids(), rotary=(tables[0], tables[1]))
            return errors_of(reader, passes, truth, as_doubles(model))


if __name__ == "__main__":
    main(*sys.argv[1:])
