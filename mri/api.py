"""What `import mri` offers, in one place: record, open, list. Ties the stages together; does nothing itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from mri.edit.text import Edit, edits_of
from mri.errors import ConfigError, StoreError
from mri.export.trace import Trace, open_trace
from mri.format.config import Sampling, TraceConfig
from mri.nanochat.constants import constants_of
from mri.nanochat.locate import Loading, ModelRef, find_checkpoint, need_torch
from mri.paths import SESSIONS, as_path
from mri.store.library import Library, whole_library

if TYPE_CHECKING:
    from mri.export.activations import Activations
    from mri.nanochat.chat import Prompt
    from mri.nanochat.checkpoint import LoadedModel


def record(
    prompt: Prompt,
    *,
    model: Path | str | LoadedModel | None = None,
    config: TraceConfig | str = "standard",
    edits: Edit | str | Iterable[Edit | str] = (),
    tokenizer: Path | str | None = None,
    constants: Mapping[str, object] | None = None,
    device: str | None = None,
    dtype: str | None = None,
    max_new_tokens: int = Sampling.max_new_tokens,
    temperature: float = Sampling.temperature,
    top_k: int | None = Sampling.top_k,
    seed: int = Sampling.seed,
    chat: bool = False,
    name: str = "",
    sessions: Path | str | None = None,
    seal: bool = True,
) -> Trace:
    """Generate from a prompt and record every step.

    prompt     a str, a chat (list of {"role", "content"}, as nanochat's own data, too) or token ids (a list, numpy,
               torch); `chat=True` sends a str as a user's message
    model      a base directory, checkpoint folder or file of weights, or what `load_model` gave; None is the embedded
               model
    config     what to capture: a TraceConfig, or the name of one of mri.PRESETS
    edits      changes of the model while it reads and writes: `mri.Edit` or texts of docs/edits.md. Without positions
               they are everywhere
    sessions   the folder to write to, by default the one that the pages show
    tokenizer, constants, device, dtype   of a model that is loaded here: as of `load_model`
    seal       False saves the half second that packing a recording into one file takes: for many short ones, which
               can be read as they are; the app packs them when it is started on their folder

    Raises PromptError, ModelError, ConfigError, StoreError; of edits also UnknownHookPoint, SessionNotFound. Where only
    the recording ended early (disk, byte budget), the trace has what was recorded and a RuntimeWarning says why.
    """
    import warnings

    need_torch()
    from mri.run.record import record_generation

    loading = Loading(
        constants_of(constants), as_path(tokenizer) if tokenizer is not None else None, device or "", dtype or "float32"
    )
    if model is None or isinstance(model, Path | str):
        loaded = _loaded(find_checkpoint(model, loading))
        for sentence in (loaded.alarm, loaded.ref.note):
            if sentence:
                warnings.warn(sentence, RuntimeWarning, stacklevel=2)
    else:
        loaded = model
        _refuse_other_loading(loaded, loading, dtype)
    recording = record_generation(
        loaded,
        prompt,
        sampling=Sampling(max_new_tokens, temperature, top_k, seed),
        config=config,
        sessions=as_path(sessions if sessions is not None else SESSIONS),
        chat=chat,
        edits=edits_of(edits),
        name=name,
        seal=seal,
    )
    if recording.problem:
        warnings.warn(recording.problem, RuntimeWarning, stacklevel=2)
    return open_trace(recording.path)


def activations(
    prompts: Sequence[str | Sequence[int]],
    *,
    hook_points: str | Sequence[str] = "block.*.mlp_act",
    model: Path | str | LoadedModel | None = None,
    batch_size: int = 16,
    dtype: str = "float32",
    out: Path | str | None = None,
    progress: bool = False,
) -> Activations:
    """What passes at hook points while the model reads many prompts: arrays, without a session.

    prompts      texts or lists of token ids, of any lengths
    hook_points  a pattern or several, as ("block.*.mlp_act", "final.ln_f"); those that a module reads or gives
    model        as of `record`
    batch_size   prompts read together, those of like length
    dtype        what values are kept in: float32, float16 or bfloat16
    out          a folder for the arrays, memory-mapped; called again with the same, it goes on where it was ended.
                 None: in memory, or from 1 GB on in a temporary folder
    progress     tokens read and tokens a second, on stderr

    Raises ConfigError, UnknownHookPoint, PromptError, ModelError.
    """
    need_torch()
    from mri.export.activations import activations

    loaded = _loaded(find_checkpoint(model)) if model is None or isinstance(model, Path | str) else model
    folder = as_path(out) if out is not None else None
    of: dict[str, Any] = {"batch_size": batch_size, "dtype": dtype, "out": folder, "progress": progress}
    return activations(prompts, loaded, hook_points=hook_points, **of)


def sessions(folder: Path | str | None = None) -> pd.DataFrame:
    """The sessions in a folder, newest first, one row each: id, state, bytes_on_disk, name, prompt, model_id,
    num_steps, start_time, error, path, is_bundled. Without a folder: all that the pages show, one's own and those that
    came with the project (`is_bundled`). Raises StoreError where there is no such folder."""
    library = Library(folder) if folder is not None else whole_library(SESSIONS)
    if folder is not None and not library.folder.exists():
        raise StoreError(f"The folder {library.folder} does not exist: check its name, or record into it first.")
    infos = library.list()
    rows = [asdict(info) | {"path": library.place(info)} for info in infos]
    columns = ["id", "state", "bytes_on_disk", "name", "prompt", "model_id", "num_steps", "start_time", "error", "path"]
    return pd.DataFrame(rows, columns=[*columns, "is_bundled"])


def _refuse_other_loading(loaded: LoadedModel, loading: Loading, dtype: str | None) -> None:
    """A model that is loaded stays as it is. Raises ConfigError where something else is asked for."""
    in_force = loaded.constants.told()
    for name, value in loading.constants.told().items():
        if in_force.get(name) != value:
            is_value = in_force.get(name)
            has = f"{is_value:g}" if isinstance(is_value, float) else is_value
            raise ConfigError(f"This model is loaded with {name} {has}: give constants to load_model.")
    if loading.tokenizer or loading.device or dtype not in (None, loaded.ref.loading.dtype):
        raise ConfigError("This model is loaded: give tokenizer, device and dtype to load_model.")


@lru_cache(maxsize=1)
def _loaded(ref: ModelRef) -> LoadedModel:
    """Keeps the model last used, so that a loop of `record` loads it once."""
    from mri.nanochat.checkpoint import load_model

    return load_model(ref)
