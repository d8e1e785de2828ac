"""Lists of random words, twice: on these alone is induction scored. In a text a token that came before has seldom
come by chance, and a head that looks behind it may look there for many reasons."""

from __future__ import annotations

import random

from mri.nanochat.tokenizer import Tokenizer

LISTS, WORDS_OF_A_LIST = 20, 30

_TEXT = """
above again all alone arms away axe banana beach bed belt better blocks blue board bones book bottles bottom box
boxes brave break brings brought build buttons buzz carpet cars caught chain cheap cherry chirps cloak clock clown
come cooked covered crow custard dance dancer dares day desk dog dries drive drops eagle egg eggs elbow enemy fall
false family far fat fell felt finds flowers flutes for forget found goat going gold grabs grass green growls guitar
hammer hammers harbour has hate heard hen her high hiss hold holds honey hot icy joke jump jumped jungle knight knot
leaf leaves lemons lift light lion lose low measure meat melted messy metal moss mother mouth narrow nest new noon
numbers opened own paint pancake pasta people person piece pink plays polite pond poor put puzzles rake rang ride
right rise rises rode roofs rubber safe sailor say see sells sew shade shakes shell shoes shook short sky slow
smaller sold sorry sounded spear spoon square stage steam stones storm strange summer taller teeth telling than this
thorn thread times tourist tractor travel trees turkey valley vet wagons warm wax welcome wet whale white wooden
wool wraps writer wrote years you
"""
WORDS = _TEXT.split()


def repeated(tokenizer: Tokenizer, max_tokens: int) -> list[tuple[list[int], int]]:
    """Every list as ids, twice, behind the token that begins a document; and how many ids it has once. Those that do
    not fit into `max_tokens` are left out."""
    found = []
    for number in range(LISTS):
        words = random.Random(f"repeats/{number}").sample(WORDS, WORDS_OF_A_LIST)
        once = tokenizer.encode(" " + " ".join(words))
        ids = tokenizer.begun([*once, *once])
        if len(ids) <= max_tokens:
            found.append((ids, len(once)))
    return found
