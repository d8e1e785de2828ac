"""Lesson 7: what parts wrote, with h5py; what is lost, measured anew; and what its text says without a number."""

from itertools import pairwise

import numpy as np
import pytest
import torch

import mri
from mri.lessons.catalogue import Catalogue
from mri.nanochat.checkpoint import load_model
from mri.paths import LESSONS
from tests.lessons.conftest import plain_h5

LESSON = "7-why"
HEADS, BLOCKS = 4, 6
STEPS = {"lesson-colours": 11, "lesson-giver": 14}


def recorded(session, step):
    """Part -> what it wrote to the lead of the chosen token over the strongest other, and the two logits."""
    with plain_h5(LESSONS / LESSON / f"{session}.h5") as f:
        ids = f["ledger/token_ids"][step].tolist()
        at, other = len(ids) - 1, next(i for i, each in enumerate(ids) if each != ids[-1])
        heads, mlp = (f[f"ledger/{name}"][step].astype(float) for name in ("heads", "mlp"))
        both = heads.sum((0, 1)) + mlp.sum(0) + f["ledger/embed"][step] + f["ledger/left_over"][step]
    found = {f"{b}.{h}": heads[b, h, at] - heads[b, h, other] for b in range(BLOCKS) for h in range(HEADS)}
    return found | {f"MLP {b}": mlp[b, at] - mlp[b, other] for b in range(BLOCKS)}, both[at], both[other]


def rows(session, step):
    """(blocks, heads, positions) attention weights, and the words read."""
    with plain_h5(LESSONS / LESSON / f"{session}.h5") as f:
        data, offsets = f["tokens/bytes"][:].tobytes().decode(), f["tokens/offsets"][:].tolist()
        words = [data[a:b].strip() for a, b in pairwise(offsets)]
        return f["attention/rows"][step].astype(float)[..., : step + 1], words[: step + 1]


@pytest.fixture(scope="module")
def loaded():
    return load_model(device="cpu")


@pytest.fixture(scope="module")
def losses(loaded):
    """(session, step) -> part -> what is lost with it off, measured anew."""

    def measure(session, step):
        frame = mri.open_trace(LESSONS / LESSON / f"{session}.h5").sweep(step, model=loaded)
        names = [f"{b}.{h}" if h >= 0 else f"MLP {b}" for b, h in zip(frame["block"], frame["head"], strict=True)]
        return dict(zip(names, frame["lost"].astype(float), strict=True))

    return {key: measure(*key) for key in [*STEPS.items(), ("lesson-colours", 13)]}


def test_both_leads_are_those_of_the_recordings(numbers):
    for prefix, (session, step) in zip(("", "gift_"), STEPS.items(), strict=True):
        _, own, rival = recorded(session, step)
        assert numbers[f"{prefix}step"] == step
        assert numbers[f"{prefix}own"] == pytest.approx(own, abs=1e-4)
        assert numbers[f"{prefix}rival"] == pytest.approx(rival, abs=1e-4)
        assert numbers[f"{prefix}lead"] == pytest.approx(own - rival, abs=1e-4)
        with plain_h5(LESSONS / LESSON / f"{session}.h5") as f:
            capped = f["logits/values"][step].astype(float)
        assert 15 * np.tanh(np.array([own, rival]) / 15) == pytest.approx(capped[:2], abs=1e-3)


def test_what_was_written_is_read_from_the_ledger(numbers):
    wrote, _, _ = recorded("lesson-colours", 11)
    for name, part in {"50": "5.0", "51": "5.1", "31": "3.1", "11": "1.1", "m5": "MLP 5"}.items():
        assert numbers[f"wrote_{name}"] == pytest.approx(wrote[part], abs=1e-5)
    gift, _, _ = recorded("lesson-giver", 14)
    for name, part in {"30": "3.0", "50": "5.0", "m4": "MLP 4", "m5": "MLP 5"}.items():
        assert numbers[f"gift_wrote_{name}"] == pytest.approx(gift[part], abs=1e-5)
    assert numbers["gift_mlps"] == pytest.approx(gift["MLP 4"] + gift["MLP 5"], abs=1e-5)
    heads = {part: amount for part, amount in gift.items() if "." in part}
    assert numbers["gift_head_name"] == max(heads, key=heads.get)
    assert numbers["gift_head"] == pytest.approx(max(heads.values()), abs=1e-5)
    later, own, rival = recorded("lesson-giver", 18)
    assert (numbers["at_m5"], numbers["at_lead"]) == pytest.approx((later["MLP 5"], own - rival), abs=1e-4)


def test_what_is_lost_is_what_is_lost_today(numbers, losses):
    list_, gift = losses["lesson-colours", 11], losses["lesson-giver", 14]
    for name, part in {"50": "5.0", "51": "5.1", "31": "3.1", "11": "1.1", "m5": "MLP 5"}.items():
        assert numbers[f"lost_{name}"] == pytest.approx(list_[part], abs=1e-2)
        assert numbers[f"left_{name}"] == pytest.approx(numbers["lead"] - list_[part], abs=1e-2)
    for name, part in {"30": "3.0", "50": "5.0", "m4": "MLP 4", "m5": "MLP 5"}.items():
        assert numbers[f"gift_lost_{name}"] == pytest.approx(gift[part], abs=1e-2)
    assert numbers["lost_all"] == pytest.approx(sum(list_.values()), abs=0.1)
    assert numbers["parts"] == len(list_)
    assert numbers["again_lost_31"] == pytest.approx(losses["lesson-colours", 13]["3.1"], abs=1e-2)


def test_without_mlp_5_the_stream_is_shorter_by_the_factor_that_the_text_says(loaded, numbers):
    model = loaded.model
    ids = mri.open_trace(LESSONS / LESSON / "lesson-colours.h5").reader.token_ids()[:12].tolist()
    kept = {}
    hooks = [
        model.transformer["h"][-1].mlp.register_forward_hook(lambda _m, _args, out: kept.update(mlp=out[0, -1])),
        model.lm_head.register_forward_pre_hook(lambda _m, args: kept.update(normed=args[0][0, -1])),
    ]
    with torch.inference_mode():
        model(torch.tensor([ids]))
    for hook in hooks:
        hook.remove()
    green, golden = (loaded.tokenizer.encode(word)[0] for word in (" green", " golden"))
    row = (model.lm_head.weight[green] - model.lm_head.weight[golden]).detach()
    size = float(kept["mlp"] @ row) / numbers["wrote_m5"]  # what the last norm divided by
    without = size * kept["normed"] - kept["mlp"]
    assert numbers["stretch"] == pytest.approx(size / without.square().mean().sqrt().item(), rel=1e-3)


def test_what_the_text_says_of_the_list_is_so(numbers, losses):
    wrote, _, _ = recorded("lesson-colours", 11)
    lost = losses["lesson-colours", 11]
    assert max(wrote, key=wrote.get) == "5.0"  # "the one that wrote most"
    assert max(lost, key=lost.get) == "3.1"  # "the cell where most is lost"
    assert all(abs(amount) < 0.1 for part, amount in wrote.items() if part.removeprefix("MLP ")[0] in "0123")
    assert lost["3.1"] > 0.95 * numbers["lead"] > lost["5.0"]  # "nothing is left"
    assert abs(lost["5.0"] - wrote["5.0"]) < 0.2  # "as nearly with head 5.0"
    assert lost["5.1"] < wrote["5.1"]  # "some parts wrote more than they lost"
    look, words = rows("lesson-colours", 11)
    green = words.index("green")
    assert look[5, :, green].argsort()[::-1].tolist()[:2] == [0, 1]
    assert (look[5, 0].argmax(), look[5, 1].argmax()) == (green, green)
    assert look[3, 1, green] < 0.1  # "hardly looks at green"
    assert words[look[3, 1].argmax()] == numbers["look_word"] == "blue"
    assert look[3, 1].argmax() == numbers["look_step"] == 10  # where the clock is sent: a token a step
    assert [numbers[f"look_{name}"] for name in ("31", "50", "51")] == pytest.approx(
        [look[3, 1, 10], look[5, 0, green], look[5, 1, green]]
    )
    again = losses["lesson-colours", 13]
    assert max(again, key=again.get) == "3.1"


def test_what_the_text_says_of_the_gift_is_so(numbers, losses):
    wrote, _, _ = recorded("lesson-giver", 14)
    lost = losses["lesson-giver", 14]
    assert max(wrote, key=wrote.get) == "MLP 4"
    assert max(lost, key=lost.get) == "3.0"
    assert numbers["gift_left_30"] > 1  # "even then Mia stays in front"
    look, words = rows("lesson-giver", 14)
    assert look[3, 0].argmax() == 10
    assert words[10:12] == ["Tom", "gave"]
    assert numbers["gift_look"] == pytest.approx(look[3, 0, 10])
    costly = [tuple(map(int, part.split("."))) for part, amount in lost.items() if "." in part and amount > 1]
    assert all(look[block, head].argmax() != words.index("ball") for block, head in costly)
    assert words[look[5, 0].argmax()] == "Mia"  # "heads of block 5 look there"
    list_look, _ = rows("lesson-colours", 11)
    assert look[3, 0].max() > 0.95 > 0.6 > list_look[3, 1].max()  # "spreads its weight far less"
    later, _, _ = recorded("lesson-giver", 18)
    assert max(later, key=later.get) == "MLP 5"
    sources = mri.open_trace(LESSONS / LESSON / "lesson-giver.h5").sources(14).query("block == 5 and head == 0")
    given = (sources["stream"] + sources["value"]).groupby(sources["token"], observed=True).sum()
    assert (numbers["gift_from_mia"], numbers["gift_from_tom"]) == pytest.approx(
        (given[" Mia"], given[" Tom"]), abs=1e-2
    )
    assert numbers["gift_from_mia"] + numbers["gift_from_tom"] == pytest.approx(wrote["5.0"], abs=0.05)


def test_the_numbers_open(explained):
    lost = explained["lost_31"]
    assert set(lost.inputs) == {"wrote", "norm", "later"}
    assert "tab=why" in lost.inputs["wrote"].link
    assert "head 3.1 switched off" in lost.inputs["later"].source


def test_lessons_4_and_5_lead_here():
    catalogue = Catalogue(LESSONS)
    for lesson_id in ("4-attention", "5-block"):
        assert f"/learn?lesson={LESSON}" in str(catalogue.lesson(lesson_id).moments[-1].body)
