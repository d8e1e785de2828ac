"""How a model is named on the command line, and what is said of it once it is loaded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from mri.nanochat.checkpoint import LoadedModel

ConstantsSet = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="What no checkpoint says: softcap=20, rotary_base=…, qk_scale=…, eps=…, window_pattern=….",
    ),
]
TokenizerOf = Annotated[
    Path | None, typer.Option(help="tokenizer.pkl or tokenizer.json, where none lies near the weights.")
]
DeviceOf = Annotated[str | None, typer.Option(help="cuda, mps or cpu. [default: the best there is]")]
DtypeOf = Annotated[str, typer.Option(help="Of weights and cache: float32 or bfloat16.")]


def what_it_is(loaded: LoadedModel) -> list[str]:
    """Which model it is, and what a person should know of it: a sentence each."""
    return [f"Model {loaded.ref.id} ({loaded.ref.file})", *loaded.remarks]
