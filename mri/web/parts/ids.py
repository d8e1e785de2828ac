"""Names that Python and JavaScript share: component ids, routes, tabs.

The same strings stand in `assets/js/core/names.mjs`; a test compares the two. Knows nothing else.
"""

from dash import Output

SCANNER_PATH = "/"
SESSIONS_PATH = "/sessions"
LIVE_PATH = "/live"
COMPARE_PATH = "/compare"
LEARN_PATH = "/learn"
NEURONS_PATH = "/neurons"

BOOT = "mri-boot"
"""dcc.Store: what the page tells JavaScript once: session id, full scale of every hook point."""
MOUNTED = "mri-mounted"
"""dcc.Store: set by JavaScript after the first paint; only then are the Graphs put into the page."""
VIEW = "mri-view"
"""dcc.Store: the selection, set by JavaScript when the clock rests. Never arrays."""
TOAST = "mri-toast"
"""dcc.Store: {"text", "kind"} shown to the person as a toast."""

SCANNER = "mri-scanner"
SESSION_PICKER = "mri-session"
STAT_CHOICE = "mri-stat"
WATCH = "mri-watch"
WATCHED = "mri-watched"
"""Hosts in the Neurons tab: the button that watches the selected neuron, and the list of those watched."""
HEADS_BY = "mri-heads-by"
"""html.Select: what colours the heads: entropy or distance."""
HEADS = "mri-heads"
"""Host in the Attention tab: the heads of the block, to choose one or all."""
WHY = "mri-why"
"""Host of the tab Why, all of which is JavaScript's."""
PREDICTED = "mri-predicted"
"""Host in the Predictions tab: the temperature, and the token that follows in numbers."""
POINT_NUMBERS = "mri-point-numbers"
"""Host in the Statistics tab: the seven statistics of the selected hook point."""
SIMPLE = "mri-simple"
MORE = "mri-more"
"""The Scanner's other view, empty until JavaScript fills it; host of its recordings in the menu."""
LIVE = "live"
LIVE_BAR = "live-bar"
LIVE_WAIT = "live-wait"
"""The Live page as a whole; hosts of the bar over a recording, and of what is seen before its first step."""
NEURONS = "neurons"
NEURONS_VIEW = "neurons-view"
"""The Neurons page as a whole; its dcc.Store of what is asked for, set by JavaScript."""
LIVE_TICK = "live-tick"
"""dcc.Interval: looks for recordings under way, while the form is seen."""
LEARN = "learn"
LEARN_TEXT = "learn-text"
LEARN_WIDGET = "learn-widget"
"""The Learn page as a whole; hosts of a lesson's text, and of the widget beside the Scanner."""

COMPARE = "compare"
COMPARE_BOOT = "compare-boot"
COMPARE_PAIR = "compare-pair"
COMPARE_VIEW = "compare-view"
"""The Compare page as a whole; its stores: which sessions, what is drawn over all steps, and what of one moment. The
last two are set by JavaScript."""

TABS = {
    "why": "Why",
    "attention": "Attention",
    "neurons": "Neurons",
    "statistics": "Statistics",
    "predictions": "Predictions",
}
"""Inspector tabs, in order: key in the URL -> label."""


def outputs(places: str) -> list[Output]:
    """Of a callback, each as `id.property`; with a ! where another callback writes there, too."""
    found = []
    for place in places.split():
        host, name = place.rstrip("!").split(".")
        found.append(Output(host, name, allow_duplicate=place.endswith("!")))
    return found


def panel(tab: str) -> str:
    """Id of the host element of a tab's graphs."""
    return f"panel-{tab}"
