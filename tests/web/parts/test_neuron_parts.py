"""What the Neurons page says in words."""

import json

from mri.study.study import Companion, Companions, Question
from mri.web.parts import neuron_parts

TOKENS = {
    "status": "finished",
    "factor": 0.625,
    "promoted": [[4, b" cold".hex(), 0.5], [5, b"b".hex(), 0.25]],
    "suppressed": [[6, b"c".hex(), -2.0]],
}


def said(component):
    """All of it as JSON, to look for words in."""
    return json.dumps(component, default=lambda each: each.to_plotly_json(), ensure_ascii=False)


def test_tokens_say_what_of_them_reaches_the_exit_and_what_a_full_bar_is():
    words = said(neuron_parts.spoken_tokens(TOKENS))
    assert "c = 0.62" in words
    assert "A full bar is 2 logits per unit" in words
    assert '"--share": "0.250"' in words
    assert "␣cold" in words


def test_what_is_erased_later_has_no_list_of_tokens():
    for factor in (-0.0029, 0.0999):
        words = said(neuron_parts.spoken_tokens({**TOKENS, "factor": factor}))
        assert "erased later" in words
        assert "cold" not in words
    assert "cold" in said(neuron_parts.spoken_tokens({**TOKENS, "factor": -0.1}))


def test_companions_say_what_they_rest_on_and_which_are_chance():
    lasting = Companion("block.0.mlp_act", 5, 0.9, 0.8, 0.01, 20, 7)
    spike = Companion("block.0.mlp_act", 6, 0.95, -0.02, 0.9, 20, 1)
    question = Question("s", "block.0.mlp_act")
    words = said(neuron_parts.companions(Companions([lasting, spike], [], 30, 29), question))
    for number in ("+0.900", "+0.800", '"7"', "1%", "+0.950", "-0.020", '"1"', "90%", "29 shifts"):
        assert number in words
    assert words.count("is-chance") == 1
    assert "1 of them is more than chance" in words
    words = said(neuron_parts.companions(Companions([spike], [], 30, 29), question))
    assert "None of them is more than chance" in words
