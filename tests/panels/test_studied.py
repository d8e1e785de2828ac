"""What the study found as panels read it: names of neurons, what each column read, where another session begins."""

import pytest

from mri.format.config import TraceConfig
from mri.panels.studied import Studied, tokens_of_columns
from mri.store.library import Library
from mri.study.study import Question, Study
from tests.conftest import write_random_session

FULL = TraceConfig(capture_mode="full", prefill="stepwise", quantization="f32")
KEY = "block.1.mlp_out"


@pytest.fixture(scope="module")
def studied(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sessions")
    for i in range(2):
        provenance = {"weights_hash": "abc"}
        write_random_session(folder, session_id=f"s{i}", seed=i, config=FULL, num_steps=20, provenance=provenance)
    library = Library(folder)
    return Studied(library, Study(library), Question("s0", KEY, scope="weights", n_groups=3))


def test_parts_are_made_once(studied):
    assert studied.grouping is studied.grouping
    assert studied.unit == "activation"


def test_neurons_are_named_by_their_place(studied):
    assert len(studied.names) == len(studied.grouping.rows)
    assert studied.names[0] == f"{KEY} · {studied.grouping.neurons.neuron[0]}"


def test_columns_are_the_steps_of_all_sessions_in_turn(studied):
    sessions = studied.sessions.tolist()
    assert set(sessions) == {"s0", "s1"}
    assert studied.breaks == [i for i in range(1, len(sessions)) if sessions[i] != sessions[i - 1]]
    assert len(studied.tokens) == len(studied.texts) == len(sessions)
    assert studied.tokens == tokens_of_columns(studied.library, studied.grouping.neurons)
    spaces = [text.replace(" ", "␣") for text in studied.texts]
    assert [name for name, text in zip(studied.tokens, spaces, strict=True) if text.isascii() and text.isalnum()] == [
        text for text in spaces if text.isascii() and text.isalnum()
    ]
