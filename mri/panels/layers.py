"""The list of hook points with their statistics. Drawn by assets/js/panels/layers.mjs."""

from mri.panels import bars
from mri.panels.panel import Panel

PANEL = Panel(name="layers", page="scanner", label="Hook points", kind="picture", table=bars.table)
