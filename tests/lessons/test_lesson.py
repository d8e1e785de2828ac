"""A lesson's text becomes moments, and prose becomes nodes: never HTML."""

import pytest

from mri.errors import LessonError
from mri.lessons.lesson import lesson_of, prose, walk, words_in

HEAD = "---\ntitle: T\nlevel: 7\nminutes: 3\ncan: [look]\nsessions: [lesson-a]\n---\n"


def text(*moments):
    return HEAD + "".join(f"\n## Title\n\n```moment\n{fields}\n```\n\nProse.\n" for fields in moments)


def test_what_is_left_out_is_as_before():
    lesson = lesson_of(
        text(
            "id: one\nsession: lesson-a\nunlock: [ribbon]\npanels: [layers]\nwidget: plane",
            "id: two\nunlock: [ribbon, speed]",
            "id: three\nsession: null\npanels: []\nwidget: {name: plane, task: and}\npoint: sum",
        ),
        "7-test",
    )
    one, two, three = lesson.moments
    assert (two.session, three.session) == ("lesson-a", None)
    assert (one.panels, two.panels, three.panels) == (("layers",), ("layers",), ())
    assert (one.unlocked, two.unlocked, three.unlocked) == (("ribbon",), ("ribbon", "speed"), ("ribbon", "speed"))
    assert (one.widget, two.widget, three.widget) == ({"name": "plane"}, None, {"name": "plane", "task": "and"})
    assert (two.view, three.view) == ({}, {"point": "sum"})
    assert (lesson.title, lesson.level, lesson.minutes, lesson.can) == ("T", 7, 3, ("look",))


def test_prose_is_text_terms_and_numbers():
    nodes = prose("Go to *the* [scrubber](glow:neuron:hidden:2) at {{ a/3/b.c/2 | .2f }}, then [on](/compare).")
    assert nodes == (
        {
            "tag": "p",
            "children": [
                "Go to ",
                {"tag": "em", "children": ["the"]},
                " ",
                {"term": "neuron:hidden:2", "children": ["scrubber"]},
                " at ",
                {"number": "a/3/b.c/2", "format": ".2f"},
                ", then ",
                {"tag": "a", "href": "/compare", "children": ["on"]},
                ".",
            ],
        },
    )
    assert words_in(nodes) == 8


def test_html_stays_text():
    assert prose("<b onclick=x>hi</b>") == ({"tag": "p", "children": ["<b onclick=x>hi</b>"]},)
    assert not [node for node in walk(prose("<script>\nalert(1)\n</script>")) if node["tag"] not in ("p",)]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("no front matter", "no front matter"),
        (HEAD.replace("level: 7\n", "") + "x", "lacks level"),
        (HEAD + "## Title\n\nProse.\n", "a ```moment block must follow"),
        (text("id: [broken"), "no valid YAML"),
        (text("id: A b"), "give it an id"),
        (text("id: a\nspeed: 3"), "no field 'speed'"),
        (text("id: a", "id: a"), "two moments 'a'"),
        (text("id: a\npanels: [left]"), "'left' is none of"),
        (text("id: a\nplayer: {jump: 3}"), "'jump' is none of"),
        (text("id: a\ndo: {text: x}"), "`do` has text, when"),
        (text("id: a\ndo: {text: x, when: {played: true}}"), "what was to be seen"),
        (text("id: a\nask: {question: q, answers: [{text: a, reply: b}]}"), "two answers"),
        (text("id: a\nask: {question: q, answers: [{text: a, reply: b}, {text: a, reply: b}]}"), "exactly one"),
        (text("id: a").replace("Prose.", "[x](javascript:alert)"), "x"),
        (text("id: a").replace("Prose.", "[x](//evil.example)"), "a link leads to"),
        (text("id: a").replace("Prose.", "![x](/a.png)"), "cannot be shown"),
        (HEAD, "no front matter"),
    ],
)
def test_what_is_wrong_is_said(given, says):
    if says == "x":  # the parser leaves such an address as text
        assert "javascript" in str(lesson_of(given, "7-test").moments[0].body)
        return
    with pytest.raises(LessonError, match=says.replace("(", r"\(")):
        lesson_of(given, "7-test")
