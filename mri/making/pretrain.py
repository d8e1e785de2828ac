"""Trains the embedded model from nothing: corpus, tokenizer, weights, and the base directory that is committed.

    python -m mri.making.pretrain train     goes on where it was stopped; working files under runs/
    python -m mri.making.pretrain export    rounds the newest checkpoint to bfloat16 and writes data/nanochat

Batch n depends on the seed and n alone, so a run that was stopped and resumed equals one that was not.
Knows nothing of traces, pages or evaluation.
"""

import itertools
import json
import math
import os
import pickle
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Annotated, Any

import rustbpe
import tiktoken
import torch
import torch.nn.functional as F
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor

from mri.making import corpus
from mri.making.initial import init_weights
from mri.making.muon import Muon
from mri.nanochat.config import GPTConfig
from mri.nanochat.model import GPT
from mri.nanochat.tokenizer import SPECIAL_TOKENS, SPLIT_PATTERN

RUN = Path("runs/d6")
BASE_DIR = Path("data/nanochat")
TOKENIZER_DOCUMENTS = 40_000
NAME_COPIES = 400  # of each name, capital, country and two-digit figure
LONG_ROWS_EVERY = 8  # every eighth batch has rows of the full context, so that all positions are trained
UNTRAINED = -100  # a target that the loss leaves out: cross_entropy's ignore_index
WARMUP_STEPS = 40
WARMDOWN_SHARE = 0.5  # of all steps, at the end: the learning rate falls linearly to FINAL_LR
FINAL_LR = 0.02
LEARNING_RATES = {"matrices": 0.012, "embeddings": 0.02, "lm_head": 0.003, "scalars": 0.005}
ADAM_BETAS = (0.9, 0.95)


@dataclass(frozen=True)
class Settings:
    """What a run is made of. `steps` is when the warmdown ends; it alone may change when a run is resumed."""

    steps: int = 3000
    seed: int = 1
    n_layer: int = 6
    n_embd: int = 256
    n_head: int = 4
    sequence_len: int = 512
    window_pattern: str = "SSSL"
    vocab_size: int = 2048
    row_tokens: int = 256
    batch_tokens: int = 3072

    def config(self) -> GPTConfig:
        """The model's configuration in nanochat's names."""
        sizes = {each.name: getattr(self, each.name) for each in fields(GPTConfig) if each.name != "n_kv_head"}
        return GPTConfig(n_kv_head=self.n_head, **sizes)


def make_tokenizer(seed: int, vocab_size: int, n_documents: int) -> tiktoken.Encoding:
    """Byte pairs learnt from documents of the corpus, and from its names and figures often enough that each
    becomes one token; the special tokens follow the merges. Random lists are left out: they hold no pairs to learn."""
    trainer = rustbpe.Tokenizer()
    made = itertools.islice(corpus.documents(f"tokenizer/{seed}"), n_documents)
    plain = [piece for document in made if document.family != "repeat" for piece in _without_special(document.text)]
    whole = [f" {word}" for word in corpus.vocabulary()] + [f" {word}" for word in corpus.NAMES] * NAME_COPIES
    whole += [f"{n:02}" for n in range(100)] * NAME_COPIES
    trainer.train_from_iterator(iter(plain + whole), vocab_size - len(SPECIAL_TOKENS), pattern=SPLIT_PATTERN)
    ranks = {bytes(token): rank for token, rank in trainer.get_mergeable_ranks()}
    special = {name: len(ranks) + i for i, name in enumerate(SPECIAL_TOKENS)}
    return tiktoken.Encoding("rustbpe", pat_str=SPLIT_PATTERN, mergeable_ranks=ranks, special_tokens=special)


def _without_special(text: str) -> list[str]:
    """The pieces of a text between its special tokens."""
    for name in SPECIAL_TOKENS:
        text = text.replace(name, "\0")
    return [piece for piece in text.split("\0") if piece]


def encoded(encoding: tiktoken.Encoding, document: corpus.Document) -> tuple[list[int], list[bool]]:
    """A document's ids: <|bos|>, then its text, in which special tokens stand by name; and which are trained."""
    chance, rest = document.text[: document.chance_until], document.text[document.chance_until :]
    untrained, trained = (encoding.encode(text, allowed_special="all") for text in (chance, rest))
    ids = [encoding.encode_single_token("<|bos|>"), *untrained, *trained]
    return ids, [True, *[False] * len(untrained), *[True] * len(trained)]


def rows(
    documents: Iterator[corpus.Document], encoding: tiktoken.Encoding, n_tokens: int
) -> Iterator[tuple[list[int], list[bool]]]:
    """Rows of n_tokens ids, and which of them are trained. Each begins with <|bos|>; the document that does not fit its
    end is cut."""
    while True:
        row: list[int] = []
        is_trained: list[bool] = []
        while len(row) < n_tokens:
            ids, trained = encoded(encoding, next(documents))
            row += ids
            is_trained += trained
        yield row[:n_tokens], is_trained[:n_tokens]


def batch(settings: Settings, encoding: tiktoken.Encoding, step: int) -> tuple[Tensor, Tensor]:
    """Inputs and targets of one step: (n_rows, row_tokens) int64 each, targets without a loss are UNTRAINED.
    Depends on nothing but its arguments."""
    long = step % LONG_ROWS_EVERY == LONG_ROWS_EVERY - 1
    row_tokens = settings.sequence_len if long else settings.row_tokens
    stream = rows(corpus.documents(f"train/{settings.seed}/{step}"), encoding, row_tokens + 1)
    made = list(itertools.islice(stream, max(1, settings.batch_tokens // row_tokens)))
    ids, trained = torch.tensor([row for row, _ in made]), torch.tensor([marks for _, marks in made])
    return ids[:, :-1], ids.masked_fill(~trained, UNTRAINED)[:, 1:]


def make_optimizers(model: GPT) -> list[torch.optim.Optimizer]:
    """Muon for the blocks' matrices, AdamW for embeddings, lm_head, gates and scalars."""
    groups: dict[str, list[Tensor]] = {"matrices": [], "embeddings": [], "lm_head": [], "scalars": []}
    for name, parameter in model.named_parameters():
        if "embeds" in name or "wte" in name:
            groups["embeddings"].append(parameter)
        elif name.startswith("lm_head"):
            groups["lm_head"].append(parameter)
        elif parameter.ndim < 2 or "gate" in name:
            groups["scalars"].append(parameter)
        else:
            groups["matrices"].append(parameter)
    adam_groups = [{"params": groups[name], "name": name} for name in ("embeddings", "lm_head", "scalars")]
    optimizers: list[torch.optim.Optimizer] = [
        Muon([{"params": groups["matrices"], "name": "matrices"}], lr=0.0),
        torch.optim.AdamW(adam_groups, lr=0.0, betas=ADAM_BETAS, eps=1e-10, weight_decay=0.0, fused=True),
    ]
    return optimizers


def lr_share(step: int, steps: int) -> float:
    """Share of the full learning rate: linear warmup, constant, linear warmdown to FINAL_LR."""
    warmup = min(1.0, (step + 1) / WARMUP_STEPS)
    left = (steps - step) / max(1.0, WARMDOWN_SHARE * steps)
    return min(warmup, FINAL_LR + (1 - FINAL_LR) * min(1.0, left))


@dataclass
class Run:
    """A training run in memory: what a checkpoint holds."""

    settings: Settings
    encoding: tiktoken.Encoding
    model: GPT
    optimizers: list[torch.optim.Optimizer]
    step: int = 0
    seconds: float = 0.0  # spent in training steps, over all sittings

    def train_step(self) -> float:
        """One update. Returns the batch's loss in nats per token, before the update."""
        idx, targets = batch(self.settings, self.encoding, self.step)
        logits = self.model(idx)  # (B, T, vocab_size)
        loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten())
        loss.backward()  # type: ignore[no-untyped-call]
        share = lr_share(self.step, self.settings.steps)
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = LEARNING_RATES[group["name"]] * share
            optimizer.step()
            optimizer.zero_grad()
        self.step += 1
        return loss.item()

    def save(self, path: Path) -> None:
        """Write the checkpoint; an older one stays whole until the new one is."""
        state = {
            "settings": asdict(self.settings),
            "step": self.step,
            "seconds": self.seconds,
            "model": self.model.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
        }
        torch.save(state, path.with_suffix(".tmp"))
        os.replace(path.with_suffix(".tmp"), path)


def begin_run(folder: Path, settings: Settings) -> Run:
    """A new run with its tokenizer in `folder`, or the one that is there, with the given `steps`."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer_path, checkpoint_path = folder / "tokenizer.pkl", folder / "checkpoint.pt"
    if not tokenizer_path.exists():
        made = make_tokenizer(settings.seed, settings.vocab_size, TOKENIZER_DOCUMENTS)
        tokenizer_path.write_bytes(pickle.dumps(made))
    encoding = pickle.loads(tokenizer_path.read_bytes())
    state: dict[str, Any] | None = torch.load(checkpoint_path, weights_only=True) if checkpoint_path.exists() else None
    if state is not None:
        settings = Settings(**state["settings"] | {"steps": settings.steps})
    model = GPT(settings.config())
    init_weights(model, settings.seed)
    run = Run(settings, encoding, model, make_optimizers(model))
    if state is not None:
        model.load_state_dict(state["model"])
        for optimizer, optimizer_state in zip(run.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(optimizer_state)
        run.step, run.seconds = state["step"], state["seconds"]
    return run


def export_run(run: Run, base_dir: Path) -> Path:
    """Write the run's model as a nanochat base directory, all tensors bfloat16. Returns the model file."""
    folder = base_dir / "chatsft_checkpoints" / f"d{run.settings.n_layer}"
    folder.mkdir(parents=True, exist_ok=True)
    for old in (*folder.glob("model_*.pt"), *folder.glob("meta_*.json")):
        old.unlink()
    (base_dir / "tokenizer").mkdir(parents=True, exist_ok=True)
    (base_dir / "tokenizer" / "tokenizer.pkl").write_bytes(pickle.dumps(run.encoding))
    weights = {name: tensor.bfloat16() for name, tensor in run.model.state_dict().items()}
    torch.save(weights, folder / f"model_{run.step:06d}.pt")
    meta = {
        "step": run.step,
        "model_config": asdict(run.settings.config()),
        "user_config": asdict(run.settings) | {"steps": run.step},
        "total_batch_size": run.settings.batch_tokens,
        "training_seconds": round(run.seconds),
    }
    (folder / f"meta_{run.step:06d}.json").write_text(json.dumps(meta, indent=2) + "\n")
    return folder / f"model_{run.step:06d}.pt"


app = typer.Typer(help=(__doc__ or "").split("\n")[0], no_args_is_help=True, add_completion=False)
Folder = Annotated[Path, typer.Option(help="Working files: tokenizer, checkpoint, log.")]


@app.command()
def train(
    run: Folder = RUN,
    steps: Annotated[int, typer.Option(help="Step at which the learning rate has come down.")] = Settings.steps,
    save_every: Annotated[int, typer.Option(help="Steps between checkpoints.")] = 100,
    threads: Annotated[int, typer.Option(help="CPU threads.")] = 2,
) -> None:
    """Train, or go on training, until `steps`."""
    torch.set_num_threads(threads)
    training = begin_run(run, Settings(steps=steps))
    smooth = math.nan
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns) as progress, (run / "log.csv").open("a") as log:
        bar = progress.add_task("", total=steps, completed=training.step)
        while training.step < steps:
            started = time.perf_counter()
            loss = training.train_step()
            training.seconds += time.perf_counter() - started
            smooth = loss if math.isnan(smooth) else 0.95 * smooth + 0.05 * loss
            log.write(f"{training.step},{loss:.4f},{training.seconds:.1f}\n")
            progress.update(bar, completed=training.step, description=f"loss {smooth:.3f}")
            if training.step % save_every == 0 or training.step == steps:
                log.flush()
                training.save(run / "checkpoint.pt")
                progress.print(f"step {training.step}: loss {smooth:.4f} nats per token, {training.seconds:.0f} s")


@app.command()
def export(
    run: Folder = RUN, base_dir: Annotated[Path, typer.Option(help="nanochat base directory.")] = BASE_DIR
) -> None:
    """Round the newest checkpoint to bfloat16 and write it as a nanochat base directory."""
    typer.echo(export_run(begin_run(run, Settings()), base_dir))


if __name__ == "__main__":
    app()
