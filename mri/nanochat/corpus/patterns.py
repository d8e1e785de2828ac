"""Documents that are solved by looking back: who gave what to whom, whose ball is red, lists that come again.

Indirect objects ("When Mia and Tom went to the park, Tom gave a ball to" -> Mia) hold out the pair of names
with the object and the place; colours hold out the owner, the object and its colour; a repeated list is new each time.
"""

# ruff: noqa: SIM905 - sentences are easier to read and to mend unbroken

from mri.nanochat.corpus.documents import Choices, Document, a, filling, listed, sentence, with_answer
from mri.nanochat.corpus.world import COLOURS, FOODS, GROCERIES, LOOKS, PEOPLE, PLACES, SIZES, TOYS, Person

GAVE = ("gave", "gave", "gave", "handed", "passed", "showed", "brought", "offered")
SYLLABLES = tuple(first + vowel for first in "b d f g k l m n p r s t v z".split() for vowel in "aeiou")


def at(c: Choices) -> tuple[str, str]:
    """A place by name and as 'in the park'."""
    place, word = c.pick(PLACES)
    return place, f"{word} the {place}"


def indirect_object(c: Choices) -> Document:
    """Two people go somewhere; one gives the other something."""
    first, second = c.pick_some(PEOPLE, 2)
    giver, taker = (first, second) if c.chance(0.5) else (second, first)
    place, there = at(c)
    thing = c.pick(TOYS + FOODS)
    key = filling("indirect", *sorted((first.name, second.name)), thing, place)
    one, two = first.name, second.name
    opening = c.pick(
        (
            f"When {one} and {two} went to the {place}, ",
            f"When {one} and {two} went to the {place}, ",
            f"When {one} and {two} were {there}, ",
            f"After {one} and {two} came to the {place}, ",
            f"While {one} and {two} played {there}, ",
            f"{one} and {two} went to the {place}. ",
            f"{one} and {two} met {there}. ",
            f"{one} was {there} with {two}. ",
            f"Yesterday {one} and {two} walked to the {place}. ",
        )
    )
    gift = c.pick((a(thing), f"the {thing}")) if c.chance(0.8) else a(f"{c.pick(COLOURS)} {thing}")
    before = f"{opening}{giver.name} {c.pick(GAVE)} {gift} to "
    after = c.pick(
        (
            ".",
            f". {taker.name} said thank you.",
            f". {taker.he.capitalize()} was happy.",
            f". {giver.name} smiled at {taker.him}.",
            f". Now {taker.name} has the {thing}.",
            f", and {taker.he} thanked {giver.him}.",
        )
    )
    return with_answer(before, taker.name, after, (key,))


def giving(c: Choices) -> Document:
    """'Mia has a ball and Tom has a kite. Mia gave the ball to Tom. Now Tom has the ball and the kite.'"""
    one, two = c.pick_some(PEOPLE, 2)
    left, right = c.pick_some(TOYS, 2)
    key = filling("giving", one.name, two.name, left, right)
    begin = f"{one.name} has {a(left)} and {two.name} has {a(right)}. "
    giver, taker, gift, kept = (one, two, left, right) if c.chance(0.5) else (two, one, right, left)
    begin += f"{giver.name} gave the {gift} to "
    after = c.pick((f". Now {taker.name} has the {gift} and the {kept}.", f". {giver.name} has nothing now.", "."))
    return with_answer(begin, taker.name, after, (key,))


def belongings(c: Choices, people: list[Person], things: list[str], colours: list[str]) -> list[str]:
    """One sentence for each person, thing and colour, in varied form."""
    said = []
    for person, thing, colour in zip(people, things, colours, strict=True):
        said.append(
            c.pick(
                (
                    f"{person.name} has {a(f'{colour} {thing}')}.",
                    f"{person.name} has {a(f'{colour} {thing}')}.",
                    f"{person.name} has {a(thing)}. The {thing} is {colour}.",
                    f"The {thing} of {person.name} is {colour}.",
                    f"{person.name} plays with {a(f'{colour} {thing}')}.",
                )
            )
            if c.chance(0.85)
            else f"{person.name} found {a(f'{c.pick(SIZES)} {colour} {thing}')}."
        )
    return said


def colours(c: Choices) -> Document:
    """Two to four people with coloured things, then what colour one of them is."""
    count = c.number(2, 4)
    people, things, tints = c.pick_some(PEOPLE, count), c.pick_some(TOYS, count), c.pick_some(COLOURS, count)
    begin = " ".join(belongings(c, people, things, tints))
    keys = tuple(
        filling("colours", person.name, thing, tint) for person, thing, tint in zip(people, things, tints, strict=True)
    )
    asked = c.number(0, count - 1)
    person, thing, tint = people[asked], things[asked], tints[asked]
    before, answer = c.pick(
        (
            (f"{begin} The {thing} is ", tint),
            (f"{begin} The colour of the {thing} is ", tint),
            (f"{begin} Question: What colour is the {thing}? Answer: ", sentence(tint)),
            (f"{begin}\nQuestion: What colour is the {thing}?\nAnswer: The {thing} is ", tint),
            (f"{begin} Question: What color is the {thing}? Answer: ", sentence(tint)),
            (f"{begin} What colour is the {thing} of {person.name}? It is ", tint),
            (f"{begin} The {tint} thing is the ", thing),
            (f"{begin} Question: Who has the {thing}? Answer: ", person.name),
            (f"{begin}\nQuestion: What does {person.name} have?\nAnswer: {person.name} has ", a(thing)),
        )
    )
    after = "."
    if "?" in before and c.chance(0.4):
        other = people[asked - 1], things[asked - 1], tints[asked - 1]
        after = f". Question: What colour is the {other[1]}? Answer: {sentence(other[2])}."
    return with_answer(before, answer, after, (keys[asked], *(key for key in keys if key != keys[asked])))


def shopping(c: Choices) -> Document:
    """A list that is bought again by someone else."""
    one, two = c.pick_some(PEOPLE, 2)
    goods = c.pick_some(GROCERIES, c.number(3, 6))
    split = c.number(1, len(goods) - 1)
    verb = c.pick(("bought", "wanted", "carried", "counted", "forgot"))
    again = c.pick((f"Then {two.name} {verb} ", f"{two.name} also {verb} ", f"So {two.name} {verb} "))
    text = f"{one.name} {verb} {listed(goods)}. {again}{listed(goods)}."
    before = f"{one.name} {verb} {listed(goods)}. {again}{', '.join(goods[:split])}"
    before += " and " if split == len(goods) - 1 else ", "
    return with_answer(before, goods[split], text[len(before + goods[split]) :], (filling("shopping", *goods),))


def cycle(c: Choices) -> Document:
    """'red, blue, green, red, blue, green, …'."""
    words = c.pick_some(c.pick((COLOURS, TOYS, GROCERIES, SIZES, LOOKS, FOODS)), c.number(2, 5))
    times = c.number(3, 4)
    before = ", ".join(words * (times - 1)) + ", "
    return with_answer(before, words[0], "".join(f", {word}" for word in words[1:]) + ".", (filling("cycle", *words),))


def made_up_word(c: Choices) -> str:
    """'zufo': a word that means nothing, two or three syllables."""
    return "".join(c.pick(SYLLABLES) for _ in range(c.number(1, 3)))


def repeat(c: Choices, all_words: tuple[str, ...]) -> Document:
    """Random words of the corpus, or words that mean nothing, and the same once or twice again."""
    count = c.number(4, 24)
    words = [made_up_word(c) for _ in range(count)] if c.chance(0.25) else c.pick_some(all_words, count)
    joint = c.pick((" ", " ", ", "))
    times = c.number(2, 3)
    split = c.number(1, count - 1)
    before = joint.join(words * (times - 1) + words[:split]) + joint
    after = "".join(joint + word for word in words[split + 1 :])
    return with_answer(before, words[split], after, (filling("repeat", *words),))


FAMILIES = {
    "indirect_object": (9.0, indirect_object),
    "giving": (2.0, giving),
    "colours": (9.0, colours),
    "shopping": (2.0, shopping),
    "cycle": (1.0, cycle),
}
