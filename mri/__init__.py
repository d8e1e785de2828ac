"""nanochat MRI: record, store and replay what happens inside a nanochat model at every step.

    import mri
    trace = mri.record("Once there was a girl named Mia.", max_new_tokens=64)
    trace.stats()

Names are imported when they are first used, so that `import mri` loads neither torch nor pandas.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mri.api import activations, record, sessions
    from mri.capture.modules import Recorder
    from mri.capture.points import Point
    from mri.capture.watch import watch
    from mri.edit.edited import edited
    from mri.edit.text import Edit
    from mri.errors import MriError
    from mri.export.frames import concat
    from mri.export.trace import Trace, open_trace
    from mri.format.config import TraceConfig
    from mri.format.presets import PRESETS
    from mri.nanochat.checkpoint import load_model
    from mri.proof.check import check
    from mri.scans.opened import open_scan
    from mri.scans.scan import scan

__version__ = "0.1.0"

_HOMES = {
    "activations": "mri.api",
    "record": "mri.api",
    "sessions": "mri.api",
    "PRESETS": "mri.format.presets",
    "TraceConfig": "mri.format.config",
    "MriError": "mri.errors",
    "concat": "mri.export.frames",
    "Trace": "mri.export.trace",
    "open_trace": "mri.export.trace",
    "load_model": "mri.nanochat.checkpoint",
    "check": "mri.proof.check",
    "open_scan": "mri.scans.opened",
    "scan": "mri.scans.scan",
    "Point": "mri.capture.points",
    "Recorder": "mri.capture.modules",
    "watch": "mri.capture.watch",
    "Edit": "mri.edit.text",
    "edited": "mri.edit.edited",
}

_NEED_TORCH = {
    "mri.nanochat.checkpoint",
    "mri.capture.points",
    "mri.capture.modules",
    "mri.capture.watch",
    "mri.edit.edited",
    "mri.proof.check",
    "mri.scans.scan",
}

__all__ = [
    "PRESETS",
    "Edit",
    "MriError",
    "Point",
    "Recorder",
    "Trace",
    "TraceConfig",
    "activations",
    "check",
    "concat",
    "edited",
    "load_model",
    "open_scan",
    "open_trace",
    "record",
    "scan",
    "sessions",
    "watch",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'mri' has no attribute {name!r}")
    if _HOMES[name] in _NEED_TORCH:
        import_module("mri.nanochat.locate").need_torch()
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
