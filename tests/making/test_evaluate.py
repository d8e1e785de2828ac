"""The measurements measure what they say, seen on models whose answers are known."""

import itertools
import math

import pytest
import torch
from torch import Tensor, nn

from mri.making import corpus, evaluate
from mri.making.initial import init_weights
from mri.making.pretrain import make_tokenizer
from mri.nanochat.checkpoint import LoadedModel
from mri.nanochat.config import GPTConfig
from mri.nanochat.model import GPT
from mri.nanochat.tokenizer import Tokenizer
from tests.conftest import A_MODEL

CONFIG = GPTConfig(sequence_len=512, vocab_size=512, n_layer=2, n_head=2, n_kv_head=1, n_embd=32, window_pattern="SL")


class Parrot(nn.Module):
    """Knows one text by heart: after each of its prefixes it is sure of the next token."""

    config = CONFIG

    def __init__(self, ids: list[int]) -> None:
        super().__init__()
        self.next_ids = dict(itertools.pairwise(ids))

    def forward(self, idx: Tensor) -> Tensor:
        logits = torch.zeros(*idx.shape, CONFIG.vocab_size)
        for position, token in enumerate(idx[0].tolist()):
            logits[0, position, self.next_ids.get(token, 0)] = 50.0
        return logits


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    torch.set_num_threads(1)
    return Tokenizer(make_tokenizer(1, 512, 200))


def loaded_from(model: nn.Module, tokenizer: Tokenizer) -> LoadedModel:
    cpu = torch.device("cpu")
    return LoadedModel(model, tokenizer, A_MODEL, "", "", cpu)  # type: ignore[arg-type]


@pytest.fixture
def small(tokenizer: Tokenizer) -> LoadedModel:
    model = GPT(CONFIG)
    init_weights(model, 1)
    return loaded_from(model.eval(), tokenizer)


def test_right_means_every_token_and_no_more_letters(tokenizer: Tokenizer) -> None:
    parrot = loaded_from(Parrot([tokenizer.bos_id, *tokenizer.encode("3x7."), tokenizer.bos_id]), tokenizer)
    assert evaluate.is_right(parrot, "3x", "7")
    assert not evaluate.is_right(parrot, "3x", "8")
    assert not evaluate.is_right(parrot, "3", "x"), "a digit follows, so the answer was cut short"


def test_ids_from_text_knows_special_tokens(tokenizer: Tokenizer) -> None:
    ids = evaluate.ids_from_text(tokenizer, "<|user_start|>Hi!<|user_end|>")
    assert ids == [tokenizer.special["<|user_start|>"], *tokenizer.encode("Hi!"), tokenizer.special["<|user_end|>"]]


def test_nats_of_a_model_that_knows_nothing(tokenizer: Tokenizer) -> None:
    class Ignorant(Parrot):
        def forward(self, idx: Tensor) -> Tensor:
            return torch.zeros(*idx.shape, CONFIG.vocab_size)

    nats, n_tokens = evaluate.nats_of(loaded_from(Ignorant([]), tokenizer), corpus.document("x/0"))
    assert nats == pytest.approx(n_tokens * math.log(512), rel=1e-5)


def test_head_scores_are_shares(small: LoadedModel) -> None:
    for scores in evaluate.head_scores(small, 2, n_words=8):
        assert scores.shape == (2, 2)
        assert 0 <= float(scores.min()) <= float(scores.max()) <= 1


def test_skills_ask_for_what_they_say() -> None:
    by_name = {skill.name: skill for skill in evaluate.SKILLS}
    for document in itertools.islice(evaluate.held_out(by_name["capitals"]), 10):
        assert document.fillings[0].startswith("capital|")
    for document in itertools.islice(evaluate.held_out(by_name["colour of the object"]), 10):
        assert document.answer_text.strip().lower() in evaluate.COLOURS


def test_tables_are_markdown(small: LoadedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate, "SKILLS", evaluate.SKILLS[:2])
    lines = "\n".join(
        itertools.chain(evaluate.skill_table(small, 2), evaluate.head_table(small, 1), evaluate.loss_table(small, 10))
    ).splitlines()
    assert all(line.startswith("|") and line.endswith("|") for line in lines)
    assert any(line.startswith("| all | 10 |") for line in lines)
