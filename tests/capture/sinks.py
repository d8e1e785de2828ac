"""Where a recorder's frames go in tests."""

from mri.format.events import StepFrame


class ListSink:
    """Keeps frames in memory."""

    def __init__(self) -> None:
        self.frames: list[StepFrame] = []

    def append(self, frame: StepFrame) -> None:
        self.frames.append(frame)
