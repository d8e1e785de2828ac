"""Archives that are broken or hostile: one sentence each, and nothing in them runs."""

import os
import pickle
import zipfile

import pytest
import torch

from mri.nanochat.checkpoint import load_model
from tests.nanochat.disk.spoilt import model_file, refused, state_in


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.999])
def test_truncated_files(base, share):
    data = model_file(base).read_bytes()
    model_file(base).write_bytes(data[: int(len(data) * share)])
    refused(base, "truncated or not a torch checkpoint")


def test_old_pickle_format(base):
    torch.save(state_in(base), model_file(base), _use_new_zipfile_serialization=False)
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
