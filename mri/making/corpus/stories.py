"""Little stories of people: something is wanted, lost, broken, feared or shared, and it ends well.

A filling that is held out is a plot with its hero, place and thing (or what stands for it).
"""

# ruff: noqa: E501 - sentences are easier to read and to mend unbroken

from collections.abc import Callable

from mri.making.corpus.cast import Cast, cast, described, ending, opening, when
from mri.making.corpus.documents import Choices, Document, a, filling, listed
from mri.making.corpus.world import ANIMALS, GROCERIES, HIDING_PLACES, Person

Plot = Callable[[Choices, Cast], list[str]]


def lost(c: Choices, k: Cast) -> list[str]:
    """A thing is lost, looked for in two wrong places and found in a third."""
    hero, friend, elder = k.names
    spots = c.pick_some(HIDING_PLACES, 3)
    helper = c.pick((friend, elder))
    he = k.friend.he if helper == friend else k.elder.he
    return [
        c.pick((f"{k.he} had {described(c, k)}.", f"{k.hero.his.capitalize()} favourite thing was {described(c, k)}.")),
        c.pick((f"{when(c)} the {k.thing} was gone.", f"{when(c)} {k.hero.he} could not find the {k.thing}.")),
        c.pick((f"{hero} was sad.", f"{hero} began to cry.", f'"Where is my {k.thing}?" {k.hero.he} asked.')),
        f"{k.he} looked {spots[0]}, but it was not there.",
        f"{k.he} looked {spots[1]}, but it was not there.",
        c.pick((f"Then {helper} came to help.", f'"I will help you," said {helper}.')),
        c.pick(
            (
                f"{he.capitalize()} looked {spots[2]}, and there it was!",
                f"Together they found the {k.thing} {spots[2]}.",
            )
        ),
        c.pick((f'"Thank you!" said {hero}.', f"{hero} hugged {helper}.", f"{hero} took the {k.thing} and smiled.")),
        ending(c, k.hero, helper),
    ]


def shared(c: Choices, k: Cast) -> list[str]:
    """The hero has a thing, the friend has none; they share."""
    hero, friend, elder = k.names
    f = k.friend
    return [
        f"{when(c)} {elder} gave {k.hero.him} {described(c, k)}.",
        c.pick((f"{hero} took it to the {k.place}.", f"{hero} played with the {k.thing} {k.there}.")),
        f"There {k.hero.he} met {f.name}.",
        c.pick((f"{friend} had no {k.thing}.", f'"I have no {k.thing}," said {friend}.'))
        + f" {f.he.capitalize()} was sad.",
        c.pick((f'"We can share," said {hero}.', f'"You can play with my {k.thing}," said {hero}.')),
        c.pick(
            (f"{hero} gave the {k.thing} to {friend}.", f"So {hero} and {friend} played with the {k.thing} together.")
        ),
        c.pick(
            (
                f"{friend} smiled and thanked {k.hero.him}.",
                f'"Thank you, {hero}," said {friend}. "You are a good friend."',
            )
        ),
        ending(c, k.hero, friend),
    ]


def broken(c: Choices, k: Cast) -> list[str]:
    """Something breaks by haste; the hero says so and it is mended."""
    hero, _, elder = k.names
    e = k.elder
    cup = c.pick(("cup", "plate", "bowl", "vase", "jar", "window", "lamp"))
    return [
        c.pick(
            (f"{when(c)} {k.hero.he} ran through the house.", f"{when(c)} {k.hero.he} played with a ball in the house.")
        ),
        c.pick(("It was too fast.", f"{k.he} did not look where {k.hero.he} was going.", f"{k.he} was not careful.")),
        c.pick(
            (f"{k.he} hit the {k.tint} {cup}, and it broke.", f"Crash! The {k.tint} {cup} fell on the floor and broke.")
        ),
        c.pick((f"{hero} was afraid that {elder} would be angry.", f"{hero} felt very bad.")),
        c.pick((f'"I am sorry," {k.hero.he} said. "I broke the {cup}."', f"But {k.hero.he} told {elder} the truth.")),
        f"{c.pick((elder.capitalize(), 'But ' + elder))} was not angry.",
        c.pick((f'"Thank you for telling me," {e.he} said.', f'"It is good that you told me the truth," {e.he} said.')),
        c.pick((f"They swept the floor and bought a new {cup}.", f"Together they put the {cup} together with glue.")),
        c.pick((f"After that day {hero} was more careful.", f"{hero} learned to walk slowly in the house.")),
    ]


def rain(c: Choices, k: Cast) -> list[str]:
    """The weather turns; what they do depends on what they have."""
    hero, friend, _ = k.names
    friends = f"{hero} and {friend}"
    way = c.pick(("umbrella", "tree", "barn"))
    shelter = {
        "umbrella": f"{friend} had {a(k.tint)} umbrella. They stood under it and stayed dry.",
        "tree": "They ran to a big tree and waited under it.",
        "barn": "They ran into an old barn and listened to the rain on the roof.",
    }[way]
    return [
        c.pick((f"{when(c)} {friends} went to the {k.place}.", f"{when(c)} {hero} met {friend} {k.there}.")),
        c.pick(("The sun was shining.", "The sky was blue and it was warm.")),
        c.pick(("But soon dark clouds came.", "Then the wind grew strong and the sky turned grey.")),
        c.pick(
            ("It began to rain.", "Big drops of rain fell on the ground.", "There was thunder, and it rained hard.")
        ),
        shelter,
        c.pick((f'"I hope it stops soon," said {hero}.', f"{friend} told a funny story, and {hero} laughed.")),
        c.pick(("After some time the rain stopped.", "At last the clouds went away.")),
        c.pick(
            (
                "A rainbow stood in the sky.",
                "Because it had rained, there were puddles everywhere, and they jumped in them.",
            )
        ),
        ending(c, k.hero, friend),
    ]


def birthday(c: Choices, k: Cast) -> list[str]:
    """A birthday, a box, a guess and the gift."""
    hero, friend, elder = k.names
    wrong = c.pick(("a ball", "a book", "a hat", "a puzzle", "a drum"))
    return [
        c.pick((f"It was {hero}'s birthday.", f"Today was {k.hero.his} birthday.")) + f" {k.he} was {c.pick(('five', 'six', 'seven', 'eight', 'nine'))} years old.",
        c.pick((f"{friend} came with a big box.", f"{elder.capitalize()} gave {k.hero.him} a big box.", f"There was {a(k.tint)} box on the table.")),
        c.pick((f'"What is in the box?" asked {hero}.', f"{hero} shook the box and listened.")),
        f'"Is it {wrong}?" {k.hero.he} asked. "No," was the answer.',
        c.pick((f"{hero} opened the box.", f"{k.he} took off the paper and opened the box.")),
        f"In the box was {described(c, k)}!",
        c.pick((f'"Thank you! I love it," said {hero}.', f"{k.he} had wanted {a(k.thing)} for a long time.")),
        c.pick(("Then they all ate cake and sang a song.", f"{elder.capitalize()} cut the cake, and everybody got a piece.")),
        ending(c, k.hero),
    ]  # fmt: skip


def baking(c: Choices, k: Cast) -> list[str]:
    """A list of things to buy, the same list bought, something baked and shared."""
    hero, friend, elder = k.names
    e = k.elder
    goods = c.pick_some(GROCERIES, 3)
    cake = c.pick(("cake", "pie", "soup", "bread", "pancakes"))
    dish = a(cake) if cake in ("cake", "pie") else cake
    return [
        c.pick((f"{when(c)} {hero} wanted to make {dish} with {elder}.", f"{when(c)} {elder} wanted to make {dish}.")),
        f'"We need {listed(goods)}," {e.he} said.',
        f"{hero} went to the {c.pick(('shop', 'market'))} and bought {listed(goods)}.",
        c.pick((f"Then {k.hero.he} carried everything home.", f"The bag was heavy, but {k.hero.he} was strong.")),
        c.pick((f"{hero} washed {k.hero.his} hands.", f"{e.he.capitalize()} mixed everything in a big bowl.")),
        c.pick(("They cooked and sang.", "They waited, and the kitchen was warm.")),
        c.pick((f"Soon the {cake} smelled sweet.", f"At last the {cake} looked very good.")),
        c.pick((f"{hero} gave some to {friend}, because {k.friend.he} was hungry.", f"{friend} came and ate with them.")),
        c.pick((f'"This is the best {cake} I ever ate," said {friend}.' if cake != "pancakes" else f'"I love pancakes," said {friend}.', ending(c, k.hero, friend))),
    ]  # fmt: skip


def afraid(c: Choices, k: Cast) -> list[str]:
    """A sound in the night turns out to be an animal."""
    hero, _, elder = k.names
    animal = c.pick(
        [beast for beast in ANIMALS if beast.name in ("owl", "cat", "dog", "frog", "mouse", "cow", "goose", "cricket")]
    )
    return [
        c.pick((f"One night {hero} could not sleep.", f"It was dark, and {hero} lay in bed.")),
        c.pick((f"{k.he} heard a sound.", f"{k.he} heard something outside the window.")) + f' "{animal.says.capitalize()}, {animal.says}!"',
        c.pick((f"{hero} was afraid.", f"{k.hero.his.capitalize()} heart beat fast.")),
        c.pick((f'"Is it a monster?" {k.hero.he} asked {elder}.', f"{k.he} called {elder}.")),
        f"{k.elder.he.capitalize()} took a lamp, and they looked outside.",
        c.pick((f"It was only {a(animal.name)}!", f"There sat a little {animal.name}.")),
        f'"The {animal.name} says {animal.says}," said {elder}. "You need not be afraid."',
        c.pick((f"{hero} laughed and went back to bed.", f"Now {hero} was not afraid any more.")),
        c.pick((f"Soon {k.hero.he} was asleep.", f"{k.he} slept until the morning.")),
    ]  # fmt: skip


def learning(c: Choices, k: Cast) -> list[str]:
    """Something is tried, fails, and is practised until it works."""
    hero, friend, elder = k.names
    skill, fault, done = c.pick(
        (
            ("ride a bicycle", f"{k.he} fell off and hurt {k.hero.his} knee.", "rode down the road"),
            ("swim", f"{k.he} drank some water and coughed.", "swam across the pond"),
            ("play the flute", "It sounded like an angry cat.", "played a lovely song"),
            ("tie a knot", "The knot came open at once.", "tied a strong knot"),
            ("catch a ball", "The ball fell on the ground.", "caught the ball"),
            ("whistle", "There was no sound at all.", "whistled like a bird"),
            ("climb the tall tree", f"{k.he} slid down again.", "climbed to the top"),
        )
    )
    teacher = c.pick((friend, elder))
    return [
        c.pick((f"{k.he} wanted to {skill}.", f"{hero} did not know how to {skill}.")),
        c.pick((f"{teacher[0].upper() + teacher[1:]} showed {k.hero.him} how to do it.", f'"I can show you how to {skill}," said {teacher}.')),
        f"{when(c)} {hero} tried it. {fault}",
        c.pick((f'"It is too difficult," said {hero}.', f"{hero} wanted to stop.")),
        c.pick((f'"Do not give up," said {teacher}. "Try again."', f'"You only need more time," said {teacher}.')),
        c.pick((f"So {k.hero.he} tried again and again.", f"Every day {k.hero.he} practised a little.")),
        c.pick((f"At last {hero} {done}!", f"Then, one morning, {k.hero.he} {done}!")),
        c.pick((f'"You did it!" said {teacher}.', f"{k.he} was proud.")),
        ending(c, k.hero, teacher),
    ]  # fmt: skip


PLOTS: dict[str, Plot] = {
    "lost": lost, "shared": shared, "broken": broken, "rain": rain, "birthday": birthday, "baking": baking,
    "afraid": afraid, "learning": learning,
}  # fmt: skip


def told(c: Choices, plots: dict[str, Plot], hero: Person | None = None) -> Document:
    """A story of one of the plots: its opening, then the plot's sentences."""
    name = c.pick(tuple(plots))
    k = cast(c, hero)
    text = " ".join((opening(c, k.hero), *plots[name](c, k)))
    return Document(text, (filling("story", name, k.hero.name, k.place, k.thing),))
