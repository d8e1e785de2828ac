"""The models that can record: the server's own, and those on offer beside it.

Looks for them whenever somebody asks, since a training goes on writing checkpoints; what was found is passed on.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from mri.errors import ConfigError
from mri.nanochat.locate import Loading, ModelRef, discover, find_checkpoint, need_torch
from mri.paths import ROOT

EMBEDDED_ID = "embedded"
"""The model that comes with the program, whatever --model says: the lessons speak of it."""


@dataclass(frozen=True)
class Models:
    """`asked` as given with --model, None is the embedded one; `loading` as with --set, --tokenizer, --device, --dtype:
    of that model alone."""

    asked: Path | None = None
    loading: Loading = field(default_factory=Loading)

    def own(self) -> ModelRef:
        """What records where nothing else was chosen. Raises ModelError."""
        need_torch()
        return find_checkpoint(self.asked, self.loading)

    def offers(self) -> dict[str, ModelRef]:
        """The models that can record, the default first, by an id that is made of the file's path, so that a path never
        has to come from outside. Raises ModelError where the server's own is not there."""
        need_torch()
        found = discover(self.asked, self.loading)
        return {hashlib.sha256(str(ref.file).encode()).hexdigest()[:16]: ref for ref in found}

    def chosen(self, model_id: str) -> ModelRef:
        """The model that an id stands for, the server's own for "". Raises ConfigError, ModelError."""
        if not model_id:
            return self.own()
        if model_id == EMBEDDED_ID:
            need_torch()
            return find_checkpoint(None) if self.asked else self.own()
        ref = self.offers().get(model_id)
        if ref is None:
            raise ConfigError(f"There is no model {model_id!r}: GET /models lists those that there are.")
        return ref

    def of_recording(self, model_path: str) -> ModelRef:
        """The one on offer that lies where a recording's checkpoint lay (as its run tells it), else the server's own:
        whether its weights are the recording's is for who loads it to see. A path that is not on offer is never opened,
        whoever wrote it into a file. Raises ModelError."""
        need_torch()
        path = ROOT / model_path
        embedded = find_checkpoint(None)
        if self.asked and path == embedded.file:
            return embedded
        own = self.own()
        if not model_path or path in (own.file, embedded.file):
            return own
        return next((ref for ref in self.offers().values() if ref.file == path), own)
