"""The snippet runs as it is pasted, and what it makes is the file's."""

import numpy as np

from mri.export.snippet import step_snippet
from mri.export.trace import open_trace
from tests.conftest import write_handmade_session


def test_the_snippet_runs_as_pasted_in_another_folder(tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    path = write_handmade_session(tmp_path / "it's a folder")
    namespace = {}
    exec(step_snippet(path, 1, "block.1.mlp_out"), namespace)
    trace = open_trace(path)
    np.testing.assert_array_equal(namespace["values"]["value"], trace.values("block.1.mlp_out", step=1))
    assert namespace["values"]["captured"].tolist() == [True, True, False, False, False, False, True, True]
    assert namespace["stats"].loc["final.logits", "std"] == 1 + 20 + 1 / 8
    assert len(namespace["stats"]) == 21
