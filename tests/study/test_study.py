"""Groups and companions of known sessions."""

import threading

import numpy as np
import pytest

from mri.errors import ConfigError, SessionNotFound, UnknownHookPoint
from mri.format.config import TraceConfig
from mri.store.library import Library
from mri.study import study as module
from mri.study.study import Question, Study
from tests.conftest import write_handmade_session, write_random_session
from tests.true_sessions import write_true_session

KEY = "block.1.mlp_out"
FULL = TraceConfig(capture_mode="full", prefill="stepwise", quantization="f32")


@pytest.fixture
def study(tmp_path):
    for i, weights in enumerate(("abc", "abc", "other")):
        write_random_session(
            tmp_path, session_id=f"s{i}", seed=i, config=FULL, num_steps=20, provenance={"weights_hash": weights}
        )
    write_handmade_session(tmp_path)
    return Study(Library(tmp_path))


def test_a_question_comes_from_an_address():
    given = {
        "session": "a",
        "point": KEY,
        "span": "blocks",
        "scope": "weights",
        "method": "ward",
        "groups": "5",
        "seed": "3",
    }
    assert Question.from_mapping(given) == Question("a", KEY, "blocks", "weights", "ward", 5, 3)
    assert Question.from_mapping({"session": "a", "point": KEY, "groups": None}) == Question("a", KEY)
    for name, value in (("span", "x"), ("scope", "x"), ("groups", "many"), ("seed", "-1")):
        with pytest.raises(ConfigError, match=name):
            Question.from_mapping({**given, name: value})


def test_groups_of_one_hook_point_and_of_all_blocks(study):
    one = study.grouping(Question("s0", KEY, n_groups=3))
    assert one.history.share_captured == 1
    assert len(one.rows) == 16
    assert list(one.labels()) == [KEY]
    both = study.grouping(Question("s0", KEY, span="blocks", n_groups=3))
    labels = both.labels()
    assert [*labels] == ["block.0.mlp_out", KEY]
    np.testing.assert_array_equal(np.concatenate([*labels.values()]), both.clusters.labels)
    assert study.grouping(Question("s0", KEY, n_groups=3)) is one, "kept"


def test_peaks_and_typical_neurons(study):
    found = study.grouping(Question("s0", KEY, n_groups=3))
    means = found.clusters.means[0]
    assert found.peaks(0, 2).tolist() == np.argsort(-means)[:2].tolist()
    members = np.flatnonzero(found.clusters.labels == 0)
    assert found.typical(0, 1)[0] == members[found.clusters.distance[members].argmin()]


def test_sessions_of_the_same_weights_are_taken_together(study, monkeypatch):
    history = study.history(Question("s0", KEY, scope="weights"))
    assert sorted(history.activity.sessions) == ["s0", "s1"]
    assert history.filled.shape == (16, 40)
    monkeypatch.setattr(module, "MOST_CELLS", 16 * 30)
    history = study.history(Question("s0", KEY, scope="weights"))
    assert (history.activity.sessions, history.sessions_left_out) == (("s0",), 1)
    with pytest.raises(ConfigError, match="does not say which weights"):
        study.history(Question("handmade", KEY, scope="weights"))


def test_sessions_count_that_have_the_hook_point_and_each_text_once(tmp_path):
    edu = TraceConfig(topk=4, prefill="stepwise", edu=True)
    plain = TraceConfig(topk=4, prefill="stepwise")
    for name, ids, config in (
        ("asked", [1, 2, 3, 4, 5, 6], edu),
        ("twin", [1, 2, 3, 4, 5, 6], edu),
        ("other", [1, 2, 9, 4, 5, 6], edu),
        ("plain", [7, 8, 3, 4, 5, 6], plain),
        ("stats", [7, 2, 3, 4], TraceConfig(capture_mode="stats")),
    ):
        write_true_session(tmp_path, name, ids, config=config)
    study = Study(Library(tmp_path))
    acts = study.history(Question("asked", "block.0.mlp_act", scope="weights"))
    assert set(acts.activity.sessions) == {"asked", "other"}
    assert (acts.sessions_without, acts.sessions_left_out) == (3, 0)
    assert acts.filled.shape[1] == 5 + 3, "the other parts at its third token"
    outs = study.history(Question("asked", "block.0.mlp_out", scope="weights"))
    assert set(outs.activity.sessions) == {"asked", "other", "plain"}
    assert outs.filled.shape[1] == 5 + 3 + 5
    np.testing.assert_array_equal(
        [outs.activity.sessions[i] for i in outs.activity.session].count("asked"), 5, "the session that was asked for"
    )


def test_neurons_captured_too_rarely_are_left_out_and_counted(study):
    with pytest.raises(ConfigError, match="cannot be grouped"):
        study.grouping(Question("handmade", KEY, n_groups=5))
    found = study.grouping(Question("handmade", KEY, n_groups=2))
    assert (found.too_rare, found.beyond, len(found.rows)) == (4, 0, 4)
    assert [i for i, label in enumerate(found.labels()[KEY]) if label < 0] == [2, 3, 4, 5]


def test_companions_have_numpys_correlation(study):
    rising, falling, num_steps, shifts = study.companions(Question("s0", KEY, span="blocks"), 5)
    assert (num_steps, shifts) == (20, 19)
    history = study.history(Question("s0", KEY, span="blocks"))
    expected = np.corrcoef(history.filled)[history.activity.row(KEY, 5)]
    for companion in (*rising, *falling):
        row = history.activity.row(companion.point, companion.neuron)
        assert companion.r == pytest.approx(expected[row], abs=1e-5)
        assert (companion.together, companion.active) == (20, 20)
    without = [companion.without for companion in (*rising, *falling[::-1])]
    assert without == sorted(without, reverse=True)
    assert (KEY, 5) not in [(companion.point, companion.neuron) for companion in rising]
    assert study.companions(Question("handmade", KEY), 2)[:2] == ([], []), "never captured"


def test_one_shared_spike_is_ranked_below_a_companion_that_lasts(tmp_path):
    """Neuron 1 shares one step with neuron 0, neuron 2 seven of its eight."""
    rng = np.random.default_rng(0)
    values = ((rng.random((60, 48)) < 0.03) * rng.exponential(4, (60, 48))).astype(np.float32)  # (steps, neurons)
    values[:, :3] = 0
    values[5:55:7, 0] = [9, 3, 2, 2.5, 3, 2, 1.5, 0.5]
    values[[5, 50], 1] = 9, 0.5
    values[5:50:7, 2] = 2
    config = TraceConfig(capture_mode="full", prefill="stepwise", quantization="f32", max_bytes_per_step=100_000)
    write_true_session(tmp_path, "s", [3] * 61, config=config, values={"block.0.mlp_act": values})
    first, *others = Study(Library(tmp_path)).companions(Question("s", "block.0.mlp_act"), 0, most=99).rising
    assert (first.neuron, first.active) == (2, 7)
    assert first.chance < 0.05
    spike = next(each for each in others if each.neuron == 1)
    assert spike.r > first.r > 0.6, "by r alone it would stand first"
    assert (spike.active, spike.without < 0.1, spike.chance > 0.9) == (1, True, True)


def test_what_is_not_there_is_said(study):
    with pytest.raises(SessionNotFound):
        study.grouping(Question("nobody", KEY))
    with pytest.raises(UnknownHookPoint):
        study.grouping(Question("s0", "block.7.mlp_out"))
    with pytest.raises(UnknownHookPoint):
        study.companions(Question("s0", KEY), 99)


def test_many_who_ask_at_once_wait_for_one_answer(study):
    found = []
    threads = [threading.Thread(target=lambda: found.append(study.grouping(Question("s1", KEY)))) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(each) for each in found}) == 1


def test_nothing_is_kept_of_a_question_that_was_refused(study):
    for name in ("x" * 20_000, "y", "z"):
        with pytest.raises(ConfigError, match="is not known"):
            study.grouping(Question("s0", KEY, method=name))
    assert not study._busy
    assert {key[0] for key in study._known} == {"history"}


def test_no_more_sessions_are_taken_together_than_may_be_open(study, monkeypatch):
    monkeypatch.setattr(module, "MOST_SESSIONS", 1)
    history = study.history(Question("s1", KEY, scope="weights"))
    assert (history.activity.sessions, history.sessions_left_out) == (("s1",), 1)


def test_results_are_kept_as_far_as_they_fit(study, monkeypatch):
    kept = study.grouping(Question("s0", KEY, n_groups=3))
    assert study.grouping(Question("s0", KEY, n_groups=3)) is kept
    assert study._num_bytes() > kept.history.filled.nbytes
    monkeypatch.setattr(module, "KEPT_BYTES", 0)
    study.grouping(Question("s0", KEY, n_groups=4))
    assert len(study._known) == 1
