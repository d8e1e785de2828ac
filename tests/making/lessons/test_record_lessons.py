"""`make lessons` makes the bundled recordings again: the same command, the same numbers; and they are small."""

import shutil

import numpy as np
import pytest

from mri.errors import LessonError
from mri.making.lessons.record import MOST_BYTES, levels, record_level
from mri.paths import LESSONS
from mri.store.opening import open_session


@pytest.mark.parametrize("level", ["1", "2"])
def test_a_level_is_recorded_as_it_was(level, tmp_path):
    [slug] = [path.name for path in LESSONS.glob(f"{level}-*")]
    (tmp_path / slug).mkdir()
    record_level(level, tmp_path)
    made = sorted(path.name for path in (tmp_path / slug).glob("*.h5"))
    assert made == sorted(path.name for path in (LESSONS / slug).glob("*.h5"))
    for name in made:
        with open_session(tmp_path / slug / name) as new, open_session(LESSONS / slug / name) as old:
            assert new.num_steps == old.num_steps
            assert new.session.id == old.session.id == name.removesuffix(".h5")
            for step in range(0, new.num_steps, 7):
                ours, theirs = new.frame(step).arrays, old.frame(step).arrays
                assert set(ours) == set(theirs)
                for key in ours:
                    np.testing.assert_allclose(ours[key], theirs[key], rtol=1e-4, atol=1e-6, err_msg=f"{key} {step}")


def test_another_level_is_refused(tmp_path):
    shutil.copytree(LESSONS / "1-perceptron", tmp_path / "1-perceptron")
    for level in ("99", "x", "2"):
        with pytest.raises(LessonError, match="no level"):
            record_level(level, tmp_path)
    assert levels()[:2] == ["1", "2"]


def test_all_recordings_together_are_small():
    files = [path for path in LESSONS.glob("*/*") if path.suffix in (".h5", ".npz")]
    assert sum(path.stat().st_size for path in files) < MOST_BYTES
