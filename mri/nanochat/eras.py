"""The eras of nanochat, told apart by the keys of a state dict, and nanoGPT before them.

nanochat's constants changed over time and are not stored in its checkpoints, but each change came
with new parameters, so the names and shapes of the parameters tell which constants to use.
Each fact of an era stands for itself: docs/new-era.md tells how to add one.
Knows nothing of torch, files or the model's code.
"""

import re
from collections.abc import Iterable, Mapping
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
    has_smear: bool = False
    has_backout: bool = False
    norm_eps: float | None = None  # None = the machine epsilon of float32

    @property
    def has_value_embeds(self) -> bool:
        return self.ve_gate_channels > 0

    @property
    def keys(self) -> frozenset[str]:
        """Parameters beside the matrices that every era has."""
        keys: set[str] = set()
        for has, names in (
            (self.has_resid_lambdas, ("resid_lambdas", "x0_lambdas")),
            (self.has_value_embeds, ("value_embeds", "ve_gate")),
            (self.has_smear, ("smear_gate", "smear_lambda")),
            (self.has_backout, ("backout_lambda",)),
        ):
            keys |= set(names) if has else set()
        return frozenset(keys)

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


_VALUES = {"ve_gate_factor": 3.0, "ve_gate_channels": 12}
_SMEAR = {"has_smear": True, "has_backout": True}
ERAS: dict[str, Era] = {
    era.name: era
    for era in (
        Era("E1", "2025-10", 10_000, 1.0, None, has_resid_lambdas=False),
        Era("E2", "2026-01", 10_000, 1.0, 2),
        Era("E3", "2026-01", 10_000, 1.0, 2, ve_gate_factor=2.0, ve_gate_channels=32),
        Era("E4", "2026-03", 100_000, 1.15, 3, WINDOW_TILE, **_VALUES),  # type: ignore[arg-type]
        Era("E5", "2026-03", 100_000, 1.2, 4, WINDOW_TILE, **_VALUES, **_SMEAR),  # type: ignore[arg-type]
    )
}
"""By name, the newest last."""

NANOGPT = Era("G", "2022-12", 0.0, 1.0, None, has_resid_lambdas=False, norm_eps=1e-5)
"""nanoGPT, nanochat's predecessor: learned positions, LayerNorm, GELU (nanogpt.py)."""

_KNOWN_KEY = re.compile(
    r"""transformer\.wte\.weight | lm_head\.weight | value_embeds\.\d{1,4}\.weight
      | transformer\.h\.\d{1,4}\.attn\.(c_q|c_k|c_v|c_proj|ve_gate)\.weight
      | transformer\.h\.\d{1,4}\.mlp\.(c_fc|c_proj)\.weight
      | resid_lambdas | x0_lambdas | smear_gate\.weight | smear_lambda | backout_lambda""",
    re.VERBOSE,
)
_NANOGPT_KEY = re.compile(
    r"""transformer\.(wte|wpe)\.weight | lm_head\.weight | transformer\.ln_f\.(weight|bias)
      | transformer\.h\.\d{1,4}\.(ln_1|ln_2|attn\.c_attn|attn\.c_proj|mlp\.c_fc|mlp\.c_proj)\.(weight|bias)""",
    re.VERBOSE,
)
_VALUE_BRANCH = "it belongs to a short-lived branch of 2026-01-16 with shared value embeddings"
_BIGRAM_BRANCH = "it belongs to nanochat's two days of bigram embeddings, 2026-01-27 to 28"
_VALUE_KEYS = ("value_embed.weight", "value_embed_A.weight", "value_embed_B.weight", "v0_lambdas")
_FOREIGN_KEYS = dict.fromkeys(_VALUE_KEYS, _VALUE_BRANCH)
_FOREIGN_KEYS |= dict.fromkeys(("bigram_embed.embed.weight", "bigram_lambdas"), _BIGRAM_BRANCH)
_CURE = "use a checkpoint of nanochat's main branch"


def era_from_keys(shapes: Mapping[str, tuple[int, ...]]) -> Era:
    """The era of a state dict, given the shape of each of its parameters (keys as nanochat has them: keys.py).

    Raises ModelError for a parameter that none of the eras has. Whether all parameters of the era are there, and in
    which shapes, is for the loader to compare with the model.
    """
    is_nanogpt = "transformer.wpe.weight" in shapes and any(".attn.c_attn." in key for key in shapes)
    known = _NANOGPT_KEY if is_nanogpt else _KNOWN_KEY
    for key in shapes:
        if not known.fullmatch(key):
            why = _FOREIGN_KEYS.get(key, "no era of nanochat that is known here has it")
            raise ModelError(f"The parameter {key!r} is not supported ({why}): {_CURE}.")
    if is_nanogpt:
        return NANOGPT
    channels = {shape[-1] for key, shape in shapes.items() if key.endswith("ve_gate.weight") and shape}
    if not channels and any(key.startswith("value_embeds.") for key in shapes):
        raise ModelError(f"The parameters 'value_embeds' come without any 've_gate' ({_VALUE_BRANCH}): {_CURE}.")
    eras = [era for era in ERAS.values() if channels == ({era.ve_gate_channels} if era.has_value_embeds else set())]
    if not eras:
        read = sorted({era.ve_gate_channels for era in ERAS.values() if era.has_value_embeds})
        raise ModelError(
            f"The 've_gate' parameters read {sorted(channels)} channels where nanochat has "
            f"{' or '.join(map(str, read))}: {_CURE}."
        )
    found = keys_beside_matrices(shapes)
    return min(eras, key=lambda era: len(era.keys ^ found))  # one that lacks a parameter is still of its era


def keys_beside_matrices(keys: Iterable[str]) -> frozenset[str]:
    """Of the keys of a state dict, what `Era.keys` are made of."""
    names = {name for era in ERAS.values() for name in era.keys}
    return frozenset(part for key in keys for part in key.split(".") if part in names)
