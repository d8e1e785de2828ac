"""Why: what each part wrote to the lead of one token over another."""

import numpy as np
import pytest

from mri.errors import ConfigError
from mri.format.config import TraceConfig
from mri.panels.panel import panel_named
from mri.panels.scan import Scan
from mri.panels.selection import Selection
from mri.panels.why import pair
from mri.store.opening import open_session
from tests.conftest import random_layout
from tests.test_javascript import frames_in_order, write_session


def opened(tmp_path, ledger="direct"):
    layout = random_layout(4, 16, 2, TraceConfig(ledger=ledger), n_ctx=64)
    return open_session(write_session(tmp_path, layout, frames_in_order(layout)))


def test_rows_are_parts_and_add_up_to_the_lead(tmp_path):
    with opened(tmp_path) as reader:
        scan = Scan(reader, 1)
        wrote = scan.captured.ledger()
        ids = list(dict.fromkeys(wrote.token_ids.tolist()))
        at = Selection.from_mapping({"step": 1, "token": str(ids[1]), "against": str(ids[0])})
        found = panel_named("scanner", "why").table(scan, at)
        assert found.shape == (1 + 4 * 3 + 1,)
        assert found["part"].tolist()[:4] == ["embed", "block.0.head.0", "block.0.head.1", "block.0.mlp"]
        by_part = [wrote.embed[None], wrote.heads.reshape(-1, len(wrote.token_ids)), wrote.mlp, wrote.left_over[None]]
        total = np.concatenate(by_part).sum(0)
        one, other = (wrote.token_ids.tolist().index(each) for each in (ids[1], ids[0]))
        assert found["wrote"].sum() == pytest.approx(total[one] - total[other], abs=1e-4)


def test_without_a_choice_the_chosen_token_and_the_strongest_other(tmp_path):
    with opened(tmp_path) as reader:
        scan = Scan(reader, 1)
        kept = scan.captured.ledger().token_ids.tolist()
        token, against = pair(scan, Selection(step=1))
        assert token == kept[-1]
        assert against == next(each for each in kept if each != token)
        assert pair(scan, Selection(step=1, token=against)) == (against, next(each for each in kept if each != against))
        assert pair(scan, Selection(step=1, token=10**6, against=token)) == (token, against)


def test_a_recording_without_a_ledger_says_so(tmp_path):
    with opened(tmp_path, "none") as reader:
        scan = Scan(reader, 1)
        with pytest.raises(ConfigError, match="not recorded"):
            pair(scan, Selection(step=1))
        with pytest.raises(ConfigError, match="not recorded"):
            b"".join(panel_named("scanner", "why").csv(scan, Selection(step=1)))
