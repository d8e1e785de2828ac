"""A short text and questions about it: who, where, what, what colour, which animal.

A filling that is held out is what is asked about: the person with the thing and its colour, or with the place.
"""

from mri.making.corpus.documents import Choices, Document, a, filling, sentence, with_answer
from mri.making.corpus.world import ANIMALS, COLOURS, JOBS_OF_ADULTS, PEOPLE, PLACES, TOYS, Person

Asked = tuple[str, str, str, str]  # question, short answer, sentence up to the answer, filling
VERBS = ("likes", "sees", "has", "wants", "takes", "carries")


def short_text(c: Choices) -> tuple[str, list[Asked]]:
    """Three to five sentences about two people, and what can be asked about them."""
    one, two = c.pick_some(PEOPLE, 2)
    (place, word), (other_place, other_word) = c.pick_some(PLACES, 2)
    left, right = c.pick_some(TOYS, 2)
    tint, other_tint = c.pick_some(COLOURS, 2)
    animal = c.pick(ANIMALS).name
    verb = c.pick(VERBS)
    asked = [
        *about_place(one, f"{word} the {place}"),
        *about_place(two, f"{other_word} the {other_place}"),
        *about_thing(one, left, tint),
        *about_thing(two, right, other_tint),
    ]
    text = [
        f"{one.name} is {word} the {place}.",
        f"{two.name} is {other_word} the {other_place}.",
        f"{one.name} {verb} {a(f'{tint} {left}')}." if c.chance(0.6) else f"{one.name} {verb} {a(left)}. It is {tint}.",
        f"{two.name} {verb} {a(f'{other_tint} {right}')}."
        if c.chance(0.6)
        else f"{two.name} {verb} {a(right)}. It is {other_tint}.",
    ]
    asked += [(f"Who {verb} the {left}?", one.name, "It is ", filling("who", one.name, left, tint))]
    asked += [(f"Who {verb} the {right}?", two.name, "It is ", filling("who", two.name, right, other_tint))]
    if c.chance(0.5):
        text = [text[0], text[2], text[1], text[3]]
    if c.chance(0.3):
        text.append(f"{one.name} also {verb} {a(animal)}.")
        asked.append(("Which animal is there?", animal, "There is a ", filling("animal", one.name, animal)))
    if c.chance(0.3):
        job = c.pick(JOBS_OF_ADULTS)
        text.insert(0, f"{two.name}'s {c.pick(('mother', 'father'))} is {a(job)}.")
        asked.append((f"Whose parent is {a(job)}?", two.name, "It is ", filling("parent", two.name, job)))
    return " ".join(text), asked


def about_place(person: Person, there: str) -> list[Asked]:
    """Where someone is, and who is there."""
    key = filling("where", person.name, there)
    return [
        (f"Where is {person.name}?", there, f"{person.name} is ", key),
        (f"Who is {there}?", person.name, "It is ", key),
    ]


def about_thing(person: Person, thing: str, tint: str) -> list[Asked]:
    """What colour a thing is, and whose it is."""
    key = filling("thing", person.name, thing, tint)
    return [
        (f"What colour is the {thing}?", tint, f"The {thing} is ", key),
        (f"What color is the {thing}?", tint, f"The {thing} is ", key),
        (f"Which thing is {tint}?", f"the {thing}", "It is ", key),
    ]


def reading(c: Choices) -> Document:
    """A short text, then one to four questions with their answers."""
    text, asked = short_text(c)
    chosen = c.pick_some(asked, c.number(1, 4))
    full = c.chance(0.4)
    questions = [
        (f"Question: {question}\nAnswer: {sentence(lead) if full else ''}", answer if full else sentence(answer), key)
        for question, answer, lead, key in chosen
    ]
    before, answer, key = questions[0]
    after = "." + "".join(f"\n{lead}{more}." for lead, more, _ in questions[1:])
    return with_answer(f"{text}\n{before}", answer, after, tuple(dict.fromkeys((key, *(k for *_, k in questions)))))


FAMILIES = {"reading": (7.0, reading)}
