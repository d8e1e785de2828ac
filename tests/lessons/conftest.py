"""What a test of a level starts from: the lesson that its file names as LESSON, and recordings as plain HDF5."""

from __future__ import annotations

import importlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import pytest

from mri.lessons.catalogue import Catalogue
from mri.paths import LESSONS


def plain_h5(path: Path) -> h5py.File:
    """The file as any HDF5 tool reads it. From its bytes: HDF5 will not open a path twice with other settings."""
    return h5py.File(io.BytesIO(path.read_bytes()), "r")


@pytest.fixture(scope="module")
def sources(request: pytest.FixtureRequest) -> Iterator[tuple[Any, Any]]:
    """The lesson's readers by session and its weights by name."""
    catalogue = Catalogue(LESSONS)
    with catalogue.sources(catalogue.lesson(request.module.LESSON)) as found:
        yield found


@pytest.fixture(scope="module")
def readers(sources):
    return sources[0]


@pytest.fixture(scope="module")
def weights(sources):
    return sources[1]


@pytest.fixture(scope="module")
def level(request: pytest.FixtureRequest) -> Any:
    """The module of the level: mri.lessons.levels.level_1 for "1-perceptron"."""
    return importlib.import_module(f"mri.lessons.levels.level_{request.module.LESSON[0]}")


@pytest.fixture(scope="module")
def explained(level, sources):
    """Every number of the lesson by name, with its formula and inputs."""
    return level.numbers(*sources)


@pytest.fixture(scope="module")
def numbers(explained):
    """The values alone."""
    return {name: number.value for name, number in explained.items()}


@pytest.fixture(scope="module")
def data(level, sources):
    """What the lesson's widgets draw."""
    return level.widget_data(*sources)
