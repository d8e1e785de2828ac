import pytest

from mri.errors import ConfigError
from mri.nanochat.constants import SOFTCAP, constants_from_text, softcap_of


def test_constants_as_given_and_as_typed():
    assert softcap_of(None) is softcap_of({}) is softcap_of({"softcap": None}) is None
    assert softcap_of({"softcap": 20}) == 20.0
    assert constants_from_text(["softcap=20"]) == {"softcap": 20.0}
    assert constants_from_text([]) == {}
    assert SOFTCAP == 15


@pytest.mark.parametrize("value", [0, -1, float("inf"), float("nan"), True, "20"])
def test_an_impossible_softcap_is_refused(value):
    with pytest.raises(ConfigError, match="not positive"):
        softcap_of({"softcap": value})


@pytest.mark.parametrize("text", ["softcap", "softcap=x", "rope=3", "=", "softcap=0"])
def test_what_sets_no_constant_is_said(text):
    with pytest.raises(ConfigError):
        constants_from_text([text])
