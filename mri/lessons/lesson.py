"""A lesson's text: front matter and moments in Markdown -> Lesson, Moment. docs/writing-lessons.md has the form.

Pure: one text in, plain data out. Prose becomes a tree of a few kinds of nodes, never HTML, so that a page can only
show text. Knows nothing of sessions, numbers' values and the screen; check.py compares with those.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from mri.errors import LessonError

Node = str | dict[str, Any]
"""Text, {"tag", "children"}, {"tag": "a", "href", "children"}, {"term": target, "children"} or {"number", "format"}."""

MARKS = "p em strong code ul ol li h3 br blockquote pre table thead tbody tr th td"
TAGS = frozenset(MARKS.split())
PANELS = ("layers", "inspector")
VIEW_FIELDS = ("tab", "point", "layer", "head", "neuron", "part", "picture", "watched", "influence")
OWN_FIELDS = "id session widget panels target unlock player do ask optional check"
MOMENT_FIELDS = {*OWN_FIELDS.split(), *VIEW_FIELDS}
PLAYER_COMMANDS = ("seek", "play_to", "loop", "play", "speed")
PLACEHOLDER = re.compile(r"\{\{\s*([\w./:-]+)\s*(?:\|\s*([^}\s]+)\s*)?\}\}")
WORD = re.compile(r"\w[\w'’.-]*")
ID = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")


@dataclass(frozen=True)
class Moment:
    """One screenful. What the text leaves out is as in the moment before: `session` and `panels` say what holds here.

    session   whose scan is shown; None: no Scanner
    widget    {"name": …} and the state it is given; None: none
    panels    of the Scanner that are open beside the stage
    view      fields of the Scanner's selection to set
    unlocked  targets that may be used here: all that this moment and those before it unlocked
    """

    id: str
    title: str
    body: tuple[Node, ...]
    session: str | None = None
    widget: dict[str, Any] | None = None
    panels: tuple[str, ...] = ()
    view: dict[str, Any] = field(default_factory=dict)
    target: str | None = None
    unlocked: tuple[str, ...] = ()
    player: dict[str, Any] = field(default_factory=dict)
    do: dict[str, Any] | None = None
    ask: dict[str, Any] | None = None
    optional: bool = False
    check: bool = False


@dataclass(frozen=True)
class Lesson:
    """`can` lists what a reader can do afterwards; `sessions` are ids of recordings. On the card of the course:

    question  that the lesson answers
    gains     in few words, two things that a reader can do afterwards
    caption   of the card's picture; {asker} and the like are what mri/lessons/pictures.py found
    """

    id: str
    title: str
    level: int
    minutes: int
    can: tuple[str, ...]
    sessions: tuple[str, ...]
    moments: tuple[Moment, ...]
    question: str = ""
    gains: tuple[str, ...] = ()
    caption: str = ""


def lesson_of(text: str, lesson_id: str) -> Lesson:
    """Raises LessonError where the text has not the form of docs/writing-lessons.md."""
    head, _, rest = text.removeprefix("---\n").partition("\n---\n")
    if not text.startswith("---\n") or not rest:
        raise LessonError(f"{lesson_id} has no front matter: begin with a line ---, the fields, and a line ---.")
    fields = _yaml(head, f"{lesson_id}, front matter")
    missing = {"title", "level", "minutes", "can", "sessions"} - set(fields)
    if missing:
        raise LessonError(f"The front matter of {lesson_id} lacks {', '.join(sorted(missing))}: add it.")
    moments: list[Moment] = []
    for title, block, body in _sections(rest, lesson_id):
        moments.append(_moment(title, block, body, moments[-1] if moments else None, lesson_id))
    ids = [moment.id for moment in moments]
    twice = {name for name in ids if ids.count(name) > 1}
    if not moments or twice:
        what = f"has two moments {sorted(twice)[0]!r}: give" if twice else "has no moments: write"
        raise LessonError(f"{lesson_id} {what} each ## heading a ```moment block with an id of its own.")
    can, sessions = (tuple(map(str, fields[name])) for name in ("can", "sessions"))
    level, minutes = int(fields["level"]), int(fields["minutes"])
    gains = tuple(map(str, fields.get("gains", can[:2])))
    card = str(fields.get("question", "")), gains, str(fields.get("caption", ""))
    return Lesson(lesson_id, str(fields["title"]), level, minutes, can, sessions, tuple(moments), *card)


def prose(text: str) -> tuple[Node, ...]:
    """Markdown (no HTML) as nodes; for questions, answers and tasks too. Raises LessonError on what cannot be shown."""
    return tuple(_nodes(_markdown().parse(text), ""))


def walk(nodes: Iterator[Node] | tuple[Node, ...] | list[Node]) -> Iterator[dict[str, Any]]:
    """Every node that is not plain text, at any depth."""
    for node in nodes:
        if isinstance(node, dict):
            yield node
            yield from walk(node.get("children", ()))


def words_in(nodes: tuple[Node, ...] | list[Node]) -> int:
    """Number of words a person reads; a number counts as one."""
    total = 0
    for node in nodes:
        if isinstance(node, str):
            total += len(WORD.findall(node))
        else:
            total += 1 if "number" in node else words_in(node.get("children", []))
    return total


def yaml_of(text: str) -> Any:
    """Raises yaml.YAMLError."""
    import yaml  # only where a lesson is read

    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # the one in C is ten times as fast


@cache
def _markdown() -> Any:
    from markdown_it import MarkdownIt  # takes 60 ms to import: not while the server starts

    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.normalizeLink = str  # type: ignore[assignment, method-assign]  # it would take glow:neuron:hidden:2 for host and port
    return parser


def _yaml(text: str, where: str) -> dict[str, Any]:
    from yaml import YAMLError  # as above

    try:
        fields = yaml_of(text)
    except YAMLError as error:
        raise LessonError(f"{where}: this is no valid YAML ({' '.join(str(error).split())}).") from error
    if not isinstance(fields, dict):
        raise LessonError(f"{where}: this must be a list of fields, name: value.")
    return fields


def _sections(text: str, lesson_id: str) -> Iterator[tuple[str, dict[str, Any], tuple[Node, ...]]]:
    """(title, fields of the moment block, body) of each ## heading."""
    tokens = _markdown().parse(text)
    starts = [i for i, token in enumerate(tokens) if token.type == "heading_open" and token.tag == "h2"]
    for start, stop in zip(starts, [*starts[1:], len(tokens)], strict=True):
        title = tokens[start + 1].content
        block = tokens[start + 3] if start + 3 < stop else None
        if block is None or block.type != "fence" or block.info.strip() != "moment":
            raise LessonError(f"{lesson_id}: after ## {title} a ```moment block must follow.")
        where = f"{lesson_id}, ## {title}"
        yield title, _yaml(block.content, where), tuple(_nodes(tokens[start + 4 : stop], where))


def _moment(
    title: str, fields: dict[str, Any], body: tuple[Node, ...], before: Moment | None, lesson_id: str
) -> Moment:
    where = f"{lesson_id}, ## {title}"
    unknown = set(fields) - MOMENT_FIELDS
    if unknown:
        raise LessonError(f"{where}: there is no field {sorted(unknown)[0]!r}; see docs/writing-lessons.md.")
    if not ID.fullmatch(str(fields.get("id", ""))):
        raise LessonError(f"{where}: give it an id of small letters, digits and '-'.")
    widget = fields.get("widget")
    if widget is not None and not isinstance(widget, dict):
        widget = {"name": widget}
    panels = tuple(fields["panels"] or ()) if "panels" in fields else before.panels if before else ()
    player = fields.get("player") or {}
    for given, allowed in ((panels, PANELS), (player, PLAYER_COMMANDS)):
        if odd := set(given) - set(allowed):
            raise LessonError(f"{where}: {sorted(odd)[0]!r} is none of {', '.join(allowed)}.")
    session = fields.get("session", before.session if before else None)
    view = {name: fields[name] for name in VIEW_FIELDS if name in fields}
    unlocked = tuple(dict.fromkeys([*(before.unlocked if before else ()), *(fields.get("unlock") or [])]))
    more: dict[str, Any] = {name: bool(fields.get(name)) for name in ("optional", "check")}
    more |= {"do": _task(fields.get("do"), where), "ask": _question(fields.get("ask"), where)}
    seen = Moment(str(fields["id"]), title, body, session, widget, panels, view, fields.get("target"))
    return replace(seen, unlocked=unlocked, player=player, **more)


def _task(do: Any, where: str) -> dict[str, Any] | None:
    if do is None:
        return None
    if not isinstance(do, dict) or set(do) != {"text", "when", "done"} or not do["done"]:
        raise LessonError(f"{where}: `do` has text, when, and done: what was to be seen.")
    return {"text": prose(do["text"]), "when": do["when"], "done": prose(do["done"])}


def _question(ask: Any, where: str) -> dict[str, Any] | None:
    if ask is None:
        return None
    answers = ask.get("answers", []) if isinstance(ask, dict) else []
    if len(answers) < 2 or "question" not in ask or any(not {"text", "reply"} <= set(answer) for answer in answers):
        raise LessonError(f"{where}: `ask` has a question and at least two answers, each with text and reply.")
    if sum(bool(answer.get("right")) for answer in answers) != 1:
        raise LessonError(f"{where}: mark exactly one answer with right: true.")
    return {
        "question": prose(str(ask["question"])),
        "answers": [
            {"text": prose(str(a["text"])), "reply": prose(str(a["reply"])), "right": bool(a.get("right"))}
            for a in answers
        ],
    }


def _nodes(tokens: list[Any], where: str) -> list[Node]:
    from markdown_it.tree import SyntaxTreeNode

    return [node for child in SyntaxTreeNode(tokens).children for node in _node(child, where)]


def _node(node: Any, where: str) -> list[Node]:
    if node.type == "text":
        return list(_text(node.content))
    if node.type == "softbreak":
        return [" "]
    if node.type == "hardbreak":
        return [{"tag": "br", "children": []}]
    if node.type == "code_inline":
        return [{"tag": "code", "children": list(_text(node.content))}]
    if node.type in ("fence", "code_block"):
        return [{"tag": "pre", "children": list(_text(node.content))}]
    children = [each for child in node.children for each in _node(child, where)]
    if node.type == "inline" or (node.type == "paragraph" and node.hidden):
        return children
    if node.type == "link":
        href = str(node.attrs["href"])
        if href.startswith("glow:"):
            return [{"term": href.removeprefix("glow:"), "children": children}]
        if href.startswith("//") or not href.startswith(("/", "https://")):
            raise LessonError(f"{where}: a link leads to glow:…, to a page (/…) or to https://…, not to {href!r}.")
        return [{"tag": "a", "href": href, "children": children}]
    if node.tag not in TAGS:
        raise LessonError(f"{where}: {node.type.replace('_', ' ')} cannot be shown in a lesson.")
    return [{"tag": node.tag, "children": children}]


def _text(text: str) -> Iterator[Node]:
    at = 0
    for found in PLACEHOLDER.finditer(text):
        if found.start() > at:
            yield text[at : found.start()]
        yield {"number": found[1], "format": found[2] or ""}
        at = found.end()
    if at < len(text):
        yield text[at:]
