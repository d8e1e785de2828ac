"""More plots: animals, gardens, races, towers, snow, families. Told as those in stories.py."""

# ruff: noqa: E501 - sentences are easier to read and to mend unbroken

from mri.making.corpus.cast import Cast, Drawn, telling
from mri.making.corpus.documents import Choices, a, listed
from mri.making.corpus.stories import PLOTS, Plot
from mri.making.corpus.world import ANIMALS, COLOURS, HIDING_PLACES


def rescued(c: Choices, k: Cast) -> list[str]:
    """A young animal is lost and is brought to its mother."""
    animal = c.pick([beast for beast in ANIMALS if beast.name not in ("bee", "cricket", "whale", "snake", "frog")])
    hidden = Drawn(lambda _: c.pick(HIDING_PLACES))
    text = """
        {when} {h.he} walked to the {place}. | {when} {hero} was {there}.
        There {h.he} saw {a_little} {hidden}. | {h.he} heard a small voice. It was {a_baby}.
        The {baby} was alone and cold. | The {baby} was hungry and afraid.
        "Where is your mother?" asked {hero}. | "Poor {baby}," said {hero}. "You have lost your mother."
        {h.he} gave it some {animal.eats} to eat. | {h.he} put {h.his} {tint} scarf around it.
        Then {hero} and the {baby} looked for the mother. | {friend} came too, and they looked for the mother.
        Near the {animal.home} they heard "{animal.says}, {animal.says}!" | At last they came to the {animal.home}.
        It was the mother {animal.name}! The {baby} ran to her.
        The {animal.name} and her {baby} were together again. | The mother {animal.name} was glad to have her {baby} back.
        {ending}"""
    baby = animal.baby
    return telling(c, k, text, animal=animal, baby=baby, a_baby=a(baby), a_little=a(f"little {baby}"), hidden=hidden)


PLANTS = """flower petals
sunflower seeds
bean plant beans
apple tree apples
tomato plant tomatoes
rose petals""".splitlines()
"""A plant, and what it is full of."""


def garden(c: Choices, k: Cast) -> list[str]:
    """A seed is planted, watered, and becomes a plant."""
    _, friend, elder = k.names
    plant, fruit = c.pick(PLANTS).rsplit(maxsplit=1)
    text = """
        {when} {giver} gave {h.him} a {one:small/tiny/little} seed.
        {hero} dug a hole in the garden and put the seed in it. | {hero} planted the seed in {a_tint} pot.
        Every day {h.he} gave it water. | {h.he} watered it every morning.
        The sun shone and it was warm. | Rain fell, and the sun shone.
        For a long time nothing happened. But {hero} waited. | "Nothing grows," said {hero}. "Wait," said {giver}.
        Then one day there was a small green leaf. | After a week a green leaf came out of the ground.
        It grew and grew, because it had water and light. It was {a_plant}!
        In the summer the {plant} was taller than {hero}. | Soon it was full of {fruit}.
        {hero} gave some {fruit} to {giver}. | {hero} showed it to {giver}.
        {ending:{giver}}"""
    giver = c.pick((friend, elder))
    return telling(c, k, text, giver=giver, a_tint=a(k.tint), plant=plant, a_plant=a(plant), fruit=fruit)


def race(c: Choices, k: Cast) -> list[str]:
    """A fast animal rests, a slow one goes on and wins."""
    fast, slow = c.pick(("rabbit turtle", "horse snail", "fox duck", "hare hedgehog", "deer donkey")).split()
    text = """
        {h.he} had a book of animal stories. {when} {h.he} read this story.
        A {fast} and a {slow} wanted to run a race to the {place}.
        "I am fast and you are slow," said the {fast}. | The {fast} laughed at the {slow}.
        The {fast} ran and was soon far away. | At the start the {fast} was first.
        "I have a lot of time," said the {fast}, and it {rest}.
        But the {slow} did not stop. | The {slow} went on, step by step.
        When the {fast} looked up, it was too late. | The {fast} forgot the time.
        The {slow} was first. The {slow} won the race! | The {slow} was already at the {place} and won.
        "Slow and steady wins the race," said {hero}. | {hero} liked the story and read it again. | {hero} laughed, because the slow {slow} had won."""
    rest = c.pick(("slept under a tree", "ate some grass", "talked to a friend", "lay down in the sun"))
    return telling(c, k, text, fast=fast, slow=slow, rest=rest)


BUILDINGS = """sand castle, wave
tower of blocks, cat
snowman, wind
tree house, storm
house of cards, wind""".splitlines()
"""What is built, and what makes it fall."""


def tower(c: Choices, k: Cast) -> list[str]:
    """Something is built, falls, and is built again together."""
    built, force = c.pick(BUILDINGS).split(", ")
    force = f"{'a' if force in ('wave', 'storm') else 'the'} {force}"
    text = """
        {when} {hero} built a {one:big/huge/tall/lovely} {built}.
        It took the whole morning. | {h.he} worked hard and was proud.
        {hero} put {described} on top.
        {force} came, and the {built} fell down. | Then {force} came. The {built} was gone.
        {one:{hero} cried./{hero} was angry and sad.}{one: All the work was lost./}
        {friend} saw {h.him}. {one:"Let us build it again," {f.he} said./"I will help you," {f.he} said.}
        They worked together, and it was easy. | {friend} helped {h.him} with both hands.
        The new {built} was even better. | Soon there was a new {built}, stronger than the first.
        The {tint} {thing} was on top again. | "Together we are strong," said {hero}.
        {ending:{friend}}"""
    return telling(c, k, text, built=built, force=force)


def sick(c: Choices, k: Cast) -> list[str]:
    """A friend is ill and gets a visit."""
    text = """
        {when} {hero}'s friend {friend} was sick. | {when} {friend} did not come to school, because {f.he} was sick.
        {f.he} had to stay in bed. | {f.he} had a cold, and {f.his} nose was red.
        "What can I do for {f.him}?" {hero} asked {elder}. | {hero} wanted to help {f.him}.
        {elder} made hot soup. | {elder} gave {h.him} a jar of honey.
        {hero} took it to {friend}, and also {described}.
        {friend} was so glad that {f.he} sat up and smiled. | "You are a true friend," said {friend}.
        {hero} read {f.him} a story about {an_animal}. | They played with the {thing} on the bed.
        After three days {friend} was well again. | Soon {friend} was strong and healthy again.
        Then {hero} and {friend} went to the {place} together."""
    return telling(c, k, text, an_animal=Drawn(lambda _: a(c.pick(ANIMALS).name)))


def visit(c: Choices, k: Cast) -> list[str]:
    """A walk where three animals are met, each with its sound."""
    animals = c.pick_some([beast for beast in ANIMALS if beast.name != "whale"], 3)
    names = [a(x.name) for x in animals]
    text = """
        {when} {hero} went to the {one:zoo/farm} with {elder}. | {when} {elder} took {h.him} to see the animals.
        First they saw {a[0]}. The {x.name} said "{x.says}".
        Then they saw {a[1]}. The {y.name} said "{y.says}".
        At last they saw {a[2]}. The {z.name} said "{z.says}".
        "I saw {all}," said {hero}. | "Which animal do you like best?" {e.he} asked. "I like the {one:{x.name}/{y.name}/{z.name}}," said {hero}.
        {hero} gave some {x.eats} to the {x.name}. | The {z.name} ate {z.eats}.
        When the sun went down, they went home. | In the evening they were tired.
        At home {hero} drew a picture of the {y.name}. | In bed {h.he} thought of the {x.name}."""
    return telling(c, k, text, a=names, all=listed(names), **dict(zip("xyz", animals, strict=True)))


CHORES = "cooked dinner, washed the plates, swept the floor, read the newspaper, fixed the roof, cut the grass, wrote a letter, fed the cat"


def family(c: Choices, k: Cast) -> list[str]:
    """A day at home: what everybody does, and something funny."""
    text = """
        {h.he} was the {h.child} of a {one:baker/farmer/teacher/doctor/sailor/painter}. | {h.he} had a {one:little/big} {one:sister/brother}.
        {when} the family was at home. Mother {chores[0]}. Father {chores[1]}.
        {hero} {chores[2]}.
        Then somebody knocked on the door. It was {friend}. | Then they heard a noise. {friend} stood at the door.
        "Look what I have," {f.he} said. It was {described}.
        "Where did you find it?" asked {hero}. "I found it {there}," said {friend}. | "My {one:uncle/aunt} gave it to me," said {friend}.
        They all looked at the {thing}. | {friend} put the {thing} on the table.
        {friend} stayed for dinner. | They ate together and told stories.
        After dinner {hero} and {friend} played until it was dark. | It was late when {friend} went home."""
    return telling(c, k, text, chores=c.pick_some(CHORES.split(", "), 3))


def market(c: Choices, k: Cast) -> list[str]:
    """A thing is wanted, money is earned by work, the thing is bought."""
    cost = c.pick(("five", "six", "eight", "ten"))
    work = c.pick(("washed the windows", "carried wood", "fed the hens", "picked apples", "swept the barn"))
    text = """
        {when} {hero} saw {described} at the market.
        {h.he} wanted to have it. | "How much is the {thing}?" {h.he} asked.
        It cost {cost} coins, but {hero} had only two coins.
        "You can work for me," said {elder}. | So {h.he} asked {elder} for work.
        {hero} {work} for {e.him}.
        {e.he} gave {h.him} {cost} coins. | It was hard, but in the end {h.he} had {cost} coins.
        {hero} ran back to the market. | The next day {hero} went to the market with {friend}.
        "Do you want the {tint} one or the {other} one?" asked the seller. "The {tint} one," said {hero}.
        So {hero} bought the {thing}. | Now the {tint} {thing} was {h.his} own.
        {ending}"""
    return telling(c, k, text, cost=cost, work=work, other=c.pick([x for x in COLOURS if x != k.tint]))


def snow(c: Choices, k: Cast) -> list[str]:
    """The first snow, a sled, something warm."""
    text = """
        One winter morning {hero} looked out of the window. | In winter {hero} woke up early.
        Everything was white. | Snow lay on the roofs and on the trees.
        {h.he} put on {h.his} {tint} coat and ran outside. | "Snow!" {h.he} called and ran outside.
        {friend} was there with a sled. | {h.he} met {friend} on the hill.
        {hero} and {friend} made a snowman with a carrot nose. | They slid down the hill very fast.
        {friend} threw a snowball, and {hero} laughed. | {hero} fell into the snow, but {h.he} was not hurt.
        Soon their hands were cold. | Because it was so cold, their noses were red.
        {elder} gave them {one:hot tea with honey/warm milk and cookies/hot soup}.
        {ending:{friend}}"""
    return telling(c, k, text)


def secret(c: Choices, k: Cast) -> list[str]:
    """A map, a key or a letter leads to a box."""
    clue = c.pick(("an old map", "a small key", "a letter", "a strange note"))
    text = """
        {when} {h.he} found {clue} {spots[0]}.
        {h.he} showed it to {friend}. | "Look, {friend}!" {h.he} said. "This is a secret."
        With {clue} in {h.his} hand, {hero} ran to the {place}. {friend} ran after {h.him}. | They followed the path to the {place}.
        They looked everywhere. | {friend} was tired, but {hero} went on.
        There, {spots[1]}, was an old box.
        {hero} opened it slowly. | It was locked, but at last it opened.
        In it was {described}.
        "Who put it there?" asked {friend}. | "It is a treasure!" said {friend}.
        They took turns with the {thing}. | {hero} let {friend} have the {thing}, because {h.he} was kind.
        {ending:{friend}}"""
    return telling(c, k, text, clue=clue, spots=c.pick_some(HIDING_PLACES, 2))


MORE = (rescued, garden, race, tower, sick, visit, family, market, snow, secret)
ALL_PLOTS: dict[str, Plot] = PLOTS | {plot.__name__: plot for plot in MORE}
