"""Going back in a generation: what follows a snapshot follows it again, bit for bit, as often as one likes."""

import io
from dataclasses import replace

import pytest
import torch

from mri.format.config import Sampling
from mri.nanochat.chat import ids_from_prompt
from mri.nanochat.checkpoint import load_model
from mri.run.engine import Engine, generate
from tests.nanochat.test_model import ERAS, golden_model
from tests.nanochat.test_model import _one_thread as _one_thread
from tests.nanochat.test_tokenizer import TOKENIZER
from tests.run.test_engine import CHAT, GREEDY, SAMPLED, assert_same


@pytest.fixture(scope="module")
def embedded():
    return load_model(device="cpu")


@pytest.mark.parametrize("name", ERAS)
@pytest.mark.parametrize("sampling", [GREEDY, SAMPLED], ids=["greedy", "sampled"])
def test_what_follows_a_snapshot_follows_it_again(name, sampling):
    model, _ = golden_model(name)
    prompt = [1 + i % 200 for i in range(126)]  # decode passes the short window
    whole = list(generate(model, prompt, sampling, TOKENIZER))
    engine = Engine(model, TOKENIZER, prompt, sampling)
    snapshots = [engine.snapshot()]
    for step in engine:
        if step.end_reason is None:
            snapshots.append(engine.snapshot())
    assert len(snapshots) == len(whole)
    for start in (3, 0, len(whole) - 1, 3):
        engine.restore(snapshots[start])
        assert_same(list(engine), whole[start:])
    other = Engine(model, TOKENIZER, [5], replace(sampling, seed=99))
    other.restore(snapshots[3])
    assert_same(list(other), whole[3:])


def test_a_snapshot_within_the_prompt_and_within_the_calculators_work(embedded):
    ids = ids_from_prompt(embedded.tokenizer, CHAT, chat=True)
    engine = Engine(embedded.model, embedded.tokenizer, ids, Sampling(40, 0.5), stepwise=True)
    snapshots, steps = [], []
    while engine.end_reason is None:
        snapshots.append(engine.snapshot())
        steps.append(engine.step())
    assert any(step.forced for step in steps)
    for i, snapshot in reversed(list(enumerate(snapshots))[::3]):
        engine.restore(snapshot)
        assert_same(list(engine), steps[i:])


def test_two_lanes_from_one_snapshot_do_not_touch_each_other(embedded):
    ids = ids_from_prompt(embedded.tokenizer, "Once there was a girl named Mia.")
    base = Engine(embedded.model, embedded.tokenizer, ids, SAMPLED)
    alone = list(generate(embedded.model, ids, SAMPLED, embedded.tokenizer))
    steps = [base.step(), base.step()]
    snapshot = base.snapshot()
    lane = Engine(embedded.model, embedded.tokenizer, ids, SAMPLED)
    lane.restore(snapshot)
    lane.force(alone[2].next_id + 1)
    said = []
    while base.end_reason is None:
        said.append(lane.step().next_id)
        steps.append(base.step())
    assert_same(steps, alone)
    assert said[0] == alone[2].next_id + 1


@pytest.mark.parametrize("name", ["E1", "E5"])
def test_a_snapshot_holds_what_was_read_and_no_empty_room(name):
    model, _ = golden_model(name)
    engine = Engine(model, TOKENIZER, [1] * 20, GREEDY)
    sizes = [engine.snapshot()]
    engine.step(), engine.step()
    sizes.append(engine.snapshot())
    a_position = 2 * 3 * 2 * 16 * 4  # keys and values, blocks, kv heads, head_dim, float32
    embedding = 64 * 4 if name == "E5" else 0
    random = 5056
    assert [snapshot.nbytes for snapshot in sizes] == [random, random + 21 * a_position + embedding]
    with io.BytesIO() as file:  # storages, whole: a view would bring all it is a view of
        torch.save({k: v for k, v in vars(sizes[1]).items() if k in ("cache", "random")}, file)
        assert file.tell() < sizes[1].nbytes + 20_000 < sizes[1].nbytes + 512 * a_position


def test_a_pass_that_failed_is_made_good_by_a_snapshot():
    model, _ = golden_model("E5")
    whole = list(generate(model, [291, 9, 4], SAMPLED, TOKENIZER))
    engine = Engine(model, TOKENIZER, [291, 9, 4], SAMPLED)
    steps = [engine.step(), engine.step()]
    snapshot = engine.snapshot()

    def fail(*_):
        raise ZeroDivisionError

    handle = model.transformer["h"][2].register_forward_hook(fail)
    with pytest.raises(ZeroDivisionError):
        engine.step()
    handle.remove()
    engine.restore(snapshot)
    assert_same([*steps, *engine], whole)
