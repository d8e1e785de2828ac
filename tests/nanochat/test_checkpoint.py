"""Loading checkpoints that nobody vouches for: the good ones exactly, the bad ones with one sentence each."""

import json
import os
import pickle
import shutil
import struct
import zipfile
from collections import OrderedDict
from pathlib import Path

import pytest
import torch

from mri.errors import ConfigError, ModelError, PromptError
from mri.nanochat.checkpoint import choose_device, load_model, load_state
from mri.nanochat.eras import ERAS

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture
def base(tmp_path):
    """A copy of the E5 golden base directory, to be spoilt."""
    for part in ("tokenizer", "base_checkpoints"):
        shutil.copytree(GOLDEN / "E5" / part, tmp_path / part)
    return tmp_path


def model_file(base):
    return base / "base_checkpoints" / "d3" / "model_000010.pt"


def state_of(base):
    return torch.load(model_file(base), weights_only=True)


def edit_meta(base, **change):
    path = base / "base_checkpoints" / "d3" / "meta_000010.json"
    meta = json.loads(path.read_text())
    meta["model_config"] |= change
    path.write_text(json.dumps(meta))


def refused(base, words):
    """Loading raises one sentence that names the spoilt file, the fact and a cure."""
    with pytest.raises(ModelError, match=words) as caught:
        load_model(base, device="cpu")
    text = str(caught.value)
    assert str(base) in text
    assert text.endswith(".")
    assert "\n" not in text
    assert ": " in text


@pytest.mark.parametrize("name", ERAS)
def test_every_era_loads(name):
    loaded = load_model(GOLDEN / name, device="cpu")
    assert (loaded.era, loaded.ref.id) == (name, "base/d3/10")
    assert loaded.config.n_layer == 3
    assert loaded.tokenizer.n_vocab == loaded.config.vocab_size == 300
    assert loaded.device == torch.device("cpu")
    assert not loaded.model.training
    assert all(p.dtype == torch.float32 and p.device.type == "cpu" for p in loaded.model.parameters())
    assert loaded.model.cos.device.type == "cpu"
    original = torch.load(loaded.ref.file, weights_only=True)
    assert all(torch.equal(tensor, original[key]) for key, tensor in loaded.model.state_dict().items())


def test_weights_that_lie_otherwise_than_in_c_order(base):
    state = state_of(base)
    turned = {key: value.t().contiguous().t() if value.ndim == 2 else value for key, value in state.items()}
    assert not turned["lm_head.weight"].is_contiguous()
    torch.save(turned, model_file(base))
    model = load_model(base, device="cpu").model
    assert all(torch.equal(value, state[key]) and value.is_contiguous() for key, value in model.state_dict().items())


def test_hashes_name_the_content(base):
    first, again = load_model(base, device="cpu"), load_model(model_file(base), device="cpu")
    assert first.weights_hash == again.weights_hash
    assert first.config_hash == again.config_hash
    capped = load_model(base, device="cpu", softcap=20)
    assert capped.weights_hash == first.weights_hash
    assert capped.file_hash == first.file_hash
    assert capped.config_hash != first.config_hash
    assert capped.model.softcap == 20
    assert load_model(GOLDEN / "E4", device="cpu").weights_hash != first.weights_hash


def test_compiled_prefix_and_bfloat16_are_understood(base):
    state = state_of(base)
    torch.save(OrderedDict((f"_orig_mod.{key}", value.bfloat16()) for key, value in state.items()), model_file(base))
    loaded = load_model(base, device="cpu")
    weight = loaded.model.lm_head.weight
    assert weight.dtype == torch.float32
    assert torch.equal(weight, state["lm_head.weight"].bfloat16().float())


def test_parameters_instead_of_tensors_load(base):
    torch.save({key: torch.nn.Parameter(value) for key, value in state_of(base).items()}, model_file(base))
    assert load_model(base, device="cpu").era == "E5"


@pytest.mark.parametrize("rows", [300, 304, 384])
def test_the_padded_vocabulary_is_read_from_the_tensor(base, rows):
    padded = ("wte", "lm_head", "value_embeds")
    state = {
        key: torch.cat([value, value])[:rows].clone() if any(part in key for part in padded) else value
        for key, value in state_of(base).items()
    }
    torch.save(state, model_file(base))
    model = load_model(base, device="cpu").model
    assert model.lm_head.weight.shape[0] == rows
    with torch.inference_mode():
        assert model(torch.tensor([[1, 2]])).shape == (1, 2, 300)


def test_devices():
    assert choose_device("cpu") == torch.device("cpu")
    assert choose_device() == choose_device(choose_device())
    for name in ("gpu", "meta", "cuda:99"):
        with pytest.raises(ConfigError, match="There is no device"):
            choose_device(name)


@pytest.mark.parametrize("softcap", [0, -1, float("nan")])
def test_an_impossible_softcap_is_refused(base, softcap):
    with pytest.raises(ConfigError, match="leave it out for nanochat's 15"):
        load_model(base, softcap=softcap)


# What does not fit together


def test_a_model_without_its_tokenizer_shows_ids(base):
    (base / "tokenizer" / "tokenizer.pkl").unlink()
    loaded = load_model(base, device="cpu")
    assert "No tokenizer lies near" in loaded.notes[0]
    assert (loaded.tokenizer.n_vocab, loaded.tokenizer.hash) == (300, "")
    assert loaded.tokenizer.encode("3 ⟨299⟩⟨7⟩") == [3, 299, 7]
    assert loaded.tokenizer.decode([3, 299]) == "⟨3⟩⟨299⟩"
    for text in ("Once", "300"):
        with pytest.raises(PromptError):
            loaded.tokenizer.encode(text)


def test_vocabulary_mismatch(base):
    edit_meta(base, vocab_size=301)
    refused(base, "has 300 tokens and meta_000010.json says 301")


@pytest.mark.parametrize(
    "change", [{"n_layer": 2}, {"n_layer": 5}, {"n_embd": 128}, {"n_kv_head": 4}, {"n_head": 64}, {"n_experts": 4}]
)
def test_where_meta_and_weights_differ_the_weights_count(base, change):
    whole = load_model(base, device="cpu")
    edit_meta(base, **change)
    loaded = load_model(base, device="cpu")
    assert loaded.config == whole.config
    [note] = loaded.notes
    assert str(next(iter(change))) in note
    assert "the weights count" in note or "nothing here reads" in note


def test_sizes_that_the_weights_do_not_show_must_be_told(base):
    edit_meta(base, sequence_len=None)
    refused(base, "does not say sequence_len")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"bigram_lambdas": torch.ones(3)}, "'bigram_lambdas' is not supported"),
        ({"lm_head.weight": torch.ones(300, 64)}, "has the shape"),
        ({"transformer.wte.weight": torch.tensor(1.0)}, "no transformer.wte and blocks"),
        ({"lm_head.weight": torch.full((320, 64), float("nan"))}, "'lm_head.weight' holds NaN or infinity"),
        ({"_orig_mod.lm_head.weight": torch.ones(320, 64)}, "with and without '_orig_mod.'"),
        ({"x0_lambdas": 3}, "not a state dict of tensors"),
        ({7: torch.ones(1)}, "not a state dict of tensors"),
        ({"x0_lambdas": torch.ones(3, dtype=torch.int64)}, "would import 'torch.LongStorage'"),
        ({"x0_lambdas": torch.ones(1).expand(10**6, 10**6)}, "claims tensors larger than the file"),
    ],
)
def test_foreign_contents(base, change, words):
    torch.save(state_of(base) | change, model_file(base))
    refused(base, words)


def test_a_missing_parameter(base):
    state = state_of(base)
    del state["backout_lambda"]
    torch.save(state, model_file(base))
    refused(base, "1 parameters are missing, as 'backout_lambda'")


def test_a_list_is_no_state_dict(base):
    torch.save([torch.ones(2)], model_file(base))
    refused(base, "not a state dict of tensors")


# Broken and hostile archives


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.999])
def test_truncated_files(base, share):
    data = model_file(base).read_bytes()
    model_file(base).write_bytes(data[: int(len(data) * share)])
    refused(base, "truncated or not a torch checkpoint")


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


def test_old_pickle_format(base):
    torch.save(state_of(base), model_file(base), _use_new_zipfile_serialization=False)
    refused(base, "truncated or not a torch checkpoint")


def test_foreign_globals_are_never_run(base, tmp_path):
    marker = tmp_path / "marker"

    class Hostile:
        def __reduce__(self):
            return os.mkdir, (str(marker),)

    torch.save({"lm_head.weight": Hostile()}, model_file(base))
    refused(base, r"would import '(posix|nt)\.mkdir'")
    assert not marker.exists()


def rewrite(base, compression=zipfile.ZIP_STORED, add=(), replace=None):
    """Write the archive again, entry by entry."""
    path = model_file(base)
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()} | (replace or {})
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in [*entries.items(), *add]:
            archive.writestr(name, data)


def test_rewritten_but_sound_archive_loads(base):
    rewrite(base)
    assert load_model(base, device="cpu").era == "E5"


def test_compressed_archive(base):
    rewrite(base, zipfile.ZIP_DEFLATED, add=[("model_000010/data/99", bytes(1 << 20))])
    refused(base, "compressed entries")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_repeated_entries(base):
    rewrite(base, add=[("model_000010/data.pkl", b"N.")])
    refused(base, "overlapping or repeated entries")


def test_overlapping_entries(base):
    path = model_file(base)
    rewrite(base, add=[("model_000010/data/99", bytes(1000))])
    data = path.read_bytes()
    name = b"model_000010/data/0"
    start = data.rindex(b"PK\x01\x02", 0, data.rindex(name))  # the central directory's entry of data/0
    sizes = len(data).to_bytes(4, "little") * 2
    path.write_bytes(data[: start + 20] + sizes + data[start + 28 :])
    refused(base, "overlapping or repeated entries")


@pytest.mark.parametrize("name", ["model_000010/code/a.py", "model_000010/constants.pkl", "model_000010/../x"])
def test_foreign_entries(base, name):
    rewrite(base, add=[(name, b"N.")])
    refused(base, "which is no part of a state dict")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "truncated or broken"),
        (pickle.dumps({"a": 1}, protocol=4), "not a state dict of tensors"),
        (b"\x80\x02cbuiltins\neval\nX\x01\x00\x00\x001\x85R.", r"would import 'builtins\.eval'"),
        (b"\x80\x04\x8c\x02os\x8c\x06system\x93.", "operation STACK_GLOBAL"),
        (b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n)R.", "a pickle that is no state dict"),
        (b"\x80\x02N.", "not a state dict"),
    ],
)
def test_other_pickles_inside(base, data, words):
    rewrite(base, replace={"model_000010/data.pkl": data})
    refused(base, words)


def test_an_archive_without_a_pickle(base):
    with zipfile.ZipFile(model_file(base), "w") as archive:
        archive.writestr("model_000010/version", b"3\n")
    refused(base, "does not hold one state dict")
