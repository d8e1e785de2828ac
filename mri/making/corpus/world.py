"""The small world: who and what there is in it. Only tables; the sentences are elsewhere."""

# ruff: noqa: E501, SIM905 - lists of words are easier to read and to mend as prose

from dataclasses import dataclass

from mri.making.corpus.texts import pairs


@dataclass(frozen=True)
class Person:
    """A name with its pronouns: she saw him, he took his hat."""

    name: str
    he: str
    him: str
    his: str
    boy: str

    @property
    def child(self) -> str:
        """'daughter' or 'son'."""
        return "son" if self.boy == "boy" else "daughter"


GIRLS = tuple(
    Person(name, "she", "her", "her", "girl")
    for name in "Mia Anna Lily Emma Zoe Ella Ruby Nora Sara Lucy Clara Eva Ivy Maya Alice Julia Grace Jane Kate Nina".split()
)
BOYS = tuple(
    Person(name, "he", "him", "his", "boy")
    for name in "Tom Ben Sam Leo Max Jack Finn Noah Adam Paul Oscar Peter Hugo Luke Tim Dan Felix Henry Omar David".split()
)
PEOPLE = GIRLS + BOYS

# role, the pronouns as in Person
RELATIVES = tuple(
    Person(role, "she", "her", "her", "girl") for role in ("mother", "grandmother", "aunt", "big sister")
) + tuple(Person(role, "he", "him", "his", "boy") for role in ("father", "grandfather", "uncle", "big brother"))

TOYS = tuple(
    (
        "ball kite book doll cup hat box drum boat car train lamp key bell ring basket bag bottle brush blanket "
        "balloon scarf spoon plate pencil clock coat flute guitar jar map mirror pillow puzzle robot rope shell shoe "
        "shovel sled stone teapot towel umbrella wagon whistle crayon card coin candle feather flag glove hammer "
        "letter marble mask bowl button crown"
    ).split()
)
COLOURS = tuple("red blue green yellow black white brown pink purple orange grey golden silver".split())
SIZES = tuple("big small tiny huge little large".split())
LOOKS = tuple("new old shiny soft pretty round heavy lovely strange wooden".split())
FOODS = tuple(
    (
        "apple banana pear plum peach cherry lemon carrot potato tomato onion cabbage sandwich cake cookie pie muffin "
        "pancake egg"
    ).split()
)
GROCERIES = tuple(
    (
        "bread milk butter cheese rice sugar salt flour honey soup jam tea pasta juice apples bananas pears plums "
        "carrots potatoes tomatoes onions eggs cookies nuts beans grapes lemons"
    ).split()
)
# place, and the word that goes before it when someone is there
PLACES = pairs(
    "park/in beach/at zoo/at school/at shop/in market/at library/in forest/in garden/in kitchen/in farm/on "
    "lake/at river/at playground/at museum/in station/at castle/in bakery/in hill/on barn/in village/in "
    "field/in pond/at bridge/on island/on hospital/in bedroom/in harbour/at"
)
HIDING_PLACES = tuple(
    (
        "under the bed, behind the door, in the box, on the shelf, under the table, behind the tree, "
        "in the basket, under the chair, behind the sofa, in the tall grass, under a leaf, next to the gate, "
        "in the drawer, on the roof, under the stairs, between two rocks"
    ).split(", ")
)
MOODS = tuple("happy kind brave clever curious cheerful friendly gentle funny quiet shy lively careful".split())


@dataclass(frozen=True)
class Animal:
    """An animal and what is said of it. `says` is the sound, `calls` the verb."""

    name: str
    says: str
    calls: str
    baby: str
    home: str
    eats: str
    coat: str
    legs: str


ANIMALS = tuple(
    Animal(*row.split(", "))
    for row in """dog, woof, barks, puppy, kennel, bones, fur, four
cat, meow, purrs, kitten, basket, fish, fur, four
cow, moo, moos, calf, barn, grass, hair, four
horse, neigh, neighs, foal, stable, hay, hair, four
sheep, baa, bleats, lamb, field, grass, wool, four
pig, oink, grunts, piglet, pen, corn, bristles, four
duck, quack, quacks, duckling, pond, weeds, feathers, two
hen, cluck, clucks, chick, coop, seeds, feathers, two
lion, roar, roars, cub, savanna, meat, fur, four
wolf, howl, howls, pup, den, meat, fur, four
bee, buzz, buzzes, larva, hive, nectar, hair, six
frog, croak, croaks, tadpole, pond, insects, skin, four
owl, hoot, hoots, owlet, tree, mice, feathers, two
mouse, squeak, squeaks, pup, hole, cheese, fur, four
snake, hiss, hisses, hatchling, rocks, eggs, scales, no
goat, maa, bleats, kid, farm, leaves, hair, four
donkey, hee-haw, brays, foal, stable, straw, hair, four
elephant, toot, trumpets, calf, savanna, leaves, skin, four
monkey, eek, chatters, infant, jungle, bananas, fur, two
bear, grr, growls, cub, cave, honey, fur, four
crow, caw, caws, chick, nest, worms, feathers, two
sparrow, chirp, chirps, chick, nest, seeds, feathers, two
pigeon, coo, coos, squab, loft, crumbs, feathers, two
turkey, gobble, gobbles, poult, farm, corn, feathers, two
rabbit, sniff, thumps, bunny, burrow, carrots, fur, four
fox, yip, yelps, kit, den, berries, fur, four
parrot, squawk, squawks, chick, jungle, nuts, feathers, two
seal, arf, barks, pup, ice, fish, fur, no
goose, honk, honks, gosling, lake, grass, feathers, two
tiger, growl, growls, cub, jungle, meat, fur, four
squirrel, chitter, chatters, kit, tree, nuts, fur, four
deer, bleat, bleats, fawn, forest, leaves, fur, four
whale, song, sings, calf, ocean, krill, skin, no
cricket, chirr, chirps, nymph, meadow, grass, shell, six""".splitlines()
)

CAPITALS = pairs(
    "France/Paris Italy/Rome Spain/Madrid Germany/Berlin England/London Ireland/Dublin Scotland/Edinburgh "
    "Portugal/Lisbon Greece/Athens Austria/Vienna Poland/Warsaw Norway/Oslo Sweden/Stockholm "
    "Denmark/Copenhagen Finland/Helsinki Iceland/Reykjavik Belgium/Brussels Hungary/Budapest Russia/Moscow "
    "Ukraine/Kyiv Turkey/Ankara Egypt/Cairo Kenya/Nairobi Japan/Tokyo China/Beijing Thailand/Bangkok "
    "Vietnam/Hanoi Nepal/Kathmandu Iran/Tehran Iraq/Baghdad Cuba/Havana Peru/Lima Chile/Santiago "
    "Canada/Ottawa Australia/Canberra Ghana/Accra Morocco/Rabat Croatia/Zagreb Bulgaria/Sofia "
    "Romania/Bucharest"
)

# every word stands in one pair only, so each has one opposite
OPPOSITES = pairs(
    "hot/cold big/small fast/slow happy/sad day/night up/down left/right open/closed old/young wet/dry light/dark "
    "hard/soft loud/quiet full/empty clean/dirty near/far high/low early/late strong/weak rich/poor thick/thin "
    "wide/narrow inside/outside first/last yes/no good/bad long/short top/bottom front/back begin/end buy/sell "
    "push/pull give/take come/go win/lose love/hate laugh/cry awake/asleep above/below before/after always/never "
    "more/less many/few true/false black/white brave/afraid safe/dangerous cheap/expensive easy/difficult "
    "sharp/blunt rough/smooth sweet/sour lost/found beautiful/ugly deep/shallow remember/forget ask/answer "
    "start/stop friend/enemy summer/winter north/south east/west hello/goodbye polite/rude straight/crooked "
    "tight/loose tidy/messy same/different warm/cool morning/evening arrive/leave sink/float"
)

NUMBER_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen twenty"
).split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = "January February March April May June July August September October November December".split()
LETTERS = tuple("A B C D E F G H I J K L M N O P Q R S T U V W X Y Z".split())
JOBS_OF_ADULTS = tuple("baker farmer teacher doctor pilot sailor painter singer cook driver gardener builder".split())
