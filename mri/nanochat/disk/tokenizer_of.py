"""Which tokenizer belongs to a checkpoint: the one near its weights, else the one where its trainer keeps it.

nanoGPT keeps characters in its data folder, autoresearch byte pairs in a cache of its own.
"""

from __future__ import annotations

from os.path import isfile
from pathlib import Path
from typing import NamedTuple

from mri.errors import ModelError
from mri.nanochat.disk.contents import Contents, read_contents
from mri.nanochat.disk.describe import dataset_of, names_and_told, shapes_of
from mri.nanochat.disk.tokenizer_files import load_tokenizer
from mri.nanochat.eras import era_from_keys
from mri.nanochat.locate import ModelRef
from mri.nanochat.tokenizer import Tokenizer

AUTORESEARCH = "~/.cache/autoresearch/tokenizer/tokenizer.pkl"
AUTORESEARCH_ERA = "E3"


class FoundTokenizer(NamedTuple):
    """note: "" or what a person should know of where it was found."""

    tokenizer: Tokenizer
    path: Path
    note: str = ""


def tokenizer_of(ref: ModelRef, contents: Contents | None = None) -> FoundTokenizer | None:
    """None where there is none. Raises ModelError for a broken one, and for broken weights where only they say which it
    is. `contents` are read where they are not given."""
    path = ref.tokenizer
    if path is None:
        contents = contents or read_contents(ref.file)
        path = _beside_nanogpt(ref, contents)
        if path is None:
            return _of_autoresearch(ref, contents)
    return FoundTokenizer(load_tokenizer(path), path)


def _beside_nanogpt(ref: ModelRef, contents: Contents) -> Path | None:
    dataset = dataset_of(contents)
    path = ref.file.parent.parent / "data" / dataset / "meta.pkl"
    return path if dataset and isfile(path) else None


def _of_autoresearch(ref: ModelRef, contents: Contents) -> FoundTokenizer | None:
    """Of a model of its era whose embedding has as many rows: autoresearch pads none."""
    path = Path(AUTORESEARCH).expanduser()
    if not isfile(path):
        return None
    shapes = shapes_of(contents, names_and_told(ref, contents)[0])
    if era_from_keys(shapes).name != AUTORESEARCH_ERA:
        return None
    try:
        tokenizer = load_tokenizer(path)
    except ModelError:
        return None  # nobody named it
    if (tokenizer.n_vocab,) != shapes["transformer.wte.weight"][:1] or tokenizer.can_chat:
        return None
    note = f"The tokenizer is autoresearch's, of {path}: name another with --tokenizer."
    return FoundTokenizer(tokenizer, path, note)
