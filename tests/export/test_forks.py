"""Forks from Python: trace.fork, what it changed, what it cost, and the control."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import mri
from mri.errors import BadSession, ConfigError
from mri.store.library import Library


@pytest.fixture(scope="module")
def fork(tmp_path_factory: pytest.TempPathFactory) -> mri.Trace:
    folder = tmp_path_factory.mktemp("forks")
    return mri.open_trace("demo-list").fork(11, edits="block.3.head.1 = 0", name="Without 3.1", sessions=folder)


def test_a_fork_is_a_trace_of_its_own(fork: mri.Trace) -> None:
    assert isinstance(fork, mri.Trace)
    assert fork.session.response == " blue, blue, blue, blue, blue, blue, blue,"
    assert (fork.session.name, fork.run.parent, fork.run.fork_step) == ("Without 3.1", "demo-list", 11)
    base = mri.open_trace("demo-list")
    assert fork.num_steps == base.num_steps
    np.testing.assert_array_equal(fork.logits().query("step < 11")["logit"], base.logits().query("step < 11")["logit"])
    assert fork.session.layout.config == base.session.layout.config
    assert fork.run.hash != base.run.hash


def test_every_edited_value_has_a_row(fork: mri.Trace) -> None:
    edits = fork.edits()
    assert edits["step"].tolist() == edits["position"].tolist() == [*range(11, 25)]
    assert edits["hook_point"].unique().tolist() == ["block.3.z"]
    assert edits.iloc[0].to_dict() == {
        "step": 11,
        "position": 11,
        "hook_point": "block.3.z",
        "neurons": "64:128",
        "head": 1,
        "edit": "block.3.head.1 = 0 @ 11:",
    }
    assert edits.attrs["session_id"] == fork.session.id
    z = fork.values("block.3.attn_out", step=11)
    assert z.size
    assert mri.open_trace("demo-list").edits().empty


def test_the_control_says_how_many_did_it_too(fork: mri.Trace) -> None:
    control = fork.control()
    assert control["what"].tolist() == ["base", "fork", *["random"] * 20]
    assert control["draw"].tolist() == [-1, -1, *range(20)]
    assert control.attrs["parted"] == 0
    assert control["text"][0] == mri.open_trace("demo-list").session.response
    assert control["text"][1] == fork.session.response
    assert control["bits"][2:].max() < 0.3 < 6 < control["bits"][1]
    with pytest.raises(ConfigError, match="draws"):
        fork.control(draws=0)
    with pytest.raises(ConfigError, match="is no fork"):
        mri.open_trace("demo-list").control()


def test_what_the_bases_words_cost(fork: mri.Trace) -> None:
    costs = fork.costs()
    assert costs["token"].tolist()[:3] == [" green", ",", " red"]
    assert costs["position"].tolist() == [*range(12, 26)]
    assert costs["after"][0] == pytest.approx(6.43, abs=0.01)
    assert costs["before"][0] < 0.01


def test_edits_at_record_time_and_forks_of_them(tmp_path: Path) -> None:
    common = {"max_new_tokens": 4, "temperature": 0.0, "sessions": tmp_path, "seal": False}
    trace = mri.record("red, blue, green, red, blue,", edits=mri.Edit("block.3.head.1", "=", 0), **common)  # type: ignore[arg-type]
    assert trace.run.edits == ("block.3.head.1 = 0 @ 0:",)
    assert " blue" in trace.session.response
    back = trace.fork(trace.num_steps - 1, token=" red")
    assert back.path.parent == tmp_path
    assert back.run.edits[0] == "block.3.head.1 = 0 @ 0:"
    assert back.run.edits[1].startswith('token = " red" @ ')
    with pytest.raises(ConfigError, match="recorded with edits"):
        trace.sweep(3)
    assert {info.id for info in Library(tmp_path).list()} == {trace.session.id, back.session.id}


def test_where_another_word_was_said_the_model_can_still_be_explained(tmp_path: Path) -> None:
    base = mri.open_trace("demo-gift")
    fork = base.fork(14, token=" Tom", sessions=tmp_path)
    assert fork.session.response == " Tom. Tom smiled at him.<|bos|>"
    assert fork.run.hash == base.run.hash
    assert fork.sweep(15)["lost"].abs().max() > 0.1


def test_steps_count_from_the_end_too(tmp_path: Path) -> None:
    base = mri.open_trace("demo-gift")
    assert base.fork(-1, sessions=tmp_path).run.fork_step == base.num_steps - 1
    with pytest.raises(IndexError, match="no step 99"):
        base.fork(99, sessions=tmp_path)


@pytest.mark.parametrize(
    "listed", ["x", [3], [{"edit": "a", "hook_point": "b", "neurons": "", "head": 0, "first": "0"}]]
)
def test_a_file_that_lies_about_what_was_edited_is_refused(tmp_path: Path, listed: object) -> None:
    base = mri.open_trace("demo-gift")
    lying = mri.Trace(base.reader)
    lying._reader = Lying(base.reader, listed)  # type: ignore[assignment]
    with pytest.raises(BadSession, match="record it again"):
        lying.edits()


class Lying:
    def __init__(self, reader: object, listed: object) -> None:
        self._reader = reader
        self.session = replace(reader.session, facts={"edited": listed})  # type: ignore[attr-defined]

    def __getattr__(self, name: str) -> object:
        return getattr(self._reader, name)
