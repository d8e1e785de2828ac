"""Figures of the Neurons page: what arrives in which trace."""

import numpy as np
import pytest

from mri.panels import neurons
from mri.study.clustering import cluster
from mri.study.moments import EDGES, NUM_BINS, bin_of
from tests.study.test_clustering import courses


@pytest.fixture(scope="module")
def found():
    values, _ = courses([9, 6, 5], num_steps=12)
    return cluster(values, n_groups=3), values


NAMES = [f"block.0.mlp_act · {i}" for i in range(20)]
TOKENS = [f"<{i}>" for i in range(12)]


def test_the_map_has_one_trace_for_each_group_and_rings_the_selected(found):
    clusters, _ = found
    figure = neurons.group_map(clusters, NAMES, selected=3, theme="dark")
    assert [trace.name for trace in figure.data[:3]] == ["1", "2", "3"]
    assert sorted(name for trace in figure.data[:3] for name in trace.customdata) == sorted(NAMES)
    np.testing.assert_allclose(figure.data[3].x, clusters.places[3, 0])
    assert f"{clusters.explained[0] * 100:.1f} %" in figure.layout.xaxis.title.text
    assert len({(trace.marker.color, trace.marker.symbol) for trace in figure.data[:3]}) == 3


def test_the_heatmap_tells_measured_from_expected(found):
    clusters, values = found
    captured = np.ones(values.shape, bool)
    captured[4, 2] = False
    figure = neurons.group_heatmap(clusters, values, captured, NAMES, TOKENS, breaks=[6], theme="dark")
    row = clusters.order.tolist().index(4)
    expected, measured, strip = figure.data
    assert np.isnan(measured.z[row, 2])
    assert np.isfinite(measured.z).sum() == captured.sum()
    np.testing.assert_allclose(expected.z, values[clusters.order], rtol=1e-5)
    assert expected.opacity < 0.5
    assert expected.customdata[row][2] == NAMES[4]
    assert strip.z.ravel().tolist() == clusters.labels[clusters.order].tolist()
    assert measured.text[0][1] == "&lt;1&gt;"


def test_many_neurons_and_steps_are_drawn_as_means_of_neighbours():
    values, _ = courses([400, 300], num_steps=900)
    clusters = cluster(values, n_groups=2)
    names = [f"p · {i}" for i in range(700)]
    figure = neurons.group_heatmap(
        clusters, values, np.ones(values.shape, bool), names, ["t"] * 900, breaks=[], theme="light"
    )
    rows, columns = figure.data[1].z.shape
    assert rows <= neurons.MOST_ROWS
    assert columns <= neurons.MOST_COLUMNS
    np.testing.assert_allclose(figure.data[0].z[0, 0], values[clusters.order[:3], :3].mean(), rtol=1e-4)
    assert figure.data[0].customdata[0][0].endswith("and 2 beside it")


def test_means_and_silhouettes(found):
    clusters, _ = found
    figure = neurons.group_means(clusters, TOKENS, breaks=[6], theme="dark")
    np.testing.assert_allclose(figure.data[1].y, clusters.means[1], rtol=1e-6)
    values, _ = courses([9, 6, 5], num_steps=12)
    clusters = cluster(values)
    bars = neurons.silhouettes(clusters, theme="dark")
    assert bars.data[0].marker.color[1] not in (bars.data[0].marker.color[0], bars.data[0].marker.color[2])
    assert bars.layout.shapes[0].y0 == pytest.approx(clusters.null.max())


def test_a_distribution_shows_its_used_bins_by_name():
    values = np.float32([1.1, 1.2, -3.0, 0.001])
    figure = neurons.distribution(np.bincount(bin_of(values), minlength=NUM_BINS), unit="activation", theme="dark")
    bars = dict(zip(figure.data[0].customdata, figure.data[0].y, strict=True))
    assert bars["1 to 1.41"] == 2
    assert bars["−2.83 to −4"] == 1
    assert bars[f"magnitude below {EDGES[0]:.3g}"] == 1
    assert sum(bars.values()) == 4
