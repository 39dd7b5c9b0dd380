"""The noise floor: a model that does not repeat itself, asked about a shift that does nothing."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest
from spelled_world import ENCODERS, Replaced, Told, answered, as_it_is, pairs, spoiled

from pytest_emid.cache import Cache
from pytest_emid.data import Dataset
from pytest_emid.errors import ModelError
from pytest_emid.measuring.format import floor_in_words
from pytest_emid.measuring.losses import Losses
from pytest_emid.measuring.measurer import Measurer
from pytest_emid.measuring.results import EmidResult
from pytest_emid.models.base import Outcome, Response
from pytest_emid.plugin.metric_gates import assert_metric_drop_below, assert_metric_retained

CALIBRATION = Dataset("calibration", pairs(240, 99, "c")[0])
CLEAN = answered()
SHIFTED = spoiled(CLEAN)
REFERENCES = {sample.id: sample.reference for sample in CLEAN.dataset}
IDS = list(REFERENCES)
N = len(IDS)


class Fickle:
    """Right at the first time that it is asked a clean question, and in a share of cases ever after."""

    name, fingerprint = "fickle", "1"

    def __init__(self, wrong: float = 0.2, outcome: Outcome = Outcome.OK) -> None:
        self.wrong, self.outcome = wrong, outcome
        self.times: Counter[tuple[str, str]] = Counter()
        self.order: list[list[str]] = []

    def respond(self, samples):
        self.order.append([sample.id for sample in samples])
        for position, sample in enumerate(samples):
            query = (sample.id, sample.question)
            number = self.times[query]
            self.times[query] += 1
            first = number == 0 and sample.question == CLEAN.dataset[IDS.index(sample.id)].question
            luck = np.random.default_rng([IDS.index(sample.id), number, len(sample.question)]).random()
            other = REFERENCES[IDS[(IDS.index(sample.id) + 3) % N]]
            text = REFERENCES[sample.id] if first or luck >= self.wrong else other
            yield position, Response(text, self.outcome if text == other else Outcome.OK)


class Steady(Told):
    """Says the same whenever it is asked."""

    def redrawn(self, number: int) -> Steady:
        return self


def measure(model, repeat: int, cache: Cache | None = None, shifted: Dataset | None = None, **options) -> EmidResult:
    options = {
        "calibration": CALIBRATION,
        "normalise": as_it_is,
        "permutations": 0,
        "metrics": {"mine": same},
        **options,
    }
    measurer = Measurer(model, CLEAN.dataset, ENCODERS, cache=cache, repeat=repeat, **options)
    return measurer.measure(Replaced(SHIFTED.dataset) if shifted is None else shifted)


def same(response, references, sample) -> float:
    return float(response in references)


@pytest.fixture(scope="module")
def beyond() -> EmidResult:
    return measure(Fickle(), 3)


def test_what_chance_takes_away_is_no_loss(beyond: EmidResult) -> None:
    bare = measure(Fickle(), 0)
    assert bare.floor is None
    with pytest.raises(AssertionError, match=r"^FAIL: mine retained"):
        assert_metric_retained(bare, "mine", 0.9)
    assert assert_metric_drop_below(beyond, "mine", 0.12).estimate.value == pytest.approx(0.0, abs=0.06)
    assert bare.exact_drop.value == pytest.approx(0.2, abs=0.06)
    assert beyond.exact_drop.value == pytest.approx(0.0, abs=0.06)
    assert bare.information_retained.value < 0.9 < beyond.information_retained.low + 0.2
    assert beyond.emid.value < 0.5 * bare.emid.value


def test_scores_are_means_over_the_repeats(beyond: EmidResult) -> None:
    for record, value in zip(beyond.clean.records, beyond.metrics["mine"].on_clean, strict=True):
        assert len(record.again) == 3
        assert record.response == record.reference
        assert value == record.exact == pytest.approx(np.mean([text == record.reference for text in record.again]))
    assert all(record.again == () for record in beyond.shifted.records)
    assert beyond.clean.exact.value == pytest.approx(np.mean([record.exact for record in beyond.clean.records]))
    found = beyond.metrics["mine"]
    wrong = sum(record.response != record.reference for record in beyond.shifted.records)
    assert (found.lost, found.gained) == (wrong, 0)  # of the first answers
    assert Losses.of(beyond).emid(0.95).value == pytest.approx(beyond.emid.value)


def test_the_floor_is_told(beyond: EmidResult) -> None:
    floor = beyond.floor
    again = [text != record.reference for record in beyond.clean.records for text in record.again]
    assert floor.differ == pytest.approx(np.mean(again))
    assert floor.exact.value == pytest.approx(floor.differ)
    assert floor.information.value > 0.0
    assert floor_in_words(floor) in beyond.remarks
    assert floor_in_words(floor).startswith("Noise floor: asked 3 times more without a shift, ")
    assert EmidResult.from_dict(json.loads(json.dumps(beyond.to_dict()))) == beyond


def test_each_repeat_is_kept_under_a_number_of_its_own_and_asked_in_another_order() -> None:
    model = Fickle()
    with Cache(None) as cache:
        first = measure(model, 2, cache)
        assert [len(asked) for asked in model.order] == [N] * 4
        assert measure(model, 2, cache) == first
        assert len(model.order) == 4
        measure(model, 3, cache)
        assert [len(asked) for asked in model.order] == [N] * 5
    repeats = [order for order in model.order if order != IDS]
    assert len(repeats) == 3
    assert len({tuple(order) for order in repeats}) == 3
    assert all(sorted(order) == sorted(IDS) for order in repeats)


def test_a_model_that_repeats_itself_has_a_floor_of_nothing() -> None:
    told, again = (measure(Steady(CLEAN, SHIFTED), repeat, metrics={}) for repeat in (0, 2))
    assert (again.floor.differ, again.floor.exact.value, again.floor.information.value) == (0.0, 0.0, 0.0)
    assert again.emid.value == pytest.approx(told.emid.value)
    assert again.information_retained.value == pytest.approx(told.information_retained.value)


def test_the_clean_side_stays_that_of_the_repeats_where_another_set_is_smaller() -> None:
    elsewhere = answered(45, seed=9, prefix="y")
    model = Steady(CLEAN, elsewhere)
    found = measure(model, 1, shifted=elsewhere.dataset, metrics={})
    assert found.floor.differ == 0.0
    assert found.emid.value == pytest.approx(measure(model, 0, shifted=elsewhere.dataset, metrics={}).emid.value)


def test_a_plan_counts_the_repeats() -> None:
    measurer = Measurer(Fickle(), CLEAN.dataset, ENCODERS, calibration=CALIBRATION, repeat=2)
    clean, shifted = measurer.plan(Replaced(SHIFTED.dataset))
    assert len(clean.missing) == 3 * len(shifted.missing)


def test_repeats_that_are_no_answers_forbid_a_pass() -> None:
    found = measure(Fickle(0.2, Outcome.REFUSED), 1, allow_problems="25%")
    assert [obstacle.reason for obstacle in found.obstacles if "asked again" in obstacle.reason] == []
    found = measure(Fickle(0.2, Outcome.REFUSED), 1, allow_problems="5%")
    assert any("clean, asked again (1), 180 answers" in obstacle.reason for obstacle in found.obstacles)


def test_answers_by_id_cannot_be_asked_again() -> None:
    model = Told(CLEAN, SHIFTED)
    model.by_id = True
    with pytest.raises(ModelError) as caught:
        measure(model, 1)
    assert str(caught.value) == (
        "told answers by id, from a record: asked again it says the same, whatever its noise. Leave repeat out, or ask "
        "the model itself."
    )
