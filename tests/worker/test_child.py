"""The worker as the server meets it: a child process speaking JSON lines."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from mri.format.wire import views_from_bytes
from mri.nanochat.checkpoint import load_model
from mri.nanochat.constants import Constants
from mri.nanochat.direct import path_factor
from mri.nanochat.locate import Loading, ModelRef, find_checkpoint
from mri.store.library import Library
from tests.capture.conftest import GOLDEN

ROOT = Path(__file__).parents[2]
E5 = find_checkpoint(GOLDEN / "E5").to_json()


class Child:
    def __init__(self, sessions: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mri.worker.child", "--sessions", str(sessions)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def say(self, **command: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()

    def hear(self, event: str) -> dict[str, Any]:
        """The next event of this kind; other kinds before it are passed over, errors are not."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            heard: dict[str, Any] = json.loads(line)
            if heard["event"] == event:
                return heard
            assert heard["event"] != "error", heard
        raise AssertionError(f"the worker ended without saying {event}")

    def record(self, session_id: str, **fields: Any) -> None:
        command = {"prompt": "ab", "model": E5, "chat": False, "config": "standard", "sampling": {"max_new_tokens": 5}}
        command |= fields
        self.say(cmd="record", id=session_id, **command)


@pytest.fixture
def child(tmp_path: Path) -> Iterator[Child]:
    child = Child(tmp_path)
    yield child
    child.say(cmd="quit")
    assert child.process.wait(30) == 0
    child.process.stdin.close()  # type: ignore[union-attr]
    child.process.stdout.close()  # type: ignore[union-attr]


def test_it_records_one_after_the_other_and_survives_bad_requests(child: Child, tmp_path: Path) -> None:
    child.hear("ready")
    child.record("first")
    child.record("empty", prompt="")
    child.record("last", chat=True, config={"attention_tier": "full_row"})
    assert child.hear("started") == {"event": "started", "id": "first", "max_steps": 7}
    assert child.hear("finished")["id"] == "first"
    assert "The prompt is empty" in child.hear("error")["message"]
    assert child.hear("finished")["id"] == "last"
    assert {info.id for info in Library(tmp_path).list()} == {"first", "last"}


def test_stop_ends_a_recording_and_keeps_it(child: Child, tmp_path: Path) -> None:
    child.record("long", sampling={"max_new_tokens": 500, "seed": 1})
    child.hear("step")
    child.say(cmd="stop", id="long")
    finished = child.hear("finished")
    with Library(tmp_path).open("long") as reader:
        assert reader.num_steps > 0
        assert reader.session.end_reason == finished["end_reason"]
        assert finished["end_reason"] in ("stopped", "stop_token")


def steps_in(sessions: Path, session_id: str) -> int:
    with Library(sessions).open(session_id) as reader:
        return reader.num_steps


def test_pause_halts_the_generation_with_every_step_in_the_journal(child: Child, tmp_path: Path) -> None:
    child.record("slow", sampling={"max_new_tokens": 40, "temperature": 0})
    child.say(cmd="pause", id="slow")
    paused = child.hear("paused")
    assert paused["step"] + 1 == steps_in(tmp_path, "slow")
    child.say(cmd="step", id="slow")
    again = child.hear("paused")
    assert again["step"] == paused["step"] + 1
    assert again["step"] + 1 == steps_in(tmp_path, "slow")
    assert again["text"].startswith(paused["text"])
    child.say(cmd="resume", id="slow")
    child.hear("resumed")
    assert child.hear("finished")["end_reason"] in ("max_new_tokens", "stop_token")
    child.record("plain", sampling={"max_new_tokens": 40, "temperature": 0})
    child.hear("finished")
    with Library(tmp_path).open("slow") as slow, Library(tmp_path).open("plain") as plain:
        assert slow.token_ids().tolist() == plain.token_ids().tolist(), "pausing changes nothing that is generated"


def test_a_stop_ends_what_is_paused(child: Child, tmp_path: Path) -> None:
    child.record("slow", sampling={"max_new_tokens": 40, "temperature": 0})
    child.say(cmd="pause", id="slow")
    child.hear("paused")
    child.say(cmd="stop", id="slow")
    assert child.hear("finished")["end_reason"] == "stopped"


def test_gradients_of_the_weights_that_recorded(child: Child, tmp_path: Path) -> None:
    child.record("first", config={})  # the prompt in one step
    child.hear("finished")
    with Library(tmp_path).open("first") as reader:
        weights_hash = reader.session.provenance["weights_hash"]
        ids, chosen_id = reader.token_ids(), int(reader.steps()["chosen_id"][0])
        frame = reader.frame(0)
    ask = {"model": E5, "ids": ids[:3].tolist(), "token_id": chosen_id, "model_path": "/models/d6"}
    child.say(cmd="attribute", id="first/1a/0", weights_hash=weights_hash, **ask)
    answer = child.hear("attribution")
    assert answer["id"] == "first/1a/0"
    assert len(answer["signed"]) == 3
    assert any(answer["signed"])
    place = frame.arrays["logits/token_ids"].tolist().index(chosen_id)
    assert answer["logit"] == pytest.approx(float(frame.arrays["logits/values"][place]), abs=1e-4)
    file_hash = hashlib.sha256(next(GOLDEN.glob("E5/*/*/model_*.pt")).read_bytes()).hexdigest()
    child.say(cmd="attribute", id="first/1a/2", weights_hash=file_hash, **ask)  # as sessions said until 2026-11
    assert child.hear("attribution")["signed"] == answer["signed"]
    child.say(cmd="attribute", id="first/1a/1", weights_hash="0" * 64, **ask)
    assert "start the server with --model /models/d6." in child.hear("error")["message"]


def test_tokens_that_a_neuron_speaks_for(child: Child, tmp_path: Path) -> None:
    child.record("first")
    child.hear("finished")
    with Library(tmp_path).open("first") as reader:
        weights_hash = reader.session.provenance["weights_hash"]
    ask = {"model": E5, "point": "block.1.mlp_act", "neuron": 5, "model_path": ""}
    child.say(cmd="direct", id="direct/x", weights_hash=weights_hash, **ask)
    answer = child.hear("direct")
    promoted, suppressed = ([logit for *_, logit in answer[name]] for name in ("promoted", "suppressed"))
    assert promoted == sorted(promoted, reverse=True)
    assert suppressed == sorted(suppressed)
    assert promoted[0] > 0 > suppressed[0]
    bytes.fromhex(answer["promoted"][0][1])
    assert answer["factor"] == pytest.approx(path_factor(load_model(GOLDEN / "E5", device="cpu").model, 1))
    child.say(cmd="direct", id="direct/y", weights_hash="0" * 64, **ask)
    assert "other weights" in child.hear("error")["message"]


def test_why_and_sweeps_of_what_was_recorded(child: Child, tmp_path: Path) -> None:
    child.record("first")
    child.hear("finished")
    with Library(tmp_path).open("first") as reader:
        path, weights_hash, num_steps = str(reader.path), reader.session.provenance["weights_hash"], reader.num_steps
        chosen = reader.steps()["chosen_id"].tolist()
    ask = {"model": E5, "weights_hash": weights_hash, "model_path": "", "path": path, "token": None, "against": None}
    child.say(cmd="why", id="why/1", start=0, stop=99, **ask)
    assert child.hear("progress")["of"] == 0, "called off before it begins, it never does"
    assert child.hear("progress") == {"event": "progress", "id": "why/1", "done": 0, "of": num_steps}
    header, arrays = views_from_bytes(b64decode(child.hear("arrays")["blob"]))
    assert (header["start"], header["stop"]) == (0, num_steps)
    assert arrays["token_ids"].tolist()[-1] == chosen[-1]
    assert arrays["parts"].shape == (num_steps, 1 + 3 * 5 + 1)
    child.say(cmd="sweep", id="sweep/1", step=2, kind="ablate", base="", **ask)
    _, swept = views_from_bytes(b64decode(child.hear("arrays")["blob"]))
    at = swept["token_ids"].tolist().index(arrays["token_ids"][2])
    assert swept["before"][at] == pytest.approx(arrays["logits"][2, 0], abs=1e-4)
    assert swept["after"].shape == (3 * 5, len(swept["token_ids"]))
    child.say(cmd="why", id="why/2", start=0, stop=1, **ask | {"weights_hash": "0" * 64})
    assert "other weights" in child.hear("error")["message"]


def test_a_check_says_what_it_loads_then_line_by_line_what_it_found(child: Child) -> None:
    child.say(cmd="check", id="check/1", model=E5)
    assert child.hear("loading")["words"] == "checking the file"
    assert child.hear("line")["line"]["found"] == "E5"
    told = child.hear("checked")
    assert told["is_right"], told["text"]
    child.say(cmd="check", id="check/2", model=E5)
    child.hear("line")
    child.say(cmd="stop", id="check/2")
    while (heard := json.loads(child.process.stdout.readline()))["event"] == "line":  # type: ignore[union-attr]
        pass
    assert heard["message"] == "The check was cancelled: start it again."


def test_what_is_called_off_before_its_turn_is_not_computed(child: Child, tmp_path: Path) -> None:
    child.record("slow", sampling={"max_new_tokens": 400})
    child.say(cmd="pause", id="slow")
    child.hear("paused")
    ask = {"model": E5, "weights_hash": "", "model_path": "", "path": str(tmp_path), "token": None, "against": None}
    child.say(cmd="sweep", id="sweep/1", step=2, kind="ablate", base="", **ask)
    child.say(cmd="stop", id="sweep/1")
    child.say(cmd="stop", id="slow")
    child.hear("finished")
    assert "Nobody asked after this" in child.hear("error")["message"]


def test_a_model_is_loaded_before_it_is_needed_and_tells_where_it_runs(child: Child) -> None:
    bare = find_checkpoint(GOLDEN / "E5", Loading(device="cpu", dtype="bfloat16")).to_json()
    child.say(cmd="load", id="load/1", model=bare)
    loading = child.hear("loading")
    assert (loading["id"], loading["words"], loading["done"]) == ("load/1", "checking the file", 0)
    loaded = child.hear("loaded")
    assert (loaded["device"], loaded["dtype"], loaded["alarm"]) == ("cpu", "bfloat16", "")
    assert ["bits per byte" in note for note in loaded["notes"]] == [True]
    assert "cpu" in loaded["devices"]
    child.say(cmd="load", id="load/2", model=bare | {"loading": bare["loading"] | {"device": "abacus"}})
    assert "choose from" in child.hear("error")["message"]


def test_what_is_called_off_while_its_model_waits_to_be_loaded_never_begins(child: Child, tmp_path: Path) -> None:
    child.record("slow", sampling={"max_new_tokens": 400})
    child.say(cmd="pause", id="slow")
    child.hear("paused")
    child.say(cmd="load", id="load/1", model=E5 | {"loading": E5["loading"] | {"dtype": "bfloat16"}})
    child.record("second")
    for name in ("load/1", "second", "slow"):
        child.say(cmd="stop", id=name)
    child.hear("finished")
    for name in ("load/1", "second"):
        heard = child.hear("error")
        assert (heard["id"], heard["message"]) == (name, "Cancelled before it began.")
    assert [info.id for info in Library(tmp_path).list()] == ["slow"]


def test_the_end_of_stdin_is_the_end_of_the_worker_and_frees_what_is_paused(tmp_path: Path) -> None:
    child = Child(tmp_path)
    child.record("kept")
    child.say(cmd="pause", id="kept")
    child.hear("paused")
    child.process.stdin.close()  # type: ignore[union-attr]
    assert child.hear("finished")["id"] == "kept"
    assert child.process.wait(30) == 0
    child.process.stdout.close()  # type: ignore[union-attr]


def test_an_odd_line_on_stdin_ends_the_worker_after_what_it_has_in_hand(tmp_path: Path) -> None:
    child = Child(tmp_path)
    child.record("kept")
    child.process.stdin.write("3\n")  # type: ignore[union-attr]
    child.process.stdin.flush()  # type: ignore[union-attr]
    assert child.hear("finished")["id"] == "kept"
    assert child.process.wait(30) == 0
    child.process.stdin.close()  # type: ignore[union-attr]
    child.process.stdout.close()  # type: ignore[union-attr]


def test_a_checkpoint_is_loaded_again_where_its_file_changed_and_missed_where_it_is_gone(
    child: Child, tmp_path: Path
) -> None:
    copy = tmp_path / "models" / "base_checkpoints" / "d3" / "model_000010.pt"
    shutil.copytree(GOLDEN / "E5", tmp_path / "models")
    ref = ModelRef(copy).to_json()
    hashes = []
    for name, keys in (("first", 0), ("second", 1)):
        if keys:
            weights = torch.load(copy, weights_only=True)
            torch.save({key: value * 2 for key, value in weights.items()}, copy)
        child.record(name, model=ref)
        child.hear("finished")
        with Library(tmp_path).open(name) as reader:
            hashes.append(reader.session.provenance["weights_hash"])
    assert hashes[0] != hashes[1]
    copy.unlink()
    child.record("gone", model=ref)
    assert f"{copy} is not there any more" in child.hear("error")["message"]


def test_constants_reach_the_model(child: Child, tmp_path: Path) -> None:
    child.record("twenty", model=find_checkpoint(GOLDEN / "E5", Loading(Constants(softcap=20))).to_json())
    child.hear("finished")
    child.record("fifteen")
    child.hear("finished")
    softcaps = []
    for session_id in ("twenty", "fifteen"):
        with Library(tmp_path).open(session_id) as reader:
            softcaps.append(reader.session.provenance["softcap"])
    assert softcaps == [20, 15]


def test_a_fork_its_control_and_what_its_bases_words_cost(child: Child, tmp_path: Path) -> None:
    child.record("base", sampling={"max_new_tokens": 8, "temperature": 0})
    child.hear("finished")
    with Library(tmp_path).open("base") as reader:
        weights_hash = reader.session.provenance["weights_hash"]
        ids = reader.token_ids().tolist()
    of = {"model": E5, "weights_hash": weights_hash, "model_path": ""}
    wanted = {"step": 4, "edits": ["block.0.mlp *= 3"], "scope": "from_here"}
    child.say(cmd="fork", id="fork", session="base", wanted=wanted, **of)
    assert child.hear("started")["id"] == "fork"
    assert child.hear("finished")["id"] == "fork"
    with Library(tmp_path).open("fork") as reader:
        assert reader.session.run.edits == ("block.0.mlp *= 3 @ 4:",)
        assert (reader.session.run.parent, reader.session.run.fork_step) == ("base", 4)
        written = reader.token_ids().tolist()
    child.say(cmd="control", id="control/1", session="fork", draws=3, seed=0, **of)
    assert child.hear("progress")["of"] == 0
    assert child.hear("progress") == {"event": "progress", "id": "control/1", "done": 0, "of": 6}
    header, arrays = views_from_bytes(b64decode(child.hear("arrays")["blob"]))
    assert arrays["tokens"].shape[0] == arrays["bits"].shape[0] == 5
    first = int(arrays["first"])
    assert [i for i in arrays["tokens"][0].tolist() if i >= 0] == ids[first:]
    assert [i for i in arrays["tokens"][1].tolist() if i >= 0] == written[first:]
    assert isinstance(header["texts"], dict)
    child.say(cmd="costs", id="costs/1", session="fork", base="base", **of)
    _, arrays = views_from_bytes(b64decode(child.hear("arrays")["blob"]))
    assert len(arrays["before"]) == len(ids) - first


def test_what_cannot_be_forked_is_a_sentence_and_leaves_nothing(child: Child, tmp_path: Path) -> None:
    child.record("base", sampling={"max_new_tokens": 4, "temperature": 0})
    child.hear("finished")
    with Library(tmp_path).open("base") as reader:
        weights_hash = reader.session.provenance["weights_hash"]
    there = sorted(tmp_path.iterdir())
    of = {"model": E5, "weights_hash": weights_hash, "model_path": "", "session": "base"}
    for i, (edit, said) in enumerate(
        (
            ("block.9.mlp = 0", "There is no block 9"),
            ("block.0.mlp += 2 * /etc/hostname.npy", "From the page no file is read"),
            ("block.0.mlp = patch(gone@2)", "There is no session 'gone'"),
        )
    ):
        child.say(cmd="fork", id=f"fork-{i}", wanted={"step": 4, "edits": [edit]}, **of)
        with pytest.raises(AssertionError, match=said):
            child.hear("finished")
    assert sorted(tmp_path.iterdir()) == there
    child.say(cmd="fork", id="fork", wanted={"step": 4, "edits": ["block.0.mlp = 0"]}, **of)
    assert child.hear("finished")["id"] == "fork", "the model is as it was"
