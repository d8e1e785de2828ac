"""Steps behind the same text have the same number, all others have not."""

import numpy as np
import pytest

from mri.format.config import TraceConfig
from mri.store.opening import open_session
from mri.study.contexts import contexts
from tests.true_sessions import write_true_session


def numbers(folder, name, ids, **config):
    write_true_session(folder, name, ids, config=TraceConfig(prefill="stepwise", topk=4, **config))
    with open_session(folder / f"{name}.h5") as reader:
        return contexts(reader)


def test_the_same_text_has_the_same_numbers_up_to_where_it_parts(tmp_path):
    one = numbers(tmp_path, "one", [1, 2, 3, 4, 5])
    assert len(set(one.tolist())) == 4
    np.testing.assert_array_equal(numbers(tmp_path, "two", [1, 2, 3, 4, 5], quantization="f32"), one)
    np.testing.assert_array_equal(numbers(tmp_path, "short", [1, 2, 3]), one[:2])
    parts = numbers(tmp_path, "parts", [1, 2, 9, 4, 5])
    assert (parts == one).tolist() == [True, True, False, False], "what follows another token is another step"


class Reader:
    """Steps that read `t_add` tokens of `ids` from `pos0` on."""

    def __init__(self, name, pos0, t_add, ids):
        self.session = type("Session", (), {"id": name})
        self._steps, self._ids = {"pos0": np.array(pos0), "t_add": np.array(t_add)}, np.array(ids, np.int64)

    def steps(self):
        return self._steps

    def token_ids(self):
        return self._ids


def test_a_prompt_read_at_once_ends_where_its_last_token_does():
    at_once = contexts(Reader("a", [0, 4], [4, 1], [5, 6, 7, 8, 9]))
    stepwise = contexts(Reader("b", [0, 1, 2, 3, 4], [1] * 5, [5, 6, 7, 8, 9]))
    np.testing.assert_array_equal(at_once, stepwise[[3, 4]])


@pytest.mark.parametrize(("pos0", "ids"), [([0, 1, 0, 1], [5, 6]), ([0, 0, 0, 0], [])])
def test_where_no_text_can_be_told_every_step_is_its_own(pos0, ids):
    """Two generations in one session, as a watched one may have; a training, whose steps read batches."""
    found = [contexts(Reader(name, pos0, [1] * 4, ids)).tolist() for name in ("one", "two")]
    assert len({*found[0], *found[1]}) == 8
