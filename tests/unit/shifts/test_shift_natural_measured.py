"""What a measurement says of natural shifts: which sets are paired, and under which name."""

import hashlib

import numpy as np
import pytest

from pytest_emid import shifts
from pytest_emid.data import Dataset, export, load_exported, scenes_dataset
from pytest_emid.encoders import Encoders
from pytest_emid.measuring.measurer import Measurer
from pytest_emid.models import RecordedModel


class Hashed:
    """Texts as sums of hashed words, pictures as coarse grids."""

    name = fingerprint = "hashed"

    def encode(self, items):
        rows = [self._text(item) if isinstance(item, str) else self._image(item) for item in items]
        matrix = np.array(rows, dtype=np.float32)
        return matrix / np.linalg.norm(matrix, axis=1, keepdims=True)

    def _text(self, text):
        seeds = (hashlib.sha256(word.encode()).digest()[:8] for word in text.lower().split())
        return sum(np.random.default_rng(int.from_bytes(seed, "big")).normal(size=16) for seed in seeds)

    def _image(self, image):
        return np.asarray(image.resize((4, 4)).convert("L"), dtype=np.float64).ravel() - 127.5


@pytest.fixture(scope="module")
def measurer():
    clean = scenes_dataset(45)
    elsewhere = scenes_dataset(36, seed=9)
    answers = {s.id: s.reference for s in clean} | {f"x-{s.id}": s.reference for s in elsewhere}
    return Measurer(RecordedModel(answers), clean, Encoders(Hashed(), Hashed()), permutations=0)


def test_another_dataset_is_unpaired(measurer):
    other = Dataset(
        "elsewhere", [s.with_(id=f"x-{s.id}", cluster=f"x-{s.cluster}") for s in scenes_dataset(36, seed=9)]
    )
    result = measurer.measure(shifts.natural(other))
    assert (result.scenario, result.modality, result.paired) == ("elsewhere", "natural", False)
    assert (len(result.clean.records), len(result.shifted.records)) == (45, 36)
    assert result.anchored_emid is None


def test_the_same_ids_in_another_order_are_paired_sample_by_sample(measurer):
    clean = measurer.dataset
    reversed_ = Dataset("polite", [s.with_(question=f"Please: {s.question}", cluster="") for s in clean[::-1]])
    result = measurer.measure(shifts.natural(reversed_, paired=True, id="language:polite"))
    assert (result.scenario, result.modality, result.paired) == ("language:polite", "natural", True)
    assert [r.id for r in result.shifted.records] == [r.id for r in result.clean.records]
    assert [r.cluster for r in result.shifted.records] == list(clean.clusters)
    assert float(result.anchored_emid) == pytest.approx(0.0)


def test_parallel_text_and_an_export_of_it_measure_the_same(measurer, tmp_path):
    shift = shifts.parallel_text("polite", {s.id: f"Please: {s.question}" for s in measurer.dataset})
    result = measurer.measure(shift)
    assert (result.scenario, result.modality, result.paired) == ("polite", "textual", True)
    export(measurer.dataset, tmp_path / "polite", shift=shift)
    again = measurer.measure(load_exported(tmp_path / "polite"))
    assert (again.scenario, again.modality, again.paired) == ("scenes/polite", "natural", True)
    assert (again.emid, again.information_retained) == (result.emid, result.information_retained)
