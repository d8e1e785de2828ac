"""Documents that are solved by looking back: who gave what to whom, whose ball is red, lists that come again.

Indirect objects ("When Mia and Tom went to the park, Tom gave a ball to" -> Mia) hold out the pair of names
with the object and the place; colours hold out the owner, the object and its colour; a repeated list is new each time.
"""

# ruff: noqa: SIM905 - sentences are easier to read and to mend unbroken

from dataclasses import replace

from mri.making.corpus.documents import Choices, Document, a, filling, listed, sentence, with_answer
from mri.making.corpus.world import COLOURS, FOODS, GROCERIES, LOOKS, PEOPLE, PLACES, SIZES, TOYS, Person

THINGS = COLOURS + TOYS + FOODS + GROCERIES + tuple(place for place, _ in PLACES)
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
    both = f"{one} and {two}"
    went, played = f"When {both} went to the {place}, ", f"While {both} played {there}, "
    then = (f"When {both} were {there}, ", f"After {both} came to the {place}, ", played)
    met = (f"{both} went to the {place}. ", f"{both} met {there}. ", f"{one} was {there} with {two}. ")
    opening = c.pick((went, went, *then, *met, f"Yesterday {both} walked to the {place}. "))
    gift = c.pick((a(thing), f"the {thing}")) if c.chance(0.8) else a(f"{c.pick(COLOURS)} {thing}")
    before = f"{opening}{giver.name} {c.pick(GAVE)} {gift} to "
    glad = (f". {taker.name} said thank you.", f". {taker.he.capitalize()} was happy.")
    done = (f". {giver.name} smiled at {taker.him}.", f". Now {taker.name} has the {thing}.")
    after = c.pick((".", *glad, *done, f", and {taker.he} thanked {giver.him}."))
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
        if c.chance(0.85):
            has = f"{person.name} has {a(f'{colour} {thing}')}."
            apart = (
                f"{person.name} has {a(thing)}. The {thing} is {colour}.",
                f"The {thing} of {person.name} is {colour}.",
            )
            said.append(c.pick((has, has, *apart, f"{person.name} plays with {a(f'{colour} {thing}')}.")))
        else:
            said.append(f"{person.name} found {a(f'{c.pick(SIZES)} {colour} {thing}')}.")
    return said


def asked(c: Choices, person: Person, thing: str, tint: str) -> tuple[str, str]:
    """A question or the beginning of a sentence about someone's thing, and its answer."""
    return c.pick(
        (
            (f" The {thing} is ", tint),
            (f" The {thing} is ", tint),
            (f" The colour of the {thing} is ", tint),
            (f" Question: What colour is the {thing}? Answer: ", sentence(tint)),
            (f"\nQuestion: What colour is the {thing}?\nAnswer: The {thing} is ", tint),
            (f" Question: What color is the {thing}? Answer: ", sentence(tint)),
            (f" What colour is the {thing} of {person.name}? It is ", tint),
            (f" The {tint} thing is the ", thing),
            (f" Question: Who has the {thing}? Answer: ", person.name),
            (f"\nQuestion: What does {person.name} have?\nAnswer: {person.name} has ", a(thing)),
        )
    )


def colours(c: Choices) -> Document:
    """Two to four people with coloured things, then what is asked about each of them in turn."""
    count = c.number(2, 4)
    people, things, tints = c.pick_some(PEOPLE, count), c.pick_some(TOYS, count), c.pick_some(COLOURS, count)
    begin = " ".join(belongings(c, people, things, tints))
    owned = list(zip(people, things, tints, strict=True))
    turns = c.pick_some(owned, count)
    keys = tuple(filling("colours", person.name, thing, tint) for person, thing, tint in turns)
    (before, answer), *more = [asked(c, *turn) for turn in turns]
    after = "." + "".join(f"{lead}{said}." for lead, said in more)
    return with_answer(begin + before, answer, after, keys)


def inventory(c: Choices) -> Document:
    """'There is a red ball and a blue hat. Colours: hat blue, ball red.': the word before comes after."""
    count = c.number(2, 6)
    things, tints = c.pick_some(TOYS, count), c.pick_some(COLOURS, count)
    owned = list(zip(things, tints, strict=True))
    begin = f"There is {listed([a(f'{tint} {thing}') for thing, tint in owned])}."
    (thing, tint), *more = c.pick_some(owned, count)
    lead, said, then = c.pick(((" Colours:", " {} ", ","), (" Colours:", " {} ", ","), ("", " The {} is ", ".")))
    after = "".join(f"{then}{said.format(other)}{its_tint}" for other, its_tint in more) + "."
    made = with_answer(begin + lead + said.format(thing), tint, after, (filling("inventory", *things, *tints),))
    return replace(made, chance_until=len(begin))


def backwards(c: Choices) -> Document:
    """A list forwards, then backwards."""
    words = c.pick_some(c.pick((COLOURS, TOYS, GROCERIES, FOODS)), c.number(3, 8))
    joint = c.pick((" ", " ", ", "))
    before = f"Forwards: {joint.join(words)}. Backwards: {words[-1]}{joint}"
    after = "".join(joint + word for word in words[-3::-1]) + "."
    return with_answer(before, words[-2], after, (filling("backwards", *words),))


def swapped(c: Choices) -> Document:
    """Pairs of words, then each pair the other way round, in another order: to make heads that find the word before."""
    count = c.number(2, 12)
    words = c.pick_some(THINGS, 2 * count)
    pairs = list(zip(words[::2], words[1::2], strict=True))
    begin = f"Pairs: {', '.join(f'{one} {two}' for one, two in pairs)}."
    (one, two), *more = c.pick_some(pairs, count)
    after = "".join(f", {second} {first}" for first, second in more) + "."
    made = with_answer(f"{begin} Swapped: {two} ", one, after, (filling("swapped", *words),))
    return replace(made, chance_until=len(begin))


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
    count = c.number(3, 24)
    words = [made_up_word(c) for _ in range(count)] if c.chance(0.25) else c.pick_some(all_words, count)
    joint = c.pick((" ", " ", ", "))
    times = c.number(3, 6) if count <= 8 else c.number(2, 3)
    split = c.number(1, count - 1)
    before = joint.join(words * (times - 1) + words[:split]) + joint
    after = "".join(joint + word for word in words[split + 1 :])
    return with_answer(before, words[split], after, (filling("repeat", *words),))


FAMILIES = {
    "indirect_object": (8.0, indirect_object),
    "giving": (1.5, giving),
    "colours": (30.0, colours),
    "inventory": (12.0, inventory),
    "swapped": (10.0, swapped),
    "backwards": (4.0, backwards),
    "shopping": (1.0, shopping),
    "cycle": (1.5, cycle),
}
