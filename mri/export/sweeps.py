"""Sweeps over a prediction, as columns: every part off, values of another text put in, looks cut.

The arithmetic is that of mri/explain, which needs torch; it is loaded when something is computed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mri.explain.asked import check_base, check_kind
from mri.explain.cells import places
from mri.export.explained import LOGITS, id_of, replayed_steps, text_of
from mri.export.rows import Coded, Columns, Vocabulary
from mri.export.why import Token, parts_of
from mri.store.reader import SessionReader

if TYPE_CHECKING:
    from mri.explain.found import Given, Known
    from mri.explain.replay import OnProgress

UNITS = {"step": "index", "part": "", "block": "index, −1 = none", "head": "index, −1 = none"}
UNITS |= {"position": "position", "base_position": "position, −1 = none", "token_id": "id", "token": "text"}
UNITS |= {"restored": "share of the way to the base", "reached": "", "weight": "probability"}
UNITS |= {"lost": LOGITS, "bits": "bits more"}
UNITS |= dict.fromkeys(("wrote", "answered_by_norm", "answered_by_parts"), LOGITS)
Facts = dict[str, Any]


def sweep(
    reader: SessionReader,
    step: int,
    kind: str,
    token: Token,
    against: Token,
    base: SessionReader | None,
    model: Given,
    exact: bool | None,
    on_progress: OnProgress,
) -> tuple[Columns, Facts]:
    """-> columns, facts. Raises ConfigError where the recording cannot be explained."""
    check_kind(kind, base is not None)
    if base is not None:
        check_base(reader, base)
    known, asked = replayed_steps(reader, [step], model)
    tokens = id_of(reader, known, token), id_of(reader, known, against)
    if base is not None:
        columns, facts, pair = _patch(reader, base, known, step, tokens, exact, on_progress)
    elif kind == "knockout":
        columns, facts, pair = _knockout(reader, known, asked[0], tokens, on_progress)
    else:
        columns, facts, pair = _ablate(reader, known, asked[0], tokens)
    texts = {name: text_of(reader, known, i) for name, i in zip(("token", "against"), pair, strict=True)}
    return columns, {"kind": kind} | facts | texts | {"token_id": pair[0], "against_id": pair[1]}


def _ablate(
    reader: SessionReader, known: Known, asked: Any, tokens: tuple[int | None, int | None]
) -> tuple[Columns, Facts, tuple[int, int]]:
    from mri.explain.ablation import ablation

    pair = asked.pair(*tokens)
    found = ablation(known.replay, asked, asked.all_ids(*pair))
    at = [found["token_ids"].tolist().index(i) for i in pair]
    before, after, wrote, norm = (
        found[name][..., at[0]] - found[name][..., at[1]] for name in ("before", "after", "wrote", "norm")
    )
    names, blocks, heads = parts_of(reader.session.layout)
    columns: Columns = {
        "step": np.full(len(after), asked.step, np.int32),
        "part": Coded(np.arange(len(after)), names[1:-1]),
        "block": blocks[1:-1].astype(np.int32),
        "head": heads[1:-1].astype(np.int32),
        "lost": before - after,
        "bits": found["bits_after"] - found["bits_before"],
        "wrote": wrote,
        "answered_by_norm": norm - (before - wrote),
        "answered_by_parts": after - norm,
    }
    return columns, {"difference": float(before), "bits_before": float(found["bits_before"])}, pair


def _patch(
    reader: SessionReader,
    base: SessionReader,
    known: Known,
    step: int,
    tokens: tuple[int | None, int | None],
    exact: bool | None,
    on_progress: OnProgress,
) -> tuple[Columns, Facts, tuple[int, int]]:
    from mri.explain.patch_map import patch_map

    found, facts = patch_map(reader, base, known.replay, step, *tokens, on_progress, exact=exact)
    layout = reader.session.layout
    rows = places(layout.n_layer, layout.n_head)
    n = found["restored"].shape[1]
    columns: Columns = {
        "step": np.full(len(rows) * n, step, np.int32),
        "part": Coded(np.repeat(np.arange(len(rows)), n), [row.target for row in rows]),
        "block": np.repeat(np.array([row.block for row in rows], np.int32), n),
        "head": np.repeat(np.array([row.head for row in rows], np.int32), n),
        **_read(reader, n, len(rows)),
        "base_position": np.tile(found["partners"], len(rows)),
        "restored": found["restored"].ravel(),
        "reached": found["reached"].ravel().astype(bool),
    }
    own, given = (float(x) for x in found["differences"])
    told = {"base": base.session.id, "difference": own, "base_difference": given} | facts
    return columns, told, (int(found["token_ids"][0]), int(found["token_ids"][1]))


def _knockout(
    reader: SessionReader, known: Known, asked: Any, tokens: tuple[int | None, int | None], on_progress: OnProgress
) -> tuple[Columns, Facts, tuple[int, int]]:
    from mri.explain.knockout import knockout

    pair = asked.pair(*tokens)
    found = knockout(known.replay, asked, pair, on_progress)
    L, H, n = found["lost"].shape
    columns: Columns = {
        "step": np.full(L * H * n, asked.step, np.int32),
        "part": Coded(np.repeat(np.arange(L * H), n), [f"block.{i}.head.{h}" for i in range(L) for h in range(H)]),
        "block": np.repeat(np.arange(L, dtype=np.int32), H * n),
        "head": np.tile(np.repeat(np.arange(H, dtype=np.int32), n), L),
        **_read(reader, n, L * H),
        "weight": found["weights"].ravel(),
        "lost": found["lost"].ravel(),
        "bits": found["bits"].ravel(),
    }
    return columns, {"difference": float(found["difference"]), "bits_before": float(found["bits_before"])}, pair


ORGAN_UNITS = {"organ": "", "bits": "bits more for each token", "first_changed": "position, −1 = nowhere"}
ORGAN_UNITS |= {"was": "text", "now": "text", "text_bits": "bits more for each token", "note": ""}


def organs(reader: SessionReader, text: str | None, model: Given) -> tuple[Columns, Facts]:
    """A row for each organ of the model. Raises ConfigError where the recording cannot be explained, or where it or the
    text has no token to predict."""
    from mri.explain.organs import effects, shortest_window

    known, _ = replayed_steps(reader, [reader.num_steps - 1], model)
    gpt, tokenizer = known.loaded.model, known.loaded.tokenizer
    ids, first = reader.token_ids().tolist(), max(1, reader.session.num_prompt_tokens)
    before, found = effects(gpt, [ids], first)
    facts: Facts = {"bits_before": before, "tokens": len(ids) - first}
    text_bits = np.full(len(found), np.nan)
    if text is not None:
        read = tokenizer.begun(tokenizer.encode(text))
        text_before, others = effects(gpt, [read])
        text_bits = np.array([each.bits for each in others])
        facts |= {"text_bits_before": text_before, "text_tokens": len(read) - 1}
    window = shortest_window(gpt)
    unseen = {"window": f"exactly 0 below {window} tokens"} if len(ids) <= window else {}
    said = ["" if i < 0 else text_of(reader, known, i) for each in found for i in (each.was, each.now)]
    columns: Columns = {
        "organ": np.array([each.organ for each in found], object),
        "bits": np.array([each.bits for each in found]),
        "first_changed": np.array([each.first for each in found], np.int32),
        "was": np.array(said[::2], object),
        "now": np.array(said[1::2], object),
        "text_bits": text_bits,
        "note": np.array([unseen.get(each.organ, "") for each in found], object),
    }
    return columns, facts


def _read(reader: SessionReader, n: int, times: int) -> Columns:
    """The first `n` tokens read, once for every row of a map."""
    ids = np.tile(reader.token_ids()[:n], times)
    positions = np.tile(np.arange(n, dtype=np.int32), times)
    return {"position": positions, "token_id": ids, "token": Vocabulary(reader.token_bytes).texts(ids)}
