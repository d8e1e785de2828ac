"""The neurons of one hook point in both recordings, and their difference. Drawn by the page itself."""

from __future__ import annotations

import numpy as np

from mri.measure.difference import neuron_differences
from mri.panels.pair import Pair
from mri.panels.panel import Panel
from mri.panels.selection import Selection
from mri.panels.table import Column, Table, column


def table(pair: Pair, at: Selection) -> Table:
    (one, other), (a, b) = pair.readers, pair.steps
    found = neuron_differences(one.frame(a), one.session.layout, other.frame(b), other.session.layout, at.point)
    in_a, in_b, n = found.both | ~np.isnan(found.a), found.both | ~np.isnan(found.b), len(found.neurons)
    state = np.where(
        found.both, "both captured", np.where(in_a, *(f"at least this much: captured in {s}" for s in "AB"))
    )

    def at_most(bound: float, known: np.ndarray) -> Column:
        return Column(np.full(n, float(bound)), "|activation|", ~known & ~np.isnan(bound))

    columns = {
        "neuron": column(found.neurons, "index"),
        "a": Column(found.a, "activation", in_a),
        "b": Column(found.b, "activation", in_b),
        "a_at_most": at_most(found.bound_a, in_a),
        "b_at_most": at_most(found.bound_b, in_b),
        "difference": Column(found.difference, "b − a", ~np.isnan(found.difference)),
        "rounding": Column(found.rounding, "± activation", ~np.isnan(found.rounding)),
        "state": column(state),
    }
    return Table((n,), columns)


PANEL = Panel(name="compare-neurons", page="compare", label="Neurons", kind="measured", table=table)
