"""What comes next in both recordings."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from mri.arrays import Doubles, Floats
from mri.format.events import StepFrame
from mri.measure.divergence import PredictionDivergence, prediction_divergence
from mri.panels import names
from mri.panels.chart import escaped, finished, stroke
from mri.panels.pair import Pair
from mri.panels.panel import Panel
from mri.panels.selection import Selection
from mri.panels.table import Column, Table, column
from mri.panels.theme import THEMES
from mri.store.reader import SessionReader

MOST_PREDICTIONS = 8
"""Tokens that are drawn; the table to take away has all that either side captured."""


def table(pair: Pair, at: Selection) -> Table:
    if pair.alone:
        return Table((0,), columns_of(pair, None), missing=f"Only {pair.alone} has a step at this moment.")
    (one, other), (a, b) = pair.readers, pair.steps
    if not pair.comparison.same_tokens:
        words = "Their tokenizers differ: predictions are of other tokens."
        return Table((0,), columns_of(pair, None), missing=words)
    softcap = other.session.run.model.softcap
    frames = one.frame(a), other.frame(b)
    found = prediction_divergence(*frames, one.session.layout.n_vocab, softcap)
    if found is None:
        return Table((0,), columns_of(pair, None), missing="One of the steps has no predictions, or NaN.")
    drawn = {
        "names": [_name(pair.readers, frames, token_id) for token_id in found.token_ids.tolist()],
        "chosen": [_followed(reader, step) for reader, step in ((one, a), (other, b))],
        "bounds": (found.bound_a, found.bound_b),
    }
    most = "no upper bound" if np.isinf(found.kl_high) else f"at most {found.kl_high:.3f} bits"
    says = "KL(A‖B) at least ", f"{found.kl_low:.3f}", f" bits, {most}"
    return Table(found.token_ids.shape, columns_of(pair, found), drawn, says=says)


def columns_of(pair: Pair, found: PredictionDivergence | None) -> dict[str, Column]:
    none = np.empty(0)
    ids, p, q = (found.token_ids, found.a, found.b) if found else (none.astype(int), none, none)
    bounds = (found.bound_a, found.bound_b) if found else (0.0, 0.0)
    (one, other), (no_p, no_q) = pair.readers, (np.isnan(p), np.isnan(q))
    raw = [one.token_bytes.get(token_id) or other.token_bytes.get(token_id) or b"" for token_id in ids.tolist()]
    return {
        "token_id": column(ids, "id"),
        "token": column(np.array([each.decode("utf-8", "replace") for each in raw], object)),
        "a": Column(p, "probability", ~no_p),
        "b": Column(q, "probability", ~no_q),
        "a_at_most": Column(np.full(len(p), bounds[0]), "probability", no_p),
        "b_at_most": Column(np.full(len(q), bounds[1]), "probability", no_q),
        "change": Column(q - p, "b − a", ~(no_p | no_q)),
    }


def _name(readers: tuple[SessionReader, ...], frames: tuple[StepFrame, ...], token_id: int) -> str:
    """Of a token, by which those of the two that know it agree; else its bytes."""
    known = [i for i, reader in enumerate(readers) if token_id in reader.token_bytes] or [0]
    found = {names.next_name(readers[i], frames[i], token_id) for i in known}
    return found.pop() if len(found) == 1 else names.token(readers[known[0]], token_id)


def _followed(reader: SessionReader, step: int) -> int:
    """The token after this step, read from the prompt or chosen; −1 where none does."""
    steps, tokens = reader.steps(), reader.token_ids()
    position = int(steps["pos0"][step] + steps["t_add"][step])
    return int(tokens[position]) if position < len(tokens) else -1


LEAST = 1e-5
"""Shares below this stand at the axis' end, and those above 1 − LEAST at the other."""
TICKS = {1e-4: "0.01 %", 0.01: "", 0.5: "50 %", 0.99: "", 0.9999: "99.99 %"}


def log_odds(p: Floats | Doubles) -> Doubles:
    """ln p/(1 − p), as far as the axis goes."""
    inside = np.clip(np.asarray(p, np.float64), LEAST, 1 - LEAST)
    return np.asarray(np.log(inside / (1 - inside)))


def figure(table: Table, theme: str) -> go.Figure:
    """Both sides' probabilities by their log-odds, the likeliest on top; beside them as numbers.

    Traces: 0 the way from A to B, 1 A, 2 B, 3 at most A, 4 at most B.
    """
    c, chosen, names = THEMES[theme], table["chosen"], table["names"][:MOST_PREDICTIONS]
    rows = np.arange(len(names), dtype=np.int32)
    a, b = table["a"][: len(names)], table["b"][: len(names)]
    shares = {"A": (a, table["bounds"][0]), "B": (b, table["bounds"][1])}
    known = {side: np.where(np.isnan(own), bound, own) for side, (own, bound) in shares.items()}
    ways_x = np.stack([*map(log_odds, known.values()), np.full(len(rows), np.nan)], axis=-1).reshape(-1)
    says = [_change(p, q, *table["bounds"]) for p, q in zip(a.tolist(), b.tolist(), strict=True)]

    def dots(side: str, hollow: bool) -> go.Scatter:
        own = shares[side][0]
        x = log_odds(np.where(np.isnan(own) == hollow, known[side], np.nan))
        colour, symbol = c[f"side_{side.lower()}"], "circle" if side == "A" else "diamond"
        marker = {"symbol": symbol + ("-open" if hollow else ""), "color": colour, "size": 11 if side == "A" else 9}
        hover = {"text": says, "hovertemplate": "%{y}<br>%{text}<extra></extra>"}
        return go.Scatter(x=x, y=rows, mode="markers", cliponaxis=False, marker=marker, name=side, **hover)

    line = {"mode": "lines", "line": stroke(c["muted"], 1.5), "hoverinfo": "skip"}
    ways = go.Scatter(x=ways_x, y=np.repeat(rows, 3), **line)
    out = go.Figure([ways, dots("A", False), dots("B", False), dots("A", True), dots("B", True)])
    labels = [
        escaped(name) + "".join(f" ◂{side}" for side, token in zip("AB", chosen, strict=True) if token == token_id)
        for name, token_id in zip(names, table["token_id"][: len(names)].tolist(), strict=True)
    ]
    for side, (own, bound) in shares.items():
        right = {"xref": "paper", "x": 1, "xanchor": "right", "xshift": 62 if side == "A" else 126, "showarrow": False}
        font = {"color": c[f"side_{side.lower()}"], "size": 11}
        for row, p in enumerate(own.tolist()):
            text = share(p) if np.isfinite(p) else f"≤ {share(bound).removeprefix('< ')}"
            out.add_annotation(y=row, text=escaped(text), font=font, **right)
    ends = log_odds(np.array([LEAST, 1 - LEAST])).tolist()
    out.update_xaxes(range=[ends[0] - 1.5, ends[1] + 1], zeroline=False, side="bottom")
    out.update_xaxes(tickvals=log_odds(np.array(list(TICKS))), ticktext=list(TICKS.values()), tickangle=0)
    out.update_yaxes(tickvals=rows, ticktext=labels, range=[MOST_PREDICTIONS - 0.5, -0.5], showgrid=False)
    out.update_yaxes(tickfont={"color": c["text"], "size": 12})
    return finished(out, theme, "predictions").update_layout(margin={"r": 130})


def share(p: float) -> str:
    """Of 1, with the digits that tell it from none and from all: 0.013 %, 53.12 %, 99.97 %."""
    if 100 * p < 0.001:
        return "< 0.001 %" if p else "0 %"
    return "> 99.99 %" if 0.9999 < p < 1 else f"{100 * p:.{3 if p < 0.01 else 2}f} %"


def _change(p: float, q: float, bound_a: float, bound_b: float) -> str:
    sides = [
        f"{name} {share(value)}" if np.isfinite(value) else f"{name} at most {share(bound)}, not captured"
        for name, value, bound in (("A", p, bound_a), ("B", q, bound_b))
    ]
    more = f"<br>B − A: {100 * (q - p):+.2f} %" if np.isfinite(p) and np.isfinite(q) else ""
    return escaped(" · ".join(sides)) + more


PANEL = Panel(
    name="compare-predictions",
    page="compare",
    tab="moment",
    place=10,
    label="What comes next",
    kind="derived",
    height_px=250,
    note="Probabilities at temperature 1 on an axis of log-odds: circles A, diamonds B. Hollow, ≤: not among the"
    " kept ones, at most this much. ◂A, ◂B: the token that followed.",
    table=table,
    figure=figure,
)
