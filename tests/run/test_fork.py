"""Forks: what is read again is the same, what comes after is edited, and what cannot be leaves nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mri.errors import ConfigError, MriError, PromptError, SessionNotFound
from mri.format.captured import Captured
from mri.format.config import Sampling, TraceConfig
from mri.nanochat.checkpoint import LoadedModel
from mri.run.fork import fork_again, fork_of
from mri.run.record import Recording, record_fork, record_generation
from mri.store.library import Library
from mri.store.opening import open_session
from mri.store.reader import SessionReader
from tests.capture import forks

SAMPLED = Sampling(12, 1.0, None, seed=5)
TOGETHER = 1e9  # ms, so that a slow machine does not reduce other steps together
ROWS = TraceConfig(attention_tier="full_row", quantization="f32", max_bytes_per_step=10**6)


def base_of(loaded: LoadedModel, folder: Path, prefill: str = "stepwise", **how: Any) -> SessionReader:
    config = TraceConfig(**{**vars(ROWS), "prefill": prefill})  # type: ignore[arg-type]
    how = {"sampling": SAMPLED, "config": config, "sessions": folder, "max_delay_ms": TOGETHER, "seal": False} | how
    return open_session(record_generation(loaded, "ab ab", **how).path)  # type: ignore[arg-type]


def forked(loaded: LoadedModel, base: SessionReader, folder: Path, step: int, **how: Any) -> SessionReader:
    recording: Recording = record_fork(
        loaded, fork_of(base, step, **how), sessions=folder, max_delay_ms=TOGETHER, seal=False
    )
    return open_session(recording.path)


@pytest.mark.parametrize("prefill", ["stepwise", "stats"])
def test_without_an_edit_it_is_the_base_in_every_bit(golden: LoadedModel, tmp_path: Path, prefill: str) -> None:
    base = base_of(golden, tmp_path, prefill)
    for edits in ((), "block.0.head.1 *= 1"):
        fork = forked(golden, base, tmp_path, base.num_steps - 3, edits=edits)
        assert fork.num_steps == base.num_steps
        assert fork.session.run.parent == base.session.id
        assert fork.session.run.fork_step == base.num_steps - 3
        assert fork.session.response == base.session.response
        for a, b in zip(base.frames(0, base.num_steps), fork.frames(0, fork.num_steps), strict=True):
            assert {**a.header(), "time_us": 0} == {**b.header(), "time_us": 0}
            for name, array in a.arrays.items():
                np.testing.assert_array_equal(array, b.arrays[name], err_msg=name)
    assert fork_of(base, 1).sampling == SAMPLED


@pytest.mark.parametrize("prefill", ["stepwise", "stats"])
def test_from_here_on_nothing_before_is_touched(golden: LoadedModel, tmp_path: Path, prefill: str) -> None:
    base = base_of(golden, tmp_path, prefill)
    step = base.num_steps - 4
    first = int(base.steps()["pos0"][step])
    here = forked(golden, base, tmp_path, step, edits="block.0.mlp *= 2")
    always = forked(golden, base, tmp_path, step, edits="block.0.mlp *= 2", scope="as_if_always")
    assert here.session.run.edits == (f"block.0.mlp *= 2 @ {first}:",)
    assert always.session.run.edits == ("block.0.mlp *= 2 @ 0:",)
    for s in range(step):
        before = base.frame(s).arrays["stats"]
        np.testing.assert_array_equal(before, here.frame(s).arrays["stats"])
        assert np.abs(before - always.frame(s).arrays["stats"]).max() > 1e-3
    assert np.abs(base.frame(step).arrays["stats"] - here.frame(step).arrays["stats"]).max() > 1e-3
    n = first + 1
    assert base.token_ids()[:n].tolist() == here.token_ids()[:n].tolist() == always.token_ids()[:n].tolist()
    assert len({base.session.run.hash, here.session.run.hash, always.session.run.hash}) == 3


def test_what_was_recorded_is_what_went_on(golden: LoadedModel, tmp_path: Path) -> None:
    """A head that is off wrote nothing, and a look that is cut has no weight, in the recording, too."""
    config = {**vars(ROWS), "prefill": "stepwise", "capture_mode": "full", "hook_points": ("block.*.z",)}
    base = base_of(golden, tmp_path, config=TraceConfig(**config))
    fork = forked(golden, base, tmp_path, 3, edits=["block.1.head.1 = 0", "block.0.head.0: cut 1:3"])
    D = golden.config.head_dim
    z = Captured(fork.frame(5), fork.session.layout).values("block.1.z")
    assert (z[D : 2 * D] == 0).all()
    assert (z[:D] != 0).any()
    weights = fork.frame(5).arrays["attention/rows"]
    assert (weights[0, 0, 1:3] == 0).all()
    assert weights[0, 0].sum() == pytest.approx(1, abs=1e-5)
    assert (base.frame(5).arrays["attention/rows"][0, 0, 1:3] > 0).all()


def test_another_word_is_said_and_the_rest_follows(golden: LoadedModel, tmp_path: Path) -> None:
    base = base_of(golden, tmp_path)
    step = base.num_steps - 4
    other = next(i for i in (5, 6, 7) if i != base.steps()["chosen_id"][step])
    fork = forked(golden, base, tmp_path, step, token=other)
    position = int(base.steps()["pos0"][step])
    assert fork.session.run.edits == (f"token = #{other} @ {position}",)
    assert fork.session.run.hash == base.session.run.hash, "not one number of the model is another"
    assert fork.token_ids()[position + 1] == other
    assert fork.frame(step).forced
    assert fork.frame(step - 1).forced == base.frame(step - 1).forced
    np.testing.assert_array_equal(base.frame(step).arrays["stats"], fork.frame(step).arrays["stats"])


def test_another_way_of_choosing_begins_at_the_step(golden: LoadedModel, tmp_path: Path) -> None:
    base = base_of(golden, tmp_path)
    step = base.num_steps - 6
    fork = forked(golden, base, tmp_path, step, temperature=0.0, max_new_tokens=20)
    n = int(base.steps()["pos0"][step]) + 1
    assert fork.token_ids()[:n].tolist() == base.token_ids()[:n].tolist()
    assert not fork.steps()["forced"][:step].any(), "what was drawn was drawn, though greedily another would come"
    logits = fork.frame(step).arrays["logits/token_ids"]
    assert fork.steps()["chosen_id"][step] == logits[0]
    assert fork.session.sampling["max_new_tokens"] == 20


def test_forks_of_forks_keep_what_was_changed(golden: LoadedModel, tmp_path: Path) -> None:
    base = base_of(golden, tmp_path)
    once = forked(golden, base, tmp_path, 5, edits="block.0.mlp *= 2")
    twice = forked(golden, once, tmp_path, 7, edits="block.1.head.1 = 0")
    assert twice.session.run.edits == ("block.0.mlp *= 2 @ 5:", "block.1.head.1 = 0 @ 7:")
    assert twice.session.run.parent == once.session.id
    for s in range(7):
        np.testing.assert_array_equal(once.frame(s).arrays["stats"], twice.frame(s).arrays["stats"])
    again = fork_again(twice)
    assert (again.step, again.inherited, len(again.own)) == (7, 1, 1)
    Library(tmp_path).delete(once.session.id)
    with Library(tmp_path).open(twice.session.id) as reader:
        assert reader.num_steps == twice.num_steps
    with pytest.raises(ConfigError, match="is no fork"):
        fork_again(base)


def test_every_edited_value_is_listed(golden: LoadedModel, tmp_path: Path) -> None:
    base = base_of(golden, tmp_path)
    fork = forked(golden, base, tmp_path, 5, edits=["block.*.head.1 = 0", "block.0.mlp_act[3,5:9] = 1 @ 7"])
    listed = fork.session.facts["edited"]
    D = golden.config.head_dim
    assert [(each["hook_point"], each["neurons"], each["first"], each["stop"]) for each in listed] == [
        *((f"block.{i}.z", f"{D}:{2 * D}", 5, None) for i in range(golden.config.n_layer)),
        ("block.0.mlp_act", "3:4,5:9", 7, 8),
    ]


ODD: list[tuple[dict[str, Any], type[MriError], str]] = [
    ({"edits": "block.99.mlp = 0"}, MriError, "no block 99"),
    ({"edits": "block.0.mlp = 0 @ 3"}, ConfigError, "before step 5, which begins at position 5"),
    ({"edits": "block.0.mlp = 0 @ 400"}, ConfigError, "behind the end"),
    ({"edits": "block.0.mlp = patch(gone@3)"}, SessionNotFound, "gone"),
    ({"edits": ["smear = off"] * 400}, ConfigError, "100 are the most"),
    ({"edits": "block.0.mlp = nan"}, ConfigError, "nan is no number"),
    ({"token": "two words"}, ConfigError, "no single token"),
    ({"token": 10**6}, ConfigError, "no token #1000000"),
    ({"scope": "sometimes"}, ConfigError, "from_here or as_if_always"),
    ({"temperature": -1}, ConfigError, "temperature"),
    ({"max_new_tokens": 0}, ConfigError, "max_new_tokens"),
]


@pytest.mark.parametrize(("how", "kind", "words"), ODD)
def test_what_cannot_be_is_refused_with_nothing_left(
    golden: LoadedModel, tmp_path: Path, how: dict[str, Any], kind: type[MriError], words: str
) -> None:
    base = base_of(golden, tmp_path)
    there = sorted(tmp_path.iterdir())
    with pytest.raises(kind, match=words) as refusal:
        forked(golden, base, tmp_path, 5, **how)
    assert str(refusal.value).endswith(".")
    assert sorted(tmp_path.iterdir()) == there
    assert forks.nothing_left(golden.model)


def test_places_that_cannot_be_forked(golden: LoadedModel, tmp_path: Path, random_session: Any) -> None:
    base = base_of(golden, tmp_path)
    with pytest.raises(SessionNotFound, match="there is no step 99"):
        fork_of(base, 99)
    with pytest.raises(PromptError, match="the prompt's own"):
        fork_of(base, 1, token=5)
    with (
        open_session(random_session(tmp_path / "other")) as reader,
        pytest.raises(ConfigError, match="does not say which weights"),
    ):
        fork_of(reader, 2)
    with pytest.raises(PromptError, match="the prompt's own"):
        record_generation(golden, "ab ab", sampling=SAMPLED, config=ROWS, sessions=tmp_path, edits=["token = #5 @ 0"])
    with pytest.raises(ConfigError, match="after which token"):
        record_generation(golden, "ab ab", sampling=SAMPLED, config=ROWS, sessions=tmp_path, edits=["token = #5"])


def test_a_fork_that_fails_leaves_the_model_as_it_was(golden: LoadedModel, tmp_path: Path) -> None:
    base = base_of(golden, tmp_path)

    def fail(step: Any, _said: list[int]) -> None:
        if step.index == 6:
            raise ZeroDivisionError

    planned = fork_of(base, 5, edits=["block.*.head.*: cut 1", "block.0.mlp = 0"])
    with pytest.raises(ZeroDivisionError):
        record_fork(golden, planned, sessions=tmp_path, on_step=fail, session_id="failed")
    assert forks.nothing_left(golden.model)
    with Library(tmp_path).open("failed") as reader:
        assert reader.num_steps == 7, "what it has is kept"
        assert reader.session.run.edits
