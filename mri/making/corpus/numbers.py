"""Sums to twenty: in figures, in words, and with things that people have."""

# ruff: noqa: E501 - sentences are easier to read and to mend unbroken

from collections.abc import Callable

from mri.making.corpus.documents import Choices, Document, filling, sentence, with_answer
from mri.making.corpus.world import NUMBER_WORDS, PEOPLE, TOYS

LARGEST_SUM = 20
COUNTABLE = (*(toy for toy in TOYS if toy not in ("box", "brush")), "apple", "cookie", "egg", "lemon", "plum", "pear")


def figure(n: int) -> str:
    """'7'."""
    return str(n)


def word(n: int) -> str:
    """'seven'."""
    return NUMBER_WORDS[n]


# statement up to its answer, and how numbers are written in it
SUM_TEMPLATES: tuple[tuple[str, Callable[[int], str]], ...] = (
    ("{x} + {y} = ", figure),
    ("{x} + {y} = ", figure),
    ("{x} plus {y} is ", figure),
    ("{x} plus {y} is ", word),
    ("{x} and {y} make ", word),
    ("The sum of {x} and {y} is ", word),
    ("The sum of {x} and {y} is ", figure),
    ("Question: What is {x} + {y}?\nAnswer: ", figure),
    ("Question: What is {x} plus {y}?\nAnswer: ", word),
)
DIFFERENCE_TEMPLATES: tuple[tuple[str, Callable[[int], str]], ...] = (
    ("{x} - {y} = ", figure),
    ("{x} minus {y} is ", figure),
    ("{x} minus {y} is ", word),
    ("{x} take away {y} leaves ", word),
)


def two_terms(c: Choices) -> tuple[int, int]:
    """Two numbers with a sum of at most twenty: the sum is uniform, then the first term."""
    total = c.number(1, LARGEST_SUM)
    first = c.number(0, total)
    return first, total - first


def said_sum(c: Choices) -> tuple[str, str, str]:
    """A sum up to its answer, the answer, its filling (the way of writing and the two numbers)."""
    template, write = c.pick(SUM_TEMPLATES)
    x, y = two_terms(c)
    answer = write(x + y)
    if template.startswith("Question"):
        answer = sentence(answer)
    text = sentence(template.format(x=write(x), y=write(y)))
    return text, answer, filling("sum", template, write.__name__, x, y)


def said_difference(c: Choices) -> tuple[str, str, str]:
    """As said_sum, for a difference of numbers up to twenty."""
    template, write = c.pick(DIFFERENCE_TEMPLATES)
    x, y = two_terms(c)
    text = sentence(template.format(x=write(x + y), y=write(y)))
    return text, write(x), filling("difference", template, write.__name__, x, y)


def sums(c: Choices) -> Document:
    """One to six sums one after the other."""
    before, answer, key = said_sum(c)
    more = [said_sum(c) for _ in range(c.number(0, 5))]
    after = "." + "".join(f"{' ' if chr(10) not in text else chr(10)}{text}{end}." for text, end, _ in more)
    return with_answer(before, answer, after, (key, *(more_key for *_, more_key in more)))


def differences(c: Choices) -> Document:
    """One to four differences."""
    before, answer, key = said_difference(c)
    more = [said_difference(c) for _ in range(c.number(0, 3))]
    after = "." + "".join(f" {text}{end}." for text, end, _ in more)
    return with_answer(before, answer, after, (key, *(more_key for *_, more_key in more)))


def having(c: Choices) -> Document:
    """'Tom has three apples. Mia gives him four more. Now he has seven apples.', and the same with less."""
    owner, other = c.pick_some(PEOPLE, 2)
    write = c.pick((figure, word))
    thing = c.pick(COUNTABLE)
    x, y = (c.number(1, 10), c.number(1, 10))
    larger, smaller = max(x, y) + 1, min(x, y)

    def things(n: int) -> str:
        return f"{write(n)} {thing}" if n == 1 else f"{write(n)} {thing}s"

    more = c.chance(0.6)
    key = filling("having", owner.name, thing, write.__name__, x, y, more)
    now = c.pick(
        (
            f"Now {owner.he} has ",
            f"Now {owner.name} has ",
            f"How many {thing}s does {owner.he} have? {owner.he.capitalize()} has ",
        )
    )
    if more:
        begin = f"{owner.name} has {things(x)}. {other.name} gives {owner.him} {things(y) if c.chance(0.5) else write(y) + ' more'}. "
        total = x + y
    else:
        begin = f"{owner.name} has {things(larger)}. {owner.he.capitalize()} gives {write(smaller)} of them to {other.name}. "
        total = larger - smaller
    return with_answer(begin + now, write(total), f" {thing}." if total == 1 else f" {thing}s.", (key,))


FAMILIES = {"sums": (19.0, sums), "differences": (7.0, differences), "having": (4.0, having)}
