"""Generation by steps: what each step says, where it ends, and what the calculator forces in."""

import pytest
import torch

from mri.errors import PromptError
from mri.nanochat.config import GPTConfig
from mri.nanochat.generate import generate
from mri.nanochat.model import GPT
from mri.nanochat.sampling import Sampling
from tests.nanochat.test_model import golden_model
from tests.nanochat.test_tokenizer import TOKENIZER

SPECIAL = TOKENIZER.special
GREEDY = Sampling(max_new_tokens=10, temperature=0)


class Scripted(GPT):
    """Ignores its weights and wants one token after another, by absolute position."""

    def __init__(self, wanted, prompt_length, sequence_len=64):
        super().__init__(GPTConfig(sequence_len, 300, n_layer=1, n_head=1, n_kv_head=1, n_embd=32))
        self.wanted = [0] * (prompt_length - 1) + wanted

    def forward(self, idx, cache=None):
        T, pos = idx.shape[1], cache.pos
        cache.pos += T
        logits = torch.zeros(1, T, 300)
        for t in range(T):
            logits[0, t, (self.wanted + [0] * 99)[pos + t]] = 50.0
        return logits


def run(wanted, prompt=(291, 5), **settings):
    model = Scripted(wanted, len(prompt))
    return list(generate(model, prompt, Sampling(**{"max_new_tokens": 20, "temperature": 0} | settings), TOKENIZER))


@pytest.mark.parametrize("name", ["E1", "E2", "E3", "E4", "E5"])
def test_greedy_generation_is_nanochats(name):
    model, golden = golden_model(name)
    steps = list(generate(model, golden["tokens"].tolist(), Sampling(max_new_tokens=6, temperature=0)))
    assert [step.next_id for step in steps] == golden["greedy"].tolist()
    assert [(step.index, step.phase, step.pos0, len(step.token_ids)) for step in steps] == [
        (0, "prefill", 0, 300),
        *((i, "decode", 299 + i, 1) for i in range(1, 6)),
    ]
    assert [step.end_reason for step in steps] == [None] * 5 + ["max_new_tokens"]
    for i, step in enumerate(steps):
        assert step.logits.shape == (300,)
        assert (step.logits - golden[f"step{i}/final.logits"]).abs().max() < 1e-4


def test_stepwise_reads_the_prompt_token_by_token():
    model, _ = golden_model("E5")
    prompt = [291, 10, 20, 30]
    whole = list(generate(model, prompt, Sampling(5, seed=3), TOKENIZER))
    steps = list(generate(model, prompt, Sampling(5, seed=3), TOKENIZER, stepwise=True))
    assert [step.token_ids for step in steps[:4]] == [(291,), (10,), (20,), (30,)]
    assert [step.next_id for step in steps[:3]] == [10, 20, 30]
    assert [step.from_prompt for step in steps] == [True] * 3 + [False] * (len(steps) - 3)
    assert [step.phase for step in steps[:5]] == ["prefill"] * 4 + ["decode"]
    assert [step.pos0 for step in steps] == list(range(len(steps)))
    assert [step.next_id for step in steps[3:]] == [step.next_id for step in whole]
    assert (steps[3].logits - whole[0].logits).abs().max() < 1e-4


@pytest.mark.parametrize("stop", ["<|assistant_end|>", "<|bos|>"])
def test_stop_tokens_end_it(stop):
    steps = run([7, 8, SPECIAL[stop], 9])
    assert [step.next_id for step in steps] == [7, 8, SPECIAL[stop]]
    assert [step.end_reason for step in steps] == [None, None, "stop_token"]


def test_without_a_tokenizer_nothing_stops_it():
    steps = list(generate(Scripted([291, 295, 5], 1), [1], Sampling(3, 0)))
    assert [step.next_id for step in steps] == [291, 295, 5]


def test_the_context_ends_it():
    model = Scripted([7] * 30, 2, sequence_len=8)
    steps = list(generate(model, [291, 5], Sampling(100, 0), TOKENIZER))
    assert [step.pos0 for step in steps] == [0, 2, 3, 4, 5, 6, 7]
    assert [step.end_reason for step in steps] == [None] * 6 + ["context_full"]
    exact = list(generate(Scripted([7], 8, sequence_len=8), [5] * 8, Sampling(100, 0), TOKENIZER))
    assert [(step.next_id, step.end_reason) for step in exact] == [(7, "context_full")]


def expression(text):
    return [SPECIAL["<|python_start|>"], *TOKENIZER.encode(text), SPECIAL["<|python_end|>"]]


def test_the_calculators_result_is_forced():
    written = expression("1,200 / 8")
    result = [SPECIAL["<|output_start|>"], *TOKENIZER.encode("150.0"), SPECIAL["<|output_end|>"]]
    ignored = [11] * len(result)
    steps = run([*written, *ignored, 12, SPECIAL["<|assistant_end|>"]], max_new_tokens=40)
    assert [step.next_id for step in steps] == [*written, *result, 12, SPECIAL["<|assistant_end|>"]]
    assert [step.forced for step in steps] == [False] * len(written) + [True] * len(result) + [False] * 2
    assert [step.token_ids for step in steps[1:]] == [(step.next_id,) for step in steps[:-1]]
    forced = steps[len(written)]
    assert forced.logits.argmax() == 11  # what it would have said
    assert not forced.from_prompt


@pytest.mark.parametrize("text", ["", "2**9", "print(1)", "1/0", "'aab'.count('a')"])
def test_an_expression_without_a_value_forces_nothing(text):
    wanted = [*expression(text), 13, 14]
    steps = run(wanted, max_new_tokens=len(wanted))
    assert [step.next_id for step in steps] == wanted
    assert not any(step.forced for step in steps)


def test_a_python_end_alone_and_an_open_prompt_force_nothing():
    python_start, python_end = SPECIAL["<|python_start|>"], SPECIAL["<|python_end|>"]
    assert not any(step.forced for step in run([python_end, 13]))
    prompt = (291, python_start, *TOKENIZER.encode("1+1"))
    assert not any(step.forced for step in run([python_end, 13], prompt=prompt))


def test_a_new_python_start_begins_the_expression_anew():
    wanted = [*expression("7 7")[:-1], *expression("2+3"), 0, 0, 0]
    steps = run(wanted, max_new_tokens=len(wanted))
    assert TOKENIZER.decode(step.next_id for step in steps).endswith("<|output_start|>5<|output_end|>")


def test_forced_tokens_count_and_advance_the_generator():
    wanted = [*expression("1+1"), *[11] * 3, *range(20, 60)]
    n = len(expression("1+1"))
    assert [step.forced for step in run(wanted, max_new_tokens=n + 2)] == [False] * n + [True] * 2

    class Flat(Scripted):
        def forward(self, idx, cache=None):
            pos = cache.pos
            logits = super().forward(idx, cache)
            return logits if pos < n + 1 else torch.zeros(1, 1, 290)  # no special token among 290

    settings = Sampling(max_new_tokens=n + 12, temperature=1.0, top_k=None, seed=5)
    forced = list(generate(Flat(wanted, 2), [291, 5], settings, TOKENIZER))
    free = list(generate(Flat(wanted, 2), [291, 5], settings))  # no tokenizer: nothing is forced
    assert [step.next_id for step in forced[n + 3 :]] == [step.next_id for step in free[n + 3 :]]
    assert [step.next_id for step in forced[n : n + 3]] != [step.next_id for step in free[n : n + 3]]


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ([], "prompt is empty"),
        ([1] * 65, "has 65 tokens and the model's context holds 64"),
        ([300], "Token id 300 does not exist"),
        ([-1], "Token id -1 does not exist"),
    ],
)
def test_what_cannot_be_read_is_refused_before_the_first_step(prompt, words):
    with pytest.raises(PromptError, match=words):
        generate(Scripted([1], 1), prompt, GREEDY, TOKENIZER)


def test_inference_mode_does_not_reach_the_consumer():
    for step in generate(Scripted([1] * 3, 1), [1], Sampling(3, 0)):
        assert not torch.is_inference_mode_enabled()
        assert step.logits.is_inference()
    assert torch.is_grad_enabled()


def test_the_seed_decides():
    model, _ = golden_model("E5")
    ids = lambda seed: [s.next_id for s in generate(model, [291, 9], Sampling(12, 1.0, None, seed))]  # noqa: E731
    assert ids(1) == ids(1) != ids(2)
