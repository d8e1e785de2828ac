"""Groups against scikit-learn, scipy and cases made by hand."""

import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster, leaves_list, linkage
from sklearn.metrics import adjusted_rand_score, silhouette_score

from mri.errors import ConfigError
from mri.study.activity import standardised
from mri.study.clustering import MOST_GROUPS, cluster
from tests.tiers import sample


def courses(sizes, num_steps=40, noise=0.15, seed=0):
    """Neurons in groups of these sizes, each with a course of its own, in mixed order. -> values, group of each"""
    rng = np.random.default_rng(seed)
    groups = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    shapes = rng.standard_normal((len(sizes), num_steps))
    scale = rng.uniform(0.5, 20, (len(groups), 1))
    values = (shapes[groups] + noise * rng.standard_normal((len(groups), num_steps))) * scale + 3 * scale
    return values.astype(np.float32), groups


@pytest.mark.parametrize("method", ["kmeans", "ward"])
def test_groups_that_are_there_are_found_with_their_number_whatever_their_size(method):
    values, groups = courses([20, 11, 7])
    found = cluster(values, method=method)
    assert found.n_groups == 3
    assert adjusted_rand_score(groups, found.labels) == 1
    assert np.bincount(found.labels).tolist() == [20, 11, 7], "the largest group comes first"
    assert set(found.silhouettes) == set(range(2, MOST_GROUPS + 1))


def test_groups_that_are_there_are_called_found_and_noise_is_not():
    values, _ = courses([40, 30, 25], noise=1.0)
    for method in ("kmeans", "ward"):
        found = cluster(values, method=method)
        assert (found.found, found.n_groups) == (True, 3)
        assert found.agreement[3] > 0.9
        assert found.silhouettes[3] > 2 * found.null.max()
    for seed in range(sample(ci=6, long=100)):
        noise = np.random.default_rng(seed).standard_normal((120, 40)).astype(np.float32)
        nothing = cluster(noise, seed=seed)
        assert not nothing.found, seed
        assert len(nothing.agreement) == len(nothing.silhouettes), "every number was held against other seeds"


def test_spikes_that_each_neuron_has_for_itself_are_no_groups():
    """relu² leaves few, large values: their silhouette is that of noise made of the same spikes."""
    rng = np.random.default_rng(0)
    values = ((rng.random((300, 60)) < 0.05) * rng.exponential(5, (300, 60))).astype(np.float32)
    assert not cluster(values).found


def test_agreement_is_scikit_learns_with_other_seeds_of_the_number_that_was_asked_for():
    values, _ = courses([30, 30, 30], noise=2.5)
    mine = cluster(values, n_groups=6, seed=1)
    others = [cluster(values, n_groups=6, seed=seed).labels for seed in (2, 3, 4, 5)]
    assert list(mine.agreement) == [6]
    expected = np.mean([adjusted_rand_score(mine.labels, other) for other in others])
    assert mine.agreement[6] == pytest.approx(expected, abs=0.02)


def test_a_number_that_other_seeds_find_again_is_taken_before_a_larger_silhouette():
    """Two far groups, each of them a continuum: any cut of the inside is the seed's own."""
    rng = np.random.default_rng(3)
    middle = rng.standard_normal((2, 60))
    values = (middle[np.repeat([0, 1], 100)] * 0.9 + rng.standard_normal((200, 60))).astype(np.float32)
    found = cluster(values)
    assert (found.n_groups, found.found) == (2, True)
    assert cluster(values, n_groups=7).agreement[7] < 0.65
    assert not cluster(values, n_groups=7).found


def test_silhouettes_are_scikit_learns():
    values, _ = courses([9, 8, 7], noise=1.0)
    found = cluster(values, n_groups=4)
    expected = silhouette_score(standardised(values), found.labels)
    assert found.silhouettes == {4: pytest.approx(expected, abs=1e-4)}


def test_ward_is_scipys_and_the_order_is_that_of_its_leaves():
    values, _ = courses([6, 9, 8, 4], noise=0.8)
    found = cluster(values, method="ward", n_groups=4)
    tree = linkage(standardised(values), "ward")
    assert adjusted_rand_score(fcluster(tree, 4, "maxclust"), found.labels) == 1
    assert sorted(found.order) == list(range(27))
    assert (np.diff(found.labels[found.order]) >= 0).all(), "group by group"
    leaves = leaves_list(tree)
    for group in range(4):
        mine = [i for i in found.order if found.labels[i] == group]
        theirs = [i for i in leaves if found.labels[i] == group]
        assert mine in (theirs, theirs[::-1]) or set(mine) == set(theirs)


def test_the_map_is_the_svd_with_its_shares():
    values, _ = courses([10, 10], noise=0.5)
    found = cluster(values, n_groups=2)
    shapes = standardised(values).astype(np.float64)
    left, sizes, _ = np.linalg.svd(shapes - shapes.mean(axis=0), full_matrices=False)
    np.testing.assert_allclose(np.abs(found.places), np.abs(left * sizes)[:, :2], atol=1e-3)
    np.testing.assert_allclose(found.explained, (sizes**2 / (sizes**2).sum())[:2], rtol=1e-4)
    assert found.kept == pytest.approx(1, abs=1e-5)


def test_means_and_distances_belong_to_the_groups():
    values, _ = courses([8, 5])
    found = cluster(values, n_groups=2)
    shapes = standardised(values)
    for group in range(2):
        members = found.labels == group
        np.testing.assert_allclose(found.means[group], shapes[members].mean(axis=0), atol=1e-5)
        own = np.linalg.norm(shapes[members] - shapes[members].mean(axis=0), axis=1)
        np.testing.assert_allclose(found.distance[members], own, rtol=1e-3)


def test_the_same_seed_gives_the_same_groups():
    values, _ = courses([30, 30, 30], noise=3.0)
    one, two = cluster(values, n_groups=7, seed=5), cluster(values, n_groups=7, seed=5)
    np.testing.assert_array_equal(one.labels, two.labels)
    np.testing.assert_array_equal(one.places, two.places)


def test_neurons_that_never_change_are_a_group_and_no_error():
    values, _ = courses([8, 8])
    values[:5] = 4
    found = cluster(values, n_groups=3)
    assert len(set(found.labels[:5])) == 1
    with pytest.raises(ConfigError, match="ever changed"):
        cluster(np.ones((6, 9), np.float32), n_groups=2)


@pytest.mark.parametrize(
    ("shape", "options", "words"),
    [
        ((3, 9), {}, "3 neurons cannot be grouped"),
        ((5, 9), {"n_groups": 5}, "5 neurons cannot be grouped"),
        ((9, 9), {"n_groups": 13}, "choose 2 to 12"),
        ((9, 9), {"n_groups": 1}, "choose 2 to 12"),
        ((9, 9), {"method": "magic"}, "use one of kmeans, ward"),
        ((3001, 2), {}, "at most 3,000"),
    ],
)
def test_what_cannot_be_grouped_is_said(shape, options, words):
    with pytest.raises(ConfigError, match=words):
        cluster(np.random.default_rng(0).random(shape).astype(np.float32), **options)
