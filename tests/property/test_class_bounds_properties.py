"""Whatever the labels: the estimate of the rigorous bound is at least the theorem on the sample itself."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_emid.information.bounds.rigorous import rigorous_bound
from pytest_emid.information.theory.finite import entropy


@st.composite
def samples(draw: st.DrawFn) -> tuple[int, list[np.ndarray], np.ndarray]:
    letters, n = draw(st.integers(1, 6)), draw(st.integers(1, 25))
    labels = st.lists(st.integers(0, letters - 1), min_size=n, max_size=n).map(np.array)
    clusters = draw(st.lists(st.integers(0, 8), min_size=n, max_size=n).map(np.array))
    return letters, [draw(labels) for _ in range(4)], clusters


def plugin_entropy(labels: np.ndarray) -> float:
    counts = np.bincount(labels)
    return float(entropy(counts / counts.sum()))


@settings(max_examples=200, deadline=None)
@given(samples(), st.sampled_from(["concentration", "normal"]), st.booleans())
def test_limits_stay_above_the_theorem_on_the_sample(sample, limit: str, paired: bool):
    letters, labels, clusters = sample
    sides = {"clusters_clean": clusters} if paired else {"clusters_clean": clusters, "clusters_shifted": clusters}
    found = rigorous_bound(*labels, letters=letters, limit=limit, paired=paired, **sides)
    said_p, true_p, said_q, true_q = (plugin_entropy(x) for x in labels)
    assert (said_p - true_p) - (said_q - true_q) <= found.plugin + 1e-9
    assert found.limit >= min(found.plugin, 2 * math.log(letters)) - 1e-9
    assert all(0.0 <= tv <= 1.0 for tv in found.total_variation.values())
    assert found.emid.low <= found.emid.value <= found.emid.high


@settings(max_examples=100, deadline=None)
@given(samples(), st.randoms(use_true_random=False))
def test_nothing_depends_on_order_or_names(sample, random):
    letters, labels, clusters = sample
    found = rigorous_bound(*labels, letters=letters, clusters_clean=clusters)
    names = np.array(random.sample(range(letters), letters))
    order = np.array(random.sample(range(len(clusters)), len(clusters)))
    again = rigorous_bound(
        *(names[x][order] for x in labels), letters=letters, clusters_clean=[f"image {c}" for c in clusters[order]]
    )
    assert again.limit == pytest.approx(found.limit, abs=1e-9)
    assert again.emid.value == pytest.approx(found.emid.value, abs=1e-9)
    if math.isfinite(found.emid.se):
        assert again.emid.se == pytest.approx(found.emid.se, abs=1e-7)
