"""Facts of the small world: relations from a subject to one answer, and the sentences that say them.

A filling that is held out is a pair of template and subject: every fact is in the training documents,
held-out prompts ask for it in a sentence that was never used for this subject.
"""

import itertools
from dataclasses import dataclass

from mri.making.corpus.documents import Choices, Document, a, filling, sentence, with_answer
from mri.making.corpus.tables import CAUSES, JOBS, KINDS, MATERIALS, PAST, PLURALS, THING_COLOURS, USES
from mri.making.corpus.world import ANIMALS, CAPITALS, DAYS, LETTERS, MONTHS, NUMBER_WORDS, OPPOSITES, TOYS

Pairs = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Relation:
    """Pairs (subject, answer). `{s}` stands for the subject, `{a_s}` for it with its article; a statement is
    followed by the answer, a question by its short answer; the first statement is the full answer in a chat."""

    pairs: Pairs
    statements: tuple[str, ...]
    questions: tuple[str, ...]


def both_ways(pairs: Pairs) -> Pairs:
    """The pairs and their mirror images."""
    return pairs + tuple((right, left) for left, right in pairs)


def following(names: list[str] | tuple[str, ...]) -> Pairs:
    """Each name with the next one."""
    return tuple(itertools.pairwise(names))


PAIRS: dict[str, tuple[float, Pairs]] = {
    "capital": (9.0, CAPITALS),
    "opposite": (14.0, both_ways(OPPOSITES)),
    "sound": (2.0, tuple((x.name, x.says) for x in ANIMALS)),
    "call": (1.0, tuple((x.name, x.calls) for x in ANIMALS)),
    "baby": (1.5, tuple((x.name, a(x.baby)) for x in ANIMALS)),
    "home": (1.0, tuple((x.name, x.home) for x in ANIMALS)),
    "food": (1.0, tuple((x.name, x.eats) for x in ANIMALS)),
    "coat": (0.6, tuple((x.name, x.coat) for x in ANIMALS)),
    "legs": (1.0, tuple((x.name, x.legs) for x in ANIMALS)),
    "thing_colour": (1.5, THING_COLOURS),
    "kind": (2.0, tuple((thing, a(kind)) for thing, kind in KINDS)),
    "job": (1.0, JOBS),
    "use": (1.0, USES),
    "cause": (2.0, CAUSES),
    "material": (0.8, MATERIALS),
    "past": (1.6, PAST),
    "plural": (0.8, PLURALS),
    "next_day": (1.0, (*following(DAYS), ("Sunday", "Monday"))),
    "next_month": (1.0, (*following(MONTHS), ("December", "January"))),
    "next_number": (1.0, following(NUMBER_WORDS)),
    "next_letter": (0.6, following(LETTERS)),
}
"""Relation -> how often it is drawn, its pairs of subject and answer."""

SAID = """\
capital:
The capital of {s} is | The capital city of {s} is | {s} is a country. Its capital is
{s} is a country. Its capital is | {s} has a famous capital, | {s} has one capital. It is
Everybody in {s} knows the capital, | If you travel to {s}, visit the capital,
They flew to {s} and stayed in the capital,
? What is the capital of {s}? | Which city is the capital of {s}? | Do you know the capital of {s}?

opposite:
The opposite of {s} is | {s} is the opposite of | {s} is the opposite of | {s} is not
{s} and its opposite, | The word {s} means the opposite of | If it is not {s}, it may be | Not {s} but
? What is the opposite of {s}? | Which word is the opposite of {s}? | Tell me the opposite of {s}.

sound:
The {s} says | {a_s} says | On the farm the {s} said | When the {s} is happy, it says
? What does the {s} say? | What sound does {a_s} make?

call:
{a_s} | Listen: the {s} | At night the {s}
? What does {a_s} do when it calls?

baby:
A young {s} is called | A baby {s} is | The {s} has a baby. It is
? What is a baby {s} called? | What do you call a young {s}?

home:
The home of the {s} is the | If you look for the {s}, go to the
? What is the home of the {s}?

food:
The {s} eats | {a_s} likes to eat | The hungry {s} found some
? What does the {s} eat? | What does {a_s} like to eat?

coat:
The body of the {s} is covered with | {a_s} has
? What covers the body of the {s}?

legs:
The number of legs of the {s} is | How many legs has the {s}? The answer is
? How many legs does the {s} have? | How many legs does {a_s} have?

thing_colour:
{s} is | The colour of {s} is | Everybody knows that {s} is
? What colour is {s}? | What color is {s}? | Which colour does {s} have?

kind:
{a_s} is | The {s} is | We know that {a_s} is
? What is {a_s}? | What kind of thing is {a_s}?

job:
A good {s} | Every day the {s} | The {s} in our town
? What does the {s} do? | What does {a_s} do?

use:
To {s} you need | If you want to {s}, take | We {s} with
? What do you need to {s}? | What can I use to {s}?

cause:
Because {s}, | {s}, so | {s}. That is why | First {s}. Then
? What happened because {s}?

material:
The {s} is made of | {a_s} is made of | To make {a_s} they used
? What is the {s} made of? | What is {a_s} made of?

past:
Today they {s}. Yesterday they | The past of {s} is | Every day we {s}. Last week we
? What is the past of {s}?

plural:
One {s}, two | The plural of {s} is | Here is one {s}, and there are many
? What is the plural of {s}?

next_day:
The day after {s} is | After {s} comes | Yesterday was {s}. Today is | Today is {s}. Tomorrow is
? Which day comes after {s}? | What day is it after {s}?

next_month:
The month after {s} is | After {s} comes | When {s} ends, the next month is
? Which month comes after {s}? | What month is it after {s}?

next_number:
The number after {s} is | After {s} comes | One more than {s} is
? Which number comes after {s}? | What is one more than {s}?

next_letter:
The letter after {s} is | After {s} comes
? Which letter comes after {s}?"""
"""Of every relation its statements, and behind ? its questions, with bars between them."""


def _relations() -> dict[str, Relation]:
    relations = {}
    for name, entry in (part.split(":\n", 1) for part in SAID.split("\n\n")):
        statements, questions = (lines.replace("\n", " | ").split(" | ") for lines in entry.split("\n? "))
        relations[name] = Relation(PAIRS[name][1], tuple(f"{text} " for text in statements), tuple(questions))
    return relations


RELATIONS = _relations()
WEIGHTS = {name: weight for name, (weight, _) in PAIRS.items()}


def filled(template: str, subject: str) -> str:
    """The template with its subject, as a sentence."""
    return sentence(template.format(s=subject, a_s=a(subject)))


def statement(c: Choices, name: str) -> tuple[str, str, str]:
    """A statement of the relation up to its answer, the answer, and its filling."""
    relation = RELATIONS[name]
    template = c.pick(relation.statements)
    subject, answer = c.pick(relation.pairs)
    return filled(template, subject), answer, filling(name, template, subject)


def question(c: Choices, name: str) -> tuple[str, str, str, str]:
    """A question about the relation, its answer, a full sentence that ends in the answer, and its filling."""
    relation = RELATIONS[name]
    template = c.pick(relation.questions)
    subject, answer = c.pick(relation.pairs)
    return filled(template, subject), answer, filled(relation.statements[0], subject), filling(name, template, subject)


def fact(c: Choices) -> Document:
    """One to four facts of one relation, or a question and its answer."""
    name = c.weighted(WEIGHTS)
    if c.chance(0.25):
        asked, answer, _, key = question(c, name)
        return with_answer(f"Question: {asked}\nAnswer: ", answer, ".", (key,))
    before, answer, key = statement(c, name)
    more = [statement(c, name) for _ in range(c.number(0, 3))]
    after = "." + "".join(f" {text}{end}." for text, end, _ in more)
    return with_answer(before, answer, after, (key, *(more_key for *_, more_key in more)))


def counting(c: Choices) -> Document:
    """Counting up, down, in twos, in words and figures; days, months and letters in order."""
    figures = [str(n) for n in range(0, 41)]
    order = c.pick(
        (NUMBER_WORDS, figures, NUMBER_WORDS[::-1], figures[20::-1], figures[::2], figures[::5], DAYS, MONTHS, LETTERS)
    )
    start = c.number(0, len(order) - 3)
    length = c.number(3, min(12, len(order) - start))
    words = order[start : start + length]
    lead = c.pick(("", "Count: ", "Let us count: ", "In order: "))
    split = c.number(2, length - 1)
    before = lead + ", ".join(words[:split]) + ", "
    return with_answer(before, words[split], "".join(f", {word}" for word in words[split + 1 :]) + ".", (before,))


def sizes(c: Choices) -> Document:
    """Comparisons that follow from a fixed order of sizes."""
    order = ["ant", "mouse", "cat", "dog", "sheep", "horse", "elephant", "whale"]
    i, j = sorted(c.pick_some(range(len(order)), 2))
    larger, smaller = a(order[j]), a(order[i])
    before, answer = c.pick(((f"{larger} is bigger than ", smaller), (f"{smaller} is smaller than ", larger)))
    return with_answer(sentence(before), answer, ".", (filling("sizes", before, answer),))


def naming(c: Choices) -> Document:
    """A plural or an article: one ball, two balls."""
    toy = c.pick([toy for toy in TOYS if toy not in ("box", "brush")])
    number = c.pick(NUMBER_WORDS[2:])
    return with_answer(f"One {toy}, {number} ", f"{toy}s", ".", (filling("naming", toy, number),))


FAMILIES = {"fact": (45.0, fact), "counting": (1.0, counting), "sizes": (0.5, sizes), "naming": (0.5, naming)}
