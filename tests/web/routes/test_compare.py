"""The Compare page's routes: alignment, every panel as CSV, refusals as sentences; both languages read alike."""

import io
import json
import subprocess

import numpy as np
import pandas as pd
import pytest

from mri.format.config import TraceConfig
from mri.measure.difference import difference_map, neuron_differences
from mri.panels.panel import panels
from mri.panels.theme import ASSETS
from mri.store.opening import open_session
from mri.study.comparison import compare
from mri.web.server import create_app
from tests.test_javascript import node
from tests.true_sessions import write_true_session

A, B = [0, 26, 1, 2, 3, 5, 4], [0, 26, 6, 1, 2, 5, 4]
LONG = [*B, *range(26)]
KEY = "block.1.resid_post"
QUERY = f"a=one&b=two&align=mapping&moment=3&point={KEY}&layer=1&head=1"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sessions")
    write_true_session(folder, "one", A, seed=1)
    write_true_session(folder, "two", B, seed=2)
    sampled = TraceConfig(capture_mode="sampled", sample_stride=2, prefill="stepwise", attention_tier="full_row")
    write_true_session(folder, "q8", A, seed=4, config=TraceConfig(topk=4, prefill="stepwise", quantization="q8"))
    write_true_session(folder, "sampled", LONG, seed=3, config=sampled)
    return folder


@pytest.fixture(scope="module")
def client(folder):
    return create_app(folder).server.test_client()


def table(client, kind, query=QUERY):
    answer = client.get(f"/compare/panels/{kind}.csv?{query}")
    assert answer.status_code == 200, answer.text
    return pd.read_csv(io.StringIO(answer.text)).rename(columns=lambda name: name.partition(" [")[0])


def test_the_alignment_of_two_sessions(client):
    found = client.get("/compare/alignment?a=one&b=two&align=mapping").json
    assert found["divergence"] == 2
    assert found["steps"][2:4] == [[-1, 2], [2, 3]]
    assert found["whole"][2:4] == [False, True]
    assert found["positions"][2] == [2, 3]
    assert client.get("/compare/alignment?a=one&b=two").json == found


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/compare/alignment?a=one&b=none", 404, "There is no session"),
        ("/compare/alignment?a=one", 404, "There is no session"),
        ("/compare/alignment?a=one&b=two&align=x", 400, "prefix, mapping, pooled"),
        ("/compare/panels/none.csv?a=one&b=two", 400, "predictions, attention, similarity"),
        ("/compare/panels/neurons.csv?a=one&b=two&moment=99", 400, "There is no moment 99"),
        ("/compare/panels/neurons.csv?a=one&b=two&moment=x", 400, "whole number"),
        ("/compare/panels/neurons.csv?a=one&b=two&moment=1&point=nothing", 400, "no hook point"),
        ("/compare/panels/neurons.csv?a=one&b=two&align=mapping&moment=2", 400, "only one of the sessions"),
        ("/compare/panels/attention.csv?a=one&b=two&moment=1&head=9", 400, "There is no head 9"),
        ("/compare/panels/attention.csv?a=one&b=two&align=mapping&moment=2", 400, "Only B has a step"),
        ("/compare/nothing", 404, "nothing at this address"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_sentence(client, path, status, words):
    answer = client.get(path)
    assert answer.status_code == status
    assert words in answer.json["error"]


@pytest.mark.parametrize("kind", [panel.csv_name for panel in panels("compare")])
def test_every_panel_has_a_table(client, kind):
    found = table(client, kind)
    assert len(found)
    again = table(client, kind, QUERY.replace("b=two", "b=sampled"))
    assert list(again.columns) == list(found.columns)


def test_the_map_says_what_analysis_says(client, folder):
    one, other = open_session(folder / "one.h5"), open_session(folder / "two.h5")
    found = compare(one, other, "mapping")
    expected = difference_map(one, other, found.matched_steps, [KEY])
    rows = table(client, "map").query("hook_point == @KEY")
    np.testing.assert_allclose(rows["difference"], expected.difference[0])
    np.testing.assert_allclose(rows["cosine_at_most"], expected.cosine_high[0])
    assert rows["moment"].tolist() == np.flatnonzero(found.moments.whole).tolist()
    assert table(client, "map").query("hook_point == 'block.0.ln1'")["difference"].isna().all()


@pytest.mark.parametrize("by", ["difference", "cosine", "length"])
def test_the_map_under_the_words_has_the_numbers_of_its_table(client, by):
    found = client.get(f"/compare/map?{QUERY}&by={by}&points={KEY},block.0.resid_post").json
    assert found["keys"] == ["block.0.resid_post", KEY]
    rows = table(client, "map").query("hook_point == @KEY").set_index("moment")
    column = "length_b_over_a" if by == "length" else by
    told = {moment: value for moment, value in enumerate(found["values"][1]) if value is not None}
    assert told == pytest.approx(rows[column].to_dict())
    assert found["values"][1][2] is None, "nothing is subtracted there"
    if by == "length":
        assert found["low"] is None
    else:
        assert found["low"][1][3] == pytest.approx(rows[f"{by}_at_least"][3])


def test_the_map_says_why_there_is_none(client):
    for query, words in (
        ("a=one&b=two&align=pooled", "only means are compared"),
        ("a=one&b=two&align=mapping&points=block.0.ln1", "choose to show the length"),
    ):
        assert words in client.get(f"/compare/map?{query}").json["missing"], query
    assert client.get("/compare/map?a=one&b=none").status_code == 404


def test_predictions_have_an_empty_cell_and_a_bound_where_one_side_kept_none(client):
    found = table(client, "predictions")
    assert (found["a"].isna() == found["a_at_most"].notna()).all()
    assert (found["b"].isna() == found["b_at_most"].notna()).all()
    assert found["a"].isna().any()


def test_similarity_has_cka_only_where_the_same_neurons_were_kept(client):
    assert table(client, "similarity")["cka"].isna().all()
    both = table(client, "similarity", "a=sampled&b=sampled")
    assert (both["cka"] == 1).all()
    assert (both["cosine"] == 1).all()
    assert (both["steps"] == len(LONG) - 1).all()


def test_javascript_finds_the_same_differences(client, folder, tmp_path):
    read = """
import(process.argv[1] + "/core/difference.mjs").then(async ({ neuronDifferences }) => {
  const { framesFromRecords } = await import(process.argv[1] + "/core/wire.mjs");
  const { layoutFromMeta } = await import(process.argv[1] + "/core/layout.mjs");
  const fs = await import("node:fs");
  const [a, b] = ["a", "b"].map((side) => {
    const bytes = fs.readFileSync(`${process.argv[2]}/${side}.frames`);
    const meta = JSON.parse(fs.readFileSync(`${process.argv[2]}/${side}.json`, "utf8"));
    const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
    return [framesFromRecords(buffer), layoutFromMeta(meta)];
  });
  const found = a[0].map((frame, i) => neuronDifferences(frame, a[1], b[0][i], b[1], process.argv[3]).neurons);
  const text = (key, value) => (typeof value === "number" && !Number.isFinite(value) ? String(value) : value);
  console.log(JSON.stringify(found, text));
});"""
    for other in ("two", "sampled", "q8"):
        for side, name in (("a", "one"), ("b", other)):
            (tmp_path / f"{side}.json").write_text(client.get(f"/sessions/{name}/meta").text)
            (tmp_path / f"{side}.frames").write_bytes(client.get(f"/sessions/{name}/frames?start=0&stop=6").data)
        command = [node(), "-e", read, (ASSETS / "js").as_uri(), str(tmp_path), KEY]
        out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        one, second = open_session(folder / "one.h5"), open_session(folder / f"{other}.h5")
        for step, rows in enumerate(json.loads(out)):
            expected = neuron_differences(
                one.frame(step), one.session.layout, second.frame(step), second.session.layout, KEY
            )
            assert [row["neuron"] for row in rows] == expected.neurons.tolist()
            np.testing.assert_array_equal([np.float32(row["difference"]) for row in rows], expected.difference)
            np.testing.assert_array_equal([np.float32(row["rounding"]) for row in rows], expected.rounding)
            assert [row["by"] == "both" for row in rows] == expected.both.tolist()
