"""Conversations in nanochat's chat format, some of which use the calculator tool.

A conversation is a few exchanges, each a user message and the assistant's answer. What is held out is what the
exchange was made from: a question template with its subject, or the two numbers and the operator.
"""

from collections.abc import Callable
from dataclasses import dataclass

from mri.making.corpus.documents import Choices, Document, filling, listed, sentence
from mri.making.corpus.facts import WEIGHTS, question
from mri.making.corpus.numbers import two_terms
from mri.making.corpus.patterns import belongings
from mri.making.corpus.reading import short_text
from mri.making.corpus.stories import told
from mri.making.corpus.tales import ALL_PLOTS
from mri.making.corpus.world import COLOURS, GROCERIES, NUMBER_WORDS, PEOPLE, TOYS

USER, USER_END = "<|user_start|>", "<|user_end|>"
ASSISTANT, ASSISTANT_END = "<|assistant_start|>", "<|assistant_end|>"
PYTHON, PYTHON_END, OUTPUT, OUTPUT_END = "<|python_start|>", "<|python_end|>", "<|output_start|>", "<|output_end|>"


@dataclass(frozen=True)
class Exchange:
    """A user message and the reply, which is `before` + `answer` + `after`; the answer is what a probe asks for."""

    user: str
    before: str
    answer: str
    after: str
    fillings: tuple[str, ...]


def ask_fact(c: Choices) -> Exchange:
    """A question about a relation, answered in a full sentence."""
    name = c.weighted(WEIGHTS)
    asked, answer, lead, key = question(c, name)
    return Exchange(asked, lead, answer, ".", (key,))


def ask_sum(c: Choices) -> Exchange:
    """A small sum in words, done without the tool."""
    x, y = two_terms(c)
    one, two = NUMBER_WORDS[x], NUMBER_WORDS[y]
    asked = c.pick((f"What is {one} plus {two}?", f"How much is {one} and {two}?", f"Add {one} and {two}."))
    return Exchange(asked, f"{sentence(one)} plus {two} is ", NUMBER_WORDS[x + y], ".", (filling("ask_sum", asked),))


def calculate(c: Choices) -> Exchange:
    """A sum in figures, done with the calculator: the tool's result stands in the reply and is then said."""
    operator = c.pick("++-*")
    largest = c.pick((20, 99))
    x, y = c.number(1, largest), c.number(1, largest)
    if operator == "-":
        x, y = max(x, y), min(x, y)
    result = {"+": x + y, "-": x - y, "*": x * y}[operator]
    spoken = {"+": "plus", "-": "minus", "*": "times"}[operator]
    figures, words = f"{x} {operator} {y}", f"{x} {spoken} {y}"
    tight = f"{x}{operator}{y}"
    wishes = (f"What is {figures}?", f"What is {tight}?", f"What is {words}?", f"Please calculate {figures}.")
    asked = c.pick((*wishes, f"How much is {words}?"))
    tool = f"{PYTHON}{tight}{PYTHON_END}{OUTPUT}{result}{OUTPUT_END}"
    said = c.pick((f"{words} is ", f"{figures} = ", "The answer is "))
    return Exchange(asked, tool + said, str(result), ".", (filling("calculate", operator, x, y),))


def ask_text(c: Choices) -> Exchange:
    """A short text with one question."""
    text, asked = short_text(c)
    about, answer, lead, key = c.pick(asked)
    ordered = (text, about) if c.chance(0.7) else (about, text)
    return Exchange(" ".join(ordered), sentence(lead), answer, ".", (key,))


def ask_colour(c: Choices) -> Exchange:
    """What colour one of two or three things is."""
    count = c.number(2, 3)
    people, things, tints = c.pick_some(PEOPLE, count), c.pick_some(TOYS, count), c.pick_some(COLOURS, count)
    i = c.number(0, count - 1)
    asked = c.pick((f"What colour is the {things[i]}?", f"What color is the {things[i]}?"))
    text = " ".join((*belongings(c, people, things, tints), asked))
    keys = [filling("colours", p.name, t, tint) for p, t, tint in zip(people, things, tints, strict=True)]
    return Exchange(text, f"The {things[i]} is ", tints[i], ".", (keys[i], *(key for key in keys if key != keys[i])))


def ask_story(c: Choices) -> Exchange:
    """A wish for a story about somebody, and the story."""
    hero = c.pick(PEOPLE)
    named = f"Tell me a story about a {hero.boy} named {hero.name}."
    called = f"Can you tell me a story about a {hero.boy} called {hero.name}?"
    asked = c.pick((named, f"Please tell me a story about {hero.name}.", called))
    story = told(c, ALL_PLOTS, hero)
    return Exchange(asked, "", story.text, "", story.fillings)


def ask_list(c: Choices) -> Exchange:
    """A list to be repeated."""
    words = c.pick_some(c.pick((GROCERIES, COLOURS, TOYS)), c.number(3, 6))
    asked = c.pick(("Please repeat: ", "Say this again: ", "Repeat after me: ")) + listed(words) + "."
    said = listed(words)
    return Exchange(asked, "", sentence(said), ".", (filling("ask_list", *words),))


def ask_counting(c: Choices) -> Exchange:
    """A wish to count to a number."""
    last = c.number(3, 20)
    figures = c.chance(0.5)
    numbers = [str(n) if figures else NUMBER_WORDS[n] for n in range(1, last + 1)]
    first, last_one = numbers[0], numbers[-1]
    asks = (f"Count to {last_one}.", f"Can you count to {last_one}?", f"Please count from {first} to {last_one}.")
    asked = c.pick(asks)
    return Exchange(asked, "", sentence(", ".join(numbers)), ".", (filling("ask_counting", asked),))


SMALL_TALK = """\
Hello! | Hello! How can I help you?
Hi! | Hi! What would you like to know?
Good morning. | Good morning! How can I help you?
How are you? | I am fine, thank you. How can I help you?
Who are you? | I am a very small nanochat model. I know a small world.
What can you do? | I can tell stories, answer questions about my small world, count and add numbers.
Thank you. | You are welcome!
Thanks! | You are welcome!
Are you a person? | No, I am a small language model.
What do you know? | I know people, animals, colours, places, capitals, opposites and small numbers.""".splitlines()


def small_talk(c: Choices) -> Exchange:
    """Greetings, thanks and questions about the model itself."""
    asked, answer = c.pick(SMALL_TALK).split(" | ")
    return Exchange(asked, "", answer, "", ())


def remembered_name(c: Choices) -> list[Exchange]:
    """Two exchanges: a name is given, and asked for."""
    name = c.pick(PEOPLE).name
    given = c.pick((f"My name is {name}.", f"I am {name}.", f"Hello, I am {name}."))
    asked = c.pick(("What is my name?", "Do you know my name?", "Who am I?"))
    key = filling("remembered_name", given, asked)
    return [
        Exchange(given, c.pick(("Nice to meet you, ", "Hello, ")), name, c.pick((".", "!")), (key,)),
        Exchange(asked, "Your name is ", name, ".", (key,)),
    ]


EXCHANGES: dict[str, tuple[float, Callable[[Choices], Exchange]]] = {
    "ask_fact": (8.0, ask_fact),
    "ask_sum": (2.0, ask_sum),
    "calculate": (1.2, calculate),
    "ask_text": (2.5, ask_text),
    "ask_colour": (6.0, ask_colour),
    "ask_story": (1.0, ask_story),
    "ask_list": (1.0, ask_list),
    "ask_counting": (0.7, ask_counting),
    "small_talk": (0.8, small_talk),
}
EXCHANGE_WEIGHTS = {name: weight for name, (weight, _) in EXCHANGES.items()}


def written(exchange: Exchange) -> tuple[str, str, str]:
    """The exchange in nanochat's format, cut before and after its answer."""
    gap = ""
    before, answer = exchange.before, exchange.answer
    if before.endswith(" ") and not answer[0].isdigit():
        before, gap = before[:-1], " "
    return (
        f"{USER}{exchange.user}{USER_END}{ASSISTANT}{before}",
        gap + answer,
        f"{exchange.after}{ASSISTANT_END}",
    )


def conversation(c: Choices, family: str) -> Document:
    """A first exchange of the family, then up to two others. The probe asks for the first exchange's answer."""
    exchanges = remembered_name(c) if family == "remembered_name" else [EXCHANGES[family][1](c)]
    if family != "ask_story":
        exchanges += [EXCHANGES[c.weighted(EXCHANGE_WEIGHTS)][1](c) for _ in range(c.number(0, 2))]
    before, answer, after = written(exchanges[0])
    after += "".join("".join(written(exchange)) for exchange in exchanges[1:])
    fillings = tuple(dict.fromkeys(key for exchange in exchanges for key in exchange.fillings))
    return Document(before + answer + after, fillings, (len(before), len(before + answer)))


FAMILIES: dict[str, tuple[float, Callable[[Choices], Document]]] = {
    f"chat.{family}": (weight * 1.3, lambda c, family=family: conversation(c, family))  # type: ignore[misc]
    for family, weight in (EXCHANGE_WEIGHTS | {"remembered_name": 0.4}).items()
}
