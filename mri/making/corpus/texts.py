"""Tables of the corpus are short texts: how they are read."""


def pairs(text: str, between: str | None = None) -> tuple[tuple[str, ...], ...]:
    """`grass/green,coal/black` as (("grass", "green"), ("coal", "black")); without `between` blanks part them."""
    return tuple(tuple(pair.split("/")) for pair in text.split(between))
