"""What comes next: the strongest tokens with their probabilities, at a temperature."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from mri.arrays import Floats
from mri.measure.predictions import predictions, strongest
from mri.panels import names
from mri.panels.chart import escaped, finished, name_places, percent
from mri.panels.panel import Panel
from mri.panels.scan import Scan
from mri.panels.selection import Selection
from mri.panels.table import Table, column
from mri.panels.theme import THEMES


def table(scan: Scan, at: Selection) -> Table:
    """Rows: all that were captured; drawn are the strongest of them, and the token that follows."""
    reader, temperature = scan.reader, at.temperature
    found = predictions(scan.frame, temperature)
    empty = np.empty(0, np.float32)
    ids, ranks, logits, probs, chosen = found or (np.empty(0, int), np.empty(0, int), empty, empty, -1)
    share = "at temperature 1" if temperature == 1 else f"share of these tokens at temperature {temperature:g}"
    columns = {
        "rank": column(ranks, "0 = strongest"),
        "token_id": column(ids, "id"),
        "token": column(np.array([names.text(reader, int(each)) for each in ids], object)),
        "logit": column(logits, "logits"),
        "probability": column(probs, share),
        "follows": column(np.arange(len(ids)) == chosen),
    }
    if found is None:
        return Table(ids.shape, columns, missing="No predictions were captured in this step.")
    ids, ranks, logits, probs, chosen = strongest(found)
    how, rows = names.how_chosen(reader, scan.frame), np.arange(len(ids))
    named = [escaped(names.next_name(reader, scan.frame, int(each))) for each in ids]
    drawn = {
        "bar": rows,
        "bar_name": [
            name + (f" · rank {rank + 1}" if rank != i else "")
            for i, (name, rank) in enumerate(zip(named, ranks.tolist(), strict=True))
        ],
        "bar_range": [len(ids) - 0.5, -0.5],
        "shown": probs,
        "followed": np.where(rows == chosen, probs, np.float32(np.nan)),
        "words": np.array(
            [percent(float(p)) + (f"  ◂ {how}" if i == chosen else "") for i, p in enumerate(probs)], object
        ),
        "shown_logit": logits,
        "place": (ranks + 1).astype(np.float32),
        "axis": temperature_words(len(found.probs), temperature, probs),
    }
    return Table(columns["rank"].values.shape, columns, drawn)


def temperature_words(num_tokens: int, temperature: float, probs: Floats) -> str:
    """As `temperatureWords` in predictions.mjs."""
    if np.isnan(probs).any():
        return "no probabilities: there is NaN or ∞ among the logits"
    if temperature == 1:
        return "probability at temperature 1, exact"
    return f"share among the {num_tokens} captured at temperature {temperature:.2f}"


def figure(table: Table, theme: str) -> go.Figure:
    """Best on top. Traces: 0 the bars, 1 over them the bar of the token that follows."""
    c, out = THEMES[theme], go.Figure()
    hover = "%{y}<br><b>%{x:.6g}</b><br>logit %{customdata[0]:.6g}<br>rank %{customdata[1]:d}<extra></extra>"
    names_of = {"y": "bar", "x": "shown", "text": "words", "customdata": ["shown_logit", "place"]}
    written = {"textposition": "outside", "textfont": {"color": c["text"], "size": 11}, "cliponaxis": False}
    out.add_bar(meta=names_of, marker={"color": c["violet"], "opacity": 0.45}, hovertemplate=hover, **written)
    out.add_bar(meta={"y": "bar", "x": "followed"}, marker={"color": c["violet"]}, hoverinfo="skip")
    out.update_traces(orientation="h")
    out.update_layout(barmode="overlay")
    out.update_xaxes(range=[0, 1.9], tickvals=[0, 0.25, 0.5, 0.75, 1], tickformat=".0%", side="top")
    out.update_yaxes(showgrid=False, tickfont={"color": c["text"], "size": 12})
    axis = {"tickvals": "bar", "ticktext": "bar_name", "range": "bar_range"}
    name_places(out, {"xaxis.title.text": "axis"} | {f"yaxis.{key}": name for key, name in axis.items()})
    return finished(out, theme, "predictions", gap=0.25)


PANEL = Panel(
    name="predictions",
    page="scanner",
    tab="predictions",
    place=10,
    label="What comes next",
    kind="derived",
    height_px=560,
    note="Temperature 1: exp(logit − logsumexp), exact. Another temperature: exp(logit / temperature) as a "
    "share of the captured tokens, for the other logits are not known.",
    table=table,
    figure=figure,
    target="predictions.chart",
)
