"""New answers against old ones, by measure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from emid_factory import make_result

from pytest_emid.errors import BaselineError
from pytest_emid.information.intervals.regressions import loss
from pytest_emid.measuring.matching import Matched, matched
from pytest_emid.measuring.provenance import Provenance
from pytest_emid.measuring.regression import regression
from pytest_emid.measuring.results import EmidResult


def pair(retained: float = 0.7, model: str = "") -> Matched:
    old = make_result("frost:3", retained=0.9, made=Provenance(model="old"))
    return matched(old, make_result("frost:3", retained=retained, made=Provenance(model=model)))


def scores(result: EmidResult) -> tuple[np.ndarray, np.ndarray]:
    return tuple(np.array([r.common for r in side.records]) for side in (result.clean, result.shifted))


def test_information_lost_is_a_share_of_the_old_clean_information() -> None:
    found = regression(pair(), "retained")
    (old_clean, old), (new_clean, new) = (scores(r) for r in (found.matched.old, found.matched.new))
    estimate = found.estimate()
    assert estimate.value == pytest.approx((old - new).mean() / old_clean.mean())
    assert found.estimate(beyond_clean=True).value == pytest.approx(
        ((old - new) - (old_clean - new_clean)).mean() / old_clean.mean()
    )
    assert (estimate.unit, estimate.n, estimate.clusters) == ("fraction", 90, 30)
    contrast = found.contrast(0.1)
    assert contrast is not None
    assert contrast.value == pytest.approx((old - new - 0.1 * old_clean).mean())
    assert found.by_sample == pytest.approx(old - new)
    assert (found.lost, found.gained) == (18, 0)


def test_a_metric_is_lost_in_its_own_unit() -> None:
    found = regression(pair(), "exact")
    answers = [[r.exact for r in side.records] for side in (found.matched.old.shifted, found.matched.new.shifted)]
    # the factory's answers are all wrong; what it calls exact is a score of records, and the library's metric is asked
    assert found.estimate().value == 0.0
    assert (found.unit, found.contrast(0.02)) == ("score", None)
    assert sum(answers[0]) - sum(answers[1]) == 18


def test_emid_needs_nats() -> None:
    with pytest.raises(BaselineError, match="measure='emid' compares nats, and the critic 'ridge' is not in nats"):
        regression(pair(), "emid")


def test_scores_of_an_older_kind_are_refused() -> None:
    found = pair()
    records = tuple(replace(record, common=None) for record in found.old.clean.records)
    old = replace(found.old, clean=replace(found.old.clean, records=records))
    with pytest.raises(BaselineError, match="without the scores 'common' that runs are compared on"):
        regression(replace(found, old=old), "retained")


@pytest.mark.parametrize(("model", "is_same"), [("old", True), ("new", False), ("", False)])
def test_one_model_with_one_set_of_answers_is_no_worse_than_itself(model: str, is_same: bool) -> None:
    found = regression(pair(0.9, model), "retained")
    assert found.is_same is is_same
    estimate = found.estimate()
    assert (estimate.value == 0.0, estimate.high == 0.0) == (True, is_same)


def test_one_model_with_other_answers_is_compared() -> None:
    again = pair(0.9, "old")
    first = replace(again.new.shifted.records[0], response="other")
    new = replace(again.new, shifted=replace(again.new.shifted, records=(first, *again.new.shifted.records[1:])))
    assert not regression(replace(again, new=new), "retained").is_same


def test_unpaired_sides_have_their_own_samples() -> None:
    old, new = (make_result("wild", retained=r, paired=False) for r in (0.9, 0.7))
    found = regression(matched(old, new), "retained")
    (old_clean, before), (_, after) = (scores(r) for r in (old, new))
    width = float(old_clean.mean())
    clusters = [r.cluster for r in old.shifted.records]
    assert found.estimate().value == pytest.approx((before - after).mean() / old_clean.mean())
    assert found.under_shift.means.covariance[0, 0] == pytest.approx(
        loss(before, after, clusters, width=width).means.covariance[0, 0]
    )
