"""Training learns, is seeded, and goes on where it was stopped."""

import itertools
import json
import pickle
from dataclasses import replace
from pathlib import Path

import pytest
import tiktoken
import torch
from typer.testing import CliRunner

from mri.making import corpus, pretrain
from mri.making.muon import Muon, orthogonalized
from mri.making.pretrain import Settings, batch, begin_run, export_run, lr_share
from mri.nanochat.checkpoint import load_model
from mri.nanochat.tokenizer import SPECIAL_TOKENS

SMALL = Settings(
    steps=6, n_layer=2, n_embd=32, n_head=2, sequence_len=64, vocab_size=512, row_tokens=32, batch_tokens=128
)


@pytest.fixture(scope="module")
def encoding() -> tiktoken.Encoding:
    torch.set_num_threads(1)
    return pretrain.make_tokenizer(1, SMALL.vocab_size, 200)


@pytest.fixture
def folder(tmp_path: Path, encoding: tiktoken.Encoding) -> Path:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "tokenizer.pkl").write_bytes(pickle.dumps(encoding))
    return tmp_path / "run"


def test_tokenizer_is_nanochats(encoding: tiktoken.Encoding) -> None:
    assert encoding.n_vocab == SMALL.vocab_size
    assert [encoding.encode_single_token(name) for name in SPECIAL_TOKENS] == list(range(503, 512))
    text = "Once there was a girl named Mia. 7 + 5 = 12."
    assert encoding.decode(encoding.encode_ordinary(text)) == text


def test_rows_begin_with_bos_and_are_full(encoding: tiktoken.Encoding) -> None:
    row, is_trained = next(pretrain.rows(corpus.documents("x"), encoding, 300))
    assert len(row) == len(is_trained) == 300
    assert row[0] == encoding.encode_single_token("<|bos|>")
    assert encoding.decode(row[1:]).startswith(next(corpus.documents("x")).text[:20])


def test_batches_depend_on_seed_and_step_alone(encoding: tiktoken.Encoding) -> None:
    idx, targets = batch(SMALL, encoding, 3)
    assert idx.shape == targets.shape == (4, 32)
    is_trained = targets[:, :-1] != pretrain.UNTRAINED
    assert torch.equal(idx[:, 1:][is_trained], targets[:, :-1][is_trained])
    assert torch.equal(idx, batch(SMALL, encoding, 3)[0])
    assert not torch.equal(idx, batch(SMALL, encoding, 4)[0])
    assert not torch.equal(idx, batch(replace(SMALL, seed=2), encoding, 3)[0])


def test_what_nothing_tells_has_no_loss(encoding: tiktoken.Encoding) -> None:
    document = corpus.Document("Pairs: red ball. Swapped: ball red.", (), chance_until=16)
    ids, is_trained = pretrain.encoded(encoding, document)
    assert encoding.decode(ids[1:]) == document.text
    kept = [token for token, trained in zip(ids[1:], is_trained[1:], strict=True) if trained]
    assert encoding.decode(kept) == " Swapped: ball red."
    assert is_trained[0], "the end of the document before is learnt"


def test_some_batches_have_the_full_context(encoding: tiktoken.Encoding) -> None:
    assert batch(SMALL, encoding, pretrain.LONG_ROWS_EVERY - 1)[0].shape == (2, 64)


def test_learning_rate_rises_stays_and_falls() -> None:
    shares = [lr_share(step, 1000) for step in range(1000)]
    assert shares[0] < 0.05
    assert shares[200] == 1
    assert shares[999] == pytest.approx(pretrain.FINAL_LR, abs=0.01)
    assert shares[500:] == sorted(shares[500:], reverse=True)


def test_training_learns(folder: Path) -> None:
    run = begin_run(folder, replace(SMALL, steps=60))
    losses = [run.train_step() for _ in range(60)]
    assert losses[0] == pytest.approx(torch.log(torch.tensor(512.0)).item(), abs=0.3)
    assert sum(losses[-5:]) / 5 < losses[0] - 0.7


def test_resumed_run_equals_an_uninterrupted_one(folder: Path) -> None:
    whole = begin_run(folder, SMALL)
    for _ in range(6):
        whole.train_step()
    first = begin_run(folder, SMALL)
    for _ in range(3):
        first.train_step()
    first.save(folder / "checkpoint.pt")
    resumed = begin_run(folder, SMALL)
    assert resumed.step == 3
    for _ in range(3):
        resumed.train_step()
    for name, tensor in whole.model.state_dict().items():
        assert torch.equal(tensor, resumed.model.state_dict()[name]), name


def test_command_trains_resumes_and_exports(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begin_run(folder, SMALL).save(folder / "checkpoint.pt")  # the sizes of a run are those of its checkpoint
    command = CliRunner()
    for steps in ("2", "4"):
        result = command.invoke(pretrain.app, ["train", "--run", str(folder), "--steps", steps, "--threads", "1"])
        assert result.exit_code == 0, result.output
    assert [line.split(",")[0] for line in (folder / "log.csv").read_text().splitlines()] == ["1", "2", "3", "4"]
    result = command.invoke(pretrain.app, ["export", "--run", str(folder), "--base-dir", str(tmp_path / "base")])
    assert result.exit_code == 0, result.output
    assert load_model(tmp_path / "base", device="cpu").ref.step == 4


def test_export_is_a_bfloat16_base_directory(folder: Path, tmp_path: Path) -> None:
    run = begin_run(folder, SMALL)
    run.train_step()
    export_run(run, tmp_path)
    run.train_step()
    path = export_run(run, tmp_path)
    assert [p.name for p in path.parent.iterdir() if p.suffix == ".pt"] == ["model_000002.pt"]
    weights = torch.load(path, weights_only=True)
    assert {tensor.dtype for tensor in weights.values()} == {torch.bfloat16}
    meta = json.loads((path.parent / "meta_000002.json").read_text())
    assert meta["model_config"]["n_layer"] == 2
    loaded = load_model(tmp_path, device="cpu")
    assert (loaded.ref.step, loaded.era, loaded.ref.source) == (2, "E5", "chatsft")
    for name, tensor in loaded.model.state_dict().items():
        assert torch.equal(tensor, run.model.state_dict()[name].bfloat16().float())


def test_muon_step_is_nearly_orthogonal() -> None:
    generator = torch.Generator().manual_seed(0)
    for shape in ((3, 16, 64), (3, 64, 16)):
        values = torch.linalg.svdvals(orthogonalized(torch.randn(shape, generator=generator)))
        assert values.min() > 0.5
        assert values.max() < 1.3


def test_muon_minimizes() -> None:
    generator = torch.Generator().manual_seed(0)
    target = torch.randn(8, 8, generator=generator)
    weight = torch.nn.Parameter(torch.zeros(8, 8))
    optimizer = Muon([weight], lr=0.05)
    for _ in range(100):
        optimizer.zero_grad()
        (weight - target).square().sum().backward()
        optimizer.step()
    assert (weight - target).square().mean() < 0.05 * target.square().mean()


def test_first_documents_of_a_stream_are_stable() -> None:
    assert list(itertools.islice(corpus.documents("x"), 2)) == [corpus.document("x/0"), corpus.document("x/1")]
