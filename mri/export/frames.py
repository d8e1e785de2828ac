"""Rows of a session → tidy DataFrames: one row per observation, categorical names, provenance in `attrs`.

The columns and their units are documented where people call them, in `trace.py`.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mri.errors import ConfigError, MriError
from mri.export import explained, sweeps, why
from mri.export.provenance import provenance
from mri.export.rows import UNITS, Coded, Columns, Rows
from mri.format.events import StepFrame
from mri.store.reader import SessionReader

if TYPE_CHECKING:
    from mri.explain.found import Given
    from mri.explain.replay import OnProgress


def table(reader: SessionReader, name: str, hook_point: str | None = None) -> pd.DataFrame:
    """The whole table `name`, one of `rows.UNITS`."""
    blocks = list(Rows(reader).blocks(name, hook_point))
    joined: Columns = {}
    for column, first in blocks[0].items():
        if isinstance(first, Coded):
            codes = [block[column].codes for block in blocks]  # type: ignore[union-attr]
            joined[column] = Coded(np.concatenate(codes), first.categories)
        else:
            joined[column] = np.concatenate([block[column] for block in blocks])
    return frame_of(reader, joined, UNITS[name])


def neuron(reader: SessionReader, hook_point: str, index: int) -> pd.DataFrame:
    return frame_of(reader, Rows(reader).neuron(hook_point, index), {})


def ledger(reader: SessionReader, step: int | None, token: why.Token, against: why.Token, model: Given) -> pd.DataFrame:
    try:
        columns = why.ledger(reader, _frames(reader, step), token, against)
    except ConfigError as not_recorded:
        found = _recomputed(reader, step, token, against, model, not_recorded)
        columns = why.ledger(reader, found.frames, found.token, found.against)
    return frame_of(reader, columns, why.LEDGER_UNITS)


def lens(reader: SessionReader, step: int | None, token: why.Token, model: Given) -> pd.DataFrame:
    try:
        columns = why.lens(reader, _frames(reader, step), token)
    except ConfigError as not_recorded:
        found = _recomputed(reader, step, token, None, model, not_recorded)
        columns = why.lens(reader, found.frames, found.token, found.vocabulary)
    return frame_of(reader, columns, why.LENS_UNITS)


def sweep(
    reader: SessionReader,
    step: int,
    kind: str,
    token: why.Token,
    against: why.Token,
    base: SessionReader | None,
    model: Given,
    exact: bool | None,
    on_progress: OnProgress,
) -> pd.DataFrame:
    columns, facts = sweeps.sweep(reader, step, kind, token, against, base, model, exact, on_progress)
    frame = frame_of(reader, columns, {name: sweeps.UNITS[name] for name in columns})
    frame.attrs |= facts
    return frame


def organs(reader: SessionReader, text: str | None, model: Given) -> pd.DataFrame:
    columns, facts = sweeps.organs(reader, text, model)
    frame = frame_of(reader, columns, sweeps.ORGAN_UNITS)
    frame.attrs |= facts
    return frame


def sources(reader: SessionReader, step: int, token: why.Token, against: why.Token, model: Given) -> pd.DataFrame:
    return frame_of(reader, explained.sources(reader, step, token, against, model), explained.SOURCES_UNITS)


def writers(reader: SessionReader, step: int, token: why.Token, against: why.Token, model: Given) -> pd.DataFrame:
    return frame_of(reader, explained.writers(reader, step, token, against, model), explained.WRITERS_UNITS)


def _recomputed(
    reader: SessionReader,
    step: int | None,
    token: why.Token,
    against: why.Token,
    model: Given,
    not_recorded: ConfigError,
) -> explained.Recomputed:
    """From the model. Raises ConfigError, which says why it was not recorded and why it cannot be computed."""
    steps = range(reader.num_steps) if step is None else (step,)
    try:
        return explained.recomputed(reader, steps, token, against, model)
    except (MriError, ModuleNotFoundError) as refusal:
        raise ConfigError(f"{not_recorded} From the model it cannot be computed either: {refusal}") from refusal


def _frames(reader: SessionReader, step: int | None) -> Iterator[StepFrame]:
    """Of one step, or of all."""
    steps = range(reader.num_steps) if step is None else (step,)
    return (reader.frame(each) for each in steps)


def concat(frames: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """The same table of several sessions as one, with the session's id as first column (categorical).

        mri.concat(trace.stats() for trace in traces)

    What the sessions have in common stays in `attrs`; what differs (session_id, maybe weights_hash) is a list there, in
    the order given. Warns where two files have one id. Raises ConfigError on no frames, on frames that came from no
    Trace, and on different tables.
    """
    frames = list(frames)
    if not frames:
        raise ConfigError("There is nothing to put together: give at least one DataFrame of a Trace.")
    if any("session_id" not in frame.attrs for frame in frames):
        raise ConfigError(
            "A DataFrame here does not say of which session it is: give those that a Trace's methods give."
        )
    columns = list(frames[0].columns)
    if any(list(frame.columns) != columns for frame in frames):
        raise ConfigError("These DataFrames are different tables: give the same one of each session.")
    ids = [frame.attrs["session_id"] for frame in frames]
    different = list(dict.fromkeys(ids))
    files = {(frame.attrs["session_id"], frame.attrs["path"]) for frame in frames if "path" in frame.attrs}
    if len(files) > len({session_id for session_id, _ in files}):
        sentence = "Two of these files have the same id and become one session here: rename one of the files."
        warnings.warn(sentence, RuntimeWarning, stacklevel=2)
    codes = np.repeat([different.index(session_id) for session_id in ids], [len(frame) for frame in frames])
    joined: dict[str, Any] = {"session_id": _categorical(codes, different)}
    joined |= {name: _stacked([frame[name] for frame in frames]) for name in columns}
    out = pd.DataFrame(joined)
    for name in frames[0].attrs:
        values = [frame.attrs.get(name) for frame in frames]
        out.attrs[name] = values[0] if all(value == values[0] for value in values) else values
    return out


def _stacked(columns: list[pd.Series]) -> Any:
    """One column after the other; of categoricals, the union of their categories in the order they come."""
    if not isinstance(columns[0].dtype, pd.CategoricalDtype):
        return np.concatenate([column.to_numpy() for column in columns])
    categories = list(dict.fromkeys(value for column in columns for value in column.cat.categories))
    place = {value: i for i, value in enumerate(categories)}
    codes = []
    for column in columns:
        own = np.array([place[value] for value in column.cat.categories], np.int64)
        of_column = column.cat.codes.to_numpy()
        codes.append(np.where(of_column < 0, -1, own[of_column] if len(own) else of_column))
    return _categorical(np.concatenate(codes), categories)


def frame_of(reader: SessionReader, columns: Columns, units: dict[str, str]) -> pd.DataFrame:
    """With provenance in `attrs`."""
    series: dict[str, Any] = {}
    for name, column in columns.items():
        series[name] = _categorical(*column) if isinstance(column, Coded) else column
        if name in ("token", "raw"):  # the vocabulary has more than a table shows
            series[name] = series[name].remove_unused_categories()
    frame = pd.DataFrame(series)
    frame.attrs = provenance(reader) | {"path": str(reader.path)} | ({"units": units} if units else {})
    return frame


def _categorical(codes: Any, categories: list[Any]) -> Any:
    dtype = object if categories and isinstance(categories[0], bytes) else str
    index: Any = pd.Index(categories, dtype=dtype)
    return pd.Categorical.from_codes(codes, index)
