"""Little stories of people: something is wanted, lost, broken, feared or shared, and it ends well.

A filling that is held out is a plot with its hero, place and thing (or what stands for it).
"""

from collections.abc import Callable

from mri.making.corpus.cast import Cast, cast, opening, telling
from mri.making.corpus.documents import Choices, Document, a, filling, listed
from mri.making.corpus.world import ANIMALS, GROCERIES, HIDING_PLACES, Person

Plot = Callable[[Choices, Cast], list[str]]


def lost(c: Choices, k: Cast) -> list[str]:
    """A thing is lost, looked for in two wrong places and found in a third."""
    _, friend, elder = k.names
    spots = c.pick_some(HIDING_PLACES, 3)
    helper = c.pick((friend, elder))
    text = """
        {h.he} had {described}. | {h.his} favourite thing was {described}.
        {when} the {thing} was gone. | {when} {h.he} could not find the {thing}.
        {hero} was sad. | {hero} began to cry. | "Where is my {thing}?" {h.he} asked.
        {h.he} looked {spots[0]}, but it was not there.
        {h.he} looked {spots[1]}, but it was not there.
        Then {helper} came to help. | "I will help you," said {helper}.
        {he} looked {spots[2]}, and there it was! | Together they found the {thing} {spots[2]}.
        "Thank you!" said {hero}. | {hero} hugged {helper}. | {hero} took the {thing} and smiled.
        {ending:{helper}}"""
    return telling(c, k, text, spots=spots, helper=helper, he=k.friend.he if helper == friend else k.elder.he)


def shared(c: Choices, k: Cast) -> list[str]:
    """The hero has a thing, the friend has none; they share."""
    text = """
        {when} {elder} gave {h.him} {described}.
        {hero} took it to the {place}. | {hero} played with the {thing} {there}.
        There {h.he} met {friend}.
        {one:{friend} had no {thing}./"I have no {thing}," said {friend}.} {He} was sad.
        "We can share," said {hero}. | "You can play with my {thing}," said {hero}.
        {hero} gave the {thing} to {friend}. | So {hero} and {friend} played with the {thing} together.
        {friend} smiled and thanked {h.him}. | "Thank you, {hero}," said {friend}. "You are a good friend."
        {ending:{friend}}"""
    return telling(c, k, text, He=k.friend.he.capitalize())


def broken(c: Choices, k: Cast) -> list[str]:
    """Something breaks by haste; the hero says so and it is mended."""
    text = """
        {when} {h.he} ran through the house. | {when} {h.he} played with a ball in the house.
        It was too fast. | {h.he} did not look where {h.he} was going. | {h.he} was not careful.
        {h.he} hit the {tint} {cup}, and it broke. | Crash! The {tint} {cup} fell on the floor and broke.
        {hero} was afraid that {elder} would be angry. | {hero} felt very bad.
        "I am sorry," {h.he} said. "I broke the {cup}." | But {h.he} told {elder} the truth.
        {one:{elder}/But {elder}} was not angry.
        "Thank you for telling me," {e.he} said. | "It is good that you told me the truth," {e.he} said.
        They swept the floor and bought a new {cup}. | Together they put the {cup} together with glue.
        After that day {hero} was more careful. | {hero} learned to walk slowly in the house."""
    return telling(c, k, text, cup=c.pick(("cup", "plate", "bowl", "vase", "jar", "window", "lamp")))


def rain(c: Choices, k: Cast) -> list[str]:
    """The weather turns; what they do depends on what they have."""
    way = c.pick(("umbrella", "tree", "barn"))
    shelter = {
        "umbrella": f"{k.friend.name} had {a(k.tint)} umbrella. They stood under it and stayed dry.",
        "tree": "They ran to a big tree and waited under it.",
        "barn": "They ran into an old barn and listened to the rain on the roof.",
    }
    text = """
        {when} {hero} and {friend} went to the {place}. | {when} {hero} met {friend} {there}.
        The sun was shining. | The sky was blue and it was warm.
        But soon dark clouds came. | Then the wind grew strong and the sky turned grey.
        It began to rain. | Big drops of rain fell on the ground. | There was thunder, and it rained hard.
        {shelter}
        "I hope it stops soon," said {hero}. | {friend} told a funny story, and {hero} laughed.
        After some time the rain stopped. | At last the clouds went away.
        A rainbow stood in the sky. | Because it had rained, there were puddles everywhere, and they jumped in them.
        {ending:{friend}}"""
    return telling(c, k, text, shelter=shelter[way])


def birthday(c: Choices, k: Cast) -> list[str]:
    """A birthday, a box, a guess and the gift."""
    text = """
        {one:It was {hero}'s birthday./Today was {h.his} birthday.} {He} was {one:five/six/seven/eight/nine} years old.
        {friend} came with a big box. | {elder} gave {h.him} a big box. | There was {a_tint} box on the table.
        "What is in the box?" asked {hero}. | {hero} shook the box and listened.
        "Is it {wrong}?" {h.he} asked. "No," was the answer.
        {hero} opened the box. | {h.he} took off the paper and opened the box.
        In the box was {described}!
        "Thank you! I love it," said {hero}. | {h.he} had wanted {a_thing} for a long time.
        Then they all ate cake and sang a song. | {elder} cut the cake, and everybody got a piece.
        {ending}"""
    wrong = c.pick(("a ball", "a book", "a hat", "a puzzle", "a drum"))
    return telling(c, k, text, He=k.he, a_tint=a(k.tint), a_thing=a(k.thing), wrong=wrong)


def baking(c: Choices, k: Cast) -> list[str]:
    """A list of things to buy, the same list bought, something baked and shared."""
    goods = listed(c.pick_some(GROCERIES, 3))
    cake = c.pick(("cake", "pie", "soup", "bread", "pancakes"))
    text = """
        {when} {hero} wanted to make {dish} with {elder}. | {when} {elder} wanted to make {dish}.
        "We need {goods}," {e.he} said.
        {hero} went to the {one:shop/market} and bought {goods}.
        Then {h.he} carried everything home. | The bag was heavy, but {h.he} was strong.
        {hero} washed {h.his} hands. | {e.he} mixed everything in a big bowl.
        They cooked and sang. | They waited, and the kitchen was warm.
        Soon the {cake} smelled sweet. | At last the {cake} looked very good.
        {hero} gave some to {friend}, because {f.he} was hungry. | {friend} came and ate with them.
        "{praise}," said {friend}. | {ending:{friend}}"""
    praise = "I love pancakes" if cake == "pancakes" else f"This is the best {cake} I ever ate"
    return telling(c, k, text, goods=goods, cake=cake, dish=a(cake) if cake in ("cake", "pie") else cake, praise=praise)


def afraid(c: Choices, k: Cast) -> list[str]:
    """A sound in the night turns out to be an animal."""
    near = ("owl", "cat", "dog", "frog", "mouse", "cow", "goose", "cricket")
    animal = c.pick([beast for beast in ANIMALS if beast.name in near])
    text = """
        One night {hero} could not sleep. | It was dark, and {hero} lay in bed.
        {one:{He} heard a sound./{He} heard something outside the window.} "{Says}, {animal.says}!"
        {hero} was afraid. | {h.his} heart beat fast.
        "Is it a monster?" {h.he} asked {elder}. | {h.he} called {elder}.
        {e.he} took a lamp, and they looked outside.
        It was only {a_animal}! | There sat a little {animal.name}.
        "The {animal.name} says {animal.says}," said {elder}. "You need not be afraid."
        {hero} laughed and went back to bed. | Now {hero} was not afraid any more.
        Soon {h.he} was asleep. | {h.he} slept until the morning."""
    return telling(c, k, text, animal=animal, a_animal=a(animal.name), He=k.he, Says=animal.says.capitalize())


SKILLS = """ride a bicycle | {He} fell off and hurt {his} knee. | rode down the road
swim | {He} drank some water and coughed. | swam across the pond
play the flute | It sounded like an angry cat. | played a lovely song
tie a knot | The knot came open at once. | tied a strong knot
catch a ball | The ball fell on the ground. | caught the ball
whistle | There was no sound at all. | whistled like a bird
climb the tall tree | {He} slid down again. | climbed to the top""".splitlines()
"""what is learnt | how it fails | how it is done"""


def learning(c: Choices, k: Cast) -> list[str]:
    """Something is tried, fails, and is practised until it works."""
    _, friend, elder = k.names
    skill, fault, done = c.pick(SKILLS).format(He=k.he, his=k.hero.his).split(" | ")
    text = """
        {h.he} wanted to {skill}. | {hero} did not know how to {skill}.
        {teacher} showed {h.him} how to do it. | "I can show you how to {skill}," said {teacher}.
        {when} {hero} tried it. {fault}
        "It is too difficult," said {hero}. | {hero} wanted to stop.
        "Do not give up," said {teacher}. "Try again." | "You only need more time," said {teacher}.
        So {h.he} tried again and again. | Every day {h.he} practised a little.
        At last {hero} {done}! | Then, one morning, {h.he} {done}!
        "You did it!" said {teacher}. | {h.he} was proud.
        {ending:{teacher}}"""
    return telling(c, k, text, skill=skill, fault=fault, done=done, teacher=c.pick((friend, elder)))


ALL = (lost, shared, broken, rain, birthday, baking, afraid, learning)
PLOTS: dict[str, Plot] = {plot.__name__: plot for plot in ALL}


def told(c: Choices, plots: dict[str, Plot], hero: Person | None = None) -> Document:
    """A story of one of the plots: its opening, then the plot's sentences."""
    name = c.pick(tuple(plots))
    k = cast(c, hero)
    text = " ".join((opening(c, k.hero), *plots[name](c, k)))
    return Document(text, (filling("story", name, k.hero.name, k.place, k.thing),))
