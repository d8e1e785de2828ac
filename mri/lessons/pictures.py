"""The picture of a lesson's card: computed from its own recordings and weights, as SVG.

Numpy in, text out. Dark in both themes, as the film is. Knows nothing of pages; `SIZE` is what the style sheet has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

import numpy as np

from mri.arrays import Bools, Doubles
from mri.lessons.arithmetic import Place, word
from mri.lessons.levels import level_2, level_3, level_4, level_7
from mri.lessons.levels.lead import Lead
from mri.lessons.levels.word_space import WordSpace
from mri.lessons.numbers import Readers, Weights
from mri.measure.attention import attention_map
from mri.measure.predictions import predictions
from mri.panels.theme import THEMES, scales
from mri.store.reader import SessionReader

SIZE = 152, 150
"""Width and height, CSS pixels."""
DARK = THEMES["dark"]
TEXT, MUTED, ACCENT, VIOLET, AMBER, LINE = (
    DARK[name] for name in ("text", "muted", "accent", "violet", "amber", "line")
)
FOR, AGAINST = "#5fe0b0", "#e07bf0"
"""Of Why, as --film-for and --film-against of theme.css."""
CELL_PX = 2
GROUPS = {"names": ACCENT, "colours": AMBER, "numbers": VIOLET, "animals": FOR}
"""Of level 3's map, and their colours."""
NUM_BARS = 4
TELLING_PARTS = ("head 5.0", "head 5.1", "MLP 5", "head 4.2")
"""Of level 7's list: what wrote most to the lead."""
STREAM_DOTS = 26


@dataclass(frozen=True)
class Picture:
    """svg: a whole document; says: what its caption may name, {asker} and the like."""

    svg: str
    says: Mapping[str, str]


def picture(level: int, readers: Readers, weights: Weights) -> Picture | None:
    """None: this level has none."""
    draw = DRAWN.get(level)
    return draw(readers, weights) if draw else None


def _perceptron(readers: Readers, _: Weights) -> Picture:
    """AND: the half of the plane for which the recorded weights say 1 after the last step."""
    place = Place(readers["lesson-and"], readers["lesson-and"].num_steps - 1)
    (w1, w2), (b,) = place.values("weights"), place.values("bias")
    says = {"w1": f"{w1:g}", "w2": f"{w2:g}", "threshold": f"{-b:g}"}
    return Picture(_plane(lambda x1, x2: w1 * x1 + w2 * x2 + b > 0, [x1 & x2 for x1, x2 in level_2.CASES]), says)


def _mlp(readers: Readers, _: Weights) -> Picture:
    """XOR: the part of the plane for which the recorded network says more than ½ after its last update."""
    reader = readers["lesson-xor"]
    w1, b1, w2, b2 = (reader.column(f"extra/{name}")[-1].astype(float) for name in ("w1", "b1", "w2", "b2"))

    def is_on(x1: Doubles, x2: Doubles) -> Bools:
        hidden = np.maximum(0, np.stack([x1, x2], -1) @ w1.T + b1) ** 2
        on: Bools = hidden @ w2 + b2 > 0.5
        return on

    return Picture(_plane(is_on, [x1 ^ x2 for x1, x2 in level_2.CASES]), {"units": str(level_2.N_HIDDEN)})


def _plane(is_on: Callable[[Doubles, Doubles], Bools], wanted: Sequence[int]) -> str:
    """Inputs from −¼ to 1¼, x₂ upwards; the four cases, filled where a 1 is wanted."""
    left, top, side = 25, 24, 102
    middles = (np.arange(side // CELL_PX) + 0.5) * CELL_PX / side * 1.5 - 0.25
    on = is_on(*np.meshgrid(middles, middles[::-1]))
    marks = []
    for row, cells in enumerate(on):
        for start, stop in _runs(cells):
            size = f'width="{(stop - start) * CELL_PX}" height="{CELL_PX}"'
            x, y = left + start * CELL_PX, top + row * CELL_PX
            marks.append(f'<rect x="{x}" y="{y}" {size} fill="{ACCENT}" fill-opacity=".28"/>')
    for (x1, x2), is_wanted in zip(level_2.CASES, wanted, strict=True):
        cx, cy = left + (x1 + 0.25) / 1.5 * side, top + (1.25 - x2) / 1.5 * side
        fill = f'fill="{AMBER}"' if is_wanted else f'fill="none" stroke="{MUTED}" stroke-width="2"'
        marks.append(f'<circle cx="{cx:.1f}" cy="{cy:.1f}" r="8" {fill}/>')
    return _svg(marks)


def _runs(cells: Bools) -> list[tuple[int, int]]:
    """Where it is True: starts and stops."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], cells.astype(int), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _words(_: Readers, weights: Weights) -> Picture:
    """Rows of wte on the two directions along which these words differ most."""
    words = [(each, group) for group in GROUPS for each in level_3.GROUPS[group].split()]
    places, share = WordSpace.of(weights).flat_map([each for each, _ in words])
    low, high = places.min(0), places.max(0)
    marks = []
    for (x, y), (each, group) in zip((places - low) / (high - low), words, strict=True):
        cx, cy = 16 + 112 * x, 24 + 112 * (1 - y)
        marks.append(f'<circle cx="{cx:.1f}" cy="{cy:.1f}" r="4" fill="{GROUPS[group]}"/>')
        if each == level_3.GROUPS[group].split()[0]:
            marks.append(_text(min(cx, 118), cy - 9, each, GROUPS[group]))
    return Picture(_svg(marks), {"share": f"{100 * share:.0f} %"})


def _attention(readers: Readers, _: Weights) -> Picture:
    """One head over the short sentence: a row looks back at the columns."""
    reader = readers[level_4.DOG]
    weights, _bounds = attention_map(reader, level_4.LAYER, level_4.HEAD)
    side = 126 / len(weights)
    marks = []
    for query, row in enumerate(weights):
        for key in range(query + 1):
            x, y, size = 13 + key * side, 12 + query * side, side - 2
            fill = _colour("attention", 0.12 + 0.63 * float(row[key]))
            edge = f' stroke="{TEXT}" stroke-width="2"' if (query, key) == (level_4.QUERY, level_4.KEY) else ""
            marks.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{size:.1f}" height="{size:.1f}" fill="{fill}"{edge}/>')
    asker, asked = (_word(reader, position) for position in (level_4.QUERY, level_4.KEY))
    share = f"{100 * weights[level_4.QUERY, level_4.KEY]:.0f} %"
    return Picture(_svg(marks), {"asker": asker, "asked": asked, "share": share})


def _tower(readers: Readers, _: Weights) -> Picture:
    """What goes in and what each block hands on, at the prompt's last word: the largest numbers of each."""
    place = Place(readers["lesson-capital"], readers["lesson-capital"].session.num_prompt_tokens - 1)
    n_layer = place.layout.n_layer
    keys = ["embed.resid0", *(f"block.{i}.resid_post" for i in range(n_layer))]
    step = 102 / n_layer
    marks = []
    for level, key in enumerate(keys):
        y = 116 - step * level
        corners = " ".join(f"{x:.0f},{y + dy:.0f}" for x, dy in ((10, 4), (22, 24), (142, 8), (120, -12)))
        marks.append(f'<polygon points="{corners}" fill="#0e1724" fill-opacity=".75" stroke="#4a6185"/>')
        values = np.abs(place.values(key))
        for neuron in np.argsort(values)[-STREAM_DOTS:].tolist():
            u, v = (neuron % 16 + 0.5) / 16, (neuron // 16 + 0.5) / np.ceil(len(values) / 16)
            x, dy = 10 + 110 * u + 12 * v + 10 * u * v, 4 - 16 * u + 20 * v
            share = float(values[neuron] / values.max())
            colour = _colour("temperature", share)
            marks.append(f'<circle cx="{x:.1f}" cy="{y + dy:.1f}" r="{1 + 2 * share:.1f}" fill="{colour}"/>')
    return Picture(_svg(marks), {"blocks": str(n_layer)})


def _next_word(readers: Readers, _: Weights) -> Picture:
    """Of the story about Leo the step whose likeliest word had about half: what could follow, on one scale to 100 %."""
    reader = readers["lesson-leo"]
    shares = np.exp(reader.column("logits/values")[:, 0] - reader.column("logits/logsumexp"))
    frame = reader.frame(int(np.abs(shares - 0.5).argmin()))
    found = predictions(frame)
    assert found is not None  # the lesson's recordings have them
    names = [word(reader.token_bytes[int(i)]) for i in found.token_ids[:NUM_BARS]]
    rows = zip(names, found.probs[:NUM_BARS].tolist(), (VIOLET,) * NUM_BARS, strict=True)
    before = " ".join(_word(reader, at) for at in range(frame.pos0 + frame.t_add - 2, frame.pos0 + frame.t_add))
    head = _text(8, 20, f"… {before} ▢", TEXT)
    return Picture(_svg([head, *_bars([*rows], 40)]), {"best": names[0], "share": f"{100 * found.probs[0]:.0f} %"})


def _why(readers: Readers, weights: Weights) -> Picture:
    """Whose writing put the chosen word before its rival."""
    reader = readers[level_7.COLOURS]
    lead = Lead(reader, reader.session.num_prompt_tokens - 1, "colours", weights)
    wrote = {part: float(lead.wrote(part).value) for part in TELLING_PARTS}
    most = max(map(abs, wrote.values()))
    rows = [(part, abs(value) / most, FOR if value > 0 else AGAINST) for part, value in wrote.items()]
    return Picture(_svg(_bars(rows, 22)), {"word": level_7.COPIED.strip()})


def _bars(rows: Sequence[tuple[str, float, str]], top: int) -> list[str]:
    """Name, share of the whole length, colour."""
    marks = []
    for i, (name, share, colour) in enumerate(rows):
        y = top + 29 * i
        marks.append(_text(8, y + 8, name, TEXT))
        marks.append(f'<rect x="8" y="{y + 13}" width="136" height="7" rx="3.5" fill="{LINE}"/>')
        marks.append(f'<rect x="8" y="{y + 13}" width="{136 * share:.1f}" height="7" rx="3.5" fill="{colour}"/>')
    return marks


def _word(reader: SessionReader, position: int) -> str:
    return word(reader.token_bytes[int(reader.token_ids()[position])])


def _text(x: float, y: float, text: str, colour: str) -> str:
    style = f'font-family="system-ui, sans-serif" font-size="13" fill="{colour}"'
    return f'<text x="{x:.0f}" y="{y:.0f}" {style}>{escape(text)}</text>'


def _colour(scale: str, share: float) -> str:
    """#rrggbb of a scale of assets/scales.json at 0 … 1."""
    stops = scales()[scale]
    ends = [[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for _, colour in stops]
    mixed = [np.interp(share, [at for at, _ in stops], [end[i] for end in ends]) for i in range(3)]
    return "#" + "".join(f"{round(float(part)):02x}" for part in mixed)


def _svg(marks: Sequence[str]) -> str:
    width, height = SIZE
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
    return "".join([head, *marks, "</svg>"])


DRAWN: Mapping[int, Callable[[Readers, Weights], Picture]] = {
    1: _perceptron,
    2: _mlp,
    3: _words,
    4: _attention,
    5: _tower,
    6: _next_word,
    7: _why,
}
