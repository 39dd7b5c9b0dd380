"""How far apart two sides are: the divergences, and the null tests of input drift over the right clusters."""

from __future__ import annotations

import pytest
from spelled_world import ENCODERS, Replaced, Side, Told, answered, pairs, spoiled

from pytest_emid.data import Dataset
from pytest_emid.information.divergence.nulls import permutation_test, swap_test
from pytest_emid.information.divergence.rjsd import rjsd
from pytest_emid.measuring.measurer import Measurer
from pytest_emid.measuring.results import Divergences

SEED = 3
CALIBRATION = Dataset("calibration", pairs(90, 99, "c")[0])
CLEAN = answered(60)


def drift(shifted: Side, *, paired: bool = True, permutations: int = 199) -> Divergences:
    measurer = Measurer(
        Told(CLEAN, shifted), CLEAN.dataset, ENCODERS, calibration=CALIBRATION, seed=SEED, permutations=permutations
    )
    return measurer.measure(Replaced(shifted.dataset) if paired else shifted.dataset).divergences


def weakly(side: Side, every: int) -> Side:
    """Only one cluster in `every` is changed at all, so that p-values are not as small as can be."""
    changed = spoiled(side)
    samples = [
        new if i // 3 % every == 0 else old
        for i, (old, new) in enumerate(zip(side.dataset, changed.dataset, strict=True))
    ]
    return Side(Dataset("weak", samples), changed.answers)


@pytest.mark.parametrize("paired", [True, False])
def test_divergences_are_of_inputs_across_sides_and_of_answers_within_them(paired: bool) -> None:
    shifted = spoiled(CLEAN) if paired else answered(72, seed=8, prefix="x")
    found, a, b = drift(shifted, paired=paired, permutations=0), CLEAN.arrays(), shifted.arrays()
    assert found.image == pytest.approx(rjsd(a.image, b.image))
    assert found.text == pytest.approx(rjsd(a.text, b.text))
    assert found.output_clean == pytest.approx(rjsd(a.response, a.reference))
    assert found.output_shifted == pytest.approx(rjsd(b.response, b.reference))
    assert len({found.image, found.text, found.output_clean, found.output_shifted}) == 4


@pytest.mark.parametrize("permutations", [199, 299])
def test_paired_sides_are_swapped_by_clusters(permutations: int) -> None:
    shifted = weakly(CLEAN, 5)
    found, a, b = drift(shifted, permutations=permutations), CLEAN.arrays(), shifted.arrays()
    for p, before, after in ((found.image_p, a.image, b.image), (found.text_p, a.text, b.text)):
        by_cluster, by_sample = (
            swap_test(before, after, resamples=permutations, seed=SEED, clusters=clusters).p_value
            for clusters in (a.clusters, None)
        )
        assert p == by_cluster
        assert by_sample != by_cluster


def test_unpaired_sides_are_permuted_by_the_clusters_of_each() -> None:
    shifted = answered(72, seed=8, prefix="x")
    found, a, b = drift(shifted, paired=False), CLEAN.arrays(), shifted.arrays()
    for p, before, after in ((found.image_p, a.image, b.image), (found.text_p, a.text, b.text)):
        right, *wrong = (
            permutation_test(before, after, resamples=199, seed=SEED, clusters_p=ours, clusters_q=theirs).p_value
            for ours, theirs in ((a.clusters, b.clusters), (None, b.clusters), (a.clusters, None))
        )
        assert p == right
        assert right not in wrong


def test_no_p_value_where_nothing_differs_or_no_null_was_asked_for() -> None:
    shifted = spoiled(CLEAN)
    words = [s.with_(question=t.question) for s, t in zip(CLEAN.dataset, shifted.dataset, strict=True)]
    textual = drift(Side(Dataset("textual", words), shifted.answers))
    assert (textual.image, textual.image_p) == (0.0, None)
    assert textual.text_p is not None
    looks = [s.with_(image=t.image) for s, t in zip(CLEAN.dataset, shifted.dataset, strict=True)]
    visual = drift(Side(Dataset("visual", looks), CLEAN.answers))
    assert (visual.text, visual.text_p) == (0.0, None)
    assert visual.image_p is not None
    none = drift(shifted, permutations=0)
    assert (none.image_p, none.text_p) == (None, None)


def test_unpaired_sides_that_are_equal_have_a_p_value() -> None:
    renamed = Dataset("renamed", [s.with_(id=f"x{s.id}") for s in CLEAN.dataset])
    found = drift(Side(renamed, CLEAN.answers), paired=False)
    assert (found.image, found.image_p, found.text_p) == (0.0, 1.0, 1.0)
