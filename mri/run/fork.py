"""A recording gone on from one of its steps: its tokens read again, then something is changed.

Plans what to record from a session; record.py does it. Needs no torch, so that a server can refuse what cannot be.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from mri.edit.text import Edit, edits_of
from mri.edit.values import Positions, Word
from mri.errors import ConfigError, PromptError
from mri.format.checks import check_whole, is_whole
from mri.format.config import Sampling, TraceConfig
from mri.store.reader import SessionReader, check_step

MOST_DRAWS = 200
Scope = Literal["from_here", "as_if_always"]


@dataclass(frozen=True)
class Fork:
    """What to record.

    parent, step    the session that is gone on from, and its first step that may differ
    prompt_ids      of the parent; `prompt` and `messages` as it has them
    edits           all, with their positions; the first `inherited` of them are the parent's own
    said            what was chosen before the step, by the position of the last token read: the token, and whether it
                    was forced
    """

    parent: str
    step: int
    prompt_ids: tuple[int, ...]
    prompt: str
    messages: Sequence[Mapping[str, str]]
    edits: tuple[Edit, ...]
    inherited: int
    said: Mapping[int, tuple[int, bool]]
    sampling: Sampling
    config: TraceConfig

    @property
    def first(self) -> int:
        """Position of the last token that is read before the fork chooses its first own."""
        return max([*self.said, len(self.prompt_ids) - 2]) + 1

    @property
    def own(self) -> tuple[Edit, ...]:
        return self.edits[self.inherited :]


def fork_of(
    reader: SessionReader,
    step: int,
    *,
    edits: Edit | str | Iterable[Edit | str] = (),
    token: int | str | None = None,
    scope: Scope = "from_here",
    temperature: float | None = None,
    top_k: int | None = None,
    seed: int | None = None,
    max_new_tokens: int | None = None,
) -> Fork:
    """As of `Trace.fork`. Raises SessionNotFound for a step that is not there, ConfigError or PromptError for what
    cannot be forked so."""
    session = reader.session
    _refuse_others(reader)
    check_step(reader, step)
    if scope not in get_args(Scope):
        raise ConfigError(f"There is no scope {scope!r:.30}: choose {' or '.join(get_args(Scope))}.")
    steps = reader.steps()
    first, last = int(steps["pos0"][step]), int(steps["pos0"][step] + steps["t_add"][step]) - 1
    num_prompt = session.num_prompt_tokens
    sampling = _sampling(session.sampling, temperature, top_k, seed, max_new_tokens)
    inherited = tuple(Edit.parse(text) for text in session.run.edits)
    own = edits_of(edits)
    if token is not None:
        own = (*own, Edit("token", "=", Word(token)))
    usual = Positions(0 if scope == "as_if_always" else first)
    own = tuple(each.at(Positions(last, last + 1) if each.is_word else usual, session.id) for each in own)
    for edit in own:
        assert edit.positions is not None
        check_place(edit, num_prompt, num_prompt + sampling.max_new_tokens)
        if edit.positions.first < first and (edit.is_word or scope == "from_here"):
            cure = "fork from an earlier step" if edit.is_word else "fork from an earlier step, or as if always"
            raise ConfigError(f"{edit} is before step {step}, which begins at position {first}: {cure}.")
    return _fork(reader, session.id, step, edits_of((*inherited, *own)), len(inherited), sampling)


def fork_again(reader: SessionReader) -> Fork:
    """What a recorded fork was planned as; it needs no parent for that. Raises ConfigError for a session that is no
    fork."""
    session = reader.session
    if not session.run.parent:
        raise ConfigError("This session is no fork, so there is nothing that it changed: fork it, `trace.fork(step)`.")
    _refuse_others(reader)
    inherited = session.facts.get("inherited_edits", 0)
    if not is_whole(inherited, 0, len(session.run.edits)):
        raise ConfigError("This session does not say which of its edits are its own: fork again.")
    edits = tuple(Edit.parse(text) for text in session.run.edits)
    sampling = _sampling(session.sampling, None, None, None, None)
    return _fork(reader, session.run.parent, session.run.fork_step, edits, int(inherited), sampling)


def _fork(
    reader: SessionReader, parent: str, step: int, edits: tuple[Edit, ...], inherited: int, sampling: Sampling
) -> Fork:
    session, steps = reader.session, reader.steps()
    chosen = zip(steps["pos0"][:step], steps["t_add"], steps["chosen_id"], steps["forced"], strict=False)
    said = {int(pos0 + t_add) - 1: (int(token), bool(forced)) for pos0, t_add, token, forced in chosen if token >= 0}
    ids = tuple(reader.token_ids()[: session.num_prompt_tokens].tolist())
    text = session.prompt, session.messages
    return Fork(parent, step, ids, *text, edits, inherited, said, sampling, session.layout.config)


def _refuse_others(reader: SessionReader) -> None:
    session = reader.session
    if not session.layout.n_head or not session.layout.n_vocab or session.kind != "generation":
        raise ConfigError("Only the recording of a text can be forked: this one is of another module, or a training.")
    if not session.run.hash:
        raise ConfigError(
            "This session does not say which weights it was recorded from, so it cannot be gone on with: record it "
            "with `python -m mri record` or from the page."
        )
    if not reader.num_steps or not session.num_prompt_tokens or int(reader.steps()["pos0"][0]):
        raise ConfigError("This recording does not begin at the first token, so it cannot be read again: fork another.")


def _sampling(
    told: Mapping[str, object],
    temperature: float | None,
    top_k: int | None,
    seed: int | None,
    max_new_tokens: int | None,
) -> Sampling:
    """As the base was recorded, but for what is given; top_k 0 is among all."""
    given = {"temperature": temperature, "top_k": top_k, "seed": seed, "max_new_tokens": max_new_tokens}
    given = {name: value for name, value in given.items() if value is not None}
    if not told and not {"temperature", "max_new_tokens"} <= set(given):
        raise ConfigError(
            "This session does not say how its words were chosen: give temperature= and max_new_tokens=, "
            "temperature=0 for always the strongest."
        )
    known = {name: told[name] for name in Sampling.__dataclass_fields__ if name in told}
    fields = {**known, **given}
    fields["top_k"] = fields.get("top_k", Sampling.top_k) or None
    return Sampling(**fields)  # type: ignore[arg-type]


def check_place(edit: Edit, num_prompt: int, end: int) -> None:
    """Of an edit with positions, in a text of at most `end` tokens. Raises ConfigError or PromptError where it can
    change nothing."""
    at = edit.positions.first if edit.positions else 0
    if at >= end:
        raise ConfigError(f"{edit} is behind the end: this text has the positions 0 to {end - 1} at most.")
    if edit.is_word and at < num_prompt - 1:
        raise PromptError(
            f"What follows position {at} is the prompt's own: say another token from position {num_prompt - 1} on."
        )


def check_draws(draws: int, seed: int) -> None:
    """Of a control. Raises ConfigError."""
    check_whole("draws", draws, 1, MOST_DRAWS)
    check_whole("seed", seed, 0, 2**31 - 1)
