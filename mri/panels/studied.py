"""What is asked of neurons and what the study found, as the Neurons page's panels read it: each part once."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from mri.arrays import Ints
from mri.panels import names
from mri.store.library import Library
from mri.store.reader import SessionReader
from mri.study.activity import Activity
from mri.study.study import Grouping, Question, Study


class Studied:
    """neuron: of the question's hook point, where the panel is of one."""

    def __init__(self, library: Library, study: Study, question: Question, neuron: int = 0) -> None:
        self.library, self.study, self.question, self.neuron = library, study, question, neuron

    @cached_property
    def grouping(self) -> Grouping:
        """Raises what Study.grouping raises."""
        return self.study.grouping(self.question)

    @cached_property
    def reader(self) -> SessionReader:
        return self.library.open(self.question.session).as_of_now()

    @property
    def unit(self) -> str:
        layout = self.reader.session.layout
        return layout.points[layout.row(self.question.point)].unit

    @cached_property
    def names(self) -> list[str]:
        """Of the grouped neurons, as `block.3.mlp_act · 17`."""
        neurons = self.grouping.neurons
        return [f"{neurons.keys[neurons.point[row]]} · {neurons.neuron[row]}" for row in range(len(self.grouping.rows))]

    @cached_property
    def tokens(self) -> list[str]:
        """What each column's step read, as a chart names it."""
        return tokens_of_columns(self.library, self.grouping.neurons)

    @property
    def texts(self) -> list[str]:
        """The same, as a table has it."""
        activity = self.grouping.history.activity
        read = {i: names.texts_of_steps(self.library.open(session)) for i, session in enumerate(activity.sessions)}
        return [read[int(session)][int(step)] for session, step in zip(activity.session, activity.step, strict=True)]

    @property
    def sessions(self) -> Ints:
        """Each column's session, by its id."""
        activity = self.grouping.history.activity
        found: Ints = np.array(activity.sessions, object)[activity.session]
        return found

    @property
    def breaks(self) -> list[int]:
        """Columns at which another session begins."""
        found: list[int] = (np.flatnonzero(np.diff(self.grouping.neurons.session)) + 1).tolist()
        return found


def tokens_of_columns(library: Library, activity: Activity) -> list[str]:
    """What each column's step read."""
    read = {}
    for number, session in enumerate(activity.sessions):
        read[number] = names.tokens_of_steps(library.open(session).as_of_now())
    return [read[int(session)][int(step)] for session, step in zip(activity.session, activity.step, strict=True)]
