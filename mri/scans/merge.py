"""Two parts of a scan made one, of the same size: the result of shards is merged in their order."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from mri.scans.fields import KEYS, Part

Values = npt.NDArray[Any]


def merged(parts: Iterable[Part]) -> Part:
    """All of them, one after the other. Raises ValueError where there is none."""
    parts = iter(parts)
    whole = next(parts, None)
    if whole is None:
        raise ValueError("there is nothing to merge")
    for part in parts:
        whole = merge(whole, part)
    return whole


def merge(a: Part, b: Part) -> Part:
    """`a` lies before `b` in the corpus."""
    neurons: dict[str, Values] = {"max": np.maximum(a.neurons["max"], b.neurons["max"])}
    for name in ("fires", "sum", "sum_sq", "histogram"):
        neurons[name] = a.neurons[name] + b.neurons[name]
    neurons |= _moments(a, b) | _samples(a, b)
    for key in KEYS:
        neurons |= _ids(a, b, key)
    return Part(
        neurons,
        {name: a.heads[name] + b.heads[name] for name in a.heads},
        {key: a.seen[key] + b.seen[key] for key in KEYS},
        a.tokens + b.tokens,
        a.documents + b.documents,
    )


def _both(a: Part, b: Part, prefix: str) -> dict[str, Values]:
    """The entries of both side by side, by name behind the prefix."""
    names = [name for name in a.neurons if name.startswith(prefix) and name != f"{prefix}rest"]
    return {name: np.concatenate([a.neurons[name], b.neurons[name]], -1) for name in names}


def _taken(found: dict[str, Values], order: Values, most: int) -> dict[str, Values]:
    first = order[..., :most]
    return {name: np.take_along_axis(values, first, -1) for name, values in found.items()}


def _moments(a: Part, b: Part) -> dict[str, Values]:
    found = _both(a, b, "moment_")
    order = np.lexsort((found["moment_document"], -found["moment_value"]), axis=-1)
    return _taken(found, order, a.neurons["moment_value"].shape[-1])


def _samples(a: Part, b: Part) -> dict[str, Values]:
    found = _both(a, b, "sample_")
    keys = (found["sample_position"], found["sample_document"], found["sample_priority"], found["sample_value"] == 0)
    return _taken(found, np.lexsort(keys, axis=-1), a.neurons["sample_value"].shape[-1])


def _ids(a: Part, b: Part, key: str) -> dict[str, Values]:
    """Sums by id of both. What one of them did not keep may have been as large there as its `rest` times how often the
    id was seen."""
    ids = np.concatenate([_added(a, b, key), _added(b, a, key)], -1, dtype=np.float64)  # (3, …, 2·ids): id, sum, missed
    most = a.neurons[f"{key}_id"].shape[-1]
    is_twice = _is_in(b.neurons[f"{key}_id"], a.neurons[f"{key}_id"])
    ids[0][..., most:][is_twice] = -1  # the first copy has the sums of both
    count = np.maximum((a.seen[key] + b.seen[key])[np.maximum(ids[0].astype(np.int64), 0)], 1)
    is_there = ids[0] >= 0
    mean = np.where(is_there, ids[1] / count, -np.inf)
    most_mean = np.where(is_there, (ids[1] + ids[2]) / count, 0)
    order = np.lexsort((ids[0], -mean), axis=-1)
    kept = _taken({"id": ids[0], "sum": ids[1], "missed": ids[2]}, order, most)
    is_gone = kept["id"] < 0
    dropped = np.take_along_axis(most_mean, order[..., most:], -1).max(-1, initial=0)
    rest = np.maximum(np.maximum(a.neurons[f"{key}_rest"], b.neurons[f"{key}_rest"]), dropped)
    return {
        f"{key}_id": kept["id"].astype(np.int32),
        f"{key}_sum": np.where(is_gone, 0, kept["sum"]),
        f"{key}_missed": np.where(is_gone, 0, kept["missed"]),
        f"{key}_rest": rest,
    }


def _added(a: Part, b: Part, key: str) -> Values:
    """The entries of `a` with what `b` has of them, or may have: (3, …, ids) id, sum, missed."""
    ids, other = a.neurons[f"{key}_id"], b.neurons[f"{key}_id"]
    order = np.argsort(other, -1, kind="stable")
    place = _place(other, order, ids)
    is_found = (np.take_along_axis(other, place, -1) == ids) & (ids >= 0)
    unseen = b.seen[key][np.maximum(ids, 0)] * b.neurons[f"{key}_rest"][..., None]
    more = np.where(is_found, np.take_along_axis(b.neurons[f"{key}_sum"], place, -1), 0)
    missed = np.where(is_found, np.take_along_axis(b.neurons[f"{key}_missed"], place, -1), unseen)
    return np.stack([ids, a.neurons[f"{key}_sum"] + more, a.neurons[f"{key}_missed"] + np.where(ids >= 0, missed, 0)])


def _is_in(ids: Values, other: Values) -> Values:
    place = _place(other, np.argsort(other, -1, kind="stable"), ids)
    is_in: Values = (np.take_along_axis(other, place, -1) == ids) & (ids >= 0)
    return is_in


def _place(other: Values, order: Values, ids: Values) -> Values:
    """Where each of `ids` (…, n) stands in `other` (…, n), or would: found by one search in rows laid end to end."""
    n_rows, n = int(np.prod(ids.shape[:-1])), ids.shape[-1]
    step = int(max(ids.max(), other.max())) + 2
    offset = np.arange(n_rows)[:, None] * step
    rows = np.take_along_axis(other, order, -1).reshape(n_rows, n).astype(np.int64) + offset
    at = np.searchsorted(rows.ravel(), (ids.reshape(n_rows, n).astype(np.int64) + offset).ravel())
    within = np.clip(at.reshape(n_rows, n) - np.arange(n_rows)[:, None] * n, 0, n - 1).reshape(ids.shape)
    place: Values = np.take_along_axis(order, within, -1)
    return place
