"""Finding checkpoints: nanochat's own choice of tag and step, and a sentence where there is nothing."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from mri.errors import ConfigError, ModelError
from mri.nanochat import locate
from mri.nanochat.constants import Constants
from mri.nanochat.disk.describe import read_config
from mri.nanochat.locate import Loading, ModelRef, discover, find_checkpoint

ROOT = Path(__file__).parents[2]
SIZES = {"sequence_len": 16, "vocab_size": 10, "n_layer": 2, "n_head": 4, "n_kv_head": 2, "n_embd": 32}


def add(base, source, tag, step, mtime=None):
    folder = base / f"{source}_checkpoints" / tag
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"model_{step:06d}.pt").write_bytes(b"")
    if mtime:
        os.utime(folder, (mtime, mtime))
    return folder


def write(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    return path


def test_the_largest_depth_and_step_are_chosen(tmp_path):
    add(tmp_path, "base", "d4", 100)
    folder = add(tmp_path, "base", "d20_x", 10)
    add(tmp_path, "base", "d20_x", 9)
    add(tmp_path, "base", "zz", 500)
    (tmp_path / "base_checkpoints" / "d99").mkdir()  # has no model: passed over
    (folder / "optim_000999_rank0.pt").write_bytes(b"")
    found = find_checkpoint(tmp_path)
    assert (found.source, found.tag, found.step) == ("base", "d20_x", 10)
    assert found.meta == folder / "meta_000010.json"
    assert found.tokenizer is None
    tokenizer = write(tmp_path / "tokenizer" / "tokenizer.pkl")
    assert found.tokenizer == tokenizer


def test_without_a_depth_the_newest_folder_is_chosen(tmp_path):
    add(tmp_path, "base", "beta", 1, mtime=2_000_000)
    add(tmp_path, "base", "alpha", 1, mtime=3_000_000)
    add(tmp_path, "base", "gamma", 1, mtime=1_000_000)
    assert find_checkpoint(tmp_path).tag == "alpha"


def test_sources_in_order(tmp_path):
    for source in ("base", "mid", "chatrl", "chatsft"):
        add(tmp_path, source, "d2", 1)
        assert find_checkpoint(tmp_path).source == source


def test_folder_file_and_link_name_a_checkpoint_too(tmp_path, monkeypatch):
    folder = add(tmp_path, "mid", "d2", 7)
    expected = folder / "model_000007.pt"
    monkeypatch.chdir(tmp_path)
    for path in (folder, folder.parent, folder / "model_000007.pt", Path("mid_checkpoints/d2")):
        assert find_checkpoint(path) == ModelRef(expected, str(path))
    other = tmp_path / "other" / "base_checkpoints"
    other.mkdir(parents=True)
    (other / "d3").symlink_to(folder)
    write(tmp_path / "other" / "tokenizer" / "tokenizer.pkl")
    assert find_checkpoint(tmp_path / "other").tokenizer == tmp_path / "other" / "tokenizer" / "tokenizer.pkl"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nowhere", "does not exist"),
        ("empty", "holds no checkpoint"),
        ("weights.txt", "is no file of weights"),
    ],
)
def test_nothing_to_find_is_one_sentence(tmp_path, name, words):
    (tmp_path / "empty").mkdir()
    (tmp_path / "weights.txt").write_bytes(b"")
    with pytest.raises(ModelError, match=words) as caught:
        find_checkpoint(tmp_path / name)
    assert str(tmp_path / name) in str(caught.value)


def test_a_file_at_the_root_of_the_disk_has_no_source():
    assert ModelRef(Path("/model_1.pt")).step == 1


def base_of(ref):
    return ref.file.parents[2]


def test_the_softcap_that_was_set_is_of_the_servers_own_model_alone(tmp_path, monkeypatch):
    for name in ("own", "embedded"):
        add(tmp_path / name, "base", "d2", 1)
    monkeypatch.setattr(locate, "EMBEDDED", tmp_path / "embedded")
    monkeypatch.setenv("HOME", str(tmp_path))
    loading = Loading(Constants(softcap=20))
    assert [ref.loading for ref in discover(tmp_path / "own", loading)] == [loading, Loading()]
    assert [ref.loading for ref in discover(None, loading)] == [loading]


def test_a_ref_says_what_it_is_and_passes_a_pipe_as_it_is(tmp_path):
    ref = find_checkpoint(
        add(tmp_path, "chatsft", "d12", 6500), Loading(Constants(softcap=20), tmp_path, "cpu", "bfloat16")
    )
    assert (ref.id, ref.title) == ("chatsft/d12/6500", "chatsft d12, step 6,500")
    assert ref.label == f"chatsft d12, step 6,500 ({tmp_path}/chatsft_checkpoints/d12)"
    assert ModelRef.from_json(json.loads(json.dumps(ref.to_json()))) == ref
    with pytest.raises(ConfigError, match="not positive"):
        replace(ref.loading.constants, softcap=-1.0)
    with pytest.raises(ConfigError, match="choose from float32, bfloat16"):
        Loading(dtype="float8")


def test_discover_offers_each_place_once(tmp_path, monkeypatch):
    places = [tmp_path / name for name in ("extra", "embedded", "named", "home/.cache/nanochat")]
    for place in places:
        add(place, "base", "d2", 1)
    monkeypatch.setattr(locate, "EMBEDDED", places[1])
    monkeypatch.setenv("NANOCHAT_BASE_DIR", str(places[2]))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    refs = discover(places[0])
    assert [base_of(ref) for ref in refs] == places
    assert [ref.asked for ref in refs] == [str(places[0]), "embedded", "$NANOCHAT_BASE_DIR", "~/.cache/nanochat"]
    assert [base_of(ref) for ref in discover(places[2])] == [places[2], places[1], places[3]]
    monkeypatch.setenv("NANOCHAT_BASE_DIR", str(tmp_path / "gone"))
    assert [base_of(ref) for ref in discover()] == [places[1], places[3]]
    with pytest.raises(ModelError, match="does not exist"):
        discover(tmp_path / "gone")


def files_with_meta(tmp_path, text):
    files = ModelRef(add(tmp_path, "base", "d2", 1) / "model_000001.pt")
    if text is not None:
        files.meta.write_text(text)
    return files


def test_read_config(tmp_path):
    files = files_with_meta(tmp_path, json.dumps({"step": 1, "model_config": SIZES | {"window_pattern": "SL"}}))
    assert read_config(files).window_pattern == "SL"
    files = files_with_meta(tmp_path, json.dumps({"model_config": SIZES}))
    assert read_config(files).window_pattern is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "is missing beside model_000001.pt"),
        ("{", "cannot be read as JSON"),
        ("[" * 100_000, "cannot be read as JSON"),
        ("\udcff", "cannot be read as JSON"),
        ("[]", "has no 'model_config'"),
        ('{"model_config": 3}', "has no 'model_config'"),
        (json.dumps({"model_config": {"n_layer": 2}}), "sequence_len is None"),
        ('{"model_config": {"n_layer": 2}, "model_config": {}}', "it has 'model_config' twice"),
        (json.dumps({"model_config": SIZES | {"softcap": "loud"}}), "softcap of loud is not positive"),
        (json.dumps({"model_config": SIZES | {"n_layer": -1}}), "n_layer is -1"),
        (" " * (1 << 20) + "{}", "larger than 1 MB"),
    ],
)
def test_a_bad_meta_file_is_one_sentence(tmp_path, text, words):
    files = files_with_meta(tmp_path, None if text == "\udcff" else text)
    if text == "\udcff":
        files.meta.write_bytes(b"\xff\xfe{")
    with pytest.raises(ModelError, match=words) as caught:
        read_config(files)
    assert "meta_000001.json" in str(caught.value)


def test_listing_models_imports_neither_torch_nor_tiktoken():
    code = "import sys; import mri.nanochat.locate; print([m for m in ('torch', 'tiktoken') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_newest_step_without_its_meta_falls_back_and_says_so(tmp_path):
    folder = add(tmp_path, "base", "d4", 100)
    write(folder / "meta_000100.json")
    assert find_checkpoint(tmp_path).note == ""
    add(tmp_path, "base", "d4", 200)
    found = find_checkpoint(tmp_path)
    assert found.step == 100
    assert "model_000200.pt has no meta file, so model_000100.pt is taken" in found.note
    assert find_checkpoint(folder / "model_000200.pt").step == 200
    write(folder / "config_000200.json")
    assert (find_checkpoint(tmp_path).step, find_checkpoint(tmp_path).note) == (200, "")


def test_every_step_of_every_tag_is_offered_in_the_order_of_training(tmp_path, monkeypatch):
    monkeypatch.setattr(locate, "EMBEDDED", tmp_path / "embedded")
    monkeypatch.setenv("HOME", str(tmp_path))
    for source, tag, step in (
        ("chatrl", "d4", 5),
        ("base", "d4", 100),
        ("base", "d4", 200),
        ("base", "d12", 50),
        ("chatsft", "d4", 7),
    ):
        write(add(tmp_path / "own", source, tag, step) / f"meta_{step:06d}.json")
    add(tmp_path / "own", "base", "d12", 60)  # without its meta file it cannot be loaded
    ids = [ref.id for ref in discover(tmp_path / "own")]
    assert ids == ["chatsft/d4/7", "base/d12/50", "base/d4/200", "base/d4/100", "chatrl/d4/5"]
    folder = tmp_path / "own" / "base_checkpoints" / "d4"
    assert [ref.step for ref in discover(folder)] == [200, 100]


FLAT = ["model.safetensors.index.json", "model.safetensors", "pytorch_model.bin", "model.pt", "ckpt.pt"]


@pytest.mark.parametrize("name", [*FLAT, "mine.pt"])
def test_a_folder_that_somebody_elses_program_wrote(tmp_path, name):
    folder = tmp_path / "nanochat-d20"
    write(folder / name)
    for other in ("optim_000010_rank0.pt", "README.md"):
        write(folder / other)
    found = find_checkpoint(folder)
    assert (found.file, found.step, found.id) == (folder / name, None, f"nanochat-d20/{name}")
    assert found.title == f"nanochat-d20, {name}"
    assert found.metas == []
    config = write(folder / "config.json")
    assert found.metas == [config] == [found.meta]


@pytest.mark.parametrize(
    "place",
    [
        "m/tokenizer.pkl",
        "m/tokenizer/tokenizer.pkl",
        "m/tokenizer.json",
        "m/tokenizer/tokenizer.json",
        "m/meta.pkl",
        "tokenizer/tokenizer.pkl",
        "../tokenizer/tokenizer.json",
    ],
)
def test_the_nearest_tokenizer(tmp_path, place):
    top = tmp_path / "a" / "b"
    ref = ModelRef(write(top / "m" / "model.pt"))
    assert ref.tokenizer is None
    far = write(top / ".." / "tokenizer" / "tokenizer.json")
    near = write(top / place)
    assert ref.tokenizer.resolve() == near.resolve()
    assert far.exists()


def test_a_tokenizer_that_was_set_counts(tmp_path):
    near, mine = write(tmp_path / "m" / "tokenizer.pkl"), write(tmp_path / "mine" / "tokenizer.json")
    file = write(tmp_path / "m" / "model.pt")
    assert ModelRef(file).tokenizer == near
    for given in (mine, mine.parent):
        assert find_checkpoint(file, Loading(tokenizer=given)).tokenizer == mine
    with pytest.raises(ModelError, match="holds no tokenizer"):
        assert find_checkpoint(file, Loading(tokenizer=tmp_path)).tokenizer
