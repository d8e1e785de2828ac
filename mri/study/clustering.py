"""Groups of neurons that do the same over time: k-means or Ward's tree, a map in two dimensions, a heatmap's order.

Arrays in, arrays out; scikit-learn does the work and is imported when it is first needed (it takes a second).
Knows no sessions and no hook points.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from mri.arrays import Doubles, Floats, Ints
from mri.errors import ConfigError
from mri.study.activity import standardised

Method = Literal["kmeans", "ward"]

METHODS: dict[str, str] = {"kmeans": "k-means", "ward": "agglomerative (Ward)"}
MOST_GROUPS = 12
"""Most groups: a palette and a person tell so many apart."""

MOST_NEURONS = 3000
"""Distances of all pairs are needed: more neurons would take gigabytes."""

COMPONENTS = 50
"""Principal components that groups are made in."""

SILHOUETTE_SAMPLE = 1000

OTHER_SEEDS = 4
"""Runs of k-means under other seeds that the groups are held against."""
AGREES = 0.65
"""Least mean adjusted Rand index with them: below it Steinley (2004) calls the recovery of groups poor."""
SHIFTED = 9
"""Copies in which each neuron's steps are moved round by a number of its own: the null. Its groups share no moments."""


class Clusters(NamedTuple):
    """Groups of n neurons by their standardised values over the steps.

    labels       (n,) 0 … n_groups − 1, the largest group first
    order        (n,) neurons for a heatmap: group by group, within each as the leaves of Ward's tree
    silhouettes  number of groups -> mean silhouette (of a seeded sample of 1 000 neurons where there are more); all
                 that were tried, or only the number given
    agreement    number of groups -> mean adjusted Rand index of its labels and those of OTHER_SEEDS runs of k-means;
                 of the numbers by falling silhouette, down to the first that agrees
    null         (SHIFTED,) mean silhouettes of as many groups in copies with shifted steps (of at most 1 000 neurons)
    places       (n, 2) first two principal components; `explained` (2,) their shares of the variance
    kept         share of the variance in the components that groups were made in
    distance     (n,) to the middle of its own group in these components: small is typical
    means        (n_groups, n_steps) mean standardised value of each group
    """

    labels: Ints
    order: Ints
    silhouettes: dict[int, float]
    agreement: dict[int, float]
    null: Floats
    places: Floats
    explained: Floats
    kept: float
    distance: Floats
    means: Floats

    @property
    def n_groups(self) -> int:
        return len(self.means)

    @property
    def found(self) -> bool:
        """Whether these are groups: another seed finds nearly the same, and they are farther apart than in every copy
        with shifted steps. Otherwise they are parts of a continuum, cut where the seed wanted it."""
        silhouette = self.silhouettes[self.n_groups]
        return self.agreement[self.n_groups] >= AGREES and silhouette > float(self.null.max())


def cluster(values: Floats, *, method: Method = "kmeans", n_groups: int | None = None, seed: int = 0) -> Clusters:
    """Group rows of `values` (n, n_steps) by shape: each row is standardised first.

    n_groups   2 … 12; None takes the number with the largest mean silhouette (Rousseeuw 1987) of those that other seeds
               find again, or of all where none is found again: see `Clusters.found`
    seed       of k-means' starts, of the components and of the silhouette's sample: the same seed, the same groups
    Raises ConfigError where there are too few or too many rows, or an unknown method.
    """
    if method not in METHODS:
        raise ConfigError(f"method={method!r} is not known: use one of {', '.join(METHODS)}.")
    if n_groups is not None and not 2 <= n_groups <= MOST_GROUPS:
        raise ConfigError(f"{n_groups} groups cannot be made: choose 2 to {MOST_GROUPS}, or auto.")
    if not max(4, (n_groups or 0) + 1) <= len(values) <= MOST_NEURONS:
        raise ConfigError(
            f"{len(values)} neurons cannot be grouped here: choose steps or a hook point with at least 4 captured "
            f"neurons (more than groups) and at most {MOST_NEURONS:,}."
        )
    from scipy.cluster.hierarchy import ward
    from threadpoolctl import threadpool_limits

    shapes = standardised(values)
    if not shapes.any():
        raise ConfigError("None of these neurons ever changed, so there is nothing to group by: choose other steps.")
    with threadpool_limits(1):  # matrices this small gain nothing by more, and on a busy machine lose seconds
        scores, ratios = _components(shapes, seed)
        tree = ward(scores)  # (n − 1, 4)
        counts = [n_groups] if n_groups else range(2, min(MOST_GROUPS, len(values) - 1) + 1)
        found = _labels(scores, tree, method, [*counts], seed)
        silhouettes = _silhouettes(scores, found, seed)
        best, agreement = _number(scores, found, silhouettes, seed)
        null = np.array([_of_shifted(shapes, method, best, seed + i) for i in range(SHIFTED)], np.float32)
    labels = _largest_first(found[best])
    middles = np.stack([scores[labels == group].mean(axis=0) for group in range(labels.max() + 1)])
    return Clusters(
        labels,
        np.lexsort((_leaf_places(tree), labels)),
        silhouettes,
        agreement,
        null,
        np.ascontiguousarray(np.pad(scores, ((0, 0), (0, 1)))[:, :2]),
        np.pad(ratios, (0, 1))[:2].astype(np.float32),
        float(ratios.sum()),
        np.linalg.norm(scores - middles[labels], axis=1).astype(np.float32),
        np.stack([shapes[labels == group].mean(axis=0) for group in range(len(middles))]),
    )


def _components(shapes: Floats, seed: int) -> tuple[Floats, Floats]:
    """Scores (n, ≤ COMPONENTS) and each component's share of the variance; the sign of a component is the one in which
    its largest score is positive."""
    from sklearn.decomposition import PCA

    pca = PCA(min(COMPONENTS, *shapes.shape), random_state=seed)
    scores = pca.fit_transform(shapes).astype(np.float32)
    scores *= np.where(scores[np.abs(scores).argmax(axis=0), np.arange(scores.shape[1])] < 0, -1, 1)
    return scores, pca.explained_variance_ratio_


def _labels(scores: Floats, tree: Doubles | None, method: Method, counts: list[int], seed: int) -> dict[int, Ints]:
    """Number of groups -> label of each neuron. Only Ward needs the tree."""
    if method == "ward":
        from scipy.cluster.hierarchy import cut_tree

        cuts = cut_tree(tree, counts)  # (n, len(counts)), in one pass over the tree
        return {count: np.asarray(cuts[:, column], np.int64) for column, count in enumerate(counts)}
    from sklearn.cluster import KMeans

    return {
        count: np.asarray(KMeans(count, n_init=4, random_state=seed).fit_predict(scores), np.int64) for count in counts
    }


def _silhouettes(scores: Floats, found: dict[int, Ints], seed: int) -> dict[int, float]:
    from sklearn.metrics import euclidean_distances, silhouette_score

    some = np.arange(len(scores))
    if len(scores) > SILHOUETTE_SAMPLE:
        some = np.sort(np.random.default_rng(seed).choice(len(scores), SILHOUETTE_SAMPLE, replace=False))
    distances = euclidean_distances(scores[some])
    np.fill_diagonal(distances, 0)
    out = {}
    for count, labels in found.items():
        several = 1 < len(np.unique(labels[some])) < len(some)
        out[count] = float(silhouette_score(distances, labels[some], metric="precomputed")) if several else -1.0
    return out


def _number(
    scores: Floats, found: dict[int, Ints], silhouettes: dict[int, float], seed: int
) -> tuple[int, dict[int, float]]:
    """The number of largest silhouette that other seeds find again, else the largest; agreement of those tried."""
    from sklearn.metrics import adjusted_rand_score

    falling = sorted(silhouettes, key=lambda count: (-silhouettes[count], count))
    agreement: dict[int, float] = {}
    for count in falling:
        others = (_labels(scores, None, "kmeans", [count], seed + 1 + i)[count] for i in range(OTHER_SEEDS))
        agreement[count] = float(np.mean([adjusted_rand_score(found[count], other) for other in others]))
        if agreement[count] >= AGREES:
            return count, agreement
    return falling[0], agreement


def _of_shifted(shapes: Floats, method: Method, count: int, seed: int) -> float:
    """Mean silhouette of `count` groups where every neuron's steps were moved round by a number of its own: of a seeded
    sample of the neurons, as `_silhouettes` takes one."""
    from scipy.cluster.hierarchy import ward

    num_steps, rng = shapes.shape[1], np.random.default_rng(seed)
    if len(shapes) > SILHOUETTE_SAMPLE:
        shapes = shapes[rng.choice(len(shapes), SILHOUETTE_SAMPLE, replace=False)]
    by = rng.integers(0, num_steps, len(shapes))
    moved = np.take_along_axis(shapes, (np.arange(num_steps) + by[:, None]) % num_steps, 1)  # (n, n_steps)
    scores, _ = _components(moved, seed)
    labels = _labels(scores, ward(scores) if method == "ward" else None, method, [count], seed)
    return _silhouettes(scores, labels, seed)[count]


def _largest_first(labels: Ints) -> Ints:
    """The same groups, numbered by falling size, then by their first neuron."""
    groups, first, sizes = np.unique(labels, return_index=True, return_counts=True)
    rank = np.empty(groups.max() + 1, np.int64)
    rank[groups[np.lexsort((first, -sizes))]] = np.arange(len(groups))
    return rank[labels]


def _leaf_places(tree: Doubles) -> Ints:
    """(n,) place of each neuron among the leaves of the tree."""
    from scipy.cluster.hierarchy import leaves_list

    places = np.empty(len(tree) + 1, np.int64)
    places[leaves_list(tree)] = np.arange(len(places))
    return places
