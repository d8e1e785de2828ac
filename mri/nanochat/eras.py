"""The five eras of nanochat, told apart by the keys of a state dict.

nanochat's constants changed over time and are not stored in its checkpoints, but each change came
with new parameters, so the names and shapes of the parameters tell which constants to use.
Knows nothing of torch, files or the model's code.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from mri.errors import ModelError

WINDOW_TILE = 128  # short windows are rounded up to this many keys from E4 on
SMEAR_CHANNELS = 24  # the smear gate reads this many channels of the embedding


@dataclass(frozen=True)
class Era:
    """What one era of nanochat computes, where the eras differ."""

    name: str
    since: str  # the month of its first commit
    rotary_base: float
    qk_scale: float  # q and k are both multiplied by it after their norm
    short_window_share: int | None  # an "S" block sees sequence_len / share keys back; None = the era has no windows
    short_window_tile: int = 1  # ... rounded up to a multiple of this
    has_resid_lambdas: bool = True
    ve_gate_factor: float = 0.0  # value embeddings are added times factor * sigmoid(gate)
    ve_gate_channels: int = 0  # the gate reads this many channels; 0 = no value embeddings
    has_smear: bool = False  # smear and backout came together

    @property
    def has_value_embeds(self) -> bool:
        return self.ve_gate_channels > 0

    @property
    def min_n_embd(self) -> int:
        """The narrowest stream whose leading channels suffice for the gates."""
        return max(self.ve_gate_channels, SMEAR_CHANNELS if self.has_smear else 1)

    def short_window(self, sequence_len: int) -> int:
        """How many earlier keys an "S" block sees. The query sees itself as well, so window + 1 keys."""
        if self.short_window_share is None:
            return sequence_len
        if self.short_window_tile == 1:
            return sequence_len // self.short_window_share
        return -(-sequence_len // (self.short_window_share * self.short_window_tile)) * self.short_window_tile

    def window_sizes(self, sequence_len: int, n_layer: int, window_pattern: str | None) -> list[int]:
        """Window of every block: the pattern of L and S is tiled over the blocks, and the last block is always L."""
        if window_pattern is None or self.short_window_share is None:
            return [sequence_len] * n_layer
        pattern = window_pattern.upper()
        sizes = {"L": sequence_len, "S": self.short_window(sequence_len)}
        return [sizes[pattern[i % len(pattern)]] for i in range(n_layer - 1)] + [sequence_len]


def has_value_embed(layer: int, n_layer: int) -> bool:
    """Every second block has a value embedding, counted so that the last one does."""
    return layer % 2 == (n_layer - 1) % 2


ERAS: dict[str, Era] = {
    era.name: era
    for era in (
        Era("E1", "2025-10", 10_000, 1.0, None, has_resid_lambdas=False),
        Era("E2", "2026-01", 10_000, 1.0, 2),
        Era("E3", "2026-01", 10_000, 1.0, 2, ve_gate_factor=2.0, ve_gate_channels=32),
        Era("E4", "2026-03", 100_000, 1.15, 3, WINDOW_TILE, ve_gate_factor=3.0, ve_gate_channels=12),
        Era("E5", "2026-03", 100_000, 1.2, 4, WINDOW_TILE, ve_gate_factor=3.0, ve_gate_channels=12, has_smear=True),
    )
}

_KNOWN_KEY = re.compile(
    r"""transformer\.wte\.weight | lm_head\.weight | value_embeds\.\d+\.weight
      | transformer\.h\.\d+\.attn\.(c_q|c_k|c_v|c_proj|ve_gate)\.weight
      | transformer\.h\.\d+\.mlp\.(c_fc|c_proj)\.weight
      | resid_lambdas | x0_lambdas | smear_gate\.weight | smear_lambda | backout_lambda""",
    re.VERBOSE,
)
_VALUE_BRANCH = "it belongs to a short-lived branch of 2026-01-16 with shared value embeddings"
_BIGRAM_BRANCH = "it belongs to nanochat's two days of bigram embeddings, 2026-01-27 to 28"
_VALUE_KEYS = ("value_embed.weight", "value_embed_A.weight", "value_embed_B.weight", "v0_lambdas")
_FOREIGN_KEYS = dict.fromkeys(_VALUE_KEYS, _VALUE_BRANCH)
_FOREIGN_KEYS |= dict.fromkeys(("bigram_embed.embed.weight", "bigram_lambdas"), _BIGRAM_BRANCH)
_CURE = "use a checkpoint of nanochat's main branch"


def era_from_keys(shapes: Mapping[str, tuple[int, ...]]) -> Era:
    """The era of a state dict, given the shape of each of its parameters (keys without `_orig_mod.`).

    Raises ModelError for a parameter that none of the five eras has. Whether all parameters of the era
    are there, and in which shapes, is for the loader to compare with the model.
    """
    for key in shapes:
        if not _KNOWN_KEY.fullmatch(key):
            why = _FOREIGN_KEYS.get(key, "no era of nanochat that is known here has it")
            raise ModelError(f"The parameter {key!r} is not supported ({why}): {_CURE}.")
    if "smear_gate.weight" in shapes:
        return ERAS["E5"]
    gates = {shape[-1] for key, shape in shapes.items() if key.endswith("ve_gate.weight") and shape}
    if gates:
        return _era_from_gates(gates)
    if any(key.startswith("value_embeds.") for key in shapes):
        raise ModelError(f"The parameters 'value_embeds' come without any 've_gate' ({_VALUE_BRANCH}): {_CURE}.")
    return ERAS["E2"] if "resid_lambdas" in shapes else ERAS["E1"]


def _era_from_gates(channels: set[int]) -> Era:
    """E3 or E4, by how many channels the value gates read."""
    for name in ("E3", "E4"):
        if channels == {ERAS[name].ve_gate_channels}:
            return ERAS[name]
    raise ModelError(f"The 've_gate' parameters read {sorted(channels)} channels where nanochat has 12 or 32: {_CURE}.")
