"""What pages and routes reach for while they answer a request: the library of sessions, the generation worker,
who watches live, and what is studied of neurons.

`create_app` puts one `Services` into the Flask app; `services()` gives it back inside a request.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from flask import current_app

from mri.lessons.catalogue import Catalogue
from mri.nanochat.locate import ModelRef
from mri.store.library import Library
from mri.store.reader import SessionReader
from mri.study.study import Study
from mri.study.turns import Turns
from mri.web.live.hub import Hub
from mri.web.models import Models
from mri.worker.handle import GenerationWorker

EXTENSION = "nanochat-mri"

DOWNLOADS_AT_ONCE = 6
"""Tables and files that are being sent: each holds up to about 20 MB."""
COMPUTATIONS_WAITING = 16
"""Requests that wait while another's saliency, alignment or grouping is computed: each holds a thread of the server."""


@dataclass(frozen=True)
class Services:
    library: Library
    worker: GenerationWorker
    models: Models
    hub: Hub
    lessons: Catalogue
    study: Study
    computations: Turns
    downloads: Turns = field(default_factory=lambda: Turns(DOWNLOADS_AT_ONCE, "downloads"))

    @property
    def model(self) -> ModelRef:
        """The server's own, as it is found now. Raises ModelError."""
        return self.models.own()

    def model_of(self, reader: SessionReader) -> ModelRef:
        """What the weights of a recording are asked of. Raises ModelError."""
        return self.models.of_recording(reader.session.run.model.model_path)


def services() -> Services:
    """The running app's services. Only inside a request or callback."""
    found: Services = current_app.extensions[EXTENSION]
    return found
