"""Why on demand, as the worker process is asked for it: windows of `why`, and sweeps.

Reads what it needs to know from the session; the arithmetic is the worker's business (mri/explain).
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

from mri.errors import SessionNotFound
from mri.explain.asked import check_base, check_kind, check_token, of_nanochat, tokens_read
from mri.nanochat.locate import ModelRef
from mri.store.reader import SessionReader, check_step
from mri.worker.attribution import Attribution, weights_of

DOING = {
    "ablate": "Reading the tokens again",
    "patch": "Putting in one value after the other",
    "knockout": "Cutting one look after the other",
}
"""What the numbers of a sweep's progress count."""


def why_of_steps(
    reader: SessionReader, start: int, stop: int, token: int | None, against: int | None, model: ModelRef
) -> Attribution:
    """What to ask the worker for: all of `GET /sessions/<id>/why` for the steps start … stop − 1, or as many of them as
    one answer takes. Raises SessionNotFound, and ConfigError where the recording cannot be explained."""
    stop = min(stop, reader.num_steps)
    if not 0 <= start < stop:
        raise SessionNotFound(
            f"Session {reader.session.id} has {reader.num_steps} steps: start={start}, stop={stop} name none of them."
        )
    return _question(reader, "why", (start, stop), {"start": start, "stop": stop}, token, against, model)


def sweep_of_step(
    reader: SessionReader,
    step: int,
    kind: str,
    token: int | None,
    against: int | None,
    model: ModelRef,
    base: SessionReader | None = None,
) -> Attribution:
    """What to ask the worker for: every part switched off at this step, values of `base` put in, or looks cut. Raises
    as `why_of_steps`."""
    check_kind(kind, base is not None)
    check_step(reader, step)
    what, place = f"sweep/{kind}", ""
    if base is not None:
        check_base(reader, base)
        what += f"/{_digest(base.token_ids().tolist())}"
        place = str(base.path.absolute())
    asked: dict[str, int | str] = {"step": step, "kind": kind, "base": place}
    return replace(_question(reader, what, (step, step + 1), asked, token, against, model), doing=DOING[kind])


def _question(
    reader: SessionReader,
    what: str,
    steps: tuple[int, int],
    asked: dict[str, int | str],
    token: int | None,
    against: int | None,
    model: ModelRef,
) -> Attribution:
    """Named by what decides the answer: the run, the tokens read, which of them were chosen and kept."""
    of_nanochat(reader)
    for token_id in (token, against):
        check_token(token_id, reader.session.layout.n_vocab)
    weights = weights_of(reader, model)
    start, stop = steps
    columns = reader.steps()
    last = int(columns["pos0"][stop - 1] + columns["t_add"][stop - 1]) - 1
    read = tokens_read(reader, last), columns["chosen_id"][start:stop].tolist(), columns["pos0"][start:stop].tolist()
    digest = _digest(f"{read} {reader.session.layout.config.logits_topk}")
    question_id = f"{what}/{reader.session.run.hash}/{digest}/{start}-{stop}/{token}/{against}"
    command = {"cmd": what.partition("/")[0], "id": question_id, "path": str(reader.path.absolute()), **asked}
    return Attribution(question_id, command | {"token": token, "against": against, **weights})


def _digest(facts: object) -> str:
    return hashlib.sha256(str(facts).encode()).hexdigest()[:16]
