"""Generation by steps: what each step says, where it ends, what the calculator and others force in, going back."""

from dataclasses import replace

import pytest
import torch

from mri.errors import ConfigError, ModelError, PromptError
from mri.format.config import Sampling
from mri.nanochat.calculator import evaluate
from mri.nanochat.chat import ids_from_prompt
from mri.nanochat.checkpoint import load_model
from mri.nanochat.config import GPTConfig
from mri.nanochat.model import GPT, KVCache
from mri.run.engine import Chooser, Engine, generate
from mri.run.sampling import sample
from tests.nanochat.test_model import ERAS, golden_model
from tests.nanochat.test_model import _one_thread as _one_thread
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
    assert forced.logits.argmax() == forced.sampled_id == 11  # what it would have said
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


def by_hand(model, prompt, sampling, tokenizer=None, stepwise=False):
    """The loop written out: (tokens read, logits, token sampled, token chosen) of each pass."""
    generator, cache = torch.Generator().manual_seed(sampling.seed), KVCache(model)
    chunks = [[i] for i in prompt] if stepwise else [list(prompt)]
    special = tokenizer.special if tokenizer else {}
    chosen, written, result, out = [], None, [], []
    while True:
        chunk = chunks.pop(0) if chunks else [chosen[-1]]
        with torch.inference_mode():
            logits = model(torch.tensor([chunk]), cache)[0, -1]
        if chunks:
            out.append((tuple(chunk), logits, None, chunks[0][0]))
            continue
        sampled = sample(logits, sampling, generator)
        chosen.append(result.pop(0) if result else sampled)
        out.append((tuple(chunk), logits, sampled, chosen[-1]))
        if chosen[-1] == special.get("<|python_start|>"):
            written = []
        elif chosen[-1] == special.get("<|python_end|>") and written is not None:
            value, written = evaluate(tokenizer.decode(written)), None
            if value is not None:
                result = [special["<|output_start|>"], *tokenizer.encode(value), special["<|output_end|>"]]
        elif written is not None:
            written.append(chosen[-1])
        over = tokenizer and chosen[-1] in (special["<|assistant_end|>"], special["<|bos|>"])
        if over or len(chosen) == sampling.max_new_tokens or cache.pos == model.config.sequence_len:
            return out


def assert_by_hand(steps, model, prompt, *args, **kwargs):
    expected = by_hand(model, prompt, *args, **kwargs)
    found = [(step.token_ids, step.sampled_id, step.next_id) for step in steps]
    assert found == [(read, sampled, chosen) for read, _, sampled, chosen in expected]
    assert all(torch.equal(step.logits, row[1]) for step, row in zip(steps, expected, strict=True))


def assert_same(steps, others):
    """Equal in every bit."""
    assert len(steps) == len(others)
    for step, other in zip(steps, others, strict=True):
        assert torch.equal(step.logits, other.logits)
        assert replace(step, logits=None) == replace(other, logits=None)


SAMPLED = Sampling(max_new_tokens=12, temperature=1.1, top_k=None, seed=7)


@pytest.mark.parametrize("name", ERAS)
@pytest.mark.parametrize("sampling", [GREEDY, SAMPLED, Sampling(12, 0.8, 20, 3)], ids=["greedy", "sampled", "top_k"])
@pytest.mark.parametrize("stepwise", [False, True])
def test_its_steps_are_those_of_a_loop_written_out(name, sampling, stepwise):
    model, _ = golden_model(name)
    prompt = [1 + i % 200 for i in range(40 if stepwise else 140)]  # at once: longer than the short window
    steps = list(generate(model, prompt, sampling, TOKENIZER, stepwise=stepwise))
    assert_by_hand(steps, model, prompt, sampling, TOKENIZER, stepwise)


@pytest.fixture(scope="module")
def embedded():
    return load_model(device="cpu")


CHAT = "What is 12 + 7?"


@pytest.mark.parametrize(("text", "chat"), [(CHAT, True), ("Once there was a girl named Mia.", False)])
@pytest.mark.parametrize("temperature", [0, 0.5])
def test_base_and_chat_with_its_calculator_are_those_of_a_loop_written_out(embedded, text, chat, temperature):
    ids = ids_from_prompt(embedded.tokenizer, text, chat)
    sampling = Sampling(40, temperature)
    steps = list(generate(embedded.model, ids, sampling, embedded.tokenizer))
    assert any(step.forced for step in steps) == chat
    assert_by_hand(steps, embedded.model, ids, sampling, embedded.tokenizer)


def test_a_forced_token_is_said_and_the_sampled_one_is_kept():
    model, _ = golden_model("E5")
    free = list(generate(model, [291, 9], SAMPLED, TOKENIZER))
    engine = Engine(model, TOKENIZER, [291, 9], SAMPLED)
    before = [engine.step() for _ in range(4)]
    wanted = (free[4].next_id + 1) % 291
    engine.force(wanted)
    engine.force(wanted)  # said twice, it is one
    snapshot = engine.snapshot()
    step, after = engine.step(), list(engine)
    assert_same(before, free[:4])
    assert torch.equal(step.logits, free[4].logits)
    assert (step.next_id, step.sampled_id, step.forced, step.from_prompt) == (wanted, free[4].next_id, True, False)
    assert after[0].token_ids == (wanted,)
    assert after[0].pos0 == free[5].pos0
    assert not any(step.forced for step in after)
    engine.restore(snapshot)  # what was to be forced is part of it
    assert_same(list(engine), [step, *after])


def test_a_token_forced_that_comes_anyway_changes_nothing(embedded):
    """A run said after another, the calculator's words too: draws, flags and end are the same."""
    ids = ids_from_prompt(embedded.tokenizer, CHAT, chat=True)
    sampling = Sampling(40, 0.5)
    free = list(generate(embedded.model, ids, sampling, embedded.tokenizer))
    engine = Engine(embedded.model, embedded.tokenizer, ids, sampling)
    said = []
    for step in free:
        engine.force(step.next_id)
        said.append(engine.step())
    assert_same(said, free)
    assert {step.forced for step in said} == {False, True}


def test_draws_after_a_forced_token_are_what_they_would_have_been():
    class Flat(Scripted):
        def forward(self, idx, cache=None):
            return torch.zeros_like(super().forward(idx, cache))

    free = [step.sampled_id for step in generate(Flat([], 2), [291, 5], SAMPLED)]
    engine = Engine(Flat([], 2), None, [291, 5], SAMPLED)
    engine.force(7)
    steps = list(engine)
    assert [step.sampled_id for step in steps] == free
    assert [step.next_id for step in steps] == [7, *free[1:]]


def test_an_expression_that_was_forced_is_computed_and_one_word_of_a_result_can_be_another():
    engine = Engine(Scripted([11] * 40, 2), TOKENIZER, (291, 5), Sampling(30, 0))
    for token in expression("2*6"):
        engine.force(token)
        assert engine.step().forced
    start, one, two, end = (SPECIAL["<|output_start|>"], *TOKENIZER.encode("12"), SPECIAL["<|output_end|>"])
    steps = [engine.step()]
    engine.force(9)
    steps += [engine.step() for _ in range(4)]
    assert [step.next_id for step in steps] == [start, 9, two, end, 11]
    assert one != 9
    assert [step.forced for step in steps] == [True] * 4 + [False]
    assert {step.sampled_id for step in steps} == {11}


def test_a_forced_stop_token_ends_it():
    engine = Engine(Scripted([11] * 9, 2), TOKENIZER, (291, 5), GREEDY)
    engine.force(SPECIAL["<|assistant_end|>"])
    before = engine.snapshot()
    assert [step.end_reason for step in engine] == ["stop_token"]
    with pytest.raises(ConfigError, match=r"over \(stop_token\): restore a snapshot from before its end"):
        engine.step()
    engine.restore(before)
    engine.force(12)
    assert engine.step().end_reason is None


def test_what_cannot_be_forced_or_restored_is_refused_and_changes_nothing():
    model = Scripted([11] * 9, 2)
    engine = Engine(model, TOKENIZER, (291, 5), GREEDY, stepwise=True)
    with pytest.raises(PromptError, match="next token is the prompt's own"):
        engine.force(7)
    engine.step()
    with pytest.raises(PromptError, match="Token id 300 does not exist"):
        engine.force(300)
    with pytest.raises(ModelError, match="snapshot is of another model"):
        engine.restore(Engine(Scripted([11], 2), TOKENIZER, (291, 5), GREEDY).snapshot())
    assert engine.step().next_id == 11


def test_a_copy_of_who_chooses_goes_its_own_way():
    model, sampling = Scripted([11] * 9, 2), Sampling(5, 1.0, None, seed=3)
    one = Chooser(model.config, model.device, TOKENIZER, (291, 5), sampling, stepwise=True)
    logits = torch.arange(300.0) / 100
    assert (one.chunk, one.position, one.is_within_prompt) == ((291,), 0, True)
    assert one.take(logits).from_prompt
    other = one.copy()
    drawn = [one.take(logits).next_id for _ in range(3)]
    other.force(7)
    assert [other.take(logits).next_id for _ in range(3)] == [7, *drawn[1:]], "what is forced draws, too"
    assert (one.position, other.position) == (4, 4)
