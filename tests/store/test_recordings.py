"""Recordings of earlier versions open for ever, and say what the version said that made them (tests/recordings)."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from mri.export.trace import open_trace
from mri.format.captured import Captured
from mri.store.library import Library

FOLDER = Path(__file__).parents[1] / "recordings"
EXPECTED = json.loads((FOLDER / "expected.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    folder = tmp_path_factory.mktemp("old") / "sessions"
    shutil.copytree(FOLDER, folder)
    return Library(folder)


def hash_of_frames(reader):
    """Of every scalar, name, type, shape and bit of all frames."""
    found = hashlib.sha256()
    for step in range(reader.num_steps):
        frame = reader.frame(step)
        found.update(json.dumps(frame.header(), sort_keys=True).encode())
        for name, array in sorted(frame.arrays.items()):
            found.update(f"{name} {array.dtype} {array.shape}".encode() + np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


def test_all_are_listed(library):
    infos = library.list()
    assert {info.id for info in infos} == set(EXPECTED)
    assert len(infos) == 13
    assert {info.id: info.error for info in infos if info.state == "broken"} == {}


@pytest.mark.parametrize("name", EXPECTED)
def test_it_says_what_it_said(library, name):
    reader, told = library.open(name), EXPECTED[name]
    session, last = reader.session, reader.frame(reader.num_steps - 1)
    captured = Captured(last, session.layout)
    values, stats = captured.values(told["point"]), captured.stats(told["point"])
    assert reader.num_steps == told["num_steps"]
    assert (session.prompt, session.response, session.kind) == (told["prompt"], told["response"], told["kind"])
    assert session.model_id == told["model_id"]
    assert {name: session.provenance[name] for name in told["provenance"]} == told["provenance"]
    assert reader.token_ids()[:12].tolist() == told["token_ids"]
    assert hash_of_frames(reader) == told["frames_sha256"]
    assert {name: None if np.isnan(value) else value for name, value in stats.items()} == told["stats"]
    assert np.isfinite(values).sum() == told["captured"]
    assert float(np.nansum(values.astype(np.float64))) == pytest.approx(told["sum"], rel=1e-12)


@pytest.mark.parametrize("name", EXPECTED)
def test_its_tables_can_be_taken_away(library, name):
    trace = open_trace(library.open(name).path)
    assert trace.stats().step.nunique() == EXPECTED[name]["num_steps"]
    assert trace.topk() is not None
    assert trace.tokens() is not None
