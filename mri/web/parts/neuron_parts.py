"""Parts of the Neurons page that are words: what was grouped, the groups as cards, moments in their context, tokens
that a neuron speaks for, neurons that move with it.

Knows what a study found and the library that tokens come from; draws no figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import numpy as np
from dash import dcc, html

from mri.arrays import Floats
from mri.errors import MriError
from mri.format.token_text import display
from mri.nanochat.reach import ERASED_BELOW
from mri.panels import names
from mri.panels.group_chart import colour_of
from mri.store.library import Library
from mri.study.activity import Activity
from mri.study.clustering import AGREES, METHODS, OTHER_SEEDS, SHIFTED
from mri.study.indexer import Progress
from mri.study.moments import PER_SESSION, Moment
from mri.study.study import LEAST_CAPTURED, Companion, Companions, Grouping, Question
from mri.web.parts import components, ids

BEFORE, AFTER = 9, 5
"""Tokens shown around a moment."""
MOST_MOMENTS = 12
CHANCE = 0.05
"""A companion that shifted steps make more often than this is drawn dim."""


def address(question: Question, point: str, neuron: int | None = None, tab: str = "neuron") -> str:
    """Of a neuron's dossier, or with tab="groups" of the groups."""
    return _address(ids.NEURONS_PATH, {"session": question.session, "point": point, "neuron": neuron, "tab": tab})


def scan_address(session: str, step: int, point: str, neuron: int | None = None, **more: str) -> str:
    """Of a step on the Scanner, with the neuron selected."""
    fields = {"session": session, "step": step, "point": point, "neuron": neuron, **more}
    return _address(ids.SCANNER_PATH, fields, safe=":")


def _address(path: str, fields: dict[str, Any], safe: str = "") -> str:
    return f"{path}?{urlencode({name: value for name, value in fields.items() if value is not None}, safe=safe)}"


def grouping_name(question: Question) -> str:
    """The groups as the Scanner's address names them: method, number, span, scope, seed, hook point."""
    groups = question.n_groups or "auto"
    return f"{question.method}:{groups}:{question.span}:{question.scope}:{question.seed}:{question.point}"


def neuron_name(activity: Activity, row: int) -> str:
    """As `block.3.mlp_act · 17`."""
    return f"{activity.keys[activity.point[row]]} · {activity.neuron[row]}"


def neuron_link(question: Question, point: str, neuron: int) -> dcc.Link:
    return dcc.Link(f"{point} · {neuron}", href=address(question, point, neuron), className="neurons-link")


def summary(found: Grouping) -> html.Div:
    """What was grouped, how, and what had to be estimated."""
    clusters, history, question = found.clusters, found.history, found.question
    steps = f"{history.filled.shape[1]:,} steps"
    if len(history.activity.sessions) > 1:
        steps += f" of {len(history.activity.sessions)} sessions"
    of = f"{len(found.rows):,} neurons over {steps}, by {METHODS[question.method]}"
    if clusters.found:
        how = "as you chose" if question.n_groups else "the largest mean silhouette that other seeds find again"
        parts: list[Any] = [html.B(f"{clusters.n_groups} groups"), f" of {of}: {how}."]
    else:
        how = "as you chose" if question.n_groups else "the number with the largest mean silhouette"
        parts = [html.B("No groups found"), f": {clusters.n_groups} parts of {of} ({how})."]
    silhouette, agreement = clusters.silhouettes[clusters.n_groups], clusters.agreement[clusters.n_groups]
    why = (
        f"Mean silhouette {silhouette:.2f} (1: far apart, 0: they touch); with every neuron's steps shifted by a number"
        f" of its own it is {clusters.null.max():.2f} at most, of {SHIFTED} tries. {OTHER_SEEDS} runs of k-means under "
        f"other seeds agree with an adjusted Rand index of {agreement:.2f} (1: the same groups, 0: as chance would). "
        f"Groups are found where that is {AGREES} or more and the silhouette larger than in every shifted try."
    )
    missing = 1 - history.share_captured
    notes = ["All values were captured."]
    if missing:
        taken = "each is taken as what is to be expected between its bounds, and drawn pale."
        notes = [f"{missing * 100:.0f} % of the values were not captured: {taken}"]
    if found.too_rare:
        notes.append(f"{found.too_rare:,} neurons were captured in fewer than {LEAST_CAPTURED} steps: in no group.")
    if found.beyond:
        notes.append(f"{found.beyond:,} more, those captured least often, are left out: too many to compare all pairs.")
    if history.sessions_without:
        notes.append(f"{history.sessions_without} more sessions of these weights kept no values here, or repeat texts.")
    if history.sessions_left_out:
        notes.append(f"{history.sessions_left_out} older sessions are left out: too many steps.")
    here = scan_address(question.session, int(_a_step(found)), question.point, groups=grouping_name(question))
    tower = dcc.Link("Colour the tower by these groups →", href=here, className="mri-button neurons-tower")
    colour = (clusters.found or question.n_groups is not None) and tower
    said = [html.P(why, className="mri-note"), html.P(" ".join(notes), className="mri-note")]
    return html.Div([html.P(parts), *said, colour], className="neurons-says")


def _a_step(found: Grouping) -> int:
    """Of the question's own session, where the largest group peaks there."""
    activity = found.history.activity
    own = found.question.session
    peaks = [at for at in found.peaks(0, len(activity.step)) if activity.sessions[activity.session[at]] == own]
    return int(activity.step[peaks[0]]) if peaks else 0


def cards(found: Grouping, tokens: Sequence[str]) -> html.Ul:
    """One card for each group: how many, at which tokens it is strongest, its most typical neurons."""
    activity, neurons = found.history.activity, found.neurons
    called = "Group" if found.clusters.found else "Part"
    items = []
    for group in range(found.clusters.n_groups):
        size = int((found.clusters.labels == group).sum())
        peaks = []
        for column in found.peaks(group):
            session, step = activity.sessions[activity.session[column]], int(activity.step[column])
            href = scan_address(session, step, found.question.point, groups=grouping_name(found.question))
            title = f"mean {found.clusters.means[group, column]:.2f} σ at step {step}"
            peaks.append(dcc.Link(tokens[column], href=href, className="neurons-token", title=title))
        typical = []
        for row in found.typical(group):
            name = f"{neurons.neuron[row]}" if len(neurons.keys) == 1 else neuron_name(neurons, row)
            href = address(found.question, neurons.keys[neurons.point[row]], int(neurons.neuron[row]))
            typical.append(dcc.Link(name, href=href, className="neurons-link"))
        count = html.Span(f"{size:,} neuron{'' if size == 1 else 's'}", className="mri-muted")
        card = [
            html.H3([html.Span(className="neurons-swatch"), f"{called} {group + 1}", count]),
            html.P([html.Span("peaks at", className="mri-muted"), *peaks], className="neurons-peaks"),
            html.P([html.Span("typical", className="mri-muted"), *typical], className="neurons-typical"),
        ]
        items.append(html.Li(card, style={f"--group-{theme}": colour_of(group, theme) for theme in ("dark", "light")}))
    return html.Ul(items, className="neurons-cards")


def head(question: Question, neuron: int, values: Floats, strongest: int, width: int) -> list[Any]:
    """Which neuron this is, what is known of it here, and where else to look."""
    captured = int(np.isfinite(values).sum())
    where = f"captured in {captured} of {len(values)} steps of this session"
    if captured:
        where += f", strongest {values[strongest]:.4g} at step {strongest}"
    watch = f"{question.point}:{neuron}"
    beside = [
        dcc.Link(text, href=address(question, question.point, other), className="mri-button", title=title)
        for text, other, title in (("←", neuron - 1, "The neuron before"), ("→", neuron + 1, "The neuron after"))
        if 0 <= other < width
    ]
    there = scan_address(question.session, strongest, question.point, neuron, watched=watch)
    scan = dcc.Link("See it in the scan →", className="mri-button neurons-tower", href=there)
    return [
        html.H2([html.Code(question.point), f" · neuron {neuron}"]),
        html.P(where, className="mri-note"),
        html.Div([*beside, scan], className="neurons-buttons"),
    ]


def moments(library: Library, found: Sequence[Moment], question: Question, neuron: int) -> Any:
    """The strongest moments with the token that was read in its context; a click goes to that step."""
    if not found:
        return html.P("In no finished session of these weights was this neuron captured.", className="mri-note")
    items = [item for moment in found[:MOST_MOMENTS] if (item := _moment(library, moment, question, neuron))]
    note = f"At most {PER_SESSION} from one session. A click opens the step in the scan."
    return [html.Ol(items, className="neurons-moments"), html.P(note, className="mri-note")]


def _moment(library: Library, moment: Moment, question: Question, neuron: int) -> html.Li | None:
    try:
        reader = library.open(moment.session)
        steps, sequence = reader.steps(), names.tokens(reader)
    except MriError:  # deleted since it was indexed
        return None
    at = int(steps["pos0"][moment.step] + steps["t_add"][moment.step]) - 1
    if not sequence:  # a training step reads a batch
        context: list[Any] = [html.Mark("a batch")]
    else:
        start = max(0, at - BEFORE)
        before = ("… " if start else "") + "".join(sequence[start:at])
        after = "".join(sequence[at + 1 : at + 1 + AFTER]) + (" …" if at + 1 + AFTER < len(sequence) else "")
        context = [_text(before), html.Mark(_text(sequence[at])), html.Span(_text(after), className="mri-muted")]
    there = scan_address(moment.session, moment.step, question.point, neuron)
    link, value = dcc.Link(context, href=there, className="neurons-context"), f"{moment.value:.4g}"
    step = html.Span(f"step {moment.step}", className="mri-muted", title=moment.session)
    return html.Li([html.Span(value, className="neurons-value"), link, step])


def _text(token: str) -> str:
    """Spaces as they are, where the tokens stand side by side."""
    return token.replace("␣", " ")


def indexing(progress: Progress, num_sessions: int) -> Any:
    """How far the index over sessions is; `num_sessions`: those with values of the hook point, each text once."""
    if progress.done < progress.all or not progress.all:
        words = f"Reading sessions of these weights: {progress.done} of {progress.all}."
        if not progress.all:
            words = progress.problem or "Looking for sessions of these weights …"
        share = {"value": str(progress.done), "max": str(max(1, progress.all)), **components.aria("Sessions read")}
        return [html.P(words, className="mri-note"), html.Progress(className="record-progress", **share)]
    words = f"Over {num_sessions:,} finished session{'' if num_sessions == 1 else 's'} with values of this hook point."
    if rest := progress.all - num_sessions:
        words += f" {rest:,} more with the same weights kept none, or repeat texts."
    return html.P(words + (f" {progress.problem}" if progress.problem else ""), className="mri-note")


def companions(found: Companions, question: Question) -> Any:
    """Two lists: with this neuron, against it. Those that are no more than chance are dim."""
    if not found.rising and not found.falling:
        few = f"This neuron was captured in fewer than {LEAST_CAPTURED} of these steps: nothing can be compared."
        return html.P(few, className="mri-note")

    def table(rows: Sequence[Companion], title: str) -> html.Table:
        heads = (title, "r", "r without its strongest step", "both active", "by chance")
        lines = []
        for each in rows:
            name = html.Th(neuron_link(question, each.point, each.neuron), scope="row")
            together = f"of {found.num_steps} steps; both captured in {each.together}"
            active = html.Td(f"{each.active}", title=together)
            chance = html.Td(f"{each.chance:.0%}")
            row = [name, html.Td(f"{each.r:+.3f}"), html.Td(f"{each.without:+.3f}"), active, chance]
            lines.append(html.Tr(row, className="is-chance" if each.chance > CHANCE else None))
        head = html.Thead(html.Tr([html.Th(name, scope="col") for name in heads]))
        return html.Table([head, html.Tbody(lines)], className="neurons-table")

    real = sum(each.chance <= CHANCE for each in (*found.rising, *found.falling))
    said = f"{real or 'None'} of them {'are' if real > 1 else 'is'} more than chance."
    how = (
        f" By chance: the share of {found.shifts} shifts of this neuron's steps against all others in which some other "
        f"neuron reaches as large an r without its strongest step. Dim: above {CHANCE:.0%}."
    )
    tables = [table(found.rising, "moves with it"), table(found.falling, "moves against it")]
    return [html.Div(tables, className="neurons-two"), html.P([html.B(said), how], className="mri-note")]


def spoken_tokens(status: dict[str, Any]) -> Any:
    """The worker's answer about the direct path, or where it stands."""
    if status["status"] == "running":
        return html.P([html.Span(className="neurons-busy"), status["message"]], className="mri-note", role="status")
    if status["status"] == "error":
        return html.P(status["message"], className="mri-note neurons-error", role="alert")
    reaches = f"c = {status['factor']:.2g}"
    if abs(status["factor"]) < ERASED_BELOW:
        why = (
            f" ({reaches}): later blocks and the backout take out all but {abs(status['factor']):.1%} of what is added "
            "here. Tokens by the direct path would say nothing of what this neuron does: it works through the blocks "
            "above it."
        )
        return html.P([html.B("erased later"), why], className="neurons-erased")
    most = max((abs(logit) for name in ("promoted", "suppressed") for *_, logit in status[name]), default=1) or 1

    def column(name: str, title: str) -> html.Div:
        rows = []
        for token_id, raw, logit in status[name]:
            token = html.Span(display(bytes.fromhex(raw)).replace(" ", "␣"), className="neurons-token")
            both = [token, html.Span(f"{logit:+.3f}", className="neurons-value")]
            rows.append(html.Li(both, style={"--share": f"{abs(logit) / most:.3f}"}, title=f"token {token_id}"))
        return html.Div([html.H4(title), html.Ol(rows, className=f"neurons-tokens is-{name}")])

    scale = f"Of each unit c reaches the last norm: {reaches}. A full bar is {most:.3g} logits per unit, c included."
    columns = html.Div([column("promoted", "promotes"), column("suppressed", "suppresses")], className="neurons-two")
    return [columns, html.P(scale, className="mri-note")]
