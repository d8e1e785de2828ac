"""An edit and its one text form, `TARGET OPERATION [@ POSITIONS]`: docs/edits.md has the table of them.

Pure: whether a model has what an edit names is known to places.py, what a session holds to sources.py.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from mri.edit import values
from mri.edit.values import Along, Column, Diff, Direction, File, Keys, Mean, Off, Patch, Positions, Proj, Value, Word
from mri.errors import ConfigError

MOST_EDITS = 100
LARGEST = 1e9
"""Of a number: the square of a much larger one is no number in float32 any more, and nor is what comes after."""
MOST_POSITIONS = 1_000_000

ORGANS = ("smear", "backout", "x0", "window", "softcap")
_TARGET = re.compile(
    r"token|smear|backout|x0|window|softcap"
    r"|block\.(?:\d{1,4}|\*)\.(?:head\.(?:\d{1,4}|\*)|mlp|ve)"
    r"|(?:block\.(?:\d{1,4}|\*)|embed|final)\.[a-z][a-z0-9_]{0,30}(?:\[[\d,: ]{1,400}\])?"
)
_EDIT = re.compile(
    r"(?P<target>[a-z][a-z0-9_.*]*(?:\[[^\]]*\])?)\s*(?P<op>:?\s*(?:cut|cap)\b|\*=|\+=|-=|=)"
    r"\s*(?P<value>.+?)(?:\s*@\s*(?P<positions>\d+(?:\s*:\s*\d*)?))?"
)
_ID, _NUMBER = r"[A-Za-z0-9_-]{1,64}", r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[-+]?(?:nan|inf)"
_WORD = r'"(?:[^"\\]|\\.)*"|#\d{1,9}'
_DIRECTION = rf"token\((?:{_WORD})\)|neuron\([^)]*\)|diff\([^)]*\)|[^\s()*]+\.npy(?:\#[0-9a-f]{{16}})?"

FORMS = (
    "block.4.head.2 = 0",
    "block.3.mlp_act[81,90:99] = 1.5",
    "block.4.head.2 = mean(SESSION)",
    "block.5.mlp *= 2",
    'block.2.resid_post += 6 * token(" Mia")',
    "block.5.head.1 = patch(SESSION@14)",
    "block.*.head.*: cut 5:9",
    "smear = off",
    'token = " Tom" @ 14',
)


@dataclass(frozen=True)
class Edit:
    """One change of a running model.

    target      `block.4.head.2`, `block.3.mlp`, a hook point, some of its neurons (`block.3.mlp_act[81,90:99]`), with
                `*` for all blocks or heads; an organ (`smear`, `backout`, `x0`, `window`, `softcap`, `block.3.ve`);
                `token`, the one that is chosen
    op          "=", "*=", "+=", "-=", "cap" or "cut"
    value       a number, or one of values.py
    positions   absolute; None: from where a fork begins, or everywhere

    `Edit.parse(text)` reads and `str(edit)` writes the text form. Raises ConfigError for what can be no edit.
    """

    target: str
    op: str
    value: Value
    positions: Positions | None = None

    def __post_init__(self) -> None:
        if not _TARGET.fullmatch(self.target):
            raise ConfigError(f"{self.target!r:.80} is nothing that can be edited: write it as {FORMS[0]!r}.")
        ranges_of(self.target)
        if isinstance(self.value, int | float):
            object.__setattr__(self, "value", _checked_number(float(self.value)))
        _check_kinds(self)

    @classmethod
    def parse(cls, text: str) -> Edit:
        """Inverse of `str`. Raises ConfigError, with a form that works."""
        if len(text) > 2000 or not (found := _EDIT.fullmatch(text.strip())):
            raise ConfigError(f"{text!r:.80} is no edit: write it as {', '.join(map(repr, FORMS))}.")
        target = re.sub(r"\s*([,:\[\]])\s*", r"\1", found["target"])
        op = found["op"].removeprefix(":").strip()
        value = _value_of(found["value"].strip(), target, op)
        where = found["positions"]
        return cls(target, op, value, _positions_of(where) if where else None)

    def __str__(self) -> str:
        op = f": {self.op} " if self.op in ("cut", "cap") else f" {self.op} "
        value = values.number(self.value) if isinstance(self.value, float) else str(self.value)
        return f"{self.target}{op}{value}" + (f" @ {self.positions}" if self.positions is not None else "")

    @property
    def is_word(self) -> bool:
        """Whether it puts a token in the place of the one chosen: it changes what is read, and no number."""
        return self.target == "token"

    @property
    def is_organ(self) -> bool:
        return isinstance(self.value, Off)

    @property
    def point(self) -> str:
        """The target without its neurons."""
        return self.target.partition("[")[0]

    def directions(self) -> list[Direction]:
        return [self.value.direction] if isinstance(self.value, Along | Proj) else []

    def sessions(self) -> list[str]:
        """Ids of those that it takes values of."""
        of = [self.value, *self.directions()]
        named = [x.session for x in of if isinstance(x, Mean | Patch)]
        return named + [name for x in of if isinstance(x, Diff) for name in (x.a, x.b)]

    def at(self, positions: Positions, base: str = "") -> Edit:
        """As it is meant where a fork begins: its positions, or these; the mean of the session `base`."""
        value = Mean(base) if self.value == Mean() and base else self.value
        return replace(self, value=value, positions=self.positions or positions)


def edits_of(given: Edit | str | Iterable[Edit | str]) -> tuple[Edit, ...]:
    """Edits as people hand them over: one or several, as texts or not. Raises ConfigError."""
    several = [given] if isinstance(given, Edit | str) else [*given]
    if len(several) > MOST_EDITS:
        raise ConfigError(f"{len(several)} edits: {MOST_EDITS} are the most; `*` and [0:64] name many places at once.")
    for each in several:
        if not isinstance(each, Edit | str):
            raise ConfigError(f"{each!r:.60} is no edit: give an mri.Edit or its text, {FORMS[0]!r}.")
    return tuple(each if isinstance(each, Edit) else Edit.parse(each) for each in several)


def ranges_of(target: str) -> list[tuple[int, int]]:
    """The neurons of a target, first and stop of each range; [] is all. Raises ConfigError."""
    _, _, inside = target.partition("[")
    ranges = []
    for part in inside.removesuffix("]").split(",") if inside else []:
        first, colon, stop = part.strip().partition(":")
        if not first.strip().isdecimal() or (colon and not stop.strip().isdecimal()):
            raise ConfigError(f"{part.strip()!r} names no neurons of {target!r:.60}: write [81] or [81,90:99].")
        ranges.append((int(first), int(stop) if colon else int(first) + 1))
        if ranges[-1][0] >= ranges[-1][1]:
            raise ConfigError(f"{part.strip()!r} names no neuron: a range ends before its second number, as 90:99.")
    return ranges


def _positions_of(text: str) -> Positions:
    first, colon, stop = (part.strip() for part in text.partition(":"))
    found = Positions(int(first), (int(stop) if stop else None) if colon else int(first) + 1)
    if found.first >= MOST_POSITIONS or (found.stop is not None and found.stop <= found.first):
        raise ConfigError(f"@ {text} names no position: write @ 14, @ 14:20 (which ends before 20) or @ 14:.")
    return found


def _value_of(text: str, target: str, op: str) -> Value:
    if op == "cut":
        if not re.fullmatch(r"\d{1,7}(\s*:\s*\d{1,7})?", text):
            raise ConfigError(f"{text!r:.40} names no keys: write cut 5, or cut 5:9 for those before 9.")
        keys = _positions_of(text)
        return Keys(keys.first, keys.first + 1 if keys.stop is None else keys.stop)
    if target == "token" and re.fullmatch(_WORD, text):
        return _word_of(text)
    if text == "off":
        return Off()
    if re.fullmatch(_NUMBER, text, re.IGNORECASE):
        return float(text)
    if found := re.fullmatch(rf"mean(?:\(({_ID})\))?", text):
        return Mean(found[1] or "")
    if found := re.fullmatch(rf"patch\(({_ID})\s*@\s*(\d{{1,7}})\)", text):
        return Patch(found[1], int(found[2]))
    if found := re.fullmatch(rf"proj\(({_DIRECTION})\)", text):
        return Proj(_direction_of(found[1]))
    if found := re.fullmatch(rf"(?:({_NUMBER})\s*\*\s*)?({_DIRECTION})", text):
        return Along(_checked_number(float(found[1] or 1)), _direction_of(found[2]))
    raise ConfigError(
        f"{text!r:.60} is nothing to put in: give a number, mean, mean(SESSION), patch(SESSION@14), "
        '6 * token(" Mia"), neuron(block.3.mlp_act[81]), diff(A, B) or a .npy file.'
    )


def _direction_of(text: str) -> Direction:
    if found := re.fullmatch(rf"token\(({_WORD})\)", text):
        return _word_of(found[1])
    if found := re.fullmatch(r"neuron\(block\.(\d{1,4})\.mlp_act\[(\d{1,7})\]\)", text):
        return Column(int(found[1]), int(found[2]))
    if found := re.fullmatch(rf"diff\(\s*({_ID})\s*,\s*({_ID})\s*\)", text):
        return Diff(found[1], found[2])
    if text.startswith(("neuron(", "diff(")):
        raise ConfigError(f"{text!r:.60} is no direction: write neuron(block.3.mlp_act[81]) or diff(A, B).")
    path, _, digest = text.partition("#")
    return File(path, digest)


def _word_of(text: str) -> Word:
    if text.startswith("#"):
        return Word(int(text[1:]))
    try:
        word = str(json.loads(text))
        word.encode()
    except ValueError as error:
        raise ConfigError(f'{text!r:.60} is no text in quotes: write " Mia", or # and a token\'s id.') from error
    return Word(word)


def _checked_number(number: float) -> float:
    if not math.isfinite(number) or abs(number) > LARGEST:
        raise ConfigError(f"{number:g} is no number to compute with: give one between −1e9 and 1e9.")
    return number


_TAKES: dict[str, tuple[tuple[type, ...], str]] = {
    "=": ((float, Mean, Patch), "= 0, = mean or = patch(SESSION@14)"),
    "*=": ((float,), "*= and a number"),
    "+=": ((float, Along), '+= 0.5 or += 6 * token(" Mia")'),
    "-=": ((Proj,), '-= proj(token(" Mia")); a number is added as += -0.5'),
    "cap": ((float,), "cap and a number"),
}


def _check_kinds(edit: Edit) -> None:
    """Raises ConfigError where target, operation and value do not go together."""
    op, value, point = edit.op, edit.value, edit.point
    is_organ = point in ORGANS or point.endswith(".ve")
    if edit.is_word or is_organ:
        wanted, form = (Word, 'token = " Tom"') if edit.is_word else (Off, f"{edit.target} = off")
        if op != "=" or not isinstance(value, wanted):
            raise ConfigError(f"{edit.target} takes no such change: write {form}.")
        if edit.is_word and edit.positions and edit.positions.stop != edit.positions.first + 1:
            raise ConfigError(f"One token is said at one position: write token = {value} @ {edit.positions.first}.")
    elif op == "cut" or isinstance(value, Keys):
        if not (op == "cut" and isinstance(value, Keys) and ".head." in point):
            raise ConfigError("Only a head's looks can be cut: write block.*.head.*: cut 5.")
    elif op not in _TAKES:
        raise ConfigError(f"There is no operation {op!r:.20}: choose {', '.join(_TAKES)}, cut.")
    elif not isinstance(value, _TAKES[op][0]):
        raise ConfigError(f"{edit.target} {op} takes no such value: write {_TAKES[op][1]}.")
    elif op == "cap" and isinstance(value, float) and value < 0:
        raise ConfigError("What is capped stays between −c and c: give cap a number from 0 on.")
