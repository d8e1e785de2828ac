"""HTTP routes of the Neurons page: the groups by neuron, for the Scanner's colours, and every panel's numbers.

Reads the address's query into a question; the answers are `mri/analysis/study.py`'s. Errors leave as
{"error": sentence}.
"""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from mri.analysis.study import Question
from mri.downloads import sent
from mri.errors import ConfigError
from mri.export.neuron_tables import neurons_csv
from mri.routes import compress, revalidated_json
from mri.ui.services import services

neuron_routes = Blueprint("neuron_routes", __name__)


@neuron_routes.get("/neurons/groups")
@compress.compressed()
def groups() -> ResponseReturnValue:
    """`?session=&point=&span=&scope=&method=&groups=&seed=`: hook point -> group of each neuron from 0, −1 for none."""
    found = services().study.grouping(Question.from_mapping(request.args))
    return revalidated_json({"labels": found.labels(), "n_groups": found.clusters.n_groups})


@neuron_routes.get("/neurons/<panel>.csv")
def panel(panel: str) -> ResponseReturnValue:
    """The same query, and `neuron=` for panels of one neuron."""
    neuron = request.args.get("neuron", "0")
    if not (neuron.isascii() and neuron.isdigit() and len(neuron) < 10):
        raise ConfigError(f"neuron={neuron!r} must be a whole number of at least 0.")
    here = services()
    question = Question.from_mapping(request.args)
    return sent(lambda: neurons_csv(here.library, here.study, panel, question, int(neuron)), "text/csv")
