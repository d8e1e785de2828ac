"""What the Neurons page says in words."""

import json

from mri.ui import neuron_parts

TOKENS = {
    "status": "finished", "factor": 0.625,
    "promoted": [[4, b" cold".hex(), 0.5], [5, b"b".hex(), 0.25]], "suppressed": [[6, b"c".hex(), -2.0]],
}  # fmt: skip


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
