import pytest

from mri.errors import ConfigError
from mri.nanochat.constants import SOFTCAP, Constants, constants_from_text, constants_of, softcap_of


def test_constants_as_given_and_as_typed():
    assert softcap_of(None) is softcap_of({}) is softcap_of({"softcap": None}) is None
    assert softcap_of({"softcap": 20}) == 20.0
    assert constants_from_text(["softcap=20"]) == {"softcap": 20.0}
    assert constants_from_text([]) == {}
    assert SOFTCAP == 15


@pytest.mark.parametrize("value", [0, -1, float("nan"), True, "20"])
def test_an_impossible_softcap_is_refused(value):
    with pytest.raises(ConfigError, match="not positive"):
        softcap_of({"softcap": value})


@pytest.mark.parametrize(
    "text",
    ["softcap", "softcap=x", "rope=3", "=", "softcap=0", "eps=-1", "window_pattern=SX", "window_pattern=", "eps=inf"],
)
def test_what_sets_no_constant_is_said(text):
    with pytest.raises(ConfigError):
        constants_from_text([text])


def test_all_constants_by_name():
    typed = ["softcap=none", "rotary_base=1e5", "qk_scale=1.2", "eps=1e-6", "window_pattern=SSSL"]
    constants = constants_of(constants_from_text(typed))
    assert constants == Constants(float("inf"), 1e5, 1.2, 1e-6, "SSSL")
    assert Constants(softcap=20).over(constants) == Constants(20.0, 1e5, 1.2, 1e-6, "SSSL")
    assert Constants(eps=1e-6).told() == {"eps": 1e-6}


def test_of_a_watched_model_only_the_softcap_can_be_set():
    with pytest.raises(ConfigError, match="its own eps"):
        softcap_of({"eps": 1e-6})
