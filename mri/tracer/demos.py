"""`python -m mri.tracer.demos`: records the bundled demo sessions anew from the embedded model, seeded.

Each is read token by token, with whole attention rows and the MLP's neurons, so that every panel has its numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

from mri.config import TraceConfig
from mri.nanochat.checkpoint import load_model
from mri.nanochat.sampling import Sampling
from mri.paths import SESSIONS
from mri.store.library import Library
from mri.tracer.record import record_generation


@dataclass(frozen=True)
class Demo:
    id: str
    name: str
    prompt: str
    sampling: Sampling
    chat: bool = False


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
)  # fmt: skip

CAPTURE = TraceConfig(attention_tier="full_row", prefill="stepwise", edu=True)


def main() -> None:
    loaded = load_model(device="cpu")
    library = Library(SESSIONS)
    for demo in DEMOS:
        if (SESSIONS / f"{demo.id}.h5").exists():
            library.delete(demo.id)
        recording = record_generation(
            loaded, demo.prompt, sampling=demo.sampling, config=CAPTURE, sessions=SESSIONS, chat=demo.chat,
            name=demo.name, session_id=demo.id,
        )  # fmt: skip
        size_kb = recording.path.stat().st_size / 1e3
        print(
            f"{demo.id}: {recording.num_steps} steps, {size_kb:.0f} kB, {recording.end_reason}: {recording.response!r}"
        )


if __name__ == "__main__":
    main()
