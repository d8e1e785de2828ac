"""The model against golden values of nanochat's own code, for every era, and against itself when chunked."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from mri.errors import ModelError, PromptError
from mri.making.initial import init_weights
from mri.nanochat.config import GPTConfig
from mri.nanochat.eras import ERAS, era_from_keys
from mri.nanochat.model import GPT, KVCache
from tests.nanochat.capture import absolute_row, captured

GOLDEN = Path(__file__).parents[1] / "golden"
TOLERANCE = 1e-4
POINTS = ["resid_pre", "ln1", "attn_out", "ln2", "mlp_pre", "mlp_act", "mlp_out", "resid_post"]


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def golden_model(name):
    folder = GOLDEN / name / "base_checkpoints" / "d3"
    state = torch.load(folder / "model_000010.pt", weights_only=True)
    config = GPTConfig(**json.loads((folder / "meta_000010.json").read_text())["model_config"])
    era = era_from_keys({key: tuple(value.shape) for key, value in state.items()})
    model = GPT(config, era, padded_vocab_size=state["lm_head.weight"].shape[0])
    model.load_state_dict(state)
    return model, load_file(GOLDEN / name / "golden.safetensors")


def assert_step(step, values, logits, golden):
    """Everything one pass computed at its last position agrees with the golden step."""
    n_positions = 300 + step
    expect = lambda key: golden[f"step{step}/{key}"]  # noqa: E731
    close(logits, expect("final.logits"))
    close(values["final.ln_f"], expect("final.ln_f"))
    for i in range(3):
        for point in POINTS:
            close(values[f"block.{i}.{point}"], expect(f"block.{i}.{point}"))
        close(values[f"block.{i}.resid_pre"] + values[f"block.{i}.attn_out"], expect(f"block.{i}.resid_mid"))
        close(absolute_row(values[f"block.{i}.attn_row"], n_positions).float(), expect(f"block.{i}.attn_row"))


def close(ours, golden):
    assert ours.shape == golden.shape
    assert (ours - golden).abs().max() < TOLERANCE


@pytest.mark.parametrize("name", ERAS)
@torch.inference_mode()
def test_prefill_and_cached_decode_agree_with_golden(name):
    model, golden = golden_model(name)
    assert model.era.name == name
    cache = KVCache(model)
    with captured(model) as values:
        logits = model(golden["tokens"].unsqueeze(0).long(), cache)
        close(logits[0], golden["full_logits"])
        assert_step(0, values, logits[0, -1], golden)
        for step, token in enumerate(golden["greedy"].tolist(), 1):
            assert logits[0, -1].argmax() == token
            logits = model(torch.tensor([[token]]), cache)
            assert_step(step, values, logits[0, -1], golden)


@pytest.mark.parametrize("name", ERAS)
@torch.inference_mode()
def test_decode_passes_only_the_windows_keys(name):
    model, golden = golden_model(name)
    cache = KVCache(model)
    model(golden["tokens"].unsqueeze(0).long(), cache)
    with captured(model) as values:
        model(torch.tensor([[5]]), cache)
    short = {"E1": 301, "E2": 257, "E3": 257, "E4": 257, "E5": 129}[name]
    assert [values[f"block.{i}.n_keys"] for i in range(3)] == [short, 301, 301]


@pytest.mark.parametrize("name", ERAS)
@pytest.mark.parametrize("chunks", [(1, 2, 297), (130, 1, 169), (299, 1), (100, 100, 100)])
@torch.inference_mode()
def test_chunked_prefill_equals_whole(name, chunks):
    model, golden = golden_model(name)
    tokens = golden["tokens"].unsqueeze(0).long()
    cache = KVCache(model)
    logits = torch.cat([model(part, cache) for part in tokens.split(chunks, 1)], 1)
    assert cache.pos == 300
    close(logits[0], golden["full_logits"])
    close(model(tokens)[0], golden["full_logits"])


@torch.inference_mode()
def test_batch_rows_are_independent():
    model, golden = golden_model("E5")
    rows = torch.stack([golden["tokens"].long(), golden["tokens"].flip(0).long()])
    cache = KVCache(model, batch_size=2)
    together = torch.cat([model(rows[:, :299], cache), model(rows[:, 299:], cache)], 1)
    assert torch.allclose(together[1], model(rows[1:])[0], atol=1e-5)
    assert torch.allclose(together[0], model(rows[:1])[0], atol=1e-5)


@torch.inference_mode()
def test_cache_rows_are_never_rewritten():
    model, golden = golden_model("E5")
    seen = []
    with captured(model) as _:
        cache = KVCache(model)
        model(golden["tokens"].unsqueeze(0).long(), cache)
        views = [cache.append(i, *[torch.zeros(1, 2, 0, 16)] * 2) for i in range(3)]
        seen = [(k.clone(), v.clone()) for k, v in views]
        model(torch.tensor([[7, 8]]), cache)
    for (k, v), (k0, v0) in zip(views, seen, strict=True):
        assert k.shape[2] == 300
        assert torch.equal(k, k0)
        assert torch.equal(v, v0)


def test_softcap_bounds_the_logits_and_can_be_overridden():
    config = GPTConfig(sequence_len=8, vocab_size=10, n_layer=2, n_head=2, n_kv_head=1, n_embd=32)
    model = GPT(config, softcap=2.0)
    init_weights(model, seed=1)
    with torch.no_grad():
        model.lm_head.weight.mul_(1e5)
        logits = model(torch.tensor([[1, 2, 3]]))
    assert logits.shape == (1, 3, 10)
    assert 1.99 < logits.abs().max() <= 2.0


@pytest.mark.parametrize("name", ERAS)
def test_every_parameter_gets_a_gradient(name):
    config = GPTConfig(
        sequence_len=256, vocab_size=50, n_layer=4, n_head=4, n_kv_head=2, n_embd=64, window_pattern="SL"
    )
    model = GPT(config, ERAS[name])
    init_weights(model, seed=3)
    with torch.no_grad():
        if model.era.has_smear:
            model.smear_lambda.fill_(0.3)  # starts at zero, and then its gate gets no gradient
    idx = torch.randint(50, (2, 200), generator=torch.Generator().manual_seed(0))
    logits = model(idx)
    torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), idx[:, 1:].flatten()).backward()
    for key, parameter in model.named_parameters():
        assert parameter.grad is not None, key
        assert parameter.grad.abs().max() > 0, key


def test_init_weights_depends_on_the_seed_alone():
    config = GPTConfig(sequence_len=16, vocab_size=10, n_layer=2, n_head=2, n_kv_head=2, n_embd=32)
    models = [GPT(config) for _ in range(3)]
    for model, seed in zip(models, [1, 1, 2], strict=True):
        init_weights(model, seed)
    one, same, other = (model.state_dict() for model in models)
    assert all(torch.equal(one[key], same[key]) for key in one)
    assert not torch.equal(one["lm_head.weight"], other["lm_head.weight"])
    assert "cos" not in one


@torch.inference_mode()
def test_a_copy_of_a_cache_reads_on_as_the_cache_does_and_leaves_its_rows_alone():
    model, golden = golden_model("E5")
    ids = golden["tokens"][None, :140]
    cache = KVCache(model)
    model(ids[:, :130], cache)
    small = cache.copy(cache.pos)
    views = [view.clone() for view in small._k + small._v]
    large = small.copy(512)
    model(ids[:, :5], small.copy(512))
    assert torch.equal(model(ids[:, 130:], cache), model(ids[:, 130:], large))
    assert small.capacity == small.pos == 130
    assert all(torch.equal(view, now) for view, now in zip(views, small._k + small._v, strict=True))
    with pytest.raises(PromptError, match="131 tokens do not fit the context of 130"):
        model(ids[:, :1], small)


def test_context_overflow_is_a_prompt_error():
    config = GPTConfig(sequence_len=8, vocab_size=10, n_layer=1, n_head=2, n_kv_head=2, n_embd=32)
    model = GPT(config)
    with pytest.raises(PromptError, match="9 tokens do not fit the context of 8"):
        model(torch.zeros(1, 9, dtype=torch.long))
    with torch.inference_mode():
        cache = KVCache(model, capacity=4)
        model(torch.zeros(1, 4, dtype=torch.long), cache)
        with pytest.raises(PromptError, match="5 tokens do not fit the context of 4"):
            model(torch.zeros(1, 1, dtype=torch.long), cache)


def test_a_stream_too_narrow_for_the_gates_is_refused():
    with pytest.raises(ModelError, match="n_embd 16 is too narrow for era E5: it needs 24"):
        GPT(GPTConfig(sequence_len=16, vocab_size=10, n_layer=2, n_head=2, n_kv_head=2, n_embd=16))
