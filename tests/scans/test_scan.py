"""A whole scan against brute force, and however it is split."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import mri
from mri.errors import ConfigError, StoreError, WorkerError
from mri.scans.executors import spawned
from mri.scans.folder import begin, open_folder
from mri.scans.scan import manifest_of, plan, scan
from tests.scans.brute import Brute
from tests.scans.conftest import GOLDEN, SMALL

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def brute(model, texts):
    return Brute(model, texts, SMALL.max_tokens)


@pytest.fixture(scope="module")
def whole(model, corpus_file, tmp_path_factory):
    return scan(corpus_file, model=model, out=tmp_path_factory.mktemp("scans") / "one", settings=SMALL)


def every_neuron(scan):
    sizes = scan.manifest.sizes
    for layer in range(sizes.n_layer):
        for i in range(sizes.n_neuron):
            yield layer, i, scan.neuron(f"block.{layer}.mlp_act", i)


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_there_is_more_than_a_shard_and_a_document_that_is_cut(whole, brute):
    assert len(whole.manifest.shards) >= 3
    assert np.bincount(brute.document).max() == SMALL.max_tokens


def test_counts_maxima_and_moments_are_those_of_brute_force(whole, brute):
    part = whole.part
    assert part.tokens.tolist() == [(brute.half == half).sum() for half in (0, 1)]
    assert part.documents.tolist() == [12, 11]
    for half in (0, 1):
        a = brute.a[brute.half == half].astype(np.float64)
        np.testing.assert_array_equal(part.neurons["fires"][..., half], (a > 0).sum(0))
        np.testing.assert_allclose(part.neurons["max"][..., half], np.maximum(a.max(0), 0), rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(part.neurons["sum"][..., half], a.sum(0), rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(part.neurons["sum_sq"][..., half], (a**2).sum(0), rtol=1e-4, atol=1e-6)


def test_moments_are_one_a_document_and_the_strongest(whole, brute):
    for layer, i, neuron in every_neuron(whole):
        wanted, found = brute.moments(layer, i, SMALL.moments), neuron.moments()
        np.testing.assert_allclose(found["value"], [value for value, *_ in wanted], rtol=1e-4, atol=1e-7)
        assert found["document"].is_unique
        for row in found.itertuples():  # of moments that are equal but for rounding it may have kept others
            assert brute.at(layer, i, row.document, row.position) == pytest.approx(row.value, rel=1e-4, abs=1e-7)


def test_histograms_and_samples(whole, brute):
    drawn = 0
    for layer, i, neuron in list(every_neuron(whole))[::5]:
        for half, name in enumerate(("find", "count")):
            found, wanted = neuron.histogram()[name].to_numpy(), brute.histogram(layer, i, half)
            assert np.abs(np.cumsum(found - wanted)).max() <= 1  # a value at an edge may round to either side
        frame = neuron.samples()
        for magnitude, low in enumerate(2.0 ** (-8 + 2 * m) for m in range(10)):
            here = frame[frame["low"] == low]
            found = list(zip(here["document"], here["position"], strict=True))
            assert found == brute.samples(layer, i, magnitude, SMALL.samples)
            drawn += len(found)
    assert drawn > 200


@pytest.mark.parametrize("key", ["this", "next"])
def test_sums_by_token_and_the_correlation_of_a_token(whole, brute, key):
    ids = brute.this if key == "this" else brute.next
    for layer, i, neuron in list(every_neuron(whole))[::7]:
        found, wanted = neuron.tokens(key), brute.means(key, layer, i, SMALL.ids)
        assert set(found["id"]) == set(wanted)
        sums = (found["mean"] * found["seen"]).to_numpy()
        np.testing.assert_allclose(sums, [wanted[i] for i in found["id"]], rtol=1e-4, atol=1e-6)
        assert (found["most"] == found["mean"]).all()
        values = brute.a[:, layer, i].astype(np.float64)
        for row in found.head(2).itertuples():
            assert row.r == pytest.approx(np.corrcoef(ids == row.id, values)[0, 1], rel=1e-3)


def test_where_few_ids_are_kept_the_true_mean_lies_within_what_is_told(model, corpus_file, brute, tmp_path):
    few = scan(corpus_file, model=model, out=tmp_path, settings=replace(SMALL, ids=3))
    lacking = 0
    for layer, i, neuron in list(every_neuron(few))[::7]:
        wanted = brute.means("this", layer, i, 300)
        for row in neuron.tokens().itertuples():
            mean = wanted[row.id] / row.seen
            assert row.mean <= mean * 1.0001 + 1e-6
            assert mean <= row.most * 1.0001 + 1e-6
            lacking += row.most > row.mean
        others = [wanted[j] / (brute.this == j).sum() for j in wanted if j not in set(neuron.tokens()["id"])]
        assert max(others, default=0) <= neuron.kept("this_rest") * 1.0001 + 1e-6
    assert lacking > 0


def test_heads(whole, brute):
    frame = whole.heads()
    for name, wanted in (brute.heads() | {"induction": brute.induction()}).items():
        np.testing.assert_allclose(frame[name], wanted.ravel(), rtol=1e-4, atol=1e-6)


def test_blocks_and_the_text_of_a_moment(whole, brute, texts):
    frame = whole.blocks()
    assert frame["live"].tolist() == (brute.a > 0).any(0).sum(1).tolist()
    np.testing.assert_allclose(frame["above_zero"], (brute.a > 0).sum((0, 2)) / len(brute.a))
    assert [whole.text(n) for n in range(len(texts))] == texts
    with pytest.raises(ConfigError, match="There is no document 23"):
        whole.text(23)


def test_every_part_on_its_own_and_another_number_of_threads_give_the_same_bytes(model, corpus_file, whole, tmp_path):
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        for i in (2, 0, 1):
            part = scan(corpus_file, model=model, out=tmp_path, settings=SMALL, shard=(i, 3))
    finally:
        torch.set_num_threads(threads)
    assert files_of(tmp_path) == files_of(whole.path)
    assert part.missing == []


@pytest.mark.parametrize("workers", [2, pytest.param(7, marks=pytest.mark.long)])
def test_workers_give_the_same_bytes(corpus_file, whole, tmp_path, workers):
    mri.scan(corpus_file, model=GOLDEN, out=tmp_path, settings=SMALL, workers=workers)
    assert files_of(tmp_path) == files_of(whole.path)


CHILD = """
import sys
from tests.scans.conftest import GOLDEN, SMALL
from mri.scans.scan import scan
def told(progress):
    print(progress, flush=True)
try:
    scan(sys.argv[1], model=GOLDEN, out=sys.argv[2], settings=SMALL, workers=int(sys.argv[3]), on_progress=told)
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.mark.parametrize(
    ("how", "workers"), [(signal.SIGKILL, 1), (signal.SIGINT, 1), (signal.SIGKILL, 2), (signal.SIGINT, 2)]
)
def test_ended_and_resumed_gives_the_same_bytes(model, corpus_file, whole, tmp_path, how, workers):
    words = [sys.executable, "-c", CHILD, str(corpus_file), str(tmp_path), str(workers)]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=env) as child:
        assert "shards_done=1" in child.stdout.readline()
        child.send_signal(how)
        child.stdout.read()  # ends when no process that it began is left
    assert child.returncode in (-how, 130, 0)
    before = len(list(tmp_path.glob("*.parquet")))
    assert before >= 1
    done = []
    scan(corpus_file, model=model, out=tmp_path, settings=SMALL, on_progress=done.append)
    assert len(done) == len(whole.manifest.shards) - before
    assert files_of(tmp_path) == files_of(whole.path)


def test_what_goes_wrong_in_a_worker_is_told_in_a_sentence(corpus_file, tmp_path):
    model = mri.load_model(GOLDEN, device="cpu")
    folder = begin(tmp_path, manifest_of("embedded:200", model, replace(SMALL, shard_bytes=300)))
    receipts = spawned(model.ref, 1)(folder, folder.to_do())
    assert next(receipts).num_tokens > 0
    for child in multiprocessing.active_children():
        child.kill()
    with pytest.raises(WorkerError, match="was killed, perhaps for its memory"):
        list(receipts)
    last = folder.missing[-1]
    folder.file_of(last).mkdir()  # no file can take its place
    with pytest.raises(StoreError, match="could not be written"):
        list(spawned(model.ref, 1)(folder, [last]))


def test_a_plan_says_size_and_time_and_writes_nothing(model, corpus_file, whole, tmp_path):
    told = plan(manifest_of(corpus_file, model, SMALL), model)
    assert told.shards == len(whole.manifest.shards)
    assert told.documents == 23
    assert told.tokens == pytest.approx(whole.part.tokens.sum(), rel=0.3)
    assert told.seconds > 0
    assert told.bytes_on_disk == told.bytes_per_neuron * 3 * 256 * told.shards
    assert list(tmp_path.iterdir()) == []


def test_another_model_text_or_setting_is_refused(model, corpus_file, tmp_path):
    scan(corpus_file, model=model, out=tmp_path / "it", settings=SMALL)
    other_text = tmp_path / "other.txt"
    other_text.write_text("Another text.")
    with pytest.raises(StoreError, match="holds a scan of another texts"):
        scan(other_text, model=model, out=tmp_path / "it", settings=SMALL)
    with pytest.raises(StoreError, match="holds a scan of another settings"):
        scan(corpus_file, model=model, out=tmp_path / "it", settings=replace(SMALL, moments=6))
    changed = mri.load_model(GOLDEN, device="cpu")
    with torch.no_grad():
        changed.model.lm_head.weight[0, 0] += 1
    with pytest.raises(StoreError, match="holds a scan of another model"):
        scan(corpus_file, model=changed, out=tmp_path / "it", settings=SMALL)
    with pytest.raises(ConfigError, match="scan with 1 worker"):
        scan(corpus_file, model=changed, out=tmp_path / "new", settings=SMALL, workers=2)
    assert open_folder(tmp_path / "it").missing == []


@pytest.mark.parametrize("workers", [0, "2"])
def test_numbers_that_cannot_be(model, corpus_file, tmp_path, workers):
    with pytest.raises(ConfigError, match="give 1 or more"):
        scan(corpus_file, model=model, out=tmp_path, workers=workers)
    with pytest.raises(ConfigError, match="There is no share"):
        scan(corpus_file, model=model, out=tmp_path, shard=(2, 2))
