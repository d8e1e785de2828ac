"""HTTP routes of the Neurons page: the groups by neuron, for the Scanner's colours, and every panel's numbers.

Reads the address's query into a question; the answers are `mri/study/study.py`'s. Errors leave as
{"error": sentence}.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from mri.errors import ConfigError, WorkerError
from mri.export.direct_path import tokens_csv
from mri.format.checks import whole
from mri.panels.panel import panel_named
from mri.panels.selection import Selection
from mri.panels.studied import Studied
from mri.study.study import Question
from mri.web.routes.downloads import sent
from mri.web.routes.sessions import compress, revalidated_json
from mri.web.services import services
from mri.worker.attribution import has_direct_path, tokens_of_neuron

neuron_routes = Blueprint("neuron_routes", __name__)


@neuron_routes.get("/neurons/groups")
@compress.compressed()
def groups() -> ResponseReturnValue:
    """`?session=&point=&span=&scope=&method=&groups=&seed=`: hook point -> group of each neuron from 0, −1 for none;
    `found`: whether these are groups at all, with the three numbers that decide it (see Clusters)."""
    found = services().study.grouping(Question.from_mapping(request.args))
    clusters, n_groups = found.clusters, found.clusters.n_groups
    judged = {"found": clusters.found, "silhouette": clusters.silhouettes[n_groups]}
    judged |= {"silhouette_shifted": float(clusters.null.max()), "agreement": clusters.agreement[n_groups]}
    return revalidated_json({"labels": found.labels(), "n_groups": n_groups, **judged})


@neuron_routes.get("/neurons/<panel>.csv")
def panel(panel: str) -> ResponseReturnValue:
    """The same query, and `neuron=` for panels of one neuron."""
    neuron = whole("neuron", request.args.get("neuron", "0"))
    here, question = services(), Question.from_mapping(request.args)
    if panel == "tokens":
        status = _tokens(question, neuron)
        return sent(lambda: tokens_csv(status, question.point, neuron), "text/csv")
    found, studied = panel_named("neurons", panel), Studied(here.library, here.study, question, neuron)
    return sent(lambda: found.csv(studied, Selection()), "text/csv")


def _tokens(question: Question, neuron: int) -> dict[str, Any]:
    """The worker's answer. Raises WorkerError while it computes, and where it could not."""
    here = services()
    if not has_direct_path(question.point):
        raise ConfigError(f"{question.point} has no direct path of its own: choose mlp_act, a write or the stream.")
    wanted = tokens_of_neuron(here.library.open(question.session), question.point, neuron, here.model)
    status = here.worker.attribution(wanted.id) or here.worker.attribute(wanted)
    if status["status"] == "running":
        raise WorkerError("The worker is computing this neuron's tokens: ask again in a moment.")
    if status["status"] == "error":
        raise WorkerError(status["message"])
    return status
