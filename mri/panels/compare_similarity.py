"""How alike two recordings are as a whole: cosine of every hook point, and CKA where there is one."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from mri.arrays import Doubles
from mri.measure.difference import difference_map
from mri.panels.chart import CERTAIN, LEGEND, filled, finished
from mri.panels.pair import Pair
from mri.panels.panel import Panel
from mri.panels.selection import Selection
from mri.panels.table import Column, Table, column
from mri.panels.theme import THEMES
from mri.study.comparison import Comparison
from mri.study.similarity import LEAST_CKA_STEPS, Likeness, cka_keys, cka_of_points, likeness


def table(pair: Pair, at: Selection) -> Table:
    comparison = pair.comparison
    if not comparison.keys:
        return Table((0,), {}, missing="No hook point has values in both sessions.")
    found = likeness(comparison)
    if found.reason:
        return Table((0,), {}, missing=found.reason.replace(": ", ":<br>", 1))
    cka, of_cka = _cka(comparison)
    named = {"cosine": found.cosine, "at_least": found.low, "at_most": found.high}
    columns = {"hook_point": column(np.array(comparison.keys, object))}
    columns |= {name: Column(values, "ratio", ~np.isnan(values)) for name, values in named.items()}
    columns |= {"steps": column(found.num_steps, "count"), "holds_nan": column(found.has_nan.astype(bool))}
    columns["cka"] = Column(cka, "ratio", ~np.isnan(cka))
    says = (*_score_words(comparison, found), of_cka, *tiles(comparison))
    return Table((len(comparison.keys),), columns, says=says)


def tiles(found: Comparison) -> list[str]:
    """Mean relative difference of the matched moments before the two part, and of those after it in the lower and in
    the upper blocks: "label|number|range in which it is certain to lie"; without those of which there are none."""
    keys = [key for key in found.keys if key.endswith(".resid_post")] or found.keys
    steps = found.matched_steps
    if not len(steps):
        return []
    measured = difference_map(found.one, found.other, steps, keys)
    of = found.one.steps()
    is_before = np.asarray(of["pos0"] + of["t_add"])[steps[:, 0]] <= found.alignment.divergence
    lower, upper = keys[: len(keys) // 2], keys[len(keys) // 2 :]
    parts = [("before they part", is_before, keys)]
    parts += [(f"after, {_blocks(part)}", ~is_before, part) for part in (lower, upper) if part]
    out = []
    for label, columns, rows in parts:
        cells = np.isin(keys, rows)[:, None] & columns & np.isfinite(measured.difference)
        if cells.any():
            mean, low, high = (float(each[cells].mean()) for each in (measured.difference, measured.low, measured.high))
            out.append(f"{label}|{mean:.2f}|certain: {low:.2f} … {high:.2f}")
    return out


def _blocks(keys: list[str]) -> str:
    """Of hook points, bottom to top: blocks 0–2, else their names."""
    first, last = (key.split(".")[1] if key.startswith("block.") else key for key in (keys[0], keys[-1]))
    word = "block" if keys[0].startswith("block.") else ""
    return f"{word} {first}".strip() if first == last else f"{word}s {first}–{last}" if word else f"{first}–{last}"


def _score_words(found: Comparison, alike: Likeness) -> tuple[str, str]:
    """The number, and what it is of."""
    if not np.isfinite(alike.cosine).any():
        return "", f"No hook point has a number: {alike.left_out}. "
    score, low, high = alike.score
    num_known = int(np.isfinite(alike.cosine).sum())
    steps = f"{int(alike.num_steps.max())} matched steps that have values in both"
    if found.alignment.strategy == "pooled":
        steps = f"means over all {found.one.num_steps} and {found.other.num_steps} steps"
    left_out = f"; {alike.left_out}" if alike.left_out else ""
    return f"{score:.3f}", (
        f" mean cosine over {num_known} of {len(found.keys)} hook points{left_out}; {steps}"
        f" (certain: {low:.2f} … {high:.2f}). "
    )


def _cka(found: Comparison) -> tuple[Doubles, str]:
    """Linear CKA (n_keys,), NaN where there is none, and what is said of it."""
    one, other, keys = found.one, found.other, found.keys
    cka = np.full(len(keys), np.nan)
    with_cka = cka_keys(one.session.layout, other.session.layout, keys)
    if not with_cka:
        return cka, "CKA needs the same neurons in every step: capture everything, or a sample."
    cka[[keys.index(key) for key in with_cka]] = cka_of_points(one, other, found.matched_steps, with_cka)
    if np.isfinite(cka).any():
        return cka, f"Mean linear CKA, debiased, {np.nanmean(cka):.3f} over {len(found.matched_steps)} matched steps."
    return cka, f"CKA needs {LEAST_CKA_STEPS} matched steps with values in both: of fewer, unrelated ones look alike."


def figure(table: Table, theme: str) -> go.Figure:
    """Cosine of every hook point, in the range in which it is certain to lie, and CKA where there is one.

    Traces: 0 the range, 1 the cosine, 2 CKA.
    """
    c, x, out = THEMES[theme], table["hook_point"].tolist(), go.Figure()
    cosine, low, high, cka = (table[name] for name in ("cosine", "at_least", "at_most", "cka"))
    grey = filled(c["not_captured"])
    out.add_bar(x=x, y=high - low, base=low, marker=grey, width=0.8, hoverinfo="skip", name="range")
    diamond = {"color": c["text"], "size": 7, "symbol": "diamond"}
    hover = f"<b>%{{x}}</b><br>cosine <b>%{{y:.4g}}</b>{CERTAIN.format(0, 1)}"
    out.add_scatter(x=x, y=cosine, customdata=np.stack([low, high], axis=-1), hovertemplate=hover, name="cosine")
    out.update_traces(mode="markers", marker=diamond, selector={"name": "cosine"})
    ring = {"color": c["muted"], "size": 7, "symbol": "circle-open", "line": {"width": 2}}
    hover = "<b>%{x}</b><br>linear CKA <b>%{y:.4g}</b><extra></extra>"
    out.add_scatter(x=x, y=cka, mode="markers", name="linear CKA", marker=ring, hovertemplate=hover)
    lowest = float(np.nanmin(np.concatenate([low, cka, [1.0]])))
    out.update_xaxes(type="category", showticklabels=False, range=[-0.5, len(x) - 0.5], showgrid=False)
    out.update_yaxes(range=[max(-1.05, lowest - 0.05), 1.05], zeroline=True)
    font = {"size": 11, "color": c["muted"]}
    out.update_layout(showlegend=True, legend=LEGEND | {"y": 1, "font": font})
    return finished(out, theme, "similarity", gap=0.2)


PANEL = Panel(
    name="compare-similarity",
    page="compare",
    tab="pair",
    place=20,
    label="How alike",
    kind="derived",
    height_px=150,
    note="Mean difference of the residual stream behind the blocks, over the matched steps: 0 the same, 1.41 nothing "
    "in common; where neurons were not kept, the likeliest, its range on hover. Below, of each hook point: cosine "
    "(pooled: of the mean vectors), grey its certain range, circles debiased linear CKA.",
    table=table,
    figure=figure,
    selects={"point": "x"},
)
