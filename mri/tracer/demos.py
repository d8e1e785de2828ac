"""`python -m mri.tracer.demos [ID…]`: records the bundled sessions anew from the embedded model, seeded.

Each is read token by token, with whole attention rows, so that every panel has its numbers; the three demos with the
MLP's neurons, too. The pairs of the Compare page are among them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

import typer

from mri.config import PRESETS, Sampling, TraceConfig
from mri.nanochat.checkpoint import load_model
from mri.paths import SESSIONS
from mri.store.library import Library
from mri.tracer.record import record_generation

CAPTURE = TraceConfig(attention_tier="full_row", prefill="stepwise", edu=True)
ROWS = PRESETS["rows"]
SAMPLED = replace(ROWS, capture_mode="sampled", sample_stride=4)
"""The same neurons of every step: what linear CKA on the Compare page needs."""


@dataclass(frozen=True)
class Demo:
    id: str
    name: str
    prompt: str
    sampling: Sampling
    chat: bool = False
    capture: TraceConfig = CAPTURE


DEMOS = (
    Demo(
        "demo-story", "A story about Mia", "Once there was a girl named Mia.",
        Sampling(max_new_tokens=72, temperature=0.6, seed=7),
    ),
    Demo(
        "demo-gift", "Who gets the ball?", "When Mia and Tom went to the park, Tom gave a ball to",
        Sampling(max_new_tokens=24, temperature=0.0),
    ),
    Demo(
        "demo-calculator", "A question for the calculator", "What is 12 plus 7?",
        Sampling(max_new_tokens=48, temperature=0.0), chat=True,
    ),
    Demo(
        "pair-gift", "Who gets it, with one name changed", "When Mia and Tom went to the park, Mia gave a ball to",
        Sampling(max_new_tokens=24, temperature=0.0), capture=ROWS,
    ),
    Demo(
        "pair-capital-what", "A capital, asked with What", "What is the capital of France?",
        Sampling(max_new_tokens=24, temperature=0.0), chat=True, capture=SAMPLED,
    ),
    Demo(
        "pair-capital-which", "A capital, asked with Which", "Which city is the capital of France?",
        Sampling(max_new_tokens=24, temperature=0.0), chat=True, capture=SAMPLED,
    ),
    Demo(
        "pair-greedy", "Always the likeliest token", "Once there was a girl named Mia.",
        Sampling(max_new_tokens=24, temperature=0.0), capture=ROWS,
    ),
    Demo(
        "pair-sampled", "Drawn at temperature 1", "Once there was a girl named Mia.",
        Sampling(max_new_tokens=24, temperature=1.0, seed=3), capture=ROWS,
    ),
)  # fmt: skip


def main(wanted: Annotated[list[str] | None, typer.Argument(metavar="ID…")] = None) -> None:
    """Records these demos, or all."""
    loaded = load_model(device="cpu")
    library = Library(SESSIONS)
    for demo in [demo for demo in DEMOS if not wanted or demo.id in wanted]:
        if (SESSIONS / f"{demo.id}.h5").exists():
            library.delete(demo.id)
        recording = record_generation(
            loaded, demo.prompt, sampling=demo.sampling, config=demo.capture, sessions=SESSIONS, chat=demo.chat,
            name=demo.name, session_id=demo.id,
        )  # fmt: skip
        size_kb = recording.path.stat().st_size / 1e3
        print(
            f"{demo.id}: {recording.num_steps} steps, {size_kb:.0f} kB, {recording.end_reason}: {recording.response!r}"
        )


if __name__ == "__main__":
    typer.run(main)
