"""More plots: animals, gardens, races, towers, snow, families. Told as those in stories.py."""

# ruff: noqa: E501 - sentences are easier to read and to mend unbroken

from mri.making.corpus.cast import Cast, described, ending, when
from mri.making.corpus.documents import Choices, a, listed
from mri.making.corpus.stories import PLOTS, Plot
from mri.making.corpus.world import ANIMALS, COLOURS, HIDING_PLACES


def rescued(c: Choices, k: Cast) -> list[str]:
    """A young animal is lost and is brought to its mother."""
    hero, friend, _ = k.names
    animal = c.pick([beast for beast in ANIMALS if beast.name not in ("bee", "cricket", "whale", "snake", "frog")])
    baby = animal.baby
    return [
        c.pick((f"{when(c)} {k.hero.he} walked to the {k.place}.", f"{when(c)} {hero} was {k.there}.")),
        c.pick((f"There {k.hero.he} saw {a(f'little {baby}')} {c.pick(HIDING_PLACES)}.", f"{k.he} heard a small voice. It was {a(baby)}.")),
        c.pick((f"The {baby} was alone and cold.", f"The {baby} was hungry and afraid.")),
        c.pick((f'"Where is your mother?" asked {hero}.', f'"Poor {baby}," said {hero}. "You have lost your mother."')),
        c.pick((f"{k.he} gave it some {animal.eats} to eat.", f"{k.he} put {k.hero.his} {k.tint} scarf around it.")),
        c.pick((f"Then {hero} and the {baby} looked for the mother.", f"{friend} came too, and they looked for the mother.")),
        c.pick((f'Near the {animal.home} they heard "{animal.says}, {animal.says}!"', f"At last they came to the {animal.home}.")),
        f"It was the mother {animal.name}! The {baby} ran to her.",
        c.pick((f"The {animal.name} and her {baby} were together again.", f"The mother {animal.name} was glad to have her {baby} back.")),
        ending(c, k.hero),
    ]  # fmt: skip


def garden(c: Choices, k: Cast) -> list[str]:
    """A seed is planted, watered, and becomes a plant."""
    hero, friend, elder = k.names
    plant, fruit = c.pick(
        (
            ("flower", "petals"),
            ("sunflower", "seeds"),
            ("bean plant", "beans"),
            ("apple tree", "apples"),
            ("tomato plant", "tomatoes"),
            ("rose", "petals"),
        )
    )
    giver = c.pick((friend, elder))
    return [
        f"{when(c)} {giver} gave {k.hero.him} a {c.pick(('small', 'tiny', 'little'))} seed.",
        c.pick((f"{hero} dug a hole in the garden and put the seed in it.", f"{hero} planted the seed in {a(k.tint)} pot.")),
        c.pick((f"Every day {k.hero.he} gave it water.", f"{k.he} watered it every morning.")),
        c.pick(("The sun shone and it was warm.", "Rain fell, and the sun shone.")),
        c.pick((f"For a long time nothing happened. But {hero} waited.", f'"Nothing grows," said {hero}. "Wait," said {giver}.')),
        c.pick(("Then one day there was a small green leaf.", "After a week a green leaf came out of the ground.")),
        f"It grew and grew, because it had water and light. It was {a(plant)}!",
        c.pick((f"In the summer the {plant} was taller than {hero}.", f"Soon it was full of {fruit}.")),
        c.pick((f"{hero} gave some {fruit} to {giver}.", f"{hero} showed it to {giver}.")),
        ending(c, k.hero, giver),
    ]  # fmt: skip


def race(c: Choices, k: Cast) -> list[str]:
    """A fast animal rests, a slow one goes on and wins."""
    fast, slow = c.pick(
        (("rabbit", "turtle"), ("horse", "snail"), ("fox", "duck"), ("hare", "hedgehog"), ("deer", "donkey"))
    )
    hero = k.hero.name
    rest = c.pick(("slept under a tree", "ate some grass", "talked to a friend", "lay down in the sun"))
    return [
        f"{k.he} had a book of animal stories. {when(c)} {k.hero.he} read this story.",
        f"A {fast} and a {slow} wanted to run a race to the {k.place}.",
        c.pick((f'"I am fast and you are slow," said the {fast}.', f"The {fast} laughed at the {slow}.")),
        c.pick((f"The {fast} ran and was soon far away.", f"At the start the {fast} was first.")),
        f'"I have a lot of time," said the {fast}, and it {rest}.',
        c.pick((f"But the {slow} did not stop.", f"The {slow} went on, step by step.")),
        c.pick((f"When the {fast} looked up, it was too late.", f"The {fast} forgot the time.")),
        c.pick((f"The {slow} was first. The {slow} won the race!", f"The {slow} was already at the {k.place} and won.")),
        c.pick((f'"Slow and steady wins the race," said {hero}.', f"{hero} liked the story and read it again.", f"{hero} laughed, because the slow {slow} had won.")),
    ]  # fmt: skip


def tower(c: Choices, k: Cast) -> list[str]:
    """Something is built, falls, and is built again together."""
    hero, friend, _ = k.names
    built, force = c.pick(
        (
            ("sand castle", "A wave"),
            ("tower of blocks", "The cat"),
            ("snowman", "The wind"),
            ("tree house", "A storm"),
            ("house of cards", "The wind"),
        )
    )
    return [
        f"{when(c)} {hero} built a {c.pick(('big', 'huge', 'tall', 'lovely'))} {built}.",
        c.pick(("It took the whole morning.", f"{k.he} worked hard and was proud.")),
        f"{hero} put {described(c, k)} on top.",
        c.pick((f"{force} came, and the {built} fell down.", f"Then {force[0].lower() + force[1:]} came. The {built} was gone.")),
        c.pick((f"{hero} cried.", f"{hero} was angry and sad.")) + c.pick((" All the work was lost.", "")),
        f"{friend} saw {k.hero.him}. " + c.pick((f'"Let us build it again," {k.friend.he} said.', f'"I will help you," {k.friend.he} said.')),
        c.pick(("They worked together, and it was easy.", f"{friend} helped {k.hero.him} with both hands.")),
        c.pick((f"The new {built} was even better.", f"Soon there was a new {built}, stronger than the first.")),
        c.pick((f"The {k.tint} {k.thing} was on top again.", f'"Together we are strong," said {hero}.')),
        ending(c, k.hero, friend),
    ]  # fmt: skip


def sick(c: Choices, k: Cast) -> list[str]:
    """A friend is ill and gets a visit."""
    hero, friend, elder = k.names
    f = k.friend
    return [
        c.pick((f"{when(c)} {hero}'s friend {friend} was sick.", f"{when(c)} {friend} did not come to school, because {f.he} was sick.")),
        c.pick((f"{f.he.capitalize()} had to stay in bed.", f"{f.he.capitalize()} had a cold, and {f.his} nose was red.")),
        c.pick((f'"What can I do for {f.him}?" {hero} asked {elder}.', f"{hero} wanted to help {f.him}.")),
        c.pick((f"{elder.capitalize()} made hot soup.", f"{elder.capitalize()} gave {k.hero.him} a jar of honey.")),
        f"{hero} took it to {friend}, and also {described(c, k)}.",
        c.pick((f"{friend} was so glad that {f.he} sat up and smiled.", f'"You are a true friend," said {friend}.')),
        c.pick((f"{hero} read {f.him} a story about {a(c.pick(ANIMALS).name)}.", f"They played with the {k.thing} on the bed.")),
        c.pick((f"After three days {friend} was well again.", f"Soon {friend} was strong and healthy again.")),
        f"Then {hero} and {friend} went to the {k.place} together.",
    ]  # fmt: skip


def visit(c: Choices, k: Cast) -> list[str]:
    """A walk where three animals are met, each with its sound."""
    hero, _, elder = k.names
    animals = c.pick_some([beast for beast in ANIMALS if beast.name != "whale"], 3)
    said = [f'The {x.name} said "{x.says}".' for x in animals]
    return [
        c.pick((f"{when(c)} {hero} went to the {c.pick(('zoo', 'farm'))} with {elder}.", f"{when(c)} {elder} took {k.hero.him} to see the animals.")),
        f"First they saw {a(animals[0].name)}. {said[0]}",
        f"Then they saw {a(animals[1].name)}. {said[1]}",
        f"At last they saw {a(animals[2].name)}. {said[2]}",
        c.pick((f'"I saw {listed([a(x.name) for x in animals])}," said {hero}.', f'"Which animal do you like best?" {k.elder.he} asked. "I like the {c.pick(animals).name}," said {hero}.')),
        c.pick((f"{hero} gave some {animals[0].eats} to the {animals[0].name}.", f"The {animals[2].name} ate {animals[2].eats}.")),
        c.pick(("When the sun went down, they went home.", "In the evening they were tired.")),
        c.pick((f"At home {hero} drew a picture of the {animals[1].name}.", f"In bed {k.hero.he} thought of the {animals[0].name}.")),
    ]  # fmt: skip


def family(c: Choices, k: Cast) -> list[str]:
    """A day at home: what everybody does, and something funny."""
    hero, friend, _ = k.names
    chores = c.pick_some(
        (
            "cooked dinner",
            "washed the plates",
            "swept the floor",
            "read the newspaper",
            "fixed the roof",
            "cut the grass",
            "wrote a letter",
            "fed the cat",
        ),
        3,
    )
    return [
        c.pick((f"{k.he} was the {k.hero.child} of a {c.pick(('baker', 'farmer', 'teacher', 'doctor', 'sailor', 'painter'))}.", f"{k.he} had a {c.pick(('little', 'big'))} {c.pick(('sister', 'brother'))}.")),
        f"{when(c)} the family was at home. Mother {chores[0]}. Father {chores[1]}.",
        f"{hero} {chores[2]}.",
        c.pick((f"Then somebody knocked on the door. It was {friend}.", f"Then they heard a noise. {friend} stood at the door.")),
        f'"Look what I have," {k.friend.he} said. It was {described(c, k)}.',
        c.pick((f'"Where did you find it?" asked {hero}. "I found it {k.there}," said {friend}.', f'"My {c.pick(("uncle", "aunt"))} gave it to me," said {friend}.')),
        c.pick((f"They all looked at the {k.thing}.", f"{friend} put the {k.thing} on the table.")),
        c.pick((f"{friend} stayed for dinner.", "They ate together and told stories.")),
        c.pick((f"After dinner {hero} and {friend} played until it was dark.", f"It was late when {friend} went home.")),
    ]  # fmt: skip


def market(c: Choices, k: Cast) -> list[str]:
    """A thing is wanted, money is earned by work, the thing is bought."""
    hero, friend, elder = k.names
    cost = c.pick(("five", "six", "eight", "ten"))
    work = c.pick(("washed the windows", "carried wood", "fed the hens", "picked apples", "swept the barn"))
    other = c.pick([x for x in COLOURS if x != k.tint])
    return [
        f"{when(c)} {hero} saw {described(c, k)} at the market.",
        c.pick((f"{k.he} wanted to have it.", f'"How much is the {k.thing}?" {k.hero.he} asked.')),
        f"It cost {cost} coins, but {hero} had only two coins.",
        c.pick((f'"You can work for me," said {elder}.', f"So {k.hero.he} asked {elder} for work.")),
        f"{hero} {work} for {k.elder.him}.",
        c.pick((f"{k.elder.he.capitalize()} gave {k.hero.him} {cost} coins.", f"It was hard, but in the end {k.hero.he} had {cost} coins.")),
        c.pick((f"{hero} ran back to the market.", f"The next day {hero} went to the market with {friend}.")),
        f'"Do you want the {k.tint} one or the {other} one?" asked the seller. "The {k.tint} one," said {hero}.',
        c.pick((f"So {hero} bought the {k.thing}.", f"Now the {k.tint} {k.thing} was {k.hero.his} own.")),
        ending(c, k.hero),
    ]  # fmt: skip


def snow(c: Choices, k: Cast) -> list[str]:
    """The first snow, a sled, something warm."""
    hero, friend, elder = k.names
    return [
        c.pick((f"One winter morning {hero} looked out of the window.", f"In winter {hero} woke up early.")),
        c.pick(("Everything was white.", "Snow lay on the roofs and on the trees.")),
        c.pick((f"{k.he} put on {k.hero.his} {k.tint} coat and ran outside.", f'"Snow!" {k.hero.he} called and ran outside.')),
        c.pick((f"{friend} was there with a sled.", f"{k.he} met {friend} on the hill.")),
        c.pick((f"{hero} and {friend} made a snowman with a carrot nose.", "They slid down the hill very fast.")),
        c.pick((f"{friend} threw a snowball, and {hero} laughed.", f"{hero} fell into the snow, but {k.hero.he} was not hurt.")),
        c.pick(("Soon their hands were cold.", "Because it was so cold, their noses were red.")),
        f"{elder.capitalize()} gave them " + c.pick(("hot tea with honey.", "warm milk and cookies.", "hot soup.")),
        ending(c, k.hero, friend),
    ]  # fmt: skip


def secret(c: Choices, k: Cast) -> list[str]:
    """A map, a key or a letter leads to a box."""
    hero, friend, _ = k.names
    clue = c.pick(("an old map", "a small key", "a letter", "a strange note"))
    spot, next_spot = c.pick_some(HIDING_PLACES, 2)
    return [
        f"{when(c)} {k.hero.he} found {clue} {spot}.",
        c.pick((f"{k.he} showed it to {friend}.", f'"Look, {friend}!" {k.hero.he} said. "This is a secret."')),
        c.pick((f"With {clue} in {k.hero.his} hand, {hero} ran to the {k.place}. {friend} ran after {k.hero.him}.", f"They followed the path to the {k.place}.")),
        c.pick(("They looked everywhere.", f"{friend} was tired, but {hero} went on.")),
        f"There, {next_spot}, was an old box.",
        c.pick((f"{hero} opened it slowly.", "It was locked, but at last it opened.")),
        f"In it was {described(c, k)}.",
        c.pick((f'"Who put it there?" asked {friend}.', f'"It is a treasure!" said {friend}.')),
        c.pick((f"They took turns with the {k.thing}.", f"{hero} let {friend} have the {k.thing}, because {k.hero.he} was kind.")),
        ending(c, k.hero, friend),
    ]  # fmt: skip


ALL_PLOTS: dict[str, Plot] = PLOTS | {
    "rescued": rescued, "garden": garden, "race": race, "tower": tower, "sick": sick, "visit": visit, "family": family,
    "market": market, "snow": snow, "secret": secret,
}  # fmt: skip
