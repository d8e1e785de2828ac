"""The selected step as Python to paste into a notebook. Text in, text out; reads nothing."""

from __future__ import annotations

from pathlib import Path


def step_snippet(path: Path, step: int, point: str) -> str:
    """Python that opens the session and makes a DataFrame of one hook point in one step: `values`, and `stats`, the
    statistics of every hook point in it. path: an `.h5` or a recording's folder."""
    return f"""\
import mri
import pandas as pd

trace = mri.open_trace({str(path)!r})
step, point = {step}, {point!r}
values = pd.DataFrame(
    {{
        "value": trace.values(point, step=step),  # NaN where not captured
        "captured": trace.captured(point, step=step),  # tells a captured NaN from a missing value
    }}
).rename_axis("neuron")
stats = trace.stats().query("step == @step").set_index("hook_point")
values.query("captured").sort_values("value", key=abs, ascending=False)
"""


def why_snippet(path: Path, step: int, token: int, against: int) -> str:
    """Python that opens the session and makes a DataFrame of what each part wrote in one step to the lead of one token
    over another: `wrote`, which adds up to it."""
    return f"""\
import mri

trace = mri.open_trace({str(path)!r})
wrote = trace.ledger({step}, token={token}, against={against})  # logits, before the softcap
print("the lead:", wrote["logit"].sum())
wrote.sort_values("logit", key=abs, ascending=False)
# measured with the weights at hand: trace.sweep({step}, token={token}, against={against})
"""
