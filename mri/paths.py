"""Where the project keeps its data. Knows nothing else."""

from pathlib import Path

DATA = Path(__file__).resolve().parents[1] / "data"
SESSIONS = DATA / "sessions"
"""The sessions folder unless another is named: what `python app.py` shows."""
LESSONS = DATA / "lessons"
"""The lessons of /learn, with their recordings."""
