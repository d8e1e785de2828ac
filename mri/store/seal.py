"""Makes one immutable HDF5 file from a session's journal: `python -m mri.store.seal SESSION_FOLDER`.

Runs in a process of its own, so that a full disk (which can kill a process inside HDF5) and HDF5's lock harm nobody.
The journal goes only when the file is complete, on the disk and in place; a crash before that leaves the journal.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import zlib
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

import filelock
import h5py
import numpy as np
import numpy.typing as npt

from mri.errors import MriError, StoreError
from mri.format.events import PHASES, Array, TraceSession
from mri.format.hook_points import STATS
from mri.format.layout import Layout
from mri.format.rows import STEP_COLUMNS, largest_shape, padded, scattered
from mri.store.description import session_json
from mri.store.files import JOURNAL, SESSION, disk_error, free_bytes, partial, remove_tree, shown, sync_folder
from mri.store.locks import SessionLock, may_be_recorded
from mri.store.sealed import SealedReader, sealed_session
from mri.store.shelf import KEYS_PER_CHUNK, chunk_shape, crc32, create, dataset_name, plain_os_error, put
from mri.store.unsealed import JournalReader

STEPS_AT_ONCE = 64
LOCK_WAIT_S = 10.0


def seal(folder: Path) -> Path:
    """-> the .h5. Doing it again after a crash, or after another did it, ends the same.

    Raises StoreError (still recorded, disk), BadSession (a journal damaged in the middle: it is left alone).
    """
    folder = folder.absolute()
    target = folder.with_name(folder.name + ".h5")
    if not folder.exists() and target.exists():
        return target
    lock = SessionLock(folder)
    try:
        lock.acquire(LOCK_WAIT_S)
        try:
            if may_be_recorded(folder):
                raise StoreError(f"Session {shown(folder.name)} is still being recorded: seal it when it has ended.")
            num_bytes = _num_bytes(folder)
            is_new = not target.exists()
            if is_new:
                _write_sealed(folder, target)
            _remove_journal(folder, target, num_bytes, is_new)
        finally:
            lock.release()
    except filelock.Timeout:
        raise StoreError(f"Session {shown(folder.name)} is still being recorded: seal it when it has ended.") from None
    except (OSError, RuntimeError) as error:  # h5py raises either when a write fails
        if not folder.exists() and target.exists():
            return target  # another was quicker
        raise disk_error("seal", folder, plain_os_error(error)) from error
    return target


def _write_sealed(folder: Path, target: Path) -> None:
    written = partial(folder / "sealed.h5")
    with JournalReader(folder) as reader:
        reader.check_middle()
        if free_bytes(folder) < reader.num_bytes + 1_000_000:
            raise StoreError(
                f"Sealing {folder.name} needs {reader.num_bytes / 1e6 + 1:.0f} MB of disk: free some space."
            )
        try:
            with h5py.File(written, "x") as file:
                write_session(file, reader)
            with open(written, "rb") as whole:
                os.fsync(whole.fileno())
            with SealedReader(written) as sealed:  # the journal goes for it: HDF5's word is not enough
                sealed.verify()
            os.replace(written, target)
        except BaseException:
            written.unlink(missing_ok=True)
            raise
    sync_folder(target.parent)


def _remove_journal(folder: Path, target: Path, num_bytes: int, is_new: bool) -> None:
    """The folder goes, if the file beside it is what became of it, and nobody wrote to it in the meantime: else the
    file goes again that was made of `num_bytes` of it."""
    has_grown = _num_bytes(folder) > num_bytes
    if not has_grown and (folder / SESSION).exists():
        with JournalReader(folder) as reader:
            sealed, journal = sealed_session(target), reader.session
            if (sealed.start_time, sealed.num_steps) != (journal.start_time, journal.num_steps):
                raise StoreError(f"{target.name} is another session than {folder}: rename one of them.")
    gone = folder
    if not has_grown:
        with contextlib.suppress(PermissionError):  # Windows, where the lock is an open file
            gone = folder.rename(partial(folder))  # whoever writes to it by its name is told now; then the last look
        has_grown = _num_bytes(gone) > num_bytes
    if has_grown:
        gone.rename(folder)
        if is_new:
            target.unlink()
        raise StoreError(f"Session {folder.name} is still being recorded: seal it when it has ended.")
    remove_tree(gone)  # a rest is harmless: the .h5 is what counts


def _num_bytes(folder: Path) -> int:
    """Of the journal, 0 where there is none (any more)."""
    try:
        return os.path.getsize(folder / JOURNAL)
    except FileNotFoundError:
        return 0


def write_session(file: h5py.File, reader: JournalReader) -> None:
    """All of a journal into an empty HDF5 file."""
    session = replace(reader.session, state="finished", end_reason=reader.session.end_reason or "interrupted")
    layout = session.layout
    text = session_json(session)
    file.attrs["format"], file.attrs["format_version"] = "nanochat-mri", np.uint32(1)
    file.attrs["session"], file.attrs["session_crc32"] = text, np.uint32(zlib.crc32(text.encode()))
    _write_arrays(file, reader, layout)
    _write_steps(file, reader, layout)
    _write_tokens(file, reader)
    _write_hook_points(file, session)


def _write_arrays(file: h5py.File, reader: JournalReader, layout: Layout) -> None:
    shapes, dtypes = _shapes(reader, layout)
    datasets, crcs = {}, dict.fromkeys(shapes, 0)
    for name, of_steps in shapes.items():
        datasets[name] = _create_array(file, name, of_steps, dtypes[name])
    scalars = {}
    for name in (name for name, of_steps in shapes.items() if of_steps.ndim == 1):
        scalars[name] = np.full(reader.num_steps, np.nan if dtypes[name].kind == "f" else 0, dtypes[name])
    for start in range(0, reader.num_steps, STEPS_AT_ONCE):
        steps = [_step(reader, layout, k) for k in range(start, min(start + STEPS_AT_ONCE, reader.num_steps))]
        for name, dataset in datasets.items():
            arrays = [step.get(name) for step in steps]
            for k, array in enumerate(arrays, start):
                if array is not None:
                    crcs[name] = crc32(array, crcs[name])
                    if name in scalars:
                        scalars[name][k] = array
            if name not in scalars:
                _write_block(dataset, start, arrays)
    for name, dataset in datasets.items():
        if name in scalars:
            dataset[...] = scalars[name]
        dataset.attrs["crc32"] = np.uint32(crcs[name])


def _step(reader: JournalReader, layout: Layout, step: int) -> dict[str, Array]:
    """The arrays of a step, every row in its fixed place."""
    header, arrays = reader.views(step)
    if dropped := header["dropped_layers"]:
        return {name: scattered(layout, name, array, dropped) for name, array in arrays.items()}
    return arrays


def _shapes(reader: JournalReader, layout: Layout) -> tuple[dict[str, Array], dict[str, np.dtype[Any]]]:
    """name -> (num_steps, axes) int32, the shape in every step, −1 where the array is absent; and dtypes.
    Scalars: (num_steps,), 0 where present."""
    shapes: dict[str, Array] = {}
    dtypes: dict[str, np.dtype[Any]] = {}
    for k in range(reader.num_steps):
        for name, array in _step(reader, layout, k).items():
            if name not in shapes:
                axes = (array.ndim,) if array.ndim else ()
                shapes[name], dtypes[name] = np.full((reader.num_steps, *axes), -1, np.int32), array.dtype
            shapes[name][k] = array.shape if array.ndim else 0
    return dict(sorted(shapes.items())), dtypes


def _create_array(file: h5py.File, name: str, of_steps: Array, dtype: np.dtype[Any]) -> h5py.Dataset:
    path = dataset_name(name)
    if (of_steps != of_steps[0]).any() or (of_steps < 0).any():
        put(file, f"shapes/{path}", of_steps)
    if of_steps.ndim == 1:
        return create(file, path, of_steps.shape, dtype)
    present = of_steps[of_steps[:, 0] >= 0]
    shape = tuple(present.max(axis=0).tolist())
    ragged = tuple((present != present[0]).any(axis=0).tolist())
    return create(file, path, (len(of_steps), *shape), dtype, chunk_shape(shape, ragged, dtype.itemsize))


def _write_block(dataset: h5py.Dataset, start: int, arrays: list[Array | None]) -> None:
    """Consecutive steps in one call each run: a run ends where an array is absent or needs other chunks."""
    for num_chunks, group in groupby(enumerate(arrays, start), lambda entry: _num_chunks(entry[1])):
        if num_chunks is None or 0 in num_chunks:
            continue
        steps, run = zip(*group, strict=True)
        shape = largest_shape([array.shape for array in run])
        block = np.stack([padded(array, shape, array.dtype) for array in run])
        dataset[(slice(steps[0], steps[-1] + 1), *(slice(size) for size in shape))] = block


def _num_chunks(array: Array | None) -> tuple[int, ...] | None:
    """Along each axis, 0 where it is empty; None for no array."""
    return None if array is None else tuple([-(-size // KEYS_PER_CHUNK) for size in array.shape])


def _write_steps(file: h5py.File, reader: JournalReader, layout: Layout) -> None:
    columns = reader.step_columns()
    for name in STEP_COLUMNS:
        put(file, f"steps/{name}", columns[name])
    file["steps/phase"].attrs["names"] = json.dumps(PHASES)
    dropped = np.zeros((reader.num_steps, len(layout.droppable)), np.uint8)
    for k in np.flatnonzero(columns["dropped"]):
        dropped[k, reader.views(int(k))[0]["dropped_layers"]] = 1
    if dropped.any():
        put(file, "steps/layer_dropped", dropped)


def _write_tokens(file: h5py.File, reader: JournalReader) -> None:
    """/tokens: the sequence by position. /vocab: every id that occurs anywhere, once."""
    sequence = reader.token_ids()
    texts = [reader.token_bytes.get(int(i), b"") for i in sequence]
    put(file, "tokens/ids", sequence.astype(np.uint32))
    put(file, "tokens/offsets", np.cumsum([0, *map(len, texts)]).astype(np.int64))
    put(file, "tokens/bytes", np.frombuffer(b"".join(texts), np.uint8))
    occurring = [sequence, reader.step_columns()["chosen_id"].astype(np.int64)]
    for name in ("tokens", "logits/token_ids", "lens/top_ids"):
        if (path := dataset_name(name)) in file:
            occurring.append(file[path][...].astype(np.int64).ravel())
    for name, values in reader.token_bytes.part(np.concatenate(occurring)).arrays().items():
        put(file, f"vocab/{name}", values)


def _write_hook_points(file: h5py.File, session: TraceSession) -> None:
    points = session.layout.points
    columns: dict[str, npt.NDArray[Any]] = {
        "key": np.array([point.key.encode() for point in points], "S"),
        "layer_index": np.array([point.layer_index for point in points], np.int32),
        "layer_type": np.array([point.layer_type.encode() for point in points], "S"),
        "width": np.array([point.width for point in points], np.uint32),
        "payload": np.array([point.payload.encode() for point in points], "S"),
        "unit": np.array([point.unit.encode() for point in points], "S"),
    }
    for name, values in columns.items():
        put(file, f"hook_points/{name}", values)
    for group, keys in session.layout.groups.items():
        if group in file:
            file[group].attrs["hook_points"] = json.dumps(keys)
    if "stats" in file:
        file["stats"].attrs["columns"] = json.dumps(STATS)


def main(arguments: list[str]) -> int:
    """Exit status; on failure the sentence goes to stdout, because h5py writes its own laments to stderr."""
    try:
        seal(Path(arguments[0]))
    except MriError as error:
        print(error, flush=True)
        return 1
    return 0


if __name__ == "__main__":
    os._exit(main(sys.argv[1:]))  # no tidying up: after a failed write HDF5 can crash in it
