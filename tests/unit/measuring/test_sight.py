"""An encoder that sees nothing is an obstacle, and one that sees little is none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pytest_emid import Dataset, EmidResult, assert_no_input_drift, encoders
from pytest_emid.data import scenes_dataset
from pytest_emid.encoders import Encoders
from pytest_emid.measuring.measurer import Measurer
from pytest_emid.measuring.sight import sees_own
from pytest_emid.models.base import Response

TINY = encoders.load("tiny")


class Constant:
    """Sees nothing."""

    name = fingerprint = "constant"

    def encode(self, items: Any) -> Any:
        return np.tile(np.float32([0.6, 0.8]), (len(items), 1))


class Random:
    """Draws a vector, whatever it is given."""

    name = fingerprint = "random"

    def __init__(self) -> None:
        self.rng = np.random.default_rng(0)

    def encode(self, items: Any) -> Any:
        rows = self.rng.standard_normal((len(items), 32)).astype(np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


class Answers:
    """Knows every reference."""

    name = fingerprint = "answers"

    def respond(self, samples: Any) -> Any:
        return ((i, Response(sample.reference)) for i, sample in enumerate(samples))


def measured(image: Any, text: Any, shift: str, dataset: Dataset | None = None) -> EmidResult:
    dataset = scenes_dataset(60) if dataset is None else dataset
    return Measurer(Answers(), dataset, Encoders(image, text)).measure(shift)


SAME = (
    "The encoder gives all 60 {0}s the same vector though they differ: it sees nothing of them, and so nothing of what "
    "a shift does to them. Check the {0} encoder."
)
NOT_ITS_OWN = (
    "The encoder finds a shifted {0} no closer to its own clean {0} than to those of other samples: it does not see "
    "these {0}s, or the shift leaves nothing of them."
)


@pytest.mark.parametrize(
    ("image", "shift", "reason"),
    [(Constant(), "defocus_blur:5", SAME), (Random(), "defocus_blur:2", NOT_ITS_OWN)],
    ids=["constant", "random"],
)
def test_no_drift_of_pictures_is_found_by_an_encoder_that_sees_none(image: Any, shift: str, reason: str) -> None:
    result = measured(image, TINY.text, shift)
    assert reason.format("picture") in [obstacle.reason for obstacle in result.obstacles]
    with pytest.raises(AssertionError, match=r"^(UNDECIDED|FAIL): input drift"):
        assert_no_input_drift(result)


def test_questions_that_are_not_seen() -> None:
    result = measured(TINY.image, Random(), "keyboard:1")
    assert [obstacle.reason for obstacle in result.obstacles] == [NOT_ITS_OWN.format("question")]


def test_a_real_encoder_sees_mild_shifts_of_both() -> None:
    assert measured(TINY.image, TINY.text, "defocus_blur:1+keyboard:1").obstacles == ()


def test_one_picture_for_all_is_no_fault_of_the_encoder() -> None:
    dataset = scenes_dataset(60)
    one = Dataset("one", [sample.with_(image=dataset[0].image, cluster="") for sample in dataset])
    assert measured(TINY.image, TINY.text, "keyboard:1", one).obstacles == ()


@pytest.mark.parametrize("seed", range(20))
def test_random_rows_are_never_taken_for_sight(seed: int) -> None:
    before, after = np.random.default_rng(seed).standard_normal((2, 60, 16)).astype(np.float32)
    assert not sees_own(before, after, [i // 3 for i in range(60)])
    assert sees_own(before, before + after, [i // 3 for i in range(60)])


def test_few_changes_say_nothing() -> None:
    before, after = np.random.default_rng(0).standard_normal((2, 60, 16)).astype(np.float32)
    after[9:] = before[9:]
    assert sees_own(before, after, list(range(60)))
