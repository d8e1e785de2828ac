"""THE table of what a lesson can point at, glow and lock: name -> where it is on the screen. Charts are in it by
themselves (mri/panels).

What a target is called and what it is for stands in the catalogue of words (data/lessons/words.<language>.yaml,
`targets`). Three kinds take an argument: `point:<hook point>`, `neuron:<hook point>:<n>`, `token:<position>`;
`widget.<part>` is what the moment's widget marks with data-part. Knows no page; a browser test looks whether every
selector is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from mri.panels.panel import panels


@dataclass(frozen=True)
class Target:
    """selector  CSS, of the real element; of several, the first is the one to point at
    lock      locked until a moment unlocks it: its use, not looking at it
    keys      commands of the keyboard (assets/js/desk/keys.mjs) that it governs
    panel     of the Scanner that must be open for it to be seen
    tab       of the inspector, likewise
    words     what it is called and what it is for, where the catalogue of words says neither
    """

    selector: str
    lock: bool = False
    keys: tuple[str, ...] = ()
    panel: str = ""
    tab: str = ""
    words: tuple[str, ...] = ()


_FIXED = {
    "stage": Target("#mri-stage .mri-view", lock=True, keys=("nextHead",)),
    "stage.tools": Target("#mri-stage .mri-tools", lock=True, keys=("togglePicture",)),
    "stage.legend": Target("#mri-stage .mri-legend"),
    "sentence": Target("#mri-sentence", lock=True),
    "ribbon": Target("#mri-ribbon", lock=True),
    "transport": Target("#mri-transport .mri-buttons", lock=True, keys=("toggle", "stepBy", "seekFirst", "seekLast")),
    "transport.scrubber": Target("#mri-scrubber, .mri-clock-at", lock=True, keys=("stepByTenth",)),
    "transport.clock": Target("#mri-transport .mri-clock"),
    "speed": Target("#mri-transport .mri-speed", lock=True, keys=("scaleSpeed",)),
    "timeline": Target("#mri-timeline .mri-lanes", lock=True, keys=("loopFrom", "loopTo", "clearLoop")),
    "layers": Target("#mri-layers", lock=True, keys=("moveLayer",), panel="layers"),
    "tabs": Target("#mri-tabs", lock=True, panel="inspector"),
    "inspector": Target(".mri-inspector", panel="inspector"),
    "neurons": Target("#panel-neurons", lock=True, keys=("toggleWatch",), panel="inspector", tab="neurons"),
    "attention": Target("#panel-attention", lock=True, panel="inspector", tab="attention"),
    "predictions": Target("#panel-predictions", lock=True, panel="inspector", tab="predictions"),
    "statistics": Target("#panel-statistics", lock=True, panel="inspector", tab="statistics"),
    "why": Target("#panel-why", lock=True, keys=("whyThis", "swapPair"), panel="inspector", tab="why"),
    "why.words": Target("#mri-why .mri-why-pair", panel="inspector", tab="why"),
    **{
        f"why.{name}": Target(f"#mri-why [aria-label='{title}']", panel="inspector", tab="why")
        for name, title in {
            "parts": "What each part wrote",
            "maps": "By block and head",
            "looks": "Where they look",
            "neurons": "Neurons",
            "depths": "On the way up",
            "scatter": "Wrote against lost",
        }.items()
    },
    "tools": Target("#mri-tools", lock=True),
    "widget": Target("#learn-widget"),
}


@cache
def targets() -> dict[str, Target]:
    """Name -> target. A target `a.b` is locked as long as neither it nor `a` was unlocked; `all` unlocks everything."""
    charts = [panel for panel in panels("scanner") if panel.figure]
    return _FIXED | {
        panel.target or f"{panel.tab}.{panel.name}": Target(
            f".mri-panel:has(#{panel.id})", panel="inspector", tab=panel.tab, words=(panel.label, panel.note)
        )
        for panel in charts
    }


ALL = "all"
KINDS = ("point", "neuron", "token", "widget")


def is_target(name: str) -> bool:
    """Whether a name is in the table or has the form of one with an argument."""
    kind, _, argument = name.partition(":")
    if name in targets():
        return True
    if kind == "neuron":
        return argument.rpartition(":")[2].isdigit()
    if kind == "token":
        return argument.isdigit()
    return (kind == "point" and bool(argument)) or (name.startswith("widget.") and len(name) > len("widget."))


def is_lock(name: str) -> bool:
    """Whether `unlock` may name it."""
    return name == ALL or (name in targets() and targets()[name].lock)
