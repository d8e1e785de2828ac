"""The same logits from a person's own checkout of nanochat, run in a process of its own as it stands.

Hands it weights, sizes and tokens in a folder, and takes logits back. Knows nothing of what is in the checkout.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mri.arrays import Doubles
from mri.nanochat.checkpoint import LoadedModel
from mri.proof.reference import capped, error
from mri.proof.report import Line, judged
from mri.proof.watched import doubles

UPSTREAM = "logits of the checkout's own code with these weights, all in float32: of the largest logit"
CHILD = Path(__file__).with_name("upstream_child.py")
TOLERANCE, SECONDS = 1e-4, 300


def upstream_line(loaded: LoadedModel, checkout: Path, ids: list[int]) -> Line:
    """In float32 on the CPU, its angles too, which it keeps in bfloat16 until 2026-03."""
    if not (checkout / "nanochat" / "gpt.py").is_file():
        return _wrong(f"{checkout} has no nanochat/gpt.py: name the folder that git made of nanochat.")
    try:
        theirs = _logits_of(loaded, checkout, ids)
    except (OSError, subprocess.TimeoutExpired, _Refused) as refused:
        return _wrong(str(refused))
    model: Any = loaded.model
    with torch.inference_mode():
        ours = doubles(model(torch.tensor([ids], device=loaded.device))[0])

    def cause() -> str:
        softcap = model.softcap
        raw = softcap * np.arctanh(np.clip(ours / softcap, -1 + 1e-15, 1 - 1e-15))
        for other in (15.0, 20.0):
            if other != softcap and error(capped(raw, other), theirs) <= TOLERANCE:
                return (
                    f"the checkout has softcap {other:g} and not {softcap:g}: check again with --set softcap={other:g}."
                )
        return (
            "the checkout's constants or code are not what the model's era has here: take the commit that trained the "
            "model, or set its constants by hand (`--set`)."
        )

    return judged("upstream", UPSTREAM, error(ours, theirs), TOLERANCE, cause)


class _Refused(Exception):
    """The checkout did not take the model: one sentence."""


def _logits_of(loaded: LoadedModel, checkout: Path, ids: list[int]) -> Doubles:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        torch.save(
            {key: weight.cpu().float() for key, weight in loaded.model.state_dict().items()}, folder / "state.pt"
        )
        told = {"config": asdict(loaded.config), "ids": ids}
        (folder / "told.json").write_text(json.dumps(told), "utf-8")
        command = [sys.executable, "-P", "-O", str(CHILD), str(checkout.absolute()), str(folder)]
        environment = {**os.environ, "NANOCHAT_DTYPE": "float32"}
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, errors="replace", timeout=SECONDS, check=False
        )
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no word"])[-1][:300]
            raise _Refused(
                f"the checkout does not run this model ({last}): take the commit that trained it, of era {loaded.era}, "
                "and a Python that has its libraries."
            )
        theirs: Doubles = np.load(folder / "logits.npy").astype(np.float64)
        return theirs


def _wrong(cause: str) -> Line:
    return Line("upstream", UPSTREAM, None, TOLERANCE, "wrong", cause)
