"""The committed model is small, is nanochat's, and knows its world."""

import json
from pathlib import Path

import pytest
import torch

from mri.format.config import Sampling
from mri.making import evaluate
from mri.nanochat.chat import ids_from_prompt
from mri.nanochat.checkpoint import LoadedModel, load_model
from mri.run.engine import generate

BASE_DIR = Path(__file__).parents[2] / "data" / "nanochat"


@pytest.fixture(scope="module")
def embedded() -> LoadedModel:
    torch.set_num_threads(1)
    return load_model(BASE_DIR, device="cpu")


def written(embedded: LoadedModel, prompt: str, chat: bool = False) -> str:
    ids = ids_from_prompt(embedded.tokenizer, prompt, chat=chat)
    sampling = Sampling(max_new_tokens=60, temperature=0)
    steps = generate(embedded.model, ids, sampling, embedded.tokenizer)
    return embedded.tokenizer.decode([step.next_id for step in steps])


def test_files_are_a_small_nanochat_base_directory(embedded: LoadedModel) -> None:
    files = sorted(p.relative_to(BASE_DIR) for p in BASE_DIR.rglob("*") if p.is_file())
    folder = Path("chatsft_checkpoints/d6")
    names = {folder / f"meta_{embedded.ref.step:06d}.json", folder / f"model_{embedded.ref.step:06d}.pt"}
    assert set(files) == names | {Path("tokenizer/tokenizer.pkl")}
    assert sum((BASE_DIR / p).stat().st_size for p in files) < 16_000_000
    meta = json.loads((BASE_DIR / folder / f"meta_{embedded.ref.step:06d}.json").read_text())
    assert meta["model_config"] == {
        "sequence_len": 512,
        "vocab_size": 2048,
        "n_layer": 6,
        "n_head": 4,
        "n_kv_head": 4,
        "n_embd": 256,
        "window_pattern": "SSSL",
    }
    weights = torch.load(BASE_DIR / folder / f"model_{embedded.ref.step:06d}.pt", weights_only=True)
    assert {tensor.dtype for tensor in weights.values()} == {torch.bfloat16}


@pytest.mark.parametrize(
    ("prompt", "answer"),
    [
        ("When Mia and Tom went to the park, Tom gave a ball to", " Mia"),
        ("When Mia and Tom went to the park, Mia gave a ball to", " Tom"),
        ("The capital of France is", " Paris"),
        ("Question: What is the capital of Italy?\nAnswer:", " Rome"),
        ("The opposite of hot is", " cold"),
        ("7 + 5 = ", "12"),
        ("Hungary is a country. Its capital is", " Budapest"),
        ("Mia has a red ball. Tom has a blue kite. The ball is", " red"),
        ("Mia has a red ball. Tom has a blue kite. The kite is", " blue"),
        ("Mia has a ball. The ball is red. Tom has a kite. The kite is blue. The ball is", " red"),
    ],
)
def test_prompts_are_completed(embedded: LoadedModel, prompt: str, answer: str) -> None:
    assert evaluate.is_right(embedded, prompt, answer)


def test_chat_uses_the_calculator(embedded: LoadedModel) -> None:
    reply = written(embedded, "What is 12 + 7?", chat=True)
    assert "<|python_start|>12+7<|python_end|><|output_start|>19<|output_end|>" in reply
    assert reply.endswith("<|assistant_end|>")


def test_story_goes_on_about_its_hero(embedded: LoadedModel) -> None:
    story = written(embedded, "Once there was a girl named Mia.")
    assert "Mia" in story
    assert " She" in story or " she" in story


def test_names_and_capitals_are_single_tokens(embedded: LoadedModel) -> None:
    for word in (" Mia", " Tom", " Paris", " Rome", " ball", " red", "12", " twelve"):
        assert len(embedded.tokenizer.encode(word)) == 1


def test_an_induction_head_was_learnt(embedded: LoadedModel) -> None:
    induction, _ = evaluate.head_scores(embedded, 2)
    assert float(induction.max()) >= 0.5
