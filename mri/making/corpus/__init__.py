"""The corpus of the embedded model: an endless, seeded stream of documents about a small world.

Everything is generated here, so the corpus has no licence and needs no download. Document `n` of a seed is
always the same, whatever was asked for before. Knows nothing of tokens or models.
"""

import dataclasses
import itertools
import math
import re
from collections.abc import Callable, Iterator
from functools import cache

from mri.making.corpus import chat, facts, numbers, patterns, reading, sentences
from mri.making.corpus.documents import HELD_OUT_ONE_IN, Choices, Document, is_held_out
from mri.making.corpus.stories import told
from mri.making.corpus.tales import ALL_PLOTS
from mri.making.corpus.world import CAPITALS, DAYS, MONTHS, OPPOSITES, PEOPLE

__all__ = ["FAMILIES", "NAMES", "Choices", "Document", "document", "documents", "held_out", "is_held_out", "vocabulary"]

Family = Callable[[Choices], Document]
WORDS_SAMPLED = 6_000  # documents that show every word of the corpus (a test counts them)

# words that lessons point at, and that a tokenizer should keep whole
NAMES = (*(person.name for person in PEOPLE), *itertools.chain(*CAPITALS, *OPPOSITES), *DAYS, *MONTHS)


def story(c: Choices) -> Document:
    """A story of any plot."""
    return told(c, ALL_PLOTS)


def repeat(c: Choices) -> Document:
    """Random words twice or three times, to make induction heads."""
    return patterns.repeat(c, vocabulary())


# family -> how often it is drawn (relative), and what writes it
FAMILIES: dict[str, tuple[float, Family]] = {
    "story": (9.0, story),
    "repeat": (5.0, repeat),
    **facts.FAMILIES,
    **numbers.FAMILIES,
    **patterns.FAMILIES,
    **reading.FAMILIES,
    **sentences.FAMILIES,
    **chat.FAMILIES,
}
SHARES = {family: weight for family, (weight, _) in FAMILIES.items()}


def document(seed: str) -> Document:
    """The training document of this seed: the first of its draws that has no held-out filling."""
    for attempt in itertools.count():
        c = Choices(f"{seed}/{attempt}")
        family = c.weighted(SHARES)
        made = FAMILIES[family][1](c)
        if not any(map(is_held_out, made.fillings)):
            # a draw is kept with probability (1 - 1/HELD_OUT_ONE_IN) per filling, which makes the kept ones likelier
            kept = len(made.fillings) * math.log1p(-1 / HELD_OUT_ONE_IN)
            return dataclasses.replace(made, family=family, nats=c.nats + kept)
    raise AssertionError("unreachable")


def documents(seed: str) -> Iterator[Document]:
    """The endless stream of training documents of this seed."""
    return (document(f"{seed}/{n}") for n in itertools.count())


def held_out(family: str, seed: str) -> Iterator[Document]:
    """Documents of one family whose probed filling is held out: no training document contains it."""
    for n in itertools.count():
        c = Choices(f"held-out/{family}/{seed}/{n}")
        made = FAMILIES[family][1](c)
        if made.answer and made.fillings and is_held_out(made.fillings[0]):
            yield dataclasses.replace(made, family=family, nats=c.nats)


@cache
def vocabulary() -> tuple[str, ...]:
    """The different words (lower case or names, no figures) of the corpus without its random lists, sorted."""
    found: set[str] = set()
    for family, (weight, write) in FAMILIES.items():
        if family == "repeat":
            continue
        for n in range(max(60, round(WORDS_SAMPLED * weight / sum(SHARES.values())))):
            text = re.sub(r"<\|\w+\|>", " ", write(Choices(f"vocabulary/{family}/{n}")).text)
            found.update(re.findall(r"[A-Za-z]+(?:-[A-Za-z]+)?", text))
    return tuple(sorted(word for word in found if word.islower() or word.lower() not in found))
