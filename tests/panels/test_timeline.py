"""The timeline's numbers, with what a training script added."""

import numpy as np
import pytest

from mri.store.opening import open_session
from tests.conftest import write_random_session
from tests.panels.conftest import table


def test_the_timeline(reader):
    found, units = table(reader, "timeline", point="final.logits")
    assert found["surprise"].astype(float).tolist() == pytest.approx([0.5 / np.log(2)] * 5)
    assert found["l2 of final.logits"].tolist()[:2] == [str(20 + 4 / 8), str(1 + 20 + 4 / 8)]
    assert units["surprise"] == units["entropy"] == "bits"


def test_the_timeline_has_what_a_training_script_added(tmp_path):
    with open_session(write_random_session(tmp_path, extras=True, num_steps=5)) as reader:
        found, units = table(reader, "timeline", point="final.logits")
    assert found["loss"].tolist()[:4] == ["4.0", "2.0", "NaN", "1.0"]
    assert units["loss"] == ""
    assert "rate" not in found, "no single number"
