"""The browser's modules as few files: a bundle holds a module and all that it imports, so that a page asks for two
files instead of eighty. Every module is made once, wherever it is imported from.

Understands our own style only: static imports and named exports of declarations, each beginning its line, and no
circles. Texts in, texts out; knows no files and no addresses.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

IMPORTED = re.compile(r'^(?:import|export)\b[^;"(=]*"(\.[^"]+)"', re.MULTILINE)
"""What a module imports statically."""
_IMPORT = re.compile(r'^import (?:\* as (\w+)|(\{[^}]*\})) from "(\.[^"]+)";', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function\*?|class|const) (\w+))", re.MULTILINE)
_LATER = re.compile(r'\bimport\("(\.[^"]+)"\)(?!\.[A-Z])')
"""A dynamic import, and not the type of a note."""
_FIRST = "export const modules = {};"
_OUR_OWN = "import.meta.url"


@dataclass(frozen=True)
class Linked:
    files: dict[str, str]
    """What is served, by name: bundles, and the modules that are in none."""
    homes: dict[str, str]
    """Of a module that is in a bundle: which."""


def link(texts: Mapping[str, str], entries: Sequence[str]) -> Linked:
    """Put each of `entries` and what it imports, as far as no bundle before has it, into a bundle. Raises ValueError
    where a module is in another style.

    texts   of scripts and modules by name: `js/main.mjs`
    """
    homes: dict[str, str] = {}
    bundles: dict[str, list[str]] = {}
    for entry in entries:
        if entry in texts:
            bundle = f"{entry.removesuffix('.mjs')}.linked.mjs"
            bundles[bundle] = [name for name in dict.fromkeys(_in_order(entry, texts)) if name not in homes]
            homes |= dict.fromkeys(bundles[bundle], bundle)
    files = {name: _outside(name, text, homes) for name, text in texts.items() if name not in homes}
    before = ""
    for bundle, names in bundles.items():
        head = f'import {{ modules }} from "{_from(bundle, before)}";\nexport {{ modules }};' if before else _FIRST
        files[bundle] = "\n".join([head, *(_inside(name, texts[name], homes) for name in names), ""])
        before = bundle
    return Linked(files, homes)


def imports_of(name: str, text: str) -> list[str]:
    return [_name_of(name, other) for other in IMPORTED.findall(text)]


def _in_order(name: str, texts: Mapping[str, str], above: tuple[str, ...] = ()) -> Iterator[str]:
    """A module behind all that it imports."""
    if name in above:
        raise ValueError(f"{' → '.join([*above, name])}: these import each other in a circle, which cannot be linked.")
    for other in imports_of(name, texts[name]):
        yield from _in_order(other, texts, (*above, name))
    yield name


def _inside(name: str, text: str, homes: Mapping[str, str]) -> str:
    """A module as a part of its bundle."""
    bundle = homes[name]
    text = _IMPORT.sub(lambda found: _taken(name, found), text)
    exported = _EXPORT.findall(text)
    text = _with_later(name, _EXPORT.sub("", text), homes, bundle)
    text = text.replace(_OUR_OWN, f'new URL("{_from(bundle, name)}", {_OUR_OWN})')
    left = re.search(r"^(?:import|export)\b.*", text, re.MULTILINE)
    if left:
        raise ValueError(f"{name} cannot be linked: write {left[0]!r} as an import or export of names.")
    return f'modules["{name}"] = (() => {{ {text}\nreturn {{ {", ".join(exported)} }};\n}})();'


def _outside(name: str, text: str, homes: Mapping[str, str]) -> str:
    """A module for itself, line for line: what is in a bundle it takes from there."""
    used = {homes[other] for other in imports_of(name, text) if other in homes}
    last = [bundle for bundle in dict.fromkeys(homes.values()) if bundle in used][-1:]  # which has those before it, too
    text = _IMPORT.sub(lambda found: _taken(name, found) if _name_of(name, found[3]) in homes else found[0], text)
    head = "".join(f'import {{ modules }} from "{_from(name, bundle)}"; ' for bundle in last)
    return head + _with_later(name, text, homes, name)


def _taken(name: str, found: re.Match[str]) -> str:
    whole, parts, other = found.groups()
    return f'const {whole or parts.replace(" as ", ": ")} = modules["{_name_of(name, other)}"];'


def _with_later(name: str, text: str, homes: Mapping[str, str], place: str) -> str:
    """With its dynamic imports as they are in the file `place`."""

    def replaced(found: re.Match[str]) -> str:
        other = _name_of(name, found[1])
        if other in homes:
            return f'import("{_from(place, homes[other])}").then((all) => all.modules["{other}"])'
        return f'import("{_from(place, other)}")'

    return _LATER.sub(replaced, text)


def _name_of(name: str, other: str) -> str:
    """Of what a module imports as `other`."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), other))


def _from(place: str, name: str) -> str:
    """A file as another one calls it."""
    path = posixpath.relpath(name, posixpath.dirname(place) or ".")
    return path if path.startswith("../") else f"./{path}"
