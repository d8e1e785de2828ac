"""What of two sessions can be compared, across captures, models and tokenizers, and the sentences on what cannot."""

from dataclasses import replace

import pytest

from mri.errors import ConfigError
from mri.format.config import TraceConfig
from mri.format.run import Model, Run
from mri.paths import LESSONS
from mri.store.opening import open_session
from mri.study.comparison import compare, summary
from tests.conftest import write_random_session
from tests.true_sessions import write_true_session

A, B = [0, 26, 1, 2, 3, 5, 4], [0, 26, 6, 1, 2, 5, 4]


@pytest.fixture
def write(tmp_path):
    def session(name, ids, **options):
        write_true_session(tmp_path, name, ids, **options)
        return open_session(tmp_path / f"{name}.h5")

    return session


def test_two_sessions_of_one_model_need_no_notes(write):
    found = compare(write("a", A), write("b", B), "mapping")
    assert found.notes == []
    assert found.alignment.divergence == 2
    assert found.matched_steps.tolist() == [[0, 0], [1, 1], [2, 3], [3, 4], [5, 5]]
    assert "block.1.resid_post" in found.keys
    assert "block.1.ln1" in found.lengths
    assert "block.1.ln1" not in found.keys
    json = summary(found)
    assert json["steps"][2:4] == [[-1, 2], [2, 3]]
    assert json["divergence"] == 2


def test_other_weights_and_captures_are_said(write):
    sampled = TraceConfig(capture_mode="sampled", prefill="stepwise")
    one, other = write("a", A), write("b", B, config=sampled, weights_hash="other")
    notes = " ".join(compare(one, other).notes)
    assert "Their weights differ" in notes
    assert "A keeps the strongest 4 neurons of a hook point as f16, B one neuron in 8 as f16" in notes


def test_a_file_and_what_is_in_it_are_the_same_weights(tmp_path):
    def session(name, **provenance):
        return open_session(write_random_session(tmp_path, session_id=name, provenance=provenance))

    older, newer = session("older", weights_hash="file"), session("newer", weights_hash="contents", file_hash="file")
    changed = session("changed", weights_hash="changed")
    for one, other, differ in (
        (older, newer, False),
        (newer, older, False),
        (newer, changed, True),
        (older, changed, True),
    ):
        assert any("weights differ" in note for note in compare(one, other).notes) == differ


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"edits": ("block.4.head.2 = 0",)}, "A was run with no edits, B with block.4.head.2 = 0: what differs"),
        ({"model": Model("abc", config_hash="d", softcap=20.0)}, "Their softcaps are 15.0 and 20.0: what differs"),
        ({"parent": "another", "fork_step": 3}, ""),
    ],
)
def test_what_differs_in_the_runs_is_said(tmp_path, changes, sentence):
    run = Run(Model("abc", config_hash="c", softcap=15.0))
    readers = []
    for name, each in (("one", run), ("other", replace(run, **changes))):
        reader = open_session(write_random_session(tmp_path, session_id=name))
        reader.session = replace(reader.session, run=each)
        readers.append(reader)
    notes = [note for note in compare(*readers).notes if "models" in note]
    assert len(notes) == bool(sentence)
    assert all(note.startswith(sentence) for note in notes)


def test_statistics_only_leave_lengths(write):
    found = compare(write("a", A), write("b", B, config=TraceConfig(capture_mode="stats", prefill="stepwise")))
    assert found.keys == []
    assert len(found.lengths) == 20
    assert "only lengths and predictions" in found.notes[-1]


def test_another_width_is_left_out(write):
    found = compare(write("a", A), write("b", A, n_embd=16))
    assert found.keys == found.lengths == []
    assert any("6 blocks" not in note and "differ in shape, 2 blocks × 12" in note for note in found.notes)
    deeper = compare(write("c", A), write("d", A, n_layer=3))
    assert "block.1.mlp_out" in deeper.keys
    assert "block.2.mlp_out" not in deeper.keys


def test_prompts_read_in_one_pass(tmp_path, write):
    reader = open_session(write_random_session(tmp_path, num_steps=5))
    found = compare(reader, reader)
    assert found.notes == [
        f"{name} read 4 prompt tokens in one pass: none of them has values of its own, only the last has attention and "
        "predictions."
        for name in "AB"
    ]
    assert found.moments.whole.all()


def test_another_tokenizer_matches_nothing(write, tmp_path):
    one = write("a", A)
    other = open_session(write_random_session(tmp_path, provenance={"tokenizer_hash": "another"}))
    found = compare(one, other, "mapping")
    assert not found.same_tokens
    assert len(found.matched_steps) == 0
    assert "tokenizers differ" in found.notes[0]


def test_nothing_in_common_is_said(write):
    found = compare(write("a", [0, 1, 2, 3]), write("b", [4, 5, 6, 7]), "prefix")
    assert "nothing can be subtracted" in found.notes[-1]


def test_an_unknown_alignment_is_refused(write):
    one = write("a", A)
    with pytest.raises(ConfigError, match="There is no alignment 'magic'"):
        compare(one, one, "magic")


def test_a_training_has_no_tokens_that_stand_for_others(write):
    with open_session(LESSONS / "1-perceptron" / "lesson-and.h5") as training:
        found = compare(write("a", A), training, "mapping")
    assert found.has_training
    assert not found.same_tokens, "it names no tokenizer, and has none"
    assert len(found.matched_steps) == 0
