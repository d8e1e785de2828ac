"""Numbers read from files: types, order in memory, damage, progress."""

import struct
import zipfile
from collections import OrderedDict

import torch

from mri.errors import ModelError
from mri.nanochat.checkpoint import load_model, load_state
from tests.nanochat.disk.layouts import GOLDEN
from tests.nanochat.disk.spoilt import model_file, refused, state_in


def test_weights_that_lie_otherwise_than_in_c_order(base):
    state = state_in(base)
    turned = {key: value.t().contiguous().t() if value.ndim == 2 else value for key, value in state.items()}
    assert not turned["lm_head.weight"].is_contiguous()
    torch.save(turned, model_file(base))
    model = load_model(base, device="cpu").model
    assert all(torch.equal(value, state[key]) and value.is_contiguous() for key, value in model.state_dict().items())


def test_compiled_prefix_and_bfloat16_are_understood(base):
    state = state_in(base)
    torch.save(OrderedDict((f"_orig_mod.{key}", value.bfloat16()) for key, value in state.items()), model_file(base))
    loaded = load_model(base, device="cpu")
    weight = loaded.model.lm_head.weight
    assert weight.dtype == torch.float32
    assert torch.equal(weight, state["lm_head.weight"].bfloat16().float())


def test_parameters_instead_of_tensors_load(base):
    torch.save({key: torch.nn.Parameter(value) for key, value in state_in(base).items()}, model_file(base))
    assert load_model(base, device="cpu").era == "E5"


def test_flipped_bytes_never_escape_as_another_error(base):
    data = model_file(base).read_bytes()
    for position in (30, 200, 1000, len(data) - 30, len(data) - 900, len(data) - 2000):
        spoilt = bytearray(data)
        spoilt[position : position + 4] = b"\xff\x00\xff\x00"
        model_file(base).write_bytes(spoilt)
        try:
            load_state(model_file(base))
        except ModelError:
            continue  # a flip may also hit padding, and then it loads


def test_a_flipped_bit_of_a_weight_is_found(base):
    """torch itself does not look at the archive's checksums."""
    whole = model_file(base).read_bytes()
    with zipfile.ZipFile(model_file(base)) as archive:
        headers = [entry.header_offset for entry in archive.infolist() if "/data/" in entry.filename][:5]
    for header in headers:
        name_bytes, extra_bytes = struct.unpack_from("<HH", whole, header + 26)
        place = header + 30 + name_bytes + extra_bytes
        damaged = bytearray(whole)
        damaged[place] ^= 1
        model_file(base).write_bytes(damaged)
        refused(base, r"is damaged \(at .*/data/\d+\)")


def test_progress_is_told_in_words():
    told = []
    load_model(GOLDEN / "E5", device="cpu", on_progress=lambda words, share: told.append((words, share)))
    assert [*dict(told)] == ["checking the file", "reading the weights", "hashing the file"]
    assert all(0 <= share <= 1 for _, share in told)
