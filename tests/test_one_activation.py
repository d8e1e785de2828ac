"""One activation followed from the hook to the page: six stages, each one file, and the same number in each.

docs/architecture.md, "One activation", names the files; it is held to this list.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import torch

from mri.capture import collector, nanochat_hooks
from mri.capture.recorder import layout_of_model
from mri.format import wire
from mri.format.captured import Captured
from mri.format.config import TraceConfig
from mri.format.events import TraceSession
from mri.nanochat.checkpoint import load_model
from mri.store import opening, seal, sealed
from mri.store.writer import SessionWriter
from mri.web.server import create_app
from tests.capture.conftest import GOLDEN
from tests.test_javascript import FOLDER, node

ROOT = Path(__file__).parents[1]
STAGES = (
    "mri/capture/nanochat_hooks.py",
    "mri/capture/collector.py",
    "mri/store/writer.py",
    "mri/store/sealed.py",
    "mri/web/routes/sessions.py",
    "assets/js/core/wire.mjs",
)
POINT = "block.1.mlp_act"


def test_the_page_names_these_stages() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    chapter = page[page.index("### One activation") :]
    places = [chapter.index(f"`{stage}`") for stage in STAGES]
    assert places == sorted(places)
    assert all((ROOT / stage).is_file() for stage in STAGES)


def test_it_is_the_same_number_in_every_stage(tmp_path: Path) -> None:
    model = load_model(GOLDEN / "E5", device="cpu").model
    steps: list[nanochat_hooks.RawStep] = []
    truth: list[torch.Tensor] = []
    c_proj = model.transformer["h"][1].mlp.c_proj  # type: ignore[index]
    own = c_proj.register_forward_pre_hook(lambda module, args: truth.append(args[0][0, -1].clone()))
    hooks = nanochat_hooks.NanochatHooks(model, steps.append, lambda error: None)
    with hooks, torch.inference_mode():
        model(torch.tensor([[5]]))
    own.remove()
    neuron = int(truth[0].argmax())
    value = float(truth[0][neuron])
    assert value > 0

    # 1: a hook keeps what passed
    assert float(steps[0].values[POINT][0, -1, neuron]) == value

    # 2: the pass becomes a frame
    config = TraceConfig(capture_mode="full", quantization="f32", prefill="stepwise", max_bytes_per_step=10**7)
    layout = layout_of_model(model, config)
    steps[0].phase = "prefill"
    (frame,) = collector.Collector(layout, 15.0).frames(steps, 0)
    assert float(Captured(frame, layout).values(POINT)[neuron]) == value

    # 3: the frame becomes a record of the journal
    session = TraceSession("one", layout, num_prompt_tokens=1)
    writer = SessionWriter(tmp_path, session, vocabulary=[b"x"] * layout.n_vocab)
    writer.append(frame)
    folder = writer.finish("stopped", seal=False)
    with opening.open_session(folder) as journal:
        record = journal.records(0, 1)
    assert wire.bytes_from_frame(frame) in record

    # 4: the sealed file gives the same record
    with opening.open_session(seal.seal(folder)) as done:
        assert isinstance(done, sealed.SealedReader)
        assert done.records(0, 1) == record

    # 5: so does the server
    client = create_app(tmp_path).server.test_client()
    answer = client.get("/sessions/one/frames?start=0&stop=1")
    assert answer.data == record

    # 6: and JavaScript reads the number in it
    (tmp_path / "meta.json").write_text(json.dumps(client.get("/sessions/one/meta").json))
    (tmp_path / "records").write_bytes(answer.data)
    told = subprocess.run(
        [node(), str(FOLDER / "dump.mjs"), str(tmp_path / "meta.json"), str(tmp_path / "records")],
        capture_output=True,
        text=True,
        check=True,
    )
    points = {point["key"]: point for point in json.loads(told.stdout)[0]["points"]}
    assert np.float32(points[POINT]["values"][neuron]) == np.float32(value)
