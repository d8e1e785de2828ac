"""Choosing a token: greedy, top-k, temperature, seed."""

import torch

from mri.format.config import Sampling
from mri.run.sampling import generator_from_seed, sample

CPU = torch.device("cpu")
LOGITS = torch.tensor([0.0, 3.0, 2.0, 2.5, -1.0])


def draws(n, **settings):
    generator = generator_from_seed(settings.get("seed", 42), CPU)
    return [sample(LOGITS, Sampling(**settings), generator) for _ in range(n)]


def test_greedy_takes_the_strongest_and_leaves_the_generator_alone():
    generator = generator_from_seed(1, CPU)
    before = generator.get_state()
    assert sample(LOGITS, Sampling(temperature=0), generator) == 1
    assert torch.equal(generator.get_state(), before)


def test_top_k_keeps_to_the_strongest():
    assert set(draws(300, temperature=5.0, top_k=2)) == {1, 3}
    assert set(draws(300, temperature=5.0, top_k=1)) == {1}
    assert set(draws(600, temperature=9.0, top_k=99)) == set(range(5))


def test_frequencies_follow_the_softmax():
    n = 4000
    counts = torch.bincount(torch.tensor(draws(n, temperature=2.0, top_k=None)), minlength=5)
    expected = torch.softmax(LOGITS / 2.0, -1)
    error = (expected * (1 - expected) / n).sqrt()
    assert ((counts / n - expected).abs() < 5 * error).all()


def test_the_seed_decides():
    settings = {"temperature": 1.0, "top_k": 3}
    assert draws(50, seed=7, **settings) == draws(50, seed=7, **settings) != draws(50, seed=8, **settings)
