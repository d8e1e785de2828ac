"""The exception tree: every error a person can meet carries the fact and the cure.

    MriError                    shown to a person as one sentence, exit code 1
    ├── ConfigError             a setting that cannot work, and what would
    ├── PromptError             an empty or too long prompt, a bad chat
    ├── ModelError              no model, a broken or foreign checkpoint or tokenizer
    │   └── NoTorch             what runs a model, where PyTorch is not installed
    ├── UnknownHookPoint        a hook point or module that the model does not have
    ├── SessionNotFound         an id that names nothing
    ├── BadSession              a journal or session file that is not one of ours, or is broken
    ├── StoreError              the disk said no: full, read-only, locked by another recorder
    │   └── BadFrame            a step that is not what its session's layout says
    ├── LessonError             a lesson whose text, numbers or sessions do not fit together
    │   └── LessonNotFound      an id that names no lesson
    ├── WorkerError             the generation worker cannot take a recording now
    ├── LiveError               the live stream cannot take another viewer now
    └── BusyError               as many downloads, uploads or computations as may be at once are under way

Knows nothing of who raises them. They are raised low and shown once, at the edge: command line, page, HTTP route.
"""


class MriError(Exception):
    """Base of all errors whose text is written for a person. `str(error)` is one sentence: fact, then cure."""


class ConfigError(MriError):
    """A setting that cannot work."""


class PromptError(MriError):
    """A prompt that cannot be generated from."""


class ModelError(MriError):
    """A checkpoint, tokenizer or base directory that cannot be used."""


class NoTorch(ModelError):
    """PyTorch is not installed. Recordings can be listed, shown and read without it."""

    def __init__(self) -> None:
        super().__init__("PyTorch is not installed here, and no model runs without it: `pip install torch`.")


class UnknownHookPoint(MriError):
    """A hook point or module name that does not exist in this model or session."""


class SessionNotFound(MriError):
    """A session id that names nothing in the library."""


class BadSession(MriError):
    """A journal or session file that is truncated, corrupt or foreign."""


class StoreError(MriError):
    """The disk refused: full, read-only, or the session is locked by another recorder."""


class BadFrame(StoreError):
    """A step that does not fit its session: nothing of it was written. Of the recorder's making, not of the disk's."""


class WorkerError(MriError):
    """The generation worker cannot take another recording now."""


class LiveError(MriError):
    """The live stream cannot take another viewer now."""


class BusyError(MriError):
    """As much of this as may be at once is under way."""


class LessonError(MriError):
    """A lesson whose text, numbers or sessions do not fit together."""


class LessonNotFound(LessonError):
    """An id that names no lesson."""
