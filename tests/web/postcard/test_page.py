"""A scan as a file: what it weighs, its policy, what its head says, and what is refused."""

import base64
import re
import zlib
from hashlib import sha256

import pytest

from mri.errors import ConfigError
from mri.format.config import TraceConfig
from mri.store.opening import open_session
from mri.web.postcard.page import LOADER, postcard, without_machine, write
from tests.conftest import write_random_session


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    config = TraceConfig(attention_tier="full_row", prefill="stepwise")
    path = write_random_session(tmp_path_factory.mktemp("sessions"), num_steps=20, config=config)
    with open_session(path) as reader:
        yield reader


@pytest.fixture(scope="module")
def card(reader):
    return postcard(reader, "a <b> & c")


def block(page, key):
    packed = re.search(rf'<script type="application/octet-stream;base64" id="{key}">([A-Za-z0-9+/=]*)</script>', page)
    return zlib.decompress(base64.b64decode(packed[1]))


def test_its_parts_are_all_of_it(card):
    assert sum(card.num_bytes.values()) == len(card.page.encode())


def test_only_its_own_scripts_run(card):
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', card.page)[1]
    texts = [LOADER, block(card.page, "mri-program").decode(), block(card.page, "mri-plotly").decode()]
    hashes = [f"'sha256-{base64.b64encode(sha256(text.encode()).digest()).decode()}'" for text in texts]
    assert f"script-src {' '.join(hashes)};" in policy
    assert "connect-src 'none'" in policy
    assert "unsafe-eval" not in policy


def test_frames_are_the_records_window_by_window(card, reader):
    assert block(card.page, "mri-frames-0") + block(card.page, "mri-frames-16") == reader.records(0, 20)


def test_its_head_says_what_it_is(card, reader):
    assert "<title>a &lt;b&gt; &amp; c · nanochat MRI</title>" in card.page
    assert f'<meta name="date" content="{reader.session.start_time}">' in card.page


def test_a_page_that_is_too_large_is_not_written(reader, tmp_path):
    with pytest.raises(ConfigError, match="would weigh"):
        write(reader, tmp_path / "a.html", max_mb=1)
    assert list(tmp_path.iterdir()) == []


def test_what_tells_of_the_senders_machine_is_left_out():
    path = "/home/alice/steer.npy"
    edits = [f"resid_post += 6 * {path}#0123456789abcdef", f"resid_post -= proj({path})", 'token = " Tom/a" @ 3']
    model = {"model_path": "/home/alice/model.pt", "era": "E5"}
    told = without_machine(
        {"run": {"model": model, "edits": edits}, "imported_from": "/home/alice/a.h5", "name": "a/b"}
    )
    said = ["resid_post += 6 * steer.npy#0123456789abcdef", "resid_post -= proj(steer.npy)", edits[2]]
    assert told == {"run": {"model": {"era": "E5"}, "edits": said}, "name": "a/b"}
