"""Measures the embedded model on prompts that its training never contained.

    python -m mri.making.evaluate            tables in Markdown, as docs/embedded-model.md shows them

Knows the corpus and how to load and run a model. Knows nothing of training, traces or pages.
"""

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import torch
import torch.nn.functional as F
import typer
from torch import Tensor

from mri.format.config import Sampling
from mri.making import corpus
from mri.making.corpus.numbers import LARGEST_SUM
from mri.making.corpus.world import COLOURS
from mri.making.lessons.ablation import read_without
from mri.nanochat.chat import ids_from_prompt
from mri.nanochat.checkpoint import LoadedModel, load_model
from mri.nanochat.tokenizer import SPECIAL_TOKENS, Tokenizer
from mri.run.engine import generate

_SPECIAL = re.compile("(" + "|".join(re.escape(name) for name in SPECIAL_TOKENS) + ")")
SAMPLE_PROMPTS: tuple[str | tuple[str], ...] = (
    "Once there was a girl named Mia.",
    "One day Tom lost his ball.",
    "The capital of France is",
    "When Mia and Tom went to the park, Tom gave a ball to",
    "7 + 5 =",
    "red, blue, green, red, blue,",
    ("Tell me a story about a boy named Leo.",),
    ("What is 23 * 17?",),
    ("Mia has a red kite. Tom has a blue hat. What colour is the hat?",),
    ("What is the opposite of hot?",),
)
# families whose texts show every choice, so that the choices' nats are their entropy; elsewhere they are a bound
EXACT = frozenset({"indirect_object", "giving", "sums", "differences", "naming"})


@dataclass(frozen=True)
class Skill:
    """A row of the table: which held-out documents ask for it, and what share must be right (None = no target)."""

    name: str
    families: tuple[str, ...]
    wanted: Callable[[corpus.Document], bool] = lambda document: True
    target: float | None = None


def _about(relation: str) -> Callable[[corpus.Document], bool]:
    return lambda document: document.fillings[0].startswith(f"{relation}|")


def _asks_colour(document: corpus.Document) -> bool:
    return document.answer_text.strip().lower() in COLOURS


def _asks_colour_said_before(document: corpus.Document) -> bool:
    """The text says 'a red ball': the answer stands before the thing. Else it says 'The ball is red'."""
    tint = document.answer_text.strip().lower()
    thing = document.fillings[0].split("|")[2]
    return _asks_colour(document) and f"{tint} {thing}" in document.prompt


SKILLS = (
    Skill("indirect object", ("indirect_object",), target=0.98),
    Skill("who is given what", ("giving",)),
    Skill("capitals", ("fact", "chat.ask_fact"), _about("capital"), 0.98),
    Skill("opposites", ("fact", "chat.ask_fact"), _about("opposite"), 0.98),
    Skill("other facts", ("fact", "chat.ask_fact"), lambda d: not (_about("capital")(d) or _about("opposite")(d))),
    Skill(f"sums to {LARGEST_SUM}", ("sums", "chat.ask_sum"), target=0.95),
    Skill("differences", ("differences",)),
    Skill("things had, given and left", ("having",)),
    Skill("colour of the object", ("colours", "chat.ask_colour"), _asks_colour, 0.90),
    Skill("… said as 'a red ball'", ("colours", "chat.ask_colour"), _asks_colour_said_before),
    Skill(
        "… said as 'the ball is red'",
        ("colours", "chat.ask_colour"),
        lambda d: _asks_colour(d) and not _asks_colour_said_before(d),
    ),
    Skill("whose, where, who (short text)", ("reading", "chat.ask_text"), lambda d: not _asks_colour(d)),
    Skill("calculator: result said", ("chat.calculate",)),
    Skill("lists bought again", ("shopping",)),
    Skill("random words again", ("repeat",)),
    Skill("cycles", ("cycle",)),
    Skill("a name given before", ("chat.remembered_name",)),
    Skill("counting", ("counting",)),
)


def ids_from_text(tokenizer: Tokenizer, text: str) -> list[int]:
    """Ids of a corpus text, in which special tokens stand by name, without <|bos|>."""
    pieces = [piece for piece in _SPECIAL.split(text) if piece]
    return [i for p in pieces for i in ([tokenizer.special[p]] if p in tokenizer.special else tokenizer.encode(p))]


@torch.inference_mode()
def is_right(loaded: LoadedModel, prompt: str, answer: str) -> bool:
    """True if greedy decoding writes exactly the answer after the prompt, and then no more letters or digits.

    The answer is fed in and every next token compared, which is greedy decoding as long as all agree.
    """
    tokenizer = loaded.tokenizer
    before, wanted = [tokenizer.bos_id, *ids_from_text(tokenizer, prompt)], ids_from_text(tokenizer, answer)
    idx = torch.tensor([[*before, *wanted]], device=loaded.device)
    said = loaded.model(idx)[0, len(before) - 1 :].argmax(-1).tolist()  # (len(wanted) + 1,)
    following = tokenizer.token_bytes(said[-1])
    return said[:-1] == wanted and not following[:1].isalnum()


def held_out(skill: Skill) -> Iterator[corpus.Document]:
    """Held-out documents of the skill, its families in turn."""
    streams = [corpus.held_out(family, "evaluate") for family in skill.families]
    for turn in itertools.count():
        document = next(d for d in streams[turn % len(streams)] if skill.wanted(d))
        yield document


def skill_share(loaded: LoadedModel, skill: Skill, n_prompts: int) -> float:
    """Share of n_prompts held-out prompts that are answered exactly."""
    documents = itertools.islice(held_out(skill), n_prompts)
    return sum(is_right(loaded, d.prompt, d.answer_text) for d in documents) / n_prompts


def calculator_share(loaded: LoadedModel, n_prompts: int) -> float:
    """Share of held-out questions in figures for which the model writes the right expression for the calculator."""
    right = 0
    for document in itertools.islice(corpus.held_out("chat.calculate", "evaluate"), n_prompts):
        prompt, call, _ = re.split(r"(<\|python_start\|>.*?<\|python_end\|>)", document.text, maxsplit=1)
        right += is_right(loaded, prompt, call)
    return right / n_prompts


@torch.inference_mode()
def nats_of(loaded: LoadedModel, document: corpus.Document) -> tuple[float, int]:
    """-ln of the probability that the model gives to the whole document and its end, and its number of tokens."""
    bos = loaded.tokenizer.bos_id
    ids = [bos, *ids_from_text(loaded.tokenizer, document.text), bos][: loaded.config.sequence_len + 1]
    idx = torch.tensor([ids], device=loaded.device)
    return float(F.cross_entropy(loaded.model(idx[:, :-1])[0], idx[0, 1:], reduction="sum")), len(ids) - 1


def losses(loaded: LoadedModel, n_documents: int) -> dict[str, tuple[int, int, float, float]]:
    """Per family of fresh training documents: how many, their tokens, the model's nats, the choices' nats."""
    table: dict[str, tuple[int, int, float, float]] = {}
    for document in itertools.islice(corpus.documents("fresh"), n_documents):
        nats, n_tokens = nats_of(loaded, document)
        count, tokens, model_nats, choice_nats = table.get(document.family, (0, 0, 0.0, 0.0))
        table[document.family] = (count + 1, tokens + n_tokens, model_nats + nats, choice_nats + document.nats)
    return table


def head_scores(loaded: LoadedModel, n_sequences: int, n_words: int = 30) -> tuple[Tensor, Tensor]:
    """(n_layer, n_head) each: mean attention to the token after the previous occurrence of the present one, over the
    second copy of a list of random words; and mean attention to the token just before, over both copies."""
    induction, previous = [], []
    for n in range(n_sequences):
        words = corpus.Choices(f"induction/{n}").pick_some(corpus.vocabulary(), n_words)
        once = ids_from_text(loaded.tokenizer, " " + " ".join(words))
        ids = [loaded.tokenizer.bos_id, *once, *once]
        weights = torch.stack(read_without(loaded.model, ids, [])[1])  # (n_layer, n_head, T, T)
        length, last = len(once), len(ids)
        query = torch.arange(1 + length, last)
        induction.append(weights[:, :, query, query - length + 1].mean(-1))
        query = torch.arange(1, last)
        previous.append(weights[:, :, query, query - 1].mean(-1))
    return torch.stack(induction).mean(0), torch.stack(previous).mean(0)


def sampled(loaded: LoadedModel, prompt: str | tuple[str], seed: int) -> str:
    """What the model writes after a text, or answers to a user's message (a tuple), at temperature 0.6."""
    text = prompt[0] if isinstance(prompt, tuple) else prompt
    ids = ids_from_prompt(loaded.tokenizer, text, chat=isinstance(prompt, tuple))
    steps = generate(loaded.model, ids, Sampling(max_new_tokens=120, seed=seed), loaded.tokenizer)
    return loaded.tokenizer.decode([step.next_id for step in steps])


def skill_table(loaded: LoadedModel, n_prompts: int) -> Iterator[str]:
    """Markdown rows."""
    yield f"| held-out prompts ({n_prompts} each) | right | target |\n|---|---|---|"
    for skill in SKILLS:
        target = "" if skill.target is None else f"{skill.target:.0%}"
        yield f"| {skill.name} | {skill_share(loaded, skill, n_prompts):.1%} | {target} |"
    yield f"| calculator: expression written | {calculator_share(loaded, n_prompts):.1%} | |"


def loss_table(loaded: LoadedModel, n_documents: int) -> Iterator[str]:
    """Markdown rows, most frequent family first, and the total."""
    table = losses(loaded, n_documents)
    rows = sorted(table.items(), key=lambda row: -row[1][1])
    total = tuple(map(sum, zip(*table.values(), strict=True)))
    yield "| family | documents | tokens | model, nats/document | entropy, nats/document | model, nats/token |"
    yield "|---|---|---|---|---|---|"
    for name, (count, tokens, nats, choices) in [*rows, ("all", total)]:
        bound = "" if name in EXACT else "≤ "
        per_document = f"{nats / count:.2f} | {bound}{choices / count:.2f}"
        yield f"| {name} | {count} | {tokens} | {per_document} | {nats / tokens:.3f} |"


def head_table(loaded: LoadedModel, n_sequences: int) -> Iterator[str]:
    """Markdown rows: the best head for induction and for the previous token."""
    yield "| heads on random words twice | best head | mean attention | target |\n|---|---|---|---|"
    names, targets = ("to the token after the previous occurrence", "to the token before"), ("0.50", "")
    for name, target, scores in zip(names, targets, head_scores(loaded, n_sequences), strict=True):
        layer, head = divmod(int(scores.argmax()), scores.shape[1])
        yield f"| {name} | block {layer}, head {head} | {float(scores.max()):.2f} | {target} |"


def main(
    model: Annotated[Path | None, typer.Option(help="Base directory, checkpoint folder or model file.")] = None,
    prompts: Annotated[int, typer.Option(help="Held-out prompts for each skill.")] = 300,
    documents: Annotated[int, typer.Option(help="Fresh documents for the loss.")] = 2000,
    threads: Annotated[int, typer.Option(help="CPU threads.")] = 2,
) -> None:
    """Print the model's figures and ten samples as Markdown."""
    torch.set_num_threads(threads)
    loaded = load_model(model, device="cpu")
    typer.echo(f"Step {loaded.ref.step}, {sum(p.numel() for p in loaded.model.parameters()):,} parameters.\n")
    for table in (skill_table(loaded, prompts), head_table(loaded, 20), loss_table(loaded, documents)):
        for line in table:
            typer.echo(line)
        typer.echo("")
    for seed, prompt in enumerate(SAMPLE_PROMPTS):
        shown = prompt if isinstance(prompt, str) else f"(chat) {prompt[0]}"
        typer.echo(f"{seed + 1}. **{shown}** {sampled(loaded, prompt, seed)}\n")


if __name__ == "__main__":
    typer.run(main)
