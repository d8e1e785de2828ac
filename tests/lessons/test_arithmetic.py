"""Numbers of a step: values with the place they were measured at, and long sums by their largest products."""

import numpy as np
import pytest

from mri.lessons.arithmetic import Place, sigmoid_of, softcapped_logit, sum_of_products, word
from mri.lessons.numbers import Number
from mri.store.opening import open_session
from tests.conftest import write_handmade_session


@pytest.fixture
def place(tmp_path):
    with open_session(write_handmade_session(tmp_path)) as reader:
        yield Place(reader, 2)


def test_a_value_says_where_it_was_measured(place):
    number = place.value("block.1.mlp_out", 1)
    assert number.value == -3
    assert number.source == "block.1.mlp_out neuron 1, step 2"
    assert number.link == "/?session=handmade&step=2&point=block.1.mlp_out&neuron=1"
    assert place.value("block.1.mlp_out", 1) is number  # a formula that has it twice opens it once


def test_attention_of_a_head_that_looks_at_the_first_key(place):
    assert place.attention(1, 0, 0).value == 1
    assert "head 0, position 0" in place.attention(1, 0, 0).source


def test_a_long_sum_names_its_largest_products_and_adds_the_rest():
    xs, ws = np.float32([1, 2, 3, 4, 5]), np.float32([1, -10, 0, 5, 0.1])
    number = sum_of_products(xs, ws, x_source="x #", w_source="w[#]")
    assert number.value == pytest.approx(1 - 20 + 20 + 0.5)
    first = number.inputs["p0"]
    assert (first.inputs["x"].source, first.inputs["w"].source) == ("x 1", "w[1]")
    parts = [each.value for each in number.inputs.values()]
    assert parts == pytest.approx([-20, 20, 1, 0.5])
    assert number.inputs["rest"].source == "the other 2 products, added up"


def test_gate_and_softcap():
    assert sigmoid_of(Number(0.0), 3.0).value == 1.5
    assert sigmoid_of(Number(np.log(3.0)), Number(2.0)).value == pytest.approx(1.5)
    assert softcapped_logit(Number(30.0), 15.0).value == pytest.approx(15 * np.tanh(2))


def test_words_of_a_sentence_have_no_space_in_front():
    assert [word(b" Paris"), word(b"."), word(b" ")] == ["Paris", ".", "a space"]
