"""The look at a pickle before it is run."""

import contextlib
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mri.errors import ModelError
from mri.nanochat.disk.pickles import OBJECT_OPS, TENSOR_OPS, check_pickle


def check(data, ops=OBJECT_OPS, names=frozenset()):
    check_pickle(data, "FILE", "CURE", ops, names)


@pytest.mark.parametrize("value", [{"a": 1, "b": [2, (3, None, True)]}, {"x" * 300: {b"y" * 300: -70000}}])
def test_plain_data_passes(value):
    check(pickle.dumps(value, protocol=4))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "truncated or broken"),
        (b"\x80\x04}", "truncated or broken"),
        (b"\xff\xff", "truncated or broken"),
        (b"\x80\x04N.N.", "2 bytes after its end"),
        (b"cos\nsystem\n(S'true'\ntR.", "would import 'os.system'"),
        (pickle.dumps(bytearray(9), protocol=5), "operation BYTEARRAY8"),
        (pickle.dumps({1, 2}, protocol=4), "operation EMPTY_SET"),
        (b"\x80\x02Nr\xff\xff\xff\x7f.", "LONG_BINPUT 2147483647 in"),
        (b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7fN.", "FRAME 9223372036854775807 in"),
        (b"(S'echo'\nios\nsystem\n.", "operation STRING"),
        (b"\x80\x04" + b"]" * 200_001 + b"0" * 200_000 + b".", "more than 200,000 lists and tuples"),
    ],
)
def test_others_are_refused_with_file_fact_and_cure(data, words):
    with pytest.raises(ModelError, match=words) as caught:
        check(data)
    assert str(caught.value).startswith("FILE ")
    assert str(caught.value).endswith(": CURE.")


def test_torch_pickles_may_not_import_by_the_stack():
    data = pickle.dumps(pickle.PickleError, protocol=4)
    with pytest.raises(ModelError, match="STACK_GLOBAL"):
        check(data, ops=TENSOR_OPS)


@given(st.binary(max_size=200))
def test_any_bytes_pass_or_are_refused(data):
    with contextlib.suppress(ModelError):  # anything else fails the test
        check(data)
