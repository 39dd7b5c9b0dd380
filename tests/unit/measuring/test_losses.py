"""EMID at any confidence, from the records of a result alone: the direct formulas on the scores of a known world."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from spelled_world import ENCODERS, Replaced, Side, Told, answered, as_it_is, pairs, spoiled

from pytest_emid.data import Dataset
from pytest_emid.information.critics import witness
from pytest_emid.information.critics.witness import Witness
from pytest_emid.information.intervals import nats
from pytest_emid.information.intervals.estimate import Estimate
from pytest_emid.measuring.losses import Losses
from pytest_emid.measuring.measurer import Measurer
from pytest_emid.measuring.results import EmidResult

SEED, CONFIDENCE, OTHER = 3, 0.8, 0.99
CALIBRATION = Dataset("calibration", pairs(240, 99, "c")[0])
CLEAN = answered()
SHIFTED = spoiled(CLEAN)
ELSEWHERE = answered(150, seed=8, prefix="x", exact=0.05)
SMALL = answered(45, seed=9, prefix="y")


def measure(shifted: Side, *, paired: bool, clean: Side = CLEAN) -> EmidResult:
    measurer = Measurer(
        Told(clean, shifted),
        clean.dataset,
        ENCODERS,
        calibration=CALIBRATION,
        normalise=as_it_is,
        seed=SEED,
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


@pytest.fixture(scope="module")
def critic() -> Witness:
    a = Side(CALIBRATION, [[sample.reference for sample in CALIBRATION]]).arrays()
    return Witness.fit(a.reference, a.text, clusters=a.clusters, seed=SEED)


def told(critic: Witness, side: Side, asked: np.ndarray, k: int = 64) -> tuple[witness.Told, witness.Told]:
    """Of the answers, and EMI."""
    a = side.arrays()
    answers, references = (
        critic.information(rows, a.reference, asked, clusters=a.clusters, candidates=k)
        for rows in (a.response, a.reference)
    )
    return answers, nats.emi(answers, references)


def same(found: Estimate, wanted: Estimate) -> None:
    limits, others = ((e.value, e.low, e.high, e.se) for e in (found, wanted))
    assert limits == pytest.approx(others, rel=1e-6, abs=1e-9)
    rest, of = ((e.n, e.clusters, e.confidence, e.unit) for e in (found, wanted))
    assert rest == of


@pytest.mark.parametrize("confidence", [CONFIDENCE, OTHER])
def test_paired(paired: EmidResult, critic: Witness, confidence: float) -> None:
    losses, clusters = Losses.of(paired), CLEAN.dataset.clusters
    (before, clean), (after, shifted) = (told(critic, side, CLEAN.arrays().text) for side in (CLEAN, SHIFTED))
    same(losses.emid(confidence), nats.nats_lost(before, after, clusters, confidence))
    same(losses.share(confidence), nats.share_lost(before, after, clusters, confidence))
    same(losses.contrast(0.2, confidence), nats.share_contrast(before, after, 0.2, clusters, confidence))
    for found, wanted in zip(losses.emi(confidence), (clean, shifted), strict=True):
        same(found, nats.nats_told(wanted, clusters, confidence))


@pytest.mark.parametrize("confidence", [CONFIDENCE, OTHER])
def test_unpaired(unpaired: EmidResult, critic: Witness, confidence: float) -> None:
    losses, both = Losses.of(unpaired), (CLEAN.dataset.clusters, ELSEWHERE.dataset.clusters)
    whole, clean = told(critic, CLEAN, CLEAN.arrays().text)
    _, shifted = told(critic, ELSEWHERE, ELSEWHERE.arrays().text)
    same(losses.emid(confidence), nats.unpaired_nats_lost(clean, shifted, *both, confidence))
    same(losses.share(confidence), nats.unpaired_share_lost(clean, shifted, whole, *both, confidence))
    same(losses.contrast(0.2, confidence), nats.unpaired_share_contrast(clean, shifted, whole, 0.2, *both, confidence))
    for found, wanted, clusters in zip(losses.emi(confidence), (clean, shifted), both, strict=True):
        same(found, nats.nats_told(wanted, clusters, confidence))


def test_what_a_result_says_is_what_its_records_say(paired: EmidResult, unpaired: EmidResult) -> None:
    for result in (paired, unpaired):
        losses = Losses.of(result)
        same(result.emid, losses.emid(CONFIDENCE))
        assert result.emid_share is not None
        same(result.emid_share, losses.share(CONFIDENCE))
        for found, wanted in zip((result.emi_clean, result.emi_shifted), losses.emi(CONFIDENCE), strict=True):
            same(found, wanted)


def test_emid_and_anchored_emid_are_one(paired: EmidResult, unpaired: EmidResult) -> None:
    assert paired.anchored_emid is not None
    same(paired.anchored_emid, paired.emid)
    losses = [a.told - b.told for a, b in zip(paired.clean.records, paired.shifted.records, strict=True)]
    assert paired.anchored == pytest.approx(losses, abs=1e-12)
    assert unpaired.anchored_emid is None


def test_the_contrast_and_the_share_are_on_one_side(paired: EmidResult, unpaired: EmidResult) -> None:
    for result in (paired, unpaired):
        losses = Losses.of(result)
        share = losses.share(CONFIDENCE)
        assert losses.contrast(share.value, CONFIDENCE).value == pytest.approx(0.0, abs=1e-9)
        assert losses.contrast(share.low - 0.01, CONFIDENCE).low > 0.0
        assert losses.contrast(share.high + 0.01, CONFIDENCE).high < 0.0


def test_a_smaller_side_sets_the_number_of_candidates_of_both(critic: Witness) -> None:
    """45 samples in pictures of three are held against 43; so is the clean side, which could be against 64."""
    result = measure(SMALL, paired=False)
    whole, clean = told(critic, CLEAN, CLEAN.arrays().text, 43)
    _, shifted = told(critic, SMALL, SMALL.arrays().text, 43)
    both = CLEAN.dataset.clusters, SMALL.dataset.clusters
    assert whole.candidates == shifted.candidates == 43
    same(result.emid, nats.unpaired_nats_lost(clean, shifted, *both, CONFIDENCE))
    assert [r.told for r in result.clean.records] == pytest.approx(whole.scores.tolist(), abs=1e-9)
    other = told(critic, CLEAN, CLEAN.arrays().text)[0]
    assert [r.told for r in result.clean.records] != pytest.approx(other.scores.tolist(), abs=1e-3)


def test_a_smaller_clean_side_does_too(critic: Witness) -> None:
    result = measure(ELSEWHERE, paired=False, clean=SMALL)
    shifted = told(critic, ELSEWHERE, ELSEWHERE.arrays().text, 43)[0]
    assert [r.told for r in result.shifted.records] == pytest.approx(shifted.scores.tolist(), abs=1e-9)


def test_records_are_all_that_is_read(paired: EmidResult) -> None:
    """A result that was saved has nothing else."""
    records = tuple(replace(record, told=record.told - 0.1) for record in paired.shifted.records)
    moved = replace(paired, shifted=replace(paired.shifted, records=records), emid=replace(paired.emid, value=9.0))
    assert Losses.of(moved).emid(CONFIDENCE).value == pytest.approx(paired.emid.value + 0.1)
