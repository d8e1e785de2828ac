"""One document of the corpus, and the seeded choices that it is made of.

Knows how a choice is counted and how a filling is held out. Knows nothing of
the small world, of tokens or of models.
"""

import hashlib
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")

HELD_OUT_ONE_IN = 10


class Choices:
    """Seeded choices that add up what they cost.

    `nats` is -ln of the probability of everything chosen so far. Where the text shows every choice, it is the
    information in the text; where two choices may give the same text, it is an upper bound.
    """

    def __init__(self, seed: str) -> None:
        self.nats = 0.0
        self._random = random.Random(seed)

    def pick(self, options: Sequence[T]) -> T:
        """One option, uniformly. One that stands there twice is twice as likely."""
        picked = options[self._random.randrange(len(options))]
        self.nats += math.log(len(options) / options.count(picked))
        return picked

    def pick_some(self, options: Sequence[T], count: int) -> list[T]:
        """`count` different options, in random order."""
        self.nats += sum(math.log(len(options) - i) for i in range(count))
        return self._random.sample(options, count)

    def number(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return self.pick(range(low, high + 1))

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        happened = self._random.random() < probability
        self.nats -= math.log(probability if happened else 1 - probability)
        return happened

    def weighted(self, options: dict[str, float]) -> str:
        """A key, with a probability proportional to its value."""
        key = self._random.choices(list(options), weights=list(options.values()))[0]
        self.nats -= math.log(options[key] / sum(options.values()))
        return key


@dataclass(frozen=True)
class Document:
    """A text of the corpus. Special tokens stand in it by name, as in `<|user_start|>`.

    fillings: what fills the template's blanks, one string per blank or group of blanks that is held out together.
    answer: first and last+1 character of the span that a held-out probe asks for (a prompt is the text before it).
    chance_until: characters at the beginning that nothing before them tells: training leaves their loss out.
    nats: information in the choices that made the text (see Choices); filled in by the stream.
    """

    text: str
    fillings: tuple[str, ...]
    answer: tuple[int, int] | None = None
    chance_until: int = 0
    family: str = ""
    nats: float = math.nan

    @property
    def prompt(self) -> str:
        """The text before the answer. Raises ValueError if the document has no answer."""
        return self.text[: self._span()[0]]

    @property
    def answer_text(self) -> str:
        """What a model should write after the prompt. Raises ValueError if the document has no answer."""
        start, end = self._span()
        return self.text[start:end]

    def _span(self) -> tuple[int, int]:
        if self.answer is None:
            raise ValueError(f"a document of the family {self.family!r} has no answer")
        return self.answer


def with_answer(before: str, answer: str, after: str, fillings: tuple[str, ...]) -> Document:
    """A document whose probe is `before` -> `answer`. A blank before the answer belongs to the answer,
    because a word's token begins with it; before a digit it is a token of its own and stays in the prompt."""
    if before.endswith(" ") and not answer[0].isdigit():
        before, answer = before[:-1], " " + answer
    return Document(before + answer + after, fillings, (len(before), len(before) + len(answer)))


def is_held_out(filling: str) -> bool:
    """True for one filling in HELD_OUT_ONE_IN, decided by a hash: the same on every machine and for ever."""
    digest = hashlib.blake2b(filling.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % HELD_OUT_ONE_IN == 0


def filling(*parts: object) -> str:
    """One string for a group of blanks that is held out together."""
    return "|".join(str(part) for part in parts)


def sentence(text: str) -> str:
    """The text with a capital first letter."""
    return text[:1].upper() + text[1:]


def a(noun: str) -> str:
    """The noun with its article: 'a red ball', 'an apple'."""
    return ("an " if noun[0] in "aeiou" and not noun.startswith(("unicorn", "used")) else "a ") + noun


def listed(words: Sequence[str]) -> str:
    """'milk, bread and eggs'."""
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]
