"""Edits made ready for a model, and the `with` block in which its passes run with them.

Puts together places, values and acts. Knows no generation: `with mri.edited(model, edits):` is for anybody's loop.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mri.edit.changes import Push, Rows, backout_off, change, gate_off, uncapped, x0_off
from mri.edit.kernel import Cut, Looks
from mri.edit.passes import Act, Passes
from mri.edit.places import Place, Sizes
from mri.edit.sources import Sessions, Sources
from mri.edit.text import Edit, edits_of
from mri.edit.values import Along, File, Keys, Mean, Patch, Positions, Proj, Word
from mri.errors import ConfigError
from mri.nanochat.checkpoint import LoadedModel
from mri.nanochat.tokenizer import Tokenizer
from mri.paths import SESSIONS
from mri.store.library import Library, whole_library

EVERYWHERE = Positions(0)


@dataclass(frozen=True, eq=False)
class Prepared:
    """Edits of one model, all that they name found.

    edits    with their positions, and files by their contents: what a session keeps
    words    token to choose by the position of the last token read before it
    listed   every place with the positions at which it is edited, as a session lists them
    passes   the block in which the model's passes are edited
    """

    edits: tuple[Edit, ...]
    words: Mapping[int, int]
    listed: Sequence[dict[str, Any]]
    passes: AbstractContextManager[object]


def prepare(
    model: nn.Module,
    edits: Iterable[Edit | str],
    *,
    tokenizer: Tokenizer | None = None,
    sessions: Sessions | None = None,
    may_read_files: bool = True,
    own: Iterable[Edit | str] = (),
    rows: Rows | None = None,
) -> Prepared:
    """`own`: edits of a control's rows only. Edits without positions are everywhere. Raises ConfigError,
    UnknownHookPoint, ModelError, SessionNotFound, StoreError for whatever they name and is not there."""
    everywhere, rowwise = edits_of(edits), edits_of(own)
    if not everywhere and not rowwise:
        return Prepared((), {}, (), nullcontext())
    for edit in (*everywhere, *rowwise):
        if edit.is_word and edit.positions is None:
            raise ConfigError(f"{edit}: after which token? Name its position: {edit} @ 14.")
    sizes = Sizes(model)

    def edited_by(others: Sequence[Edit]) -> AbstractContextManager[object]:
        return prepare(model, others, tokenizer=tokenizer, sessions=sessions, may_read_files=may_read_files).passes

    sources = Sources(sizes, tokenizer, sessions, edited_by, may_read_files=may_read_files)
    at = [_with_digest(edit.at(EVERYWHERE), sources) for edit in (*everywhere, *rowwise)]
    places = [sizes.places(edit) for edit in at]
    for edit, several in zip(at, places, strict=True):
        sources.want(edit, several)
    building = _Building(sizes)
    for i, (edit, several) in enumerate(zip(at, places, strict=True)):
        building.add(edit, several, sources, rows if i >= len(everywhere) else None)
    listed = [place.to_json(edit) for edit, several in zip(at, places, strict=True) for place in several]
    return Prepared(tuple(at), building.words, listed, building.passes())


class edited:  # noqa: N801  (read as a verb: `with mri.edited(model, edits):`)
    """Passes that this thread makes of a nanochat model inside the block run with edits, whoever makes them:

        with mri.edited(model, ["block.3.head.1 = 0 @ 11:"]):
            for token, _ in engine.generate(tokens, max_tokens=64):
                ...

    model       nanochat's own GPT or ours, or what `mri.load_model` gave
    edits       an `mri.Edit`, its text, or several: docs/edits.md. Without positions they are everywhere
    tokenizer   nanochat's, or a tiktoken Encoding, where an edit names a token by its text
    sessions    where sessions that an edit names are looked for; by default where the pages do

    Nothing stays behind when the block ends, however it ends. Passes of copies, of other threads and of forked
    processes are not edited. `edits` has them with all that is meant said. Raises what is wrong with an edit before the
    block begins; in a pass ModelError where an engine does not let it act.
    """

    def __init__(
        self,
        model: nn.Module | LoadedModel,
        edits: Edit | str | Iterable[Edit | str],
        *,
        tokenizer: Any = None,
        sessions: Path | str | None = None,
    ) -> None:
        if isinstance(model, LoadedModel):
            model, tokenizer = model.model, tokenizer or model.tokenizer
        encoding = getattr(tokenizer, "enc", tokenizer)
        tokens = encoding if isinstance(encoding, Tokenizer) or encoding is None else Tokenizer(encoding)
        library = whole_library(SESSIONS) if sessions is None else Library(sessions)
        told = edits_of(edits)
        if any(edit.is_word for edit in told):
            raise ConfigError("Whoever runs the model chooses its tokens: say another one with mri.record or a fork.")
        prepared = prepare(model, told, tokenizer=tokens, sessions=library)
        self.edits = prepared.edits
        self._passes = prepared.passes

    def __enter__(self) -> edited:
        self._passes.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self._passes.__exit__(None, None, None)


class _Building:
    """Acts, looks and words, edit after edit."""

    def __init__(self, sizes: Sizes) -> None:
        self._sizes = sizes
        self.words: dict[int, int] = {}
        self._acts: dict[str, list[Act]] = {}
        self._organs: dict[str, list[Act]] = {}
        self._cuts: dict[int, list[Cut]] = {}
        self._opened: dict[int, list[Positions]] = {}
        self._kept: set[str] = set()
        self._uncapped: Positions | None = None

    def add(self, edit: Edit, places: Sequence[Place], sources: Sources, rows: Rows | None) -> None:
        positions = edit.positions or EVERYWHERE
        if isinstance(edit.value, Word):
            self.words[positions.first] = sources.token_id(edit.value)
        elif edit.is_organ:
            self._organ(edit.point, places, positions)
        elif isinstance(edit.value, Keys):
            for place in places:
                cut = Cut(place, edit.value, positions, push := self._push(place, rows))
                self._cuts.setdefault(place.layer, []).append(cut)
                if push is not None:
                    self._acts.setdefault(push.point, []).append(push.act)
        else:
            for place in places:
                changed, acts = _changed(edit, place, sources), self._acts.setdefault(place.point, [])
                acts.append(change(place, positions, changed, push := self._push(place, rows)))
                if push is not None:
                    self._acts.setdefault(push.point, []).append(push.act)

    def _push(self, place: Place, rows: Rows | None) -> Push | None:
        return None if rows is None else rows.push(place, self._sizes)

    def _organ(self, organ: str, places: Sequence[Place], positions: Positions) -> None:
        model = self._sizes.model
        if organ == "softcap":
            if positions != EVERYWHERE:
                raise ConfigError(
                    "The softcap is off in all of a recording or nowhere, since all its predictions are read with one: "
                    "write softcap = off @ 0:, as if always."
                )
            self._uncapped = positions
        for place in places:
            if organ == "smear":
                self._organs.setdefault("smear_gate", []).append(gate_off(positions))
            elif organ.endswith(".ve"):
                self._organs.setdefault(f"block.{place.layer}.ve_gate", []).append(gate_off(positions))
            elif organ == "window":
                self._opened.setdefault(place.layer, []).append(positions)
            elif organ == "x0":
                self._organs.setdefault(place.point, []).append(x0_off(model, place.layer, positions))
                self._kept.add(f"block.{place.layer}.resid_post")
            elif organ == "backout":
                self._organs.setdefault(place.point, []).append(backout_off(model, positions))
                self._kept.add(f"block.{self._sizes.n_layer - 1}.resid_post")

    def passes(self) -> AbstractContextManager[object]:
        acts = {key: [*self._organs.get(key, []), *self._acts.get(key, [])] for key in {*self._organs, *self._acts}}
        layers = {*self._cuts, *self._opened}
        looks = {i: Looks(self._cuts.get(i, ()), self._opened.get(i, ())) for i in layers}
        if not acts and not looks and self._uncapped is None:
            return nullcontext()
        returned = None if self._uncapped is None else uncapped(self._uncapped)
        passes = Passes(self._sizes.model, acts, looks, returned)
        for key in self._kept:
            passes.keep(key)
        return passes


def _with_digest(edit: Edit, sources: Sources) -> Edit:
    if isinstance(edit.value, Along | Proj) and isinstance(edit.value.direction, File):
        return replace(edit, value=replace(edit.value, direction=sources.digest(edit.value.direction)))
    return edit


def _changed(edit: Edit, place: Place, sources: Sources) -> Callable[[Tensor], Tensor]:
    """values (B, t, n) of a place's neurons -> what they become."""
    value = edit.value
    if isinstance(value, Mean | Patch):
        vector = sources.vector(value, place)
        return lambda x: vector.to(x.dtype).expand_as(x)
    if isinstance(value, Along):
        step = value.factor * sources.vector(value.direction, place)
        return lambda x: x + step.to(x.dtype)
    if isinstance(value, Proj):
        along = sources.vector(value.direction, place)
        if not (length := float(along.norm())) or not math.isfinite(length):
            raise ConfigError(f"{value.direction} has no length, so nothing points along it: choose another direction.")
        unit = along / length
        return lambda x: x - ((x.float() @ unit)[..., None] * unit).to(x.dtype)
    assert isinstance(value, float)
    number = value
    match edit.op:
        case "=":
            return lambda x: torch.full_like(x, number)
        case "*=":
            return lambda x: x * number
        case "+=":
            return lambda x: x + number
        case _:
            return lambda x: x.clamp(-number, number)
