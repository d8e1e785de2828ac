"""What was run is one type: its hash is the key of what is derived, and fields of later versions are kept."""

import json
from dataclasses import replace

import pytest

from mri.format.config import TraceConfig
from mri.format.events import TraceSession
from mri.format.run import Model, Run, hash_of_config, hashes_by_contents
from tests.conftest import random_layout

RUN = Run(
    Model("weights", "file", "config", "tokenizer", "E5", 15.0, "cpu", "float32", "data/nanochat"),
    edits=("block.4.head.2 = 0", 'token = " Tom" @ 14'),
    parent="base",
    fork_step=14,
    group="forks",
    place=2.5,
)


def through_json(run):
    return Run.from_json(json.loads(json.dumps(run.to_json())))


@pytest.mark.parametrize("run", [RUN, Run(), Run(Model("weights"))], ids=["all", "nothing", "weights"])
def test_it_comes_back_as_it_was(run):
    assert through_json(run) == run
    assert through_json(run).hash == run.hash == run.to_json()["hash"]


def test_only_what_decides_the_numbers_makes_another_hash():
    for name, value in (("weights_hash", "x"), ("config_hash", "x")):
        assert replace(RUN, model=replace(RUN.model, **{name: value})).hash != RUN.hash
    word, other = 'token = " Tom" @ 14', "block.3.mlp = 0"
    changes = [("block.4.head.2 = 0", other), (other, "block.4.head.2 = 0"), (other,), ()]
    assert len({replace(RUN, edits=edits).hash for edits in changes}) == 4
    assert replace(RUN, edits=("block.4.head.2 = 0",)).hash == replace(RUN, edits=(word, "block.4.head.2 = 0")).hash, (
        "another word changes what is read, and no number of what is read"
    )
    for name, value in (("model_path", "/elsewhere"), ("device", "cuda:0"), ("file_hash", "x")):
        assert replace(RUN, model=replace(RUN.model, **{name: value})).hash == RUN.hash
    assert replace(RUN, parent="another", fork_step=3, group="", place=0.0).hash == RUN.hash


def test_unknown_weights_have_no_hash():
    assert Run(replace(RUN.model, weights_hash="")).hash == ""
    assert Run().hash_by_file == ""


def test_what_a_later_version_wrote_is_kept_and_is_another_run():
    told = {**RUN.to_json(), "ablation": {"kind": "mean"}, "model": {**RUN.model.to_json(), "lora": "a1"}}
    run = through_json(Run.from_json(told))
    assert run.to_json() == {**told, "hash": run.hash}
    assert run.hash not in ("", RUN.hash)


def test_a_session_of_a_later_version_opens_and_keeps_what_it_says():
    session = TraceSession("one", random_layout(1, 4, 1, TraceConfig()), run=RUN, facts={"autocast": "bfloat16"})
    told = {**json.loads(json.dumps(session.to_json())), "mood": ["blue"]}
    again = TraceSession.from_json(told)
    assert json.loads(json.dumps(again.to_json())) == told
    assert replace(again, name="new").to_json()["mood"] == ["blue"]
    assert again.provenance["weights_hash"] == "weights"
    assert again.provenance["autocast"] == "bfloat16"


def test_a_session_from_before_there_were_runs_gets_one():
    session = TraceSession("one", random_layout(1, 4, 1, TraceConfig()))
    told = json.loads(json.dumps(session.to_json()))
    del told["run"], told["facts"]
    known = {"weights_hash": "w", "config_hash": "c", "era": "E5", "softcap": 15.0, "matmul_precision": "highest"}
    again = TraceSession.from_json({**told, "provenance": known | {"device": "cpu", "softcap_is_assumed": True}})
    assert again.run == Run(Model("w", config_hash="c", era="E5", softcap=15.0, device="cpu"))
    assert again.facts == {"matmul_precision": "highest", "softcap_is_assumed": True}
    assert again.provenance == known | {"device": "cpu", "softcap_is_assumed": True}
    shown = TraceSession.from_json({**told, "model_config": {"n_layer": 2}, "provenance": known}).run.model
    assert shown.config_hash == hash_of_config({"n_layer": 2}, "E5", 15.0), "a watched one had it without its softcap"
    assert TraceSession.from_json(told).run == Run()


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ([], "no table"),
        ({}, "no table"),
        ({"model": {"weights_hash": 1}}, "weights_hash is no text"),
        ({"model": {"softcap": "15"}}, "softcap is no number"),
        ({"model": {}, "edits": "block.4.head.2 = 0"}, "no texts"),
        ({"model": {}, "edits": [1]}, "no texts"),
        ({"model": {}, "parent": 1}, "another type"),
        ({"model": {}, "fork_step": -1}, "another type"),
        ({"model": {}, "place": "x"}, "another type"),
    ],
)
def test_a_field_of_another_type_is_named(told, sentence):
    with pytest.raises(ValueError, match=sentence):
        Run.from_json(told)


def test_runs_told_by_their_file_are_those_of_its_weights():
    older = Run(Model("file", config_hash="c"))
    newer = Run(Model("contents", file_hash="file", config_hash="c"))
    changed = Run(Model("changed", config_hash="c"))
    assert hashes_by_contents([older, newer, changed, Run()]) == {older.hash: newer.hash}


def test_the_config_is_told_apart_by_softcap_and_era():
    hashes = {hash_of_config({"n_layer": 2}, era, softcap) for era in ("E4", "E5") for softcap in (15.0, 20.0, None)}
    assert len(hashes) == 6
