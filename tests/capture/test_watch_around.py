"""A watched model among copies, threads and processes."""

from __future__ import annotations

import copy
import io
import os
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from torch import Tensor

from mri.capture.watch import watch
from mri.nanochat.model import GPT
from mri.store.library import Library
from mri.store.opening import open_session
from tests.capture import forks
from tests.capture.forks import (
    PROMPT,
    greedy,
    nothing_left,
    same,
)


def test_a_recorded_model_can_be_copied_and_saved_and_the_copy_is_not_recorded(model: GPT, tmp_path: Path) -> None:
    plain = greedy(model, PROMPT, 2)
    with watch(model, sessions=tmp_path) as scan:
        first = greedy(model, PROMPT, 2)
        twins = [copy.deepcopy(model), pickle.loads(pickle.dumps(model))]
        file = io.BytesIO()
        torch.save(model, file)
        twins.append(torch.load(io.BytesIO(file.getvalue()), weights_only=False))
        averaged = torch.optim.swa_utils.AveragedModel(model)
        assert same(greedy(averaged.module, PROMPT, 2), plain)
        for twin in twins:
            twin.transformer["h"][0].mlp.c_proj.weight.data.zero_()
            assert not same(greedy(twin, PROMPT, 2), plain)
    assert same(first, plain)
    assert scan.path is not None
    with open_session(scan.path) as reader:
        assert reader.num_steps == 3
    for twin in twins:  # and nothing of the recording is left in a copy
        with watch(twin, sessions=tmp_path) as scan:
            greedy(twin, PROMPT, 1)
        assert len(scan.paths) == 1
    assert nothing_left(model)


def test_threads_record_each_its_own(model: GPT, tmp_path: Path) -> None:
    plain = {i: greedy(model, [i, 3, 7], 6) for i in range(6)}

    def record(i: int) -> tuple[list[Tensor], Path | None]:
        with watch(model, sessions=tmp_path) as scan:
            return greedy(model, [i, 3, 7], 6), scan.path or scan

    with ThreadPoolExecutor(3) as pool:
        runs = list(pool.map(record, range(6)))
    for i, (logits, scan) in enumerate(runs):
        assert same(logits, plain[i])
        with open_session(scan.path) as reader:  # type: ignore[union-attr]
            assert reader.token_ids().tolist()[:3] == [i, 3, 7]
            assert reader.num_steps == 7
    assert nothing_left(model)


def test_passes_of_another_thread_are_not_recorded(model: GPT, tmp_path: Path) -> None:
    with watch(model, sessions=tmp_path) as scan:
        greedy(model, PROMPT, 1)
        thread = threading.Thread(target=greedy, args=(model, [1, 2, 3], 4))
        thread.start()
        thread.join()
        greedy(model, PROMPT, 1)
    assert len(scan.paths) == 2


def test_blocks_may_overlap_and_end_in_any_order(model: GPT, tmp_path: Path) -> None:
    other, plain = forks.small(n_layer=3), greedy(model, PROMPT, 3)
    a, b = watch(model, sessions=tmp_path), watch(other, sessions=tmp_path)
    c = watch(model, sessions=tmp_path)
    a.__enter__()
    b.__enter__()
    c.__enter__()
    assert same(greedy(model, PROMPT, 3), plain)
    a.__exit__(None, None, None)
    assert same(greedy(model, PROMPT, 3), plain)
    greedy(other, PROMPT, 3)
    b.__exit__(None, None, None)
    c.__exit__(None, None, None)
    assert [len(x.paths) for x in (a, b, c)] == [1, 1, 2]
    assert nothing_left(model)
    assert nothing_left(other)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_child_leaves_its_parents_session_alone(model: GPT, tmp_path: Path) -> None:
    scan = watch(model, sessions=tmp_path)
    with scan:
        greedy(model, PROMPT, 2)
        if os.fork() == 0:
            greedy(model, PROMPT, 2)
            scan.__exit__(None, None, None)
            os._exit(0)
        os.wait()
        assert Library(tmp_path).list()[0].state == "recording"
    assert scan.path is not None
    with open_session(scan.path) as reader:
        assert reader.num_steps == 3
        reader.verify()
