"""What changed between two sides: the right interval, over the right clusters, of the right scores."""

from __future__ import annotations

import numpy as np
import pytest
from spelled_world import ENCODERS, Replaced, Side, Told, answered, as_it_is, pairs, spoiled

from pytest_emid.data import Dataset
from pytest_emid.information.critics.mutual_information import contributions
from pytest_emid.information.critics.ridge import RidgeCritic
from pytest_emid.information.intervals.estimate import Estimate
from pytest_emid.information.intervals.means import (
    mean_interval,
    paired_interval,
    retained_interval,
    unpaired_interval,
    unpaired_retained_interval,
)
from pytest_emid.measuring.measurer import Measurer
from pytest_emid.measuring.results import EmidResult

CONFIDENCE = 0.8
CALIBRATION = Dataset("calibration", pairs(240, 99, "c")[0])
CLEAN = answered()
SHIFTED = spoiled(CLEAN)
ELSEWHERE = answered(150, seed=8, prefix="x", exact=0.05)


def measure(shifted: Side, *, paired: bool) -> EmidResult:
    measurer = Measurer(
        Told(CLEAN, shifted),
        CLEAN.dataset,
        ENCODERS,
        calibration=CALIBRATION,
        critic="club-ridge",
        normalise=as_it_is,
        seed=3,
        confidence=CONFIDENCE,
        permutations=0,
    )
    return measurer.measure(Replaced(shifted.dataset) if paired else shifted.dataset)


@pytest.fixture(scope="module")
def paired() -> EmidResult:
    return measure(SHIFTED, paired=True)


@pytest.fixture(scope="module")
def unpaired() -> EmidResult:
    return measure(ELSEWHERE, paired=False)


def scores(result: EmidResult, name: str) -> tuple[np.ndarray, np.ndarray]:
    clean, shifted = (np.array([getattr(r, name) for r in side.records]) for side in (result.clean, result.shifted))
    return clean, shifted


def same(found: Estimate | None, wanted: Estimate) -> None:
    assert found is not None
    limits, others = ((e.value, e.low, e.high, e.se) for e in (found, wanted))
    assert limits == pytest.approx(others, rel=1e-6, abs=1e-9)
    rest, of = ((e.n, e.clusters, e.confidence, e.unit) for e in (found, wanted))
    assert rest == of


DROPS = {
    "emid": ("emi", "critic scale"),
    "information_lost": ("information", "cosine"),
    "cosine_drop": ("cosine", "cosine"),
    "exact_drop": ("exact", "fraction"),
}
SHARES = {"information_retained": "information", "decoded_retained": "decoded"}


@pytest.mark.parametrize("name", list(DROPS))
def test_drops(paired: EmidResult, unpaired: EmidResult, name: str) -> None:
    field, unit = DROPS[name]
    clusters, others = CLEAN.dataset.clusters, ELSEWHERE.dataset.clusters
    same(getattr(paired, name), paired_interval(*scores(paired, field), clusters, CONFIDENCE, unit=unit))
    same(getattr(unpaired, name), unpaired_interval(*scores(unpaired, field), clusters, others, CONFIDENCE, unit=unit))


@pytest.mark.parametrize("name", list(SHARES))
def test_shares(paired: EmidResult, unpaired: EmidResult, name: str) -> None:
    field = SHARES[name]
    clusters, others = CLEAN.dataset.clusters, ELSEWHERE.dataset.clusters
    same(getattr(paired, name), retained_interval(*scores(paired, field), clusters, CONFIDENCE))
    same(getattr(unpaired, name), unpaired_retained_interval(*scores(unpaired, field), clusters, others, CONFIDENCE))


def test_anchored_emid_asks_the_clean_query_of_both_answers(paired: EmidResult, unpaired: EmidResult) -> None:
    fit = Side(CALIBRATION, [[sample.reference for sample in CALIBRATION]]).arrays()
    critic = RidgeCritic.fit(fit.query, fit.reference, clusters=fit.clusters, seed=3)
    query, before, after = CLEAN.arrays().query, CLEAN.arrays().response, SHIFTED.arrays().response
    values = contributions(critic, query, before) - contributions(critic, query, after)
    assert paired.anchored == pytest.approx(values.tolist(), abs=1e-9)
    same(paired.anchored_emid, mean_interval(values, CLEAN.dataset.clusters, CONFIDENCE))
    assert (unpaired.anchored, unpaired.anchored_emid) == (None, None)


def test_no_change_of_exact_matches_allows_for_what_was_not_seen() -> None:
    right = Side(CLEAN.dataset, [[sample.reference for sample in CLEAN.dataset]])
    also = Side(SHIFTED.dataset, right.answers)
    measurer = Measurer(
        Told(right, also), CLEAN.dataset, ENCODERS, calibration=CALIBRATION, confidence=CONFIDENCE, permutations=0
    )
    drop = measurer.measure(Replaced(SHIFTED.dataset)).exact_drop
    ones = np.ones(180)
    same(drop, paired_interval(ones, ones, CLEAN.dataset.clusters, CONFIDENCE, support=(0.0, 1.0), unit="fraction"))
    assert drop.low < 0.0 < drop.high


def test_what_to_suspect_is_among_the_remarks(paired: EmidResult) -> None:
    from pytest_emid.measuring.remarks import suspect

    assert paired.remarks == suspect(
        information_lost=paired.information_lost,
        information_retained=paired.information_retained,
        decoded_retained=paired.decoded_retained,
        cosine_drop=paired.cosine_drop,
        exact_drop=paired.exact_drop,
        emid=paired.emid,
        anchored_emid=paired.anchored_emid,
        critic_informative=paired.critic.informative,
        clean_cosine=paired.clean.cosine.value,
        clean_exact=paired.clean.exact.value,
    )
    assert paired.remarks
