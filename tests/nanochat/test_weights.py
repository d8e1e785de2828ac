"""The hash is of what is in memory, whatever it was loaded from, wrapped in or laid out as; and it sees every bit."""

import hashlib

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from mri.nanochat import weights as module
from mri.nanochat.weights import checksum, named_weights, weights_hash


class Small(nn.Module):
    def __init__(self, *, tied: bool = False, table: float = 0.0) -> None:
        super().__init__()
        self.first = nn.Linear(60, 50)
        self.norm = nn.BatchNorm1d(3)
        self.last = nn.Linear(60, 50)
        self.scale = nn.Parameter(torch.tensor(2.0))
        self.register_buffer("table", torch.full((4,), table), persistent=False)
        with torch.no_grad():
            self.first.weight.copy_(torch.randn(50, 60, generator=torch.Generator().manual_seed(0)))
            self.first.bias.copy_(torch.arange(50.0))
            self.last.bias.zero_()
        if tied:
            self.last.weight = self.first.weight
        else:
            self.last.weight.data.copy_(self.first.weight.data)


def test_it_is_what_it_says_it_is():
    small = Small()
    assert [name for name, _ in named_weights(small)] == [
        "first.bias",
        "first.weight",
        "last.bias",
        "last.weight",
        "norm.bias",
        "norm.num_batches_tracked",
        "norm.running_mean",
        "norm.running_var",
        "norm.weight",
        "scale",
    ]
    lines = ""
    for name, tensor in sorted(small.state_dict().items()):
        digest = hashlib.sha256(tensor.numpy().tobytes()).hexdigest()
        lines += f"{name} {str(tensor.dtype).removeprefix('torch.')} {list(tensor.shape)} {digest}\n"
    assert weights_hash(small) == hashlib.sha256(lines.encode()).hexdigest()


def test_wrappers_layout_and_sharing_change_nothing():
    plain = weights_hash(Small())
    assert weights_hash(Small(tied=True)) == plain
    assert weights_hash(Small(table=3.0)) == plain, "a table that the module computes is none of its weights"
    assert weights_hash(nn.ModuleDict({"module": Small()})) == plain
    assert weights_hash(nn.ModuleDict({"_orig_mod": Small()})) == plain
    assert weights_hash(nn.ModuleDict({"module": nn.ModuleDict({"_orig_mod": Small()})})) == plain
    strided = Small()
    strided.first.weight.data = strided.first.weight.data.t().contiguous().t()
    assert not strided.first.weight.is_contiguous()
    assert weights_hash(strided) == plain
    shifted = Small()
    shifted.first.weight.data = torch.cat([torch.zeros(1), shifted.first.weight.data.flatten()])[1:].view(50, 60)
    assert shifted.first.weight.storage_offset() == 1
    assert weights_hash(shifted) == plain
    with torch.inference_mode():
        assert weights_hash(Small()) == plain


CHANGES = {
    "zeroed behind autograd's back": lambda m: m.first.weight.data.zero_(),
    "one bit": lambda m: m.first.weight.data.view(torch.int32)[49, 59].bitwise_xor_(1),
    "the sign of a zero": lambda m: m.last.bias.data[3].neg_(),
    "neurons exchanged": lambda m: m.first.weight.data.copy_(m.first.weight.data.roll(1, 1)),
    "rows exchanged": lambda m: m.first.weight.data.copy_(m.first.weight.data.roll(1, 0)),
    "negated": lambda m: m.first.weight.data.neg_(),
    "a scalar": lambda m: m.scale.data.add_(1e-6),
    "a buffer": lambda m: m.norm.running_mean.add_(1),
    "a dtype": lambda m: m.bfloat16(),
    "a shape": lambda m: setattr(m.first, "weight", nn.Parameter(m.first.weight.data.view(60, 50))),
    "a name": lambda m: m.register_parameter("renamed", m._parameters.pop("scale")),
    "one more": lambda m: m.register_buffer("more", torch.zeros(0)),
    "two tensors exchanged": lambda m: m.first.bias.data.copy_(m.last.bias.data),
}


@pytest.mark.parametrize("name", CHANGES)
def test_any_change_is_another_hash(name):
    small = Small()
    before = checksum(small), weights_hash(small)
    CHANGES[name](small)
    assert checksum(small) != before[0]
    assert weights_hash(small) != before[1]


@given(st.integers(1, 40_000), st.integers(0), st.integers(1, 255))
def test_the_checksum_sees_every_byte(size, place, change):
    holder = nn.Module()
    x = torch.randint(0, 256, (size,), dtype=torch.uint8, generator=torch.Generator().manual_seed(size))
    holder.register_buffer("x", x)
    before = checksum(holder)
    holder.x[place % size] += change
    assert checksum(holder) != before


def test_unchanged_weights_are_hashed_once(monkeypatch):
    small = Small()
    first = weights_hash(small)
    monkeypatch.setattr(module, "_line", None)  # would fail
    assert weights_hash(small) == first
    assert weights_hash(Small()) == first
    monkeypatch.undo()
    for i in range(module.MOST_KNOWN + 5):
        small.scale.data.fill_(i)
        weights_hash(small)
    assert len(module._hash_of_checksum) <= module.MOST_KNOWN


@pytest.mark.parametrize("odd", [torch.complex64, torch.bfloat16, torch.float16, torch.bool, torch.int8, torch.float64])
def test_every_dtype_has_bytes(odd):
    holder = nn.Module()
    holder.register_buffer("x", torch.ones(5, 3).to(odd))
    assert len(weights_hash(holder)) == 64


@pytest.mark.parametrize(
    "odd",
    [nn.Linear(2, 3, device="meta"), nn.LazyLinear(3), nn.ReLU(), nn.ParameterList([torch.eye(3).to_sparse()])],
    ids=["meta", "lazy", "none", "sparse"],
)
def test_what_has_no_bytes_has_no_hash(odd):
    assert weights_hash(odd) == ""
    checksum(odd)
