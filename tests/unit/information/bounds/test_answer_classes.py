from __future__ import annotations

import numpy as np
import pytest

from pytest_emid.errors import EstimationError
from pytest_emid.information.bounds.answer_classes import _means, cluster_classes, exact_match_classes


def blobs(rng: np.random.Generator, centres: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    truth = rng.integers(len(centres), size=n)
    return centres[truth] + 0.05 * rng.standard_normal((n, centres.shape[1])), truth


def test_equal_texts_share_a_class_across_sets():
    classes = exact_match_classes(["Red.", "blue"], ["red", "Green"], ["the BLUE!"])
    assert [labels.tolist() for labels in classes.labels] == [[0, 1], [0, 2], [1]]
    assert classes.letters == 3
    assert classes.names == ("red", "blue", "green")


def test_a_vocabulary_collects_everything_else_in_one_class():
    classes = exact_match_classes(["B", "a!", "maybe C"], vocabulary=["A", "B", "C"], normalise=lambda t: t.lower()[:1])
    assert classes.labels[0].tolist() == [1, 0, 3]
    assert classes.letters == 4
    assert classes.names == ("a", "b", "c", "(other)")


def test_clusters_are_found_and_shared_across_sets():
    rng = np.random.default_rng(0)
    centres = np.eye(8)[:5]
    first, truth_first = blobs(rng, centres, 80)
    second, truth_second = blobs(rng, centres, 60)
    classes = cluster_classes(first, second, k=5, seed=1)
    assert classes.letters == 5
    labels, truth = np.concatenate(classes.labels), np.concatenate([truth_first, truth_second])
    pairs = np.unique(np.stack([labels, truth], axis=1), axis=0)
    assert len(pairs) == 5  # one to one


def test_clusters_depend_on_the_seed_alone_and_not_on_the_sets_when_fitted_elsewhere():
    rng = np.random.default_rng(0)
    fit, first, second = rng.standard_normal((3, 50, 4))
    whole = cluster_classes(first, second, k=6, seed=3, fit=fit)
    again = cluster_classes(first, k=6, seed=3, fit=fit)
    np.testing.assert_array_equal(whole.labels[0], again.labels[0])
    np.random.seed(0)  # the global state has no part in it
    np.testing.assert_array_equal(whole.labels[0], cluster_classes(first, k=6, seed=3, fit=fit).labels[0])


def test_means_are_those_of_the_classes():
    rng = np.random.default_rng(5)
    points, labels = rng.standard_normal((40, 3)), np.concatenate([np.arange(4), rng.integers(4, size=36)])
    expected = np.stack([np.bincount(labels, column) for column in points.T], axis=1) / np.bincount(labels)[:, None]
    np.testing.assert_allclose(_means(points, labels, 4), expected, rtol=1e-13)


def test_centres_are_fitted_once(monkeypatch):
    fit, first, second = np.random.default_rng(6).standard_normal((3, 30, 4))
    expected = cluster_classes(first, second, k=3, seed=8, fit=fit)
    monkeypatch.setattr("pytest_emid.information.bounds.answer_classes._kmeans", None)
    again = cluster_classes(first, second, k=3, seed=8, fit=fit.copy())
    np.testing.assert_array_equal(again.labels, expected.labels)
    for changed in ({"k": 4}, {"seed": 9}, {"restarts": 5}, {"fit": fit + 1}):
        with pytest.raises(TypeError, match="'NoneType' object is not callable"):
            cluster_classes(first, **{"k": 3, "seed": 8, "fit": fit, **changed})


def test_every_class_is_used_even_with_many_copies():
    points = np.repeat(np.arange(4.0), [97, 1, 1, 1])[:, None] * [1.0, 0.5]
    labels = cluster_classes(points, k=4, seed=0, restarts=1).labels[0]
    assert sorted(np.bincount(labels).tolist()) == [1, 1, 1, 97]


def test_points_that_differ_by_rounding_only_still_make_k_classes():
    points = 1.0 + np.arange(6)[:, None] * 1e-13 * np.ones((1, 3))
    assert len(np.unique(cluster_classes(points, k=3, seed=0).labels[0])) <= 3


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: exact_match_classes([], []), "texts: there is no answer to classify."),
        (
            lambda: exact_match_classes(["yes"], vocabulary=["yes", "Yes."]),
            "vocabulary: 'Yes.' is the same answer as an earlier entry. Leave one out.",
        ),
        (lambda: cluster_classes(k=2, seed=0), "embeddings: there is no set to classify."),
        (
            lambda: cluster_classes(np.zeros((5, 2)), k=2, seed=0),
            "k: 2 classes cannot be told apart among 1 distinct embeddings. Ask for fewer.",
        ),
        (
            lambda: cluster_classes(np.eye(3), k=0, seed=0),
            "k: 0 classes cannot be told apart among 3 distinct embeddings. Ask for fewer.",
        ),
        (
            lambda: cluster_classes(np.eye(3), np.eye(2), k=2, seed=0),
            "embeddings[1]: expected 3 columns, got 2. Embeddings that are compared must come from the same encoder.",
        ),
    ],
)
def test_what_is_refused(call, message: str):
    with pytest.raises(EstimationError) as caught:
        call()
    assert str(caught.value) == message
