"""What an edit puts in, as tensors: values of other sessions, read anew by the model, and directions.

Opens sessions by their ids through whoever knows the library. Refuses what is gone, or of other weights.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from io import BytesIO
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from mri.edit.passes import Here, Passes
from mri.edit.places import Place, Sizes
from mri.edit.text import Edit
from mri.edit.values import Column, Diff, Direction, File, Mean, Patch, Word
from mri.errors import ConfigError, MriError, SessionNotFound, StoreError
from mri.format.captured import Captured
from mri.nanochat.tokenizer import Tokenizer
from mri.nanochat.weights import weights_hash
from mri.store.reader import SessionReader

MOST_BYTES = 64_000_000
"""Of a file with a direction."""


class Sessions(Protocol):
    """Opens a session by its id. Raises SessionNotFound, BadSession."""

    def open(self, session_id: str) -> SessionReader: ...


EditedBy = Callable[[Sequence[Edit]], AbstractContextManager[object]]
"""The model edited, for who reads a session again that was recorded with edits."""


class Sources:
    """Of one model. Every session is read once, all that is wanted of it in one pass."""

    def __init__(
        self,
        sizes: Sizes,
        tokenizer: Tokenizer | None,
        sessions: Sessions | None,
        edited_by: EditedBy,
        *,
        may_read_files: bool = True,
    ) -> None:
        self._sizes, self._model = sizes, sizes.model
        self._tokenizer, self._sessions, self._edited_by = tokenizer, sessions, edited_by
        self._may_read_files = may_read_files
        self._wanted: dict[str, set[str]] = {}
        self._read: dict[str, dict[str, Tensor]] = {}
        self._hash = ""

    def want(self, edit: Edit, places: Sequence[Place]) -> None:
        """Notes what of other sessions will be asked for."""
        for session_id in edit.sessions():
            self._wanted.setdefault(session_id, set()).update(place.point for place in places)

    def vector(self, of: Mean | Patch | Direction, place: Place) -> Tensor:
        """(n,) float32 for the neurons of a place. Raises ConfigError, SessionNotFound, StoreError."""
        if isinstance(of, Mean | Patch | Diff):
            return self._of_sessions(of, place)
        found = self._file(of) if isinstance(of, File) else self._of_weights(of)
        n = len(self._neurons(torch.arange(self._sizes.width(place.point)), place))
        if len(found) != n:
            raise ConfigError(
                f"{of} has {len(found)} numbers and {place.point} takes {n} there: choose a place of that width."
            )
        return found.to(self._sizes.device)

    def digest(self, file: File) -> File:
        """The file named with its contents. Raises StoreError, ConfigError."""
        _, digest = self._bytes_of(file)
        if file.digest and file.digest != digest:
            raise ConfigError(f"{file.path} is another file than it was ({digest}, not {file.digest}): put it back.")
        return File(file.path, digest)

    def token_id(self, word: Word) -> int:
        """Raises ConfigError for what is no single token of this model."""
        n_vocab = self._sizes.n_vocab
        if isinstance(word.token, int):
            if not 0 <= word.token < n_vocab:
                raise ConfigError(f"There is no token #{word.token}: ids go from 0 to {n_vocab - 1}.")
            return word.token
        if self._tokenizer is None:
            raise ConfigError(f"Without a tokenizer {word} is no token: write # and its id, or give tokenizer=.")
        if word.token in self._tokenizer.special:
            return self._tokenizer.special[word.token]
        ids = self._tokenizer.encode(word.token)
        if len(ids) != 1:
            raise ConfigError(f"{word} is no single token of this model: most begin with a space.")
        return ids[0]

    @staticmethod
    def _neurons(x: Tensor, place: Place) -> Tensor:
        return x[..., place.neurons(x.device)]

    def _of_weights(self, of: Word | Column) -> Tensor:
        told: Any = self._model
        if isinstance(of, Word):
            row: Tensor = told.lm_head.weight[self.token_id(of)].detach().float()
            return row
        blocks = told.transformer["h"]
        if of.block >= len(blocks) or of.neuron >= blocks[of.block].mlp.c_proj.weight.shape[1]:
            raise ConfigError(f"This model has no {of}: it has {len(blocks)} blocks.")
        column: Tensor = blocks[of.block].mlp.c_proj.weight[:, of.neuron].detach().float()
        return column

    def _file(self, file: File) -> Tensor:
        content, _ = self._bytes_of(file)
        try:
            found = np.load(BytesIO(content), allow_pickle=False)
            vector = torch.from_numpy(np.asarray(found, np.float32))
        except (ValueError, TypeError, EOFError, OSError) as error:
            raise ConfigError(f"{file.path} holds no vector of numbers ({error}): save one with numpy.save.") from error
        if vector.ndim != 1 or not bool(vector.isfinite().all()):
            raise ConfigError(f"{file.path} has the shape {tuple(vector.shape)}: it takes finite numbers in a row.")
        return vector

    def _bytes_of(self, file: File) -> tuple[bytes, str]:
        if not self._may_read_files:
            raise ConfigError("From the page no file is read: fork with `mri fork`, or name a token, neuron or diff.")
        path = Path(file.path).expanduser()
        try:
            if not path.is_file():
                raise FileNotFoundError(2, "there is no such file")
            if path.stat().st_size > MOST_BYTES:
                raise ConfigError(f"{file.path} is larger than {MOST_BYTES:,} bytes: a direction is one vector.")
            content = path.read_bytes()
        except OSError as error:
            raise StoreError(f"{file.path} cannot be read ({error.strerror}): check its name.") from error
        return content, hashlib.sha256(content).hexdigest()[:16]

    def _of_sessions(self, of: Mean | Patch | Diff, place: Place) -> Tensor:
        if isinstance(of, Diff):
            return self._of_sessions(Mean(of.a), place) - self._of_sessions(Mean(of.b), place)
        values = self._values(of.session, place.point)  # (positions, width)
        if isinstance(of, Mean):
            return self._neurons(values.mean(0), place)
        if of.position >= len(values):
            raise ConfigError(f"Session {of.session} read {len(values)} positions, there is no @{of.position}.")
        found = self._neurons(values[of.position], place)
        if bool(found.isnan().any()):
            raise ConfigError(
                f"Session {of.session} did not capture all of {place.point} at position {of.position}, and was made "
                "with other weights, so it cannot be read again: record it with capture_mode='full'."
            )
        return found

    def _values(self, session_id: str, point: str) -> Tensor:
        if point not in self._read.get(session_id, {}):
            points = self._wanted.get(session_id, set()) | {point}
            if not session_id:
                raise ConfigError("The mean of which session? Only a fork has a base: write mean(SESSION).")
            if self._sessions is None:
                raise SessionNotFound(f"There is no folder to look for session {session_id!r} in.")
            reader = self._sessions.open(session_id)
            run = reader.session.run
            self._hash = self._hash or weights_hash(self._model)
            if run.model.weights_hash == self._hash:
                self._read[session_id] = self._read_again(reader, points)
            else:
                self._read[session_id] = {name: self._captured(reader, name) for name in points}
        return self._read[session_id][point]

    def _read_again(self, reader: SessionReader, points: set[str]) -> dict[str, Tensor]:
        """All positions that it read, in one pass without a cache, under its own edits."""
        steps = reader.steps()
        if not len(steps["pos0"]):
            raise ConfigError(f"Session {reader.session.id} has no step yet: wait for one.")
        ids = reader.token_ids()[: int(steps["pos0"][-1] + steps["t_add"][-1])].tolist()
        found: dict[str, Tensor] = {}

        def keep(point: str) -> Callable[[Tensor, Here], Tensor]:
            def act(x: Tensor, here: Here) -> Tensor:
                found[point] = x[0].detach().float().clone()
                return x

            return act

        own = [edit for edit in map(Edit.parse, reader.session.run.edits) if not edit.is_word]
        idx = torch.tensor([ids], device=self._sizes.device)
        acts = {point: [keep(point)] for point in points}
        with torch.no_grad(), Passes(self._model, acts, {}), self._edited_by(own):
            self._model(idx)
        return found

    def _captured(self, reader: SessionReader, point: str) -> Tensor:
        """(positions, width) as they were captured, NaN where they were not."""
        rows: list[Any] = []
        try:
            for frame in reader.frames(0, reader.num_steps):
                here = np.full((frame.t_add, reader.session.layout.width(point)), np.nan, np.float32)
                several = Captured(frame, reader.session.layout).prompt_values(point) if frame.t_add > 1 else None
                here[-1] = Captured(frame, reader.session.layout).values(point)
                rows.append(here if several is None else several)
        except MriError as error:
            raise ConfigError(f"Session {reader.session.id} is of another model without {point}: {error}") from error
        return torch.from_numpy(np.concatenate(rows)).to(self._sizes.device)
