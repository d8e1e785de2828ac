"""Capture presets by name, and which of them a model's sizes allow.

Knows configurations and layouts. Nothing is measured: what a preset keeps is decided from sizes, once for a recording.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from mri.errors import ConfigError
from mri.format.config import ATTENTION_TOPK, TraceConfig
from mri.format.hook_points import HookPoint
from mri.format.layout import Layout, widest_embd

READING_BYTES_PER_STEP = 120_000
"""Up to here `standard` keeps what the pages read: the prompt token by token, attention rows, MLP neurons."""

LEAN = TraceConfig(ledger="direct", lens="kept", max_bytes_per_step=75_000)
"""What `standard` keeps where that would cost more."""

_ROWS = TraceConfig(
    attention_tier="full_row", prefill="stepwise", max_bytes_per_step=1_500_000, ledger="direct", lens="top"
)
PRESETS: dict[str, TraceConfig] = {
    "light": TraceConfig(capture_mode="stats"),
    "standard": replace(_ROWS, edu=True, max_bytes_per_step=READING_BYTES_PER_STEP),
    "rows": _ROWS,
    "everything": replace(_ROWS, capture_mode="full", edu=True, max_bytes_per_step=4_000_000),
}
"""Presets by name. Those that keep attention rows carry a budget of their own. `standard` is LEAN where its longest
step would be over its budget, and the lens is only "kept" where "top" would cost too much of a pass
(`top_lens_is_cheap`): `config_of_preset` decides both, once for a whole recording."""


def top_lens_is_cheap(n_layer: int, n_embd: int, n_vocab: int) -> bool:
    """Whether the lens's multiplications over the whole vocabulary, one per depth, are at most 70 % of a pass's."""
    of_lens = (n_layer + 1) * n_embd * n_vocab
    of_pass = n_layer * 12 * n_embd**2 + n_embd * n_vocab
    return 10 * of_lens <= 7 * of_pass


def checked_preset(name: str) -> str:
    """Raises ConfigError where there is no such preset."""
    if name not in PRESETS:
        raise ConfigError(f"There is no capture preset {name!r}: choose from {', '.join(PRESETS)}.")
    return name


def not_shown(config: TraceConfig) -> list[str]:
    """What a recording made so will not show, in words for a person."""
    lacks = []
    if config.prefill != "stepwise":
        lacks.append("the prompt token by token")
    if config.capture_mode == "stats":
        lacks.append("any neuron")
    elif config.capture_mode != "full":
        if not config.edu:
            lacks.append("the MLP's neurons")
        lacks.append("neurons that are not among the strongest" if config.capture_mode == "topk" else "all neurons")
    if config.attention_tier == "summary":
        lacks.append(f"looks beyond each head's {ATTENTION_TOPK} strongest")
    if config.ledger == "none":
        lacks.append("what each part wrote")
    if config.lens != "top":
        lacks.append("the best guess of each layer")
    return lacks


def config_of_preset(preset: str, points: Iterable[HookPoint], *, longest_row: int, **sizes: int) -> TraceConfig:
    """What the preset keeps of a recording whose longest step attends `longest_row` keys; `sizes` as of `Layout.plan`.

    `standard` is LEAN where such a step would be over its budget, so that no step of it is thinned on the way.
    Raises ConfigError for a name that is no preset.
    """
    config, points = PRESETS[checked_preset(preset)], tuple(points)
    if config.lens == "top" and not top_lens_is_cheap(sizes["n_layer"], widest_embd(points), sizes["n_vocab"]):
        config = replace(config, lens="kept")
    if preset == "standard":
        layout = Layout(points, config, Layout.plan(points, LEAN, **sizes).topk, **sizes)
        if layout.num_bytes("decode", 1, min(longest_row, layout.n_ctx)) > config.max_bytes_per_step:
            return LEAN
        return replace(config, topk=layout.topk)
    return config
