"""The sizes of a nanochat model, as its meta file states them.

Knows nothing of torch: a server lists models by their configs without loading one.
"""

from dataclasses import dataclass

from mri.errors import ModelError

_MAX_SIZE = {  # far above any real model; a hostile meta file shall not make us build tables without end
    "sequence_len": 1 << 18,
    "vocab_size": 1 << 21,
    "n_layer": 1 << 10,
    "n_head": 1 << 10,
    "n_kv_head": 1 << 10,
    "n_embd": 1 << 16,
}


@dataclass(frozen=True)
class GPTConfig:
    """The `model_config` of a checkpoint's meta file, in nanochat's own names. Raises ModelError if it cannot be."""

    sequence_len: int
    vocab_size: int
    n_layer: int
    n_head: int
    n_kv_head: int
    n_embd: int
    window_pattern: str | None = None  # None = every block sees all earlier keys

    def __post_init__(self) -> None:
        for name, largest in _MAX_SIZE.items():
            value = getattr(self, name)
            if type(value) is not int or not 1 <= value <= largest:
                raise ModelError(f"The model's {name} is {value!r}: it must be a whole number from 1 to {largest}.")
        if self.n_embd % (2 * self.n_head):
            raise ModelError(f"n_embd {self.n_embd} does not give {self.n_head} heads of even width: change either.")
        if self.n_head % self.n_kv_head:
            raise ModelError(f"n_head {self.n_head} is not a multiple of n_kv_head {self.n_kv_head}: change either.")
        pattern = self.window_pattern
        if pattern is not None and (not isinstance(pattern, str) or not pattern or set(pattern.upper()) - set("SL")):
            raise ModelError(f"The window_pattern {pattern!r} is not made of S and L: correct the model's config.")

    @property
    def head_dim(self) -> int:
        return self.n_embd // self.n_head

    @property
    def kv_dim(self) -> int:
        return self.n_kv_head * self.head_dim
