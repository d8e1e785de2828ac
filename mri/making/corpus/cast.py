"""Who plays in a story, and the sentences that begin and end one."""

from collections.abc import Callable
from dataclasses import dataclass

from mri.making.corpus.documents import Choices, a, sentence
from mri.making.corpus.world import COLOURS, LOOKS, MOODS, PEOPLE, PLACES, RELATIVES, SIZES, TOYS, Person

OUTSIDE = tuple(place for place, _ in PLACES if place not in ("kitchen", "bedroom"))

HOBBIES = ("read", "sing", "dance", "paint", "run", "swim", "draw", "cook")


@dataclass(frozen=True)
class Cast:
    """The blanks of a story. `there` is 'in the park', `thing` 'ball', `tint` 'red', `elder` 'grandmother'."""

    hero: Person
    friend: Person
    elder: Person
    place: str
    there: str
    thing: str
    tint: str

    @property
    def names(self) -> tuple[str, str, str]:
        """Hero, friend and elder as a sentence says them: 'Mia', 'Tom', 'her grandmother'."""
        return self.hero.name, self.friend.name, f"{self.hero.his} {self.elder.name}"

    @property
    def he(self) -> str:
        """The hero's pronoun at the beginning of a sentence."""
        return self.hero.he.capitalize()


def cast(c: Choices, hero: Person | None = None) -> Cast:
    """Two different people, a relative, a place and a thing; the hero may be given."""
    one, two = c.pick_some(PEOPLE, 2)
    if hero is not None:
        one, two = hero, (two if two.name != hero.name else one)
    place, word = c.pick(PLACES)
    return Cast(one, two, c.pick(RELATIVES), place, f"{word} the {place}", c.pick(TOYS), c.pick(COLOURS))


def opening(c: Choices, hero: Person) -> str:
    """'Once there was a girl named Mia.' and who she was."""
    h, moody = hero, a(f"{c.pick(MOODS)} {hero.boy}")
    once = f"Once there was a {h.boy} named {h.name}."
    upon = f"Once upon a time there was a {h.boy} called {h.name}."
    was = (f"Once there was {moody} named {h.name}.", upon, f"There was once {moody} called {h.name}.")
    first = c.pick((once, once, *was, f"{h.name} was {moody}."))
    relative, other = c.pick(RELATIVES), c.pick(OUTSIDE)
    he = f"{first} {h.he.capitalize()}"
    house = f"{he} lived in a {c.pick(SIZES)} house near the {other}."
    loved = f"{he} loved to {c.pick(HOBBIES)}."
    return c.pick((first, first, house, f"{he} lived with {h.his} {relative.name} near the {other}.", loved))


def when(c: Choices) -> str:
    """A time that begins the plot, with its comma."""
    weather = f"On a {c.pick(('sunny', 'windy', 'cold', 'warm', 'cloudy'))} day"
    days = ("One day", "One day", "One morning", "One afternoon", weather)
    return c.pick((*days, "Last week", "After school", "In the summer", "On Sunday"))


def described(c: Choices, k: Cast) -> str:
    """The thing with its colour, perhaps a size or a look: 'a small red ball'."""
    extra = c.pick(("", "", f"{c.pick(SIZES)} ", f"{c.pick(LOOKS)} "))
    return a(f"{extra}{k.tint} {k.thing}")


def ending(c: Choices, hero: Person, *others: str) -> str:
    """One last sentence about the hero, and the others where there are some."""
    h, he = hero, hero.he.capitalize()
    alone = (
        f"{h.name} was very happy.",
        f"{he} smiled all day.",
        f"{he} was glad.",
        f"It was a wonderful day for {h.name}.",
        f"That night {h.name} slept well.",
        f"{he} went home and told {h.his} {c.pick(RELATIVES).name} everything.",
        f"{h.name} never forgot that day.",
    )
    if not others:
        return c.pick(alone)
    both = " and ".join((h.name, *others))
    together = tuple(f"{both} {did}." for did in ("were happy", "laughed together", "went home together"))
    friends = f"From that day on {both} were best friends." if others[0][0].isupper() else f"{both} hugged."
    return c.pick((*alone, *together, friends, "They were all happy again."))


@dataclass(frozen=True)
class Drawn:
    """A blank that is drawn anew in every place; what stands behind its colon is handed on."""

    draw: Callable[[str], str]

    def __format__(self, spec: str) -> str:
        return self.draw(spec)


def telling(c: Choices, k: Cast, text: str, **blanks: object) -> list[str]:
    """The sentences of a plot from `text`, which has one in each line, or several between bars, of which one is drawn.

    Blanks: hero, friend, elder by name, as people {h.he}, {f.his}, {e.him}; place, there, thing, tint as in Cast; and
    what is drawn where it stands: {when}, {described}, {one:this/that}, {ending} or {ending:who was there too}.
    """
    hero, friend, elder = k.names
    drawn = {
        "when": Drawn(lambda _: when(c)),
        "described": Drawn(lambda _: described(c, k)),
        "one": Drawn(lambda options: c.pick(options.split("/"))),
        "ending": Drawn(lambda other: ending(c, k.hero, *filter(None, [other]))),
    }
    names = {"hero": hero, "friend": friend, "elder": elder, "h": k.hero, "f": k.friend, "e": k.elder}
    said = []
    for line in text.strip().splitlines():
        options = [sentence(each) for each in line.strip().format_map(vars(k) | names | drawn | blanks).split(" | ")]
        said.append(c.pick(options) if len(options) > 1 else options[0])
    return said
