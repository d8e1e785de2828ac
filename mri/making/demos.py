"""`python -m mri.making.demos [ID…]`: records the bundled sessions anew from the embedded model, seeded.

Each is read token by token, with whole attention rows, the ledger and the lens, so that every panel has its numbers;
the demos with the MLP's neurons, too. The pairs of the Compare page are among them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

import torch
import typer

from mri.format.config import Sampling, TraceConfig
from mri.format.presets import PRESETS
from mri.nanochat.checkpoint import load_model
from mri.paths import SESSIONS
from mri.run.record import record_generation
from mri.store.library import Library

CAPTURE, ROWS = PRESETS["standard"], PRESETS["rows"]
SAMPLED = replace(ROWS, capture_mode="sampled", sample_stride=4)
"""The same neurons of every step: what linear CKA on the Compare page needs."""


GREEDY = Sampling(max_new_tokens=24, temperature=0.0)
STORY, GIFT = "Once there was a girl named Mia.", "When Mia and Tom went to the park, {} gave a ball to"
CAPITAL = "the capital of France"


@dataclass(frozen=True)
class Demo:
    id: str
    name: str
    prompt: str
    sampling: Sampling = GREEDY
    chat: bool = False
    capture: TraceConfig = CAPTURE


DEMOS = (
    Demo("demo-story", "A story about Mia", STORY, Sampling(72, seed=7)),
    Demo("demo-gift", "Who gets the ball?", GIFT.format("Tom")),
    Demo("demo-calculator", "A question for the calculator", "What is 12 plus 7?", Sampling(48, 0.0), chat=True),
    Demo("demo-list", "A list that comes again", "red, blue, green, red, blue,", Sampling(14, 0.0)),
    Demo("pair-gift", "Who gets it, with one name changed", GIFT.format("Mia"), capture=ROWS),
    Demo("pair-capital-what", "A capital, asked with What", f"What is {CAPITAL}?", chat=True, capture=SAMPLED),
    Demo("pair-capital-which", "A capital, asked with Which", f"Which city is {CAPITAL}?", chat=True, capture=SAMPLED),
    Demo("pair-greedy", "Always the likeliest token", STORY, capture=ROWS),
    Demo("pair-sampled", "Drawn at temperature 1", STORY, Sampling(24, 1.0, seed=3), capture=ROWS),
)


def main(wanted: Annotated[list[str] | None, typer.Argument(metavar="ID…")] = None) -> None:
    """Records these demos, or all."""
    torch.set_num_threads(1)  # with more, the last bits differ from run to run
    loaded = load_model(device="cpu")
    library = Library(SESSIONS)
    for demo in [demo for demo in DEMOS if not wanted or demo.id in wanted]:
        if (SESSIONS / f"{demo.id}.h5").exists():
            library.delete(demo.id)
        recording = record_generation(
            loaded,
            demo.prompt,
            sampling=demo.sampling,
            config=demo.capture,
            sessions=SESSIONS,
            chat=demo.chat,
            name=demo.name,
            session_id=demo.id,
        )
        size = f"{recording.num_steps} steps, {recording.path.stat().st_size / 1e3:.0f} kB"
        print(f"{demo.id}: {size}, {recording.end_reason}: {recording.response!r}")


if __name__ == "__main__":
    typer.run(main)
