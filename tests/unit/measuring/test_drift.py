"""How far two sides are apart: the null of input drift is drawn when it is read, and travels only when asked for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from PIL import Image

from pytest_emid.data.dataset import Dataset
from pytest_emid.data.sample import Sample
from pytest_emid.information.divergence.nulls import permutation_test, swap_test
from pytest_emid.information.divergence.rjsd import rjsd
from pytest_emid.measuring.design import design_of
from pytest_emid.measuring.drift import drift
from pytest_emid.measuring.embedding import Answered
from pytest_emid.measuring.findings import NOT_DRAWN, Divergences, Drift
from pytest_emid.models.base import Response

N = 24
PICTURE = Image.new("RGB", (2, 2))


@dataclass(frozen=True)
class Null:
    seed: int = 3
    permutations: int = 199
    drift: bool = False


def side(seed: int, moved: float = 0.0, prefix: str = "c") -> Answered:
    rng = np.random.default_rng(seed)

    def rows(offset: float = 0.0) -> np.ndarray:
        vectors = rng.normal(size=(N, 6)) + offset
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)

    samples = [Sample(str(i), PICTURE, "?", "x", cluster=f"{prefix}{i // 3}") for i in range(N)]
    image, text, reference, response = rows(moved), rows(), rows(), rows()
    responses = tuple(Response(str(i)) for i in range(N))
    return Answered(
        dataset=Dataset("some", samples),
        image=image,
        text=text,
        reference=reference,
        responses=responses,
        response=response,
    )


@pytest.mark.parametrize("paired", [True, False])
def test_the_four_divergences_are_of_the_four_pairs(paired: bool) -> None:
    clean, shifted = side(1), side(2, 0.5, "s")
    apart = drift(clean, shifted, design_of(clean, shifted, paired, 0.95), Null())
    assert apart.image == rjsd(clean.image, shifted.image)
    assert apart.text == rjsd(clean.text, shifted.text)
    assert apart.output_clean == rjsd(clean.response, clean.reference)
    assert apart.output_shifted == rjsd(shifted.response, shifted.reference)


def test_paired_sides_are_swapped_with_their_clusters() -> None:
    clean, shifted = side(1), side(2, 0.5)
    apart = drift(clean, shifted, design_of(clean, shifted, True, 0.95), Null())
    whole = swap_test(clean.image, shifted.image, resamples=199, seed=3, clusters=clean.dataset.clusters)
    assert apart.image_p == whole.p_value
    assert apart.image_p != swap_test(clean.image, shifted.image, resamples=199, seed=3).p_value


def test_unpaired_sides_are_relabelled_with_the_clusters_of_each() -> None:
    clean, shifted = side(1), side(2, 0.5, "s")
    apart = drift(clean, shifted, design_of(clean, shifted, False, 0.95), Null())
    labels = {"clusters_p": clean.dataset.clusters, "clusters_q": shifted.dataset.clusters}
    assert apart.text_p == permutation_test(clean.text, shifted.text, resamples=199, seed=3, **labels).p_value


def test_the_null_is_drawn_when_it_is_read_and_once() -> None:
    drawn = []

    def draw() -> tuple[float, float]:
        drawn.append(1)
        return 0.25, 0.5

    apart = Divergences(0.1, 0.2, 0.0, 0.0, Drift(draw=draw))
    assert apart.to_dict()["image_p"] is None
    assert drawn == []
    assert (apart.image_p, apart.text_p, apart.image_p) == (0.25, 0.5, 0.25)
    assert drawn == [1]


def test_what_was_drawn_stays_in_its_process_and_reports_say_so() -> None:
    clean, shifted = side(1), side(2, 0.5)
    apart = drift(clean, shifted, design_of(clean, shifted, True, 0.95), Null())
    assert apart.image_p is not None
    plain = apart.to_dict()
    assert (plain["image_p"], plain["text_p"], plain["drift"]) == (None, None, NOT_DRAWN)
    assert Divergences.from_dict(plain).image_p is None


def test_asked_for_it_travels() -> None:
    clean, shifted = side(1), side(2, 0.5)
    design = design_of(clean, shifted, True, 0.95)
    plain = drift(clean, shifted, design, Null(drift=True)).to_dict()
    assert plain["image_p"] == drift(clean, shifted, design, Null()).image_p
    assert "drift" not in plain
    assert Divergences.from_dict(plain).image_p == plain["image_p"]


def test_without_permutations_there_is_no_null() -> None:
    clean, shifted = side(1), side(2, 0.5)
    apart = drift(clean, shifted, design_of(clean, shifted, True, 0.95), Null(permutations=0, drift=True))
    assert (apart.image_p, apart.text_p) == (None, None)


def test_equal_pictures_of_paired_sides_have_no_null() -> None:
    clean = side(1)
    apart = drift(clean, clean, design_of(clean, clean, True, 0.95), Null())
    assert (apart.image_p, apart.text_p) == (None, None)
