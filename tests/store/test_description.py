"""What a session says about itself: typed, checksummed in a journal, and readable as earlier versions wrote it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mri.errors import BadSession
from mri.format.config import TraceConfig
from mri.format.events import TraceSession
from mri.format.run import Model, Run
from mri.store.description import journal_json, session_from_journal_json, session_from_json, session_json
from mri.store.opening import open_session
from tests.conftest import random_layout, write_handmade_session
from tests.tiers import sample

PATH = Path("session.json")


@pytest.fixture
def session():
    return TraceSession("one", random_layout(1, 4, 1, TraceConfig()), prompt="é雪", run=Run(Model("a1")))


def test_it_comes_back_as_it_was(session):
    assert session_from_json(session_json(session), PATH) == session
    assert session_from_journal_json(journal_json(session, 7), PATH) == (session, 7)


def test_one_without_checksums_opens_as_before(session):
    assert session_from_journal_json(session_json(session).encode(), PATH) == (session, None)


def test_any_changed_byte_is_found(session):
    content = journal_json(session, 4_000_000_000)
    every = max(1, len(content) // sample(ci=300, long=10_000))
    for place in range(0, len(content), every):
        for bit in range(8):
            damaged = bytearray(content)
            damaged[place] ^= 1 << bit
            with pytest.raises(BadSession):
                session_from_journal_json(bytes(damaged), PATH)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"start_time": None}, "start_time is no text"),
        ({"start_time": 5}, "start_time"),
        ({"prompt": 7}, "prompt"),
        ({"name": ["x"]}, "name"),
        ({"num_steps": "3"}, "num_steps"),
        ({"num_steps": -1}, "num_steps"),
        ({"num_steps": True}, "num_steps"),
        ({"num_steps": 1 << 62}, "num_steps"),
        ({"duration_s": None}, "duration_s"),
        ({"duration_s": float("nan")}, "duration_s"),
        ({"facts": []}, "facts is no table"),
        ({"run": {"model": {"weights_hash": 1}}}, "weights_hash"),
        ({"run": 3}, "run is no table"),
        ({"sampling": {"max_new_tokens": "9"}}, "max_new"),
        ({"messages": "hi"}, "no chat"),
        ({"messages": [{"role": 1}]}, "no chat"),
        ({"layout": 1}, "int"),
        ({"id": 1}, "id"),
        ({"model_id": "\ud83d"}, "surrogates"),
        ({"facts": {"x": "\udfff"}}, "surrogates"),
        ({"more": "\udfff"}, "surrogates"),
    ],
    ids=str,
)
def test_a_field_of_another_type_is_named(session, fields, sentence):
    text = json.dumps(json.loads(session_json(session)) | fields)
    with pytest.raises(BadSession, match=sentence):
        session_from_json(text, PATH)


@pytest.mark.parametrize("where", ["n_layer", "topk", "width", "key", "layer_index", "points"])
def test_a_layout_of_other_types_is_refused(session, where):
    fields = json.loads(session_json(session))
    (fields["layout"]["points"][0] if where in fields["layout"]["points"][0] else fields["layout"])[where] = None
    with pytest.raises(BadSession, match="holds no session"):
        session_from_json(json.dumps(fields), PATH)


@pytest.mark.parametrize("text", ["[" * 100_000, "", "{}", "7", "null", '{"format": 1}', "\0" * 99])
def test_text_that_is_no_description_is_one_sentence(text):
    with pytest.raises(BadSession, match="holds no session of this program"):
        session_from_json(text, PATH)


def test_half_a_character_is_refused_when_it_is_written(session):
    with pytest.raises(UnicodeEncodeError):
        session_json(TraceSession("one", session.layout, model_id="\ud83d"))


def test_a_copy_is_the_session_that_its_file_is_named_after(tmp_path):
    path = write_handmade_session(tmp_path)
    copy = tmp_path / "copy.h5"
    copy.write_bytes(path.read_bytes())
    folder = write_handmade_session(tmp_path, "journal", seal=False).rename(tmp_path / "moved")
    for each in (path, copy, folder):
        with open_session(each) as reader:
            assert reader.session.id == each.stem
    with open_session(copy.rename(tmp_path / "no id.h5")) as reader:
        assert reader.session.id == "handmade"
