"""Which scores a measurement gives each sample: restated from public estimators, on a world whose vectors are known.

Every option differs from its default, and both sides differ in all that could be taken for one another.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
from spelled_world import ENCODERS, Arrays, Replaced, Side, Told, answered, as_it_is, pairs, spoiled

from pytest_emid.data import Dataset
from pytest_emid.errors import DataError, EmidError, EstimationError
from pytest_emid.information.companions import cosine_to_reference, exact_match
from pytest_emid.information.critics.mutual_information import contributions
from pytest_emid.information.critics.ridge import RidgeCritic
from pytest_emid.information.intervals.means import mean_interval
from pytest_emid.information.reference.decoded import decoded
from pytest_emid.information.reference.direct import direct, reliability_of
from pytest_emid.information.reference.whitening import Whitening
from pytest_emid.measuring.measurer import Measurer
from pytest_emid.measuring.remarks import foreign_questions
from pytest_emid.measuring.results import EmidResult

SEED, CONFIDENCE = 3, 0.8
CALIBRATION = Dataset("calibration", pairs(240, 99, "c", per_cluster=4)[0])


def measure(clean: Side, shifted: Side, *, paired: bool = True, **options: object) -> EmidResult:
    options = {
        "calibration": CALIBRATION,
        "critic": "club-ridge",
        "normalise": as_it_is,
        "seed": SEED,
        "confidence": CONFIDENCE,
        "permutations": 0,
        **options,
    }
    measurer = Measurer(Told(clean, shifted), clean.dataset, ENCODERS, **options)  # type: ignore[arg-type]
    return measurer.measure(Replaced(shifted.dataset) if paired else shifted.dataset)


@dataclass
class Fitted:
    critic: RidgeCritic
    whitening: Whitening


@cache
def fitted(seed: int = SEED) -> Fitted:
    arrays = Side(CALIBRATION, [[sample.reference for sample in CALIBRATION]]).arrays()
    return Fitted(
        RidgeCritic.fit(arrays.query, arrays.reference, clusters=arrays.clusters, seed=seed),
        Whitening.fit(arrays.reference, arrays.text, clusters=arrays.clusters, seed=seed),
    )


def scores(side: Side, condition: np.ndarray, trust: object) -> dict[str, np.ndarray]:
    """Every score of every sample, by the name of its field."""
    a, by = side.arrays(), fitted()
    given = (by.whitening, a.response, a.reference, condition)
    told, true = (contributions(by.critic, a.query, answers) for answers in (a.response, a.reference))
    return {
        "emi": told - true,
        "information": direct(*given, reliability=trust, clusters=a.clusters, seed=SEED),  # type: ignore[arg-type]
        "decoded": decoded(*given, clusters=a.clusters, seed=SEED),
        "cosine": cosine_to_reference(a.response, a.reference),
        "exact": exact_match(side.answers[0], [sample.reference for sample in side.dataset]),
    }


def trusted(a: Arrays) -> object:
    return reliability_of(fitted().whitening, a.response, a.reference, a.text, clusters=a.clusters, seed=SEED)


CLEAN = answered()
SHIFTED = spoiled(CLEAN)
ELSEWHERE = answered(150, seed=8, prefix="x", good=slice(4, 8), exact=0.05)
UNITS = {"emi": "critic scale", "information": "cosine", "decoded": "cosine", "cosine": "cosine", "exact": "fraction"}


@pytest.fixture(scope="module")
def paired() -> EmidResult:
    return measure(CLEAN, SHIFTED)


@pytest.fixture(scope="module")
def unpaired() -> EmidResult:
    return measure(CLEAN, ELSEWHERE, paired=False)


def expected(which: str) -> dict[str, np.ndarray]:
    clean = CLEAN.arrays()
    trust = trusted(clean)
    if which == "clean":
        return scores(CLEAN, clean.text, trust)
    if which == "paired":  # a corrupted question is no excuse, and nothing is learned from shifted answers
        return scores(SHIFTED, clean.text, trust)
    return scores(ELSEWHERE, ELSEWHERE.arrays().text, trust.unpaired())  # type: ignore[attr-defined]


SETS = {"clean": CLEAN, "paired": SHIFTED, "unpaired": ELSEWHERE}


@pytest.mark.parametrize("which", list(SETS))
def test_the_scores_of_every_sample(paired: EmidResult, unpaired: EmidResult, which: str) -> None:
    side = {"clean": paired.clean, "paired": paired.shifted, "unpaired": unpaired.shifted}[which]
    wanted, samples = expected(which), list(SETS[which].dataset)
    for name, values in wanted.items():
        assert [getattr(r, name) for r in side.records] == pytest.approx(values.tolist(), abs=1e-9), name
    assert [(r.id, r.cluster, r.category, r.question, r.reference, r.response, r.outcome) for r in side.records] == [
        (s.id, s.cluster, s.category, s.question, s.reference, answer, "ok")
        for s, answer in zip(samples, SETS[which].answers[0], strict=True)
    ]


@pytest.mark.parametrize("which", list(SETS))
def test_the_means_of_a_side(paired: EmidResult, unpaired: EmidResult, which: str) -> None:
    side = {"clean": paired.clean, "paired": paired.shifted, "unpaired": unpaired.shifted}[which]
    dataset = SETS[which].dataset
    for name, values in expected(which).items():
        wanted = mean_interval(values, dataset.clusters, CONFIDENCE, unit=UNITS[name])
        found = getattr(side, name)
        assert (found.value, found.low, found.high, found.se) == pytest.approx(
            (wanted.value, wanted.low, wanted.high, wanted.se), abs=1e-9
        ), name
        assert (found.n, found.clusters, found.confidence, found.unit) == (
            len(dataset),
            len(dataset) // 3,
            CONFIDENCE,
            UNITS[name],
        )
    a = SETS[which].arrays()
    told, true = (contributions(fitted().critic, a.query, answers).mean() for answers in (a.response, a.reference))
    assert (side.mi_response, side.mi_reference) == pytest.approx((told, true))
    assert (side.dataset, side.fingerprint) == (dataset.name, dataset.fingerprint)


def test_a_corrupted_question_is_no_excuse(paired: EmidResult) -> None:
    clean, corrupted = CLEAN.arrays(), SHIFTED.arrays().text
    excused = scores(SHIFTED, corrupted, trusted(clean))["information"]
    assert excused.mean() > paired.shifted.information.value + 0.05


def test_what_is_reliable_is_learned_from_clean_answers_alone(paired: EmidResult) -> None:
    a = SHIFTED.arrays()._replace(text=CLEAN.arrays().text)
    refitted = scores(SHIFTED, a.text, trusted(a))["information"]
    assert refitted.mean() > paired.shifted.information.value + 0.1


def test_exact_matches_without_spread_allow_for_what_was_not_seen() -> None:
    right = Side(CLEAN.dataset, [[sample.reference for sample in CLEAN.dataset]])
    result = measure(right, SHIFTED)
    wanted = mean_interval(np.ones(180), CLEAN.dataset.clusters, CONFIDENCE, support=(0.0, 1.0), unit="fraction")
    assert result.clean.exact == wanted
    assert wanted.low < 1.0


def test_the_decoded_form_waits_for_150_samples() -> None:
    few = answered(147)
    result = measure(few, spoiled(few))
    assert (result.clean.decoded, result.shifted.decoded, result.decoded_retained) == (None, None, None)
    assert {record.decoded for record in result.clean.records} == {None}
    both = measure(few, ELSEWHERE, paired=False)
    assert both.shifted.decoded is not None
    assert both.decoded_retained is None


def test_one_answer_to_all_says_nothing() -> None:
    silent = Side(SHIFTED.dataset, [["1 2 3 4 5 6 7 8"] * 180])
    result = measure(CLEAN, silent)
    assert {(r.information, r.decoded) for r in result.shifted.records} == {(0.0, 0.0)}
    assert result.shifted.mi_response == 0.0
    assert result.remarks[0] == (
        "All 180 shifted answers are the same ('1 2 3 4 5 6 7 8'): they say nothing about the samples."
    )
    long = "1 2 3 4 5 6 7 0." + "8" * 60
    result = measure(Side(CLEAN.dataset, [[long] * 180]), SHIFTED)
    assert result.remarks[0] == (
        f"All 180 clean answers are the same ({long[:60]!r}): there is nothing that a shift could take away. Check the "
        "model, its prompt and its pictures."
    )


def test_questions_of_another_kind_are_an_obstacle_of_unpaired_sets_only(
    paired: EmidResult, unpaired: EmidResult
) -> None:
    foreign = spoiled(ELSEWHERE)
    result = measure(CLEAN, foreign, paired=False)
    a = foreign.arrays()
    whitening = fitted().whitening
    found = whitening.explains(a.reference, a.text)
    assert found < whitening.explained / 2
    foreign_ones = [obstacle for obstacle in result.obstacles if obstacle.on == ("information",)]
    assert [obstacle.reason for obstacle in foreign_ones] == [
        "These questions are of another kind than the clean ones: what they give away about the references is not what "
        f"was learned there (explained variance {found:.2f}, on clean questions {whitening.explained:.2f}), so that "
        "the share retained reads too high. Compare with a set that asks the same samples, or with a clean set in this "
        "language."
    ]
    assert foreign_ones[0].reason in result.remarks
    assert not any("information" in obstacle.on for obstacle in (*paired.obstacles, *unpaired.obstacles))


@pytest.mark.parametrize(
    ("fitted_share", "found", "foreign"),
    [(0.5, 0.2, True), (0.5, 0.25, False), (0.5, 0.3, False), (0.1, 0.0, False), (0.11, 0.0, True), (0.5, -1.0, True)],
)
def test_when_questions_are_of_another_kind(fitted_share: float, found: float, foreign: bool) -> None:
    whitening = SimpleNamespace(explained=fitted_share, explains=lambda reference, text: found)
    alike = SimpleNamespace(reference=np.ones((3, 2)), text=None)
    varied = SimpleNamespace(reference=np.eye(3), text=None)
    calibration = SimpleNamespace(whitening=whitening)
    assert (foreign_questions(varied, calibration) is not None) is foreign  # type: ignore[arg-type]
    assert foreign_questions(alike, calibration) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(("n", "clusters", "fine"), [(9, 9, False), (10, 4, True), (12, 3, False), (10, 10, True)])
def test_the_smallest_set(n: int, clusters: int, fine: bool) -> None:
    samples = [s.with_(cluster=f"c{i % clusters}") for i, s in enumerate(answered(n).dataset)]
    side = Side(Dataset("small", samples), answered(n).answers)
    if fine:
        assert measure(side, spoiled(side)).n == n
        return
    with pytest.raises(EstimationError) as caught:
        measure(side, spoiled(side))
    assert str(caught.value) == (
        f"dataset 'small' has {n} samples in {clusters} clusters; at least 10 samples in 4 clusters are needed for an "
        "interval, and 60 or more for a useful one. Raise the limit, or add samples."
    )


def test_the_shifted_set_must_be_large_enough_too() -> None:
    with pytest.raises(EstimationError, match=r"^dataset 'world x' has 9 samples in 3 clusters;"):
        measure(CLEAN, answered(9, prefix="x"), paired=False)


def test_calibration(paired: EmidResult) -> None:
    report = paired.critic
    by = fitted()
    assert (report.kind, report.fingerprint) == (by.critic.kind, by.critic.fingerprint)
    assert (report.fitted_on, report.m, report.r2) == (
        "240 disjoint reference pairs",
        240,
        by.critic.held_out_r2,
    )
    assert fitted(0).critic.fingerprint != by.critic.fingerprint


def test_references_that_are_all_alike_cannot_calibrate() -> None:
    alike = Dataset("alike", [s.with_(reference="1 2 3 4 5 6 7 8") for s in CALIBRATION])
    with pytest.raises(EstimationError, match=r"^cannot calibrate on the 240 reference pairs of 'alike': ."):
        measure(CLEAN, SHIFTED, calibration=alike)


def test_a_tested_pair_in_the_calibration_set_is_refused_by_picture_too() -> None:
    twin, other = CLEAN.dataset[4], CLEAN.dataset[9]
    overlapping = Dataset("over", [*CALIBRATION, twin.with_(id="twin", image=other.image)])
    assert measure(CLEAN, SHIFTED, calibration=overlapping).critic.m == 241
    with pytest.raises(DataError, match=r"^calibration sample 'twin' is also tested sample 's4' of 'world s'\."):
        measure(CLEAN, SHIFTED, calibration=Dataset("over", [*CALIBRATION, twin.with_(id="twin")]))


def test_what_a_result_is_called(paired: EmidResult, unpaired: EmidResult) -> None:
    assert (paired.scenario, paired.modality, paired.paired, paired.seed) == ("replaced:1", "joint", True, SEED)
    assert (unpaired.scenario, unpaired.modality, unpaired.paired) == ("world x", "natural", False)
    assert (paired.model, paired.encoders) == ("told", ENCODERS.name)
    assert paired.settings == {"query": "mean of picture and question"}


def test_what_is_not_said_is_seed_0_at_95_percent() -> None:
    measurer = Measurer(Told(CLEAN, SHIFTED), CLEAN.dataset, ENCODERS)
    assert (measurer.seed, measurer.confidence, measurer.permutations) == (0, 0.95, 199)
    assert measurer.calibration_set is None


def test_an_encoder_s_note_is_told_first() -> None:
    noted = replace(ENCODERS, note="A note.")
    measurer = Measurer(
        Told(CLEAN, SHIFTED), CLEAN.dataset, noted, calibration=CALIBRATION, permutations=0, settings={"a": "b"}
    )
    result = measurer.measure(Replaced(SHIFTED.dataset))
    assert result.remarks[0] == "A note."
    assert result.settings == {"a": "b", "query": "mean of picture and question", "encoders note": "A note."}


def test_equal_ids_pair_only_with_equal_references() -> None:
    assert measure(CLEAN, SHIFTED, paired=False).paired
    changed = Dataset("changed", [s.with_(reference="1 2 3 4 5 6 7 9") if s.id == "s7" else s for s in SHIFTED.dataset])
    assert not measure(CLEAN, Side(changed, SHIFTED.answers), paired=False).paired


def test_a_paired_shift_keeps_ids_in_order() -> None:
    class Turned(Replaced):
        def apply(self, dataset: Dataset, seed: int) -> Dataset:
            return Dataset("turned", list(self.dataset)[::-1])

    measurer = Measurer(Told(CLEAN, SHIFTED), CLEAN.dataset, ENCODERS)
    with pytest.raises(EmidError, match="says that it is paired, but its samples have other ids"):
        measurer.measure(Turned(SHIFTED.dataset))
