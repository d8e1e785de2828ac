"""docs/for-researchers.md does what it says: its code runs as it stands, and finds what other ways find too."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

from mri.making import evaluate
from mri.nanochat.checkpoint import load_model
from mri.store.library import Library

PAGE = (Path(__file__).parents[1] / "docs" / "for-researchers.md").read_text("utf-8")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The names that the page's code leaves, run in an empty folder."""
    folder, names = tmp_path_factory.mktemp("researcher"), dict[str, Any]()
    threads = torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        torch.set_num_threads(1)
        for snippet in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
            exec(compile(snippet, "for-researchers.md", "exec"), names)
    torch.set_num_threads(threads)
    return names | {"folder": folder / "forty"}


def test_forty_prompts_are_recorded_and_are_one_table(found: dict[str, Any]) -> None:
    assert len(Library(found["folder"]).list()) == len(found["traces"]) == 40
    tokens = found["tokens"]
    assert tokens["session_id"].nunique() == 40
    assert tokens.groupby("kind")["session_id"].nunique().to_dict() == {"capital": 16, "opposite": 16, "list": 8}


def test_the_induction_heads_are_those_that_the_weights_of_whole_rows_show(found: dict[str, Any]) -> None:
    scores, _ = evaluate.head_scores(load_model(device="cpu"), 2)  # (n_layer, n_head), from the model itself
    strongest = {divmod(int(i), scores.shape[1]) for i in scores.flatten().topk(2).indices}
    heads: pd.Series = found["heads"]
    assert set(heads.index[:2]) == strongest
    assert heads.iloc[0] > 0.4
    assert heads.iloc[0] > 2 * heads.iloc[2]


def test_the_neurons_hold_on_prompts_that_did_not_choose_them(found: dict[str, Any]) -> None:
    assert found["right"].min() >= 0.9
    assert found["by_chance"].mean() <= 0.75
    assert len(found["separating"]) == 5
