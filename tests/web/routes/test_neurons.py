"""The Neurons page's routes: groups for the stage, CSV of every panel."""

import io
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mri.format.config import TraceConfig
from mri.format.run import Model, Run
from mri.panels.panel import panels
from mri.web.server import create_app
from mri.web.services import EXTENSION
from mri.worker.handle import GenerationWorker
from tests.conftest import write_random_session

KEY = "block.1.mlp_out"
FAKE = [sys.executable, str(Path(__file__).parents[2] / "worker" / "fake_worker.py")]
QUERY = f"session=a&point={KEY}&groups=3&neuron=4"


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sessions")
    for i, name in enumerate("ab"):
        config = TraceConfig(prefill="stepwise", topk=8)
        write_random_session(
            folder, session_id=name, seed=i, num_steps=30, config=config, provenance={"weights_hash": "abc"}
        )
    app = create_app(folder, worker=GenerationWorker(folder, program=FAKE)).server
    indexer = app.extensions[EXTENSION].study.indexer
    deadline = time.monotonic() + 60
    while (progress := indexer.want(Run(Model("abc")).hash)).done < 2:
        assert time.monotonic() < deadline, progress
        time.sleep(0.01)
    yield app
    indexer.close()
    app.extensions[EXTENSION].worker.close()


@pytest.fixture
def client(app):
    return app.test_client()


def table(client, panel, query=QUERY):
    answer = client.get(f"/neurons/{panel}.csv?{query}")
    assert answer.status_code == 200, answer.data
    return pd.read_csv(io.BytesIO(answer.data)).rename(columns=lambda name: name.partition(" [")[0])


def test_groups_are_those_of_the_study(app, client):
    answer = client.get(f"/neurons/groups?{QUERY}&span=blocks").json
    assert [*answer["labels"]] == ["block.0.mlp_out", KEY]
    assert {len(labels) for labels in answer["labels"].values()} == {16}
    assert {label for labels in answer["labels"].values() for label in labels} >= {0, 1, 2}
    assert answer["n_groups"] == 3
    assert answer["found"] is False, "random values"
    assert 0 < answer["silhouette"] < 1
    assert answer["agreement"] < 0.65
    assert answer == client.get(f"/neurons/groups?{QUERY}&span=blocks").json


def test_the_tables_agree_with_each_other(client):
    groups = table(client, "group-map")
    labels = client.get(f"/neurons/groups?{QUERY}").json["labels"][KEY]
    assert {row.neuron: row.group - 1 for row in groups.itertuples()} == {i: x for i, x in enumerate(labels) if x >= 0}
    heat = table(client, "group-heatmap")
    assert len(heat) == len(groups) * 30
    known = heat[heat.state == "captured"]
    assert known.value.notna().all()
    np.testing.assert_allclose(known.taken_as, known.value, rtol=1e-6)
    missing = heat[heat.state == "not captured"]
    assert missing.value.isna().all()
    assert (missing.taken_as.abs() <= missing.at_most * (1 + 1e-6)).all()
    means = table(client, "group-means")
    first = heat[heat.group == 1].groupby("step").standardised.mean()
    np.testing.assert_allclose(means.group_1, first, atol=1e-5)
    tried = table(client, "silhouettes", f"session=a&point={KEY}")
    assert tried.chosen.sum() == 1
    (chosen,) = tried[tried.chosen].itertuples()
    assert chosen.found == (chosen.agreement >= 0.65 and chosen.silhouette > chosen.silhouette_shifted)


def test_the_tables_of_one_neuron(client):
    moments = table(client, "moments")
    assert set(moments.session) <= {"a", "b"}
    assert (moments.value.abs().diff().dropna() <= 0).all()
    counts = table(client, "distribution").captured_values
    companions = table(client, "companions")
    for sign in (1, -1):
        some = companions[companions.r * sign > 0]
        assert some.r_without_strongest_step.is_monotonic_decreasing
    assert companions.chance.between(0, 1).all()
    assert (companions.both_active <= companions.both_captured).all()
    assert counts.sum() >= len(moments)
    assert table(client, "dossier-history").neuron.tolist() == [4] * 30
    assert len(panels("neurons")) == 8


def answered(client, address):
    """The worker computes it meanwhile: 503 until it has."""
    deadline = time.monotonic() + 60
    while (answer := client.get(address)).status_code == 503:
        assert "ask again" in answer.json["error"]
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return answer


def test_tokens_come_with_what_reaches_the_exit(client):
    assert answered(client, f"/neurons/tokens.csv?{QUERY}").status_code == 200
    found = table(client, "tokens")
    assert found.factor.tolist() == [0.6] * 4
    assert found.list.tolist() == ["promotes"] * 3 + ["suppresses"]
    assert found.effect.tolist() == [0.5, 0.4, 0.3, -0.7]
    assert found.token.tolist() == ["a", "b", "c", "<|bos|>"]


def test_a_neuron_whose_writes_are_erased_later_has_no_tokens(client):
    query = QUERY.replace("block.1", "block.0")
    assert answered(client, f"/neurons/tokens.csv?{query}").status_code == 200
    found = table(client, "tokens", query)
    assert (found.factor.tolist(), found.list.tolist()) == ([-0.003], ["erased later"])
    assert found[["token_id", "token", "effect"]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("/neurons/nothing.csv?" + QUERY, 400, "no table of"),
        ("/neurons/moments.csv?" + QUERY + "x", 400, "whole number"),
        ("/neurons/companions.csv?" + QUERY + "44", 400, "neuron 444"),
        ("/neurons/tokens.csv?session=a&point=block.1.mlp_pre&neuron=4", 400, "no direct path"),
        ("/neurons/tokens.csv?session=a&point=block.1.mlp_act&neuron=999", 400, "there is no 999"),
        ("/neurons/groups?session=nobody&point=x", 404, "no session"),
        ("/neurons/groups?session=a&point=x", 400, "no hook point"),
        (f"/neurons/groups?session=a&point={KEY}&groups=99", 400, "choose 2 to 12"),
        (f"/neurons/groups?session=a&point={KEY}&method=magic", 400, "method="),
    ],
)
def test_what_cannot_be_answered_is_a_sentence(client, address, status, words):
    answer = client.get(address)
    assert answer.status_code == status
    assert words in answer.json["error"]
