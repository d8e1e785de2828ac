"""A model as large as people have: random weights of a d20 of the newest era are loaded, recorded and opened.

Each in a process of its own, which says the most memory that it held (Linux: VmHWM, which begins with the process).
`python -m benchmarks.large FOLDER DTYPE` is that process.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

import torch
from rich.table import Table

from mri.nanochat.config import GPTConfig
from mri.nanochat.eras import ERAS
from mri.nanochat.model import GPT

DEPTH, ROWS, CONTEXT = 20, 65_536, 2048
GOLDEN = Path(__file__).parents[1] / "tests" / "golden" / "E5"
MOST = 1.3
PROMPT, NEW_TOKENS = "The harbour was quiet when the first boats came back.", 8


def table() -> Table:
    out = Table(title=f"d{DEPTH}, random weights, loaded, recorded and opened on the CPU", title_justify="left")
    for column in (
        "type",
        "weights",
        "loaded",
        "most memory",
        "of the weights",
        "recorded",
        "most memory",
        "of them",
        "",
    ):
        out.add_column(column, justify="right")
    with tempfile.TemporaryDirectory() as name:
        write_checkpoint(Path(name))
        for dtype in ("bfloat16", "float32"):
            command = [sys.executable, "-m", "benchmarks.large", name, dtype]
            told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            weights = told["weights"]
            cells = [dtype, f"{weights / 1e9:.2f} GB"]
            for stage in ("loaded", "recorded"):
                seconds, most = told[stage]
                cells += [f"{seconds:.0f} s", f"{most / 1e9:.2f} GB", f"{most / weights:.2f} ×"]
            out.add_row(*cells, f"≤ {MOST} ×")
    return out


def write_checkpoint(base: Path) -> None:
    """A base directory in bfloat16. The tokenizer has few tokens, the matrices all rows."""
    width = DEPTH * 64
    config = GPTConfig(CONTEXT, 300, DEPTH, width // 128, width // 128, width, "SSSL")
    with torch.device("meta"):
        model = GPT(config, ERAS["E5"], ROWS)
    generator = torch.Generator().manual_seed(0)
    state = {
        key: torch.empty(each.shape, dtype=torch.bfloat16).normal_(0, 0.02, generator=generator)
        for key, each in model.state_dict().items()
    }
    folder = base / "base_checkpoints" / f"d{DEPTH}"
    folder.mkdir(parents=True)
    torch.save(state, folder / "model_000001.pt")
    (folder / "meta_000001.json").write_text(json.dumps({"model_config": asdict(config)}), "utf-8")
    shutil.copytree(GOLDEN / "tokenizer", base / "tokenizer")


def measure(folder: str, dtype: str) -> dict[str, object]:
    """Seconds and the most bytes in memory so far, of loading, and of recording and opening."""
    from mri.export.trace import open_trace
    from mri.format.config import Sampling
    from mri.nanochat.checkpoint import load_model
    from mri.run.record import record_generation

    began = time.perf_counter()
    loaded = load_model(folder, device="cpu", dtype=dtype)
    assert loaded.remarks
    told: dict[str, object] = {"weights": sum(each.nbytes for each in loaded.model.parameters())}
    told["loaded"] = time.perf_counter() - began, most_memory()
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as sessions:
        sampling = Sampling(max_new_tokens=NEW_TOKENS, temperature=0)
        done = record_generation(loaded, PROMPT, sampling=sampling, config="standard", sessions=Path(sessions))
        assert not done.problem
        assert len(open_trace(done.path).stats()) > 0
    told["recorded"] = time.perf_counter() - began, most_memory()
    return told


def most_memory() -> int:
    """Bytes."""
    status = Path("/proc/self/status").read_text("utf-8")
    return 1024 * next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))


if __name__ == "__main__":
    print(json.dumps(measure(*sys.argv[1:])))
