"""Guards of one measurement, in a world of sentences: they compare what the formulas of each guard say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sentence_world import Words, dataset, mirrored, right, told

from pytest_emid.information.guards.canaries import canaries, sensitivity
from pytest_emid.information.guards.contradictions import (
    blind_spots,
    contradictions,
    contrast_kept,
    falsified_contrast,
    reach_of,
)
from pytest_emid.information.guards.echo import Unasked, echo_retained, unasked_whitening, without_question
from pytest_emid.information.guards.omissions import words_repeated
from pytest_emid.information.reference.direct import direct
from pytest_emid.measuring import guards as module
from pytest_emid.measuring.calibration import Calibration
from pytest_emid.measuring.design import Paired, Unpaired
from pytest_emid.measuring.embedding import Answered, Embedded
from pytest_emid.measuring.guards import Guards
from pytest_emid.measuring.results import Sight
from pytest_emid.measuring.scores import Scored, score

SEED = 3
encode = Words().encode
CALIBRATION = told(dataset(240, 9, "calibration"), right(dataset(240, 9, "calibration")))
SET, OTHERS = dataset(90, 0), dataset(75, 1, "others")
ANSWERS = [text if i % 5 else f"There is a {text.split()[1]}." for i, text in enumerate(right(SET))]
REFERENCES = [sample.reference for sample in SET]
CLEAN = told(SET, ANSWERS)
HALF = [false if i % 2 else text for i, (text, false) in enumerate(zip(ANSWERS, mirrored(ANSWERS), strict=True))]
SHIFTED = told(SET, HALF)
PAIRED, UNPAIRED = Paired(SET.clusters, 0.95), Unpaired(SET.clusters, OTHERS.clusters, 0.95)


@pytest.fixture(scope="module")
def calibration() -> Calibration:
    pairs = Embedded(CALIBRATION.dataset, CALIBRATION.image, CALIBRATION.text, CALIBRATION.reference)
    return Calibration.fit(pairs, "240 pairs", SEED)


@pytest.fixture(scope="module")
def clean(calibration: Calibration) -> Scored:
    return score(CLEAN, calibration, CLEAN.text, SEED)


@pytest.fixture(scope="module")
def guards(clean: Scored, calibration: Calibration) -> Guards:
    return Guards(clean, calibration, encode, SEED)


@pytest.fixture(scope="module")
def unasked() -> Unasked:
    fit = unasked_whitening(CALIBRATION.reference, CALIBRATION.text, clusters=CALIBRATION.dataset.clusters, seed=SEED)
    return Unasked.fit(fit, CLEAN.response, CLEAN.reference, CLEAN.text, clusters=SET.clusters, seed=SEED)


def kinds(answers: list[str], references: list[str], before: list[str] | None = None) -> list[Any]:
    found = contradictions(answers, references, encode, before)
    return [
        tuple(kind for kind, flags in found.by_kind.items() if flags[i]) if found.any[i] or found.checked[i] else None
        for i in range(len(answers))
    ]


def test_the_clean_side(guards: Guards, unasked: Unasked) -> None:
    assert guards.clean.unasked == pytest.approx(unasked.clean, abs=1e-9)
    assert guards.clean.repeated.tolist() == words_repeated(ANSWERS, REFERENCES).tolist()
    assert [guards.clean.contradicts(i) for i in range(90)] == kinds(ANSWERS, REFERENCES)


def test_a_paired_side(guards: Guards, unasked: Unasked) -> None:
    shifted = guards.shifted(SHIFTED, PAIRED)
    assert shifted.unasked == pytest.approx(unasked.scores(SHIFTED.response, SEED), abs=1e-9)
    assert shifted.repeated.tolist() == words_repeated(HALF, REFERENCES).tolist()
    found = [shifted.contradicts(i) for i in range(90)]
    assert found == kinds(HALF, REFERENCES, ANSWERS)
    # What states no side can contradict none.
    assert {i for i, what in enumerate(found) if what and "side" in what} == {i for i in range(90) if i % 2 and i % 5}


def test_a_side_of_other_samples(guards: Guards, unasked: Unasked) -> None:
    answers = mirrored(right(OTHERS))
    other = told(OTHERS, answers)
    shifted = guards.shifted(other, UNPAIRED)
    wanted = direct(
        unasked.whitening,
        without_question(other.response, other.text) + unasked.alike,
        without_question(other.reference, other.text) + unasked.alike,
        other.text,
        reliability=unasked.reliability.unpaired(),
        clusters=OTHERS.clusters,
        seed=SEED,
    )
    assert shifted.unasked == pytest.approx(wanted, abs=1e-9)
    references = [sample.reference for sample in OTHERS]
    assert [shifted.contradicts(i) for i in range(75)] == kinds(answers, references)
    assert guards.sight(shifted, UNPAIRED).contrast_kept is None


def test_one_answer_to_all_holds_nothing_of_the_picture(guards: Guards) -> None:
    silent = told(SET, ["The dog is to the left of the cat."] * 90)
    shifted = guards.shifted(silent, PAIRED)
    assert not shifted.unasked.any()
    assert shifted.repeated.tolist() == words_repeated(["The dog is to the left of the cat."] * 90, REFERENCES).tolist()


def test_what_is_seen(guards: Guards, clean: Scored, calibration: Calibration) -> None:
    reach = reach_of(ANSWERS, REFERENCES, encode, SEED)
    shifted = guards.shifted(SHIFTED, PAIRED)
    kept = contrast_kept(guards.clean.found, shifted.found, falsified_contrast(ANSWERS, REFERENCES, encode))
    echo = echo_retained(
        calibration.whitening, clean.information, CLEAN.reference, CLEAN.text, clean.reliability, SET.clusters
    )
    assert guards.sight(shifted, PAIRED) == Sight(
        reach={part.kind: part.flagged if np.isfinite(part.flagged) else None for part in reach},
        present={part.kind: part.present for part in reach},
        blind=(),
        unchecked=0.0,
        echo=pytest.approx(echo.value),
        contrast_kept=pytest.approx(kept),
    )
    assert {part.kind: part.present for part in reach}["side"] == 1.0


def unreached(*kinds: str) -> Any:
    """The guards' reach, with none on these kinds, which stand in all references."""

    def reach(*given: Any) -> list[Any]:
        from dataclasses import replace

        return [
            replace(part, flagged=0.0, present=1.0) if part.kind in kinds else replace(part, flagged=1.0)
            for part in reach_of(*given)
        ]

    return reach


def test_only_what_no_guard_reaches_is_tried_on_the_measure(
    clean: Scored, calibration: Calibration, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    def counted(answers: list[str], kind: str, **options: Any) -> Any:
        tried.append(kind)
        return canaries(answers, kind, **options)

    monkeypatch.setattr(module, "canaries", counted)
    Guards(clean, calibration, encode, SEED)
    assert tried == []
    monkeypatch.setattr(module, "reach_of", unreached("side", "number"))
    found = Guards(clean, calibration, encode, SEED)
    assert tried == ["side", "number"]
    # No answer states a number, so that none could be made false; sides are what this encoder does not hear.
    assert found.sight(found.clean, PAIRED).blind == ("side", "number")


class Hears(Words):
    """The same with sides as loud as all words."""

    def encode(self, texts: Any) -> np.ndarray:
        return super().encode([text.replace("left", "starboard").replace("right", "port") for text in texts])


def test_a_measure_that_sees_a_kind_has_no_blind_spot(monkeypatch: pytest.MonkeyPatch) -> None:
    hears = Hears().encode

    def heard(side: Answered, answers: list[str]) -> Answered:
        words = [[s.question for s in side.dataset], [s.reference for s in side.dataset], answers]
        text, reference, response = (hears(several) for several in words)
        return Answered(side.dataset, side.image, text, reference, side.responses, response)

    known = heard(CALIBRATION, right(CALIBRATION.dataset))
    fitted = Calibration.fit(Embedded(known.dataset, known.image, known.text, known.reference), "240 pairs", SEED)
    clean = score(heard(CLEAN, ANSWERS), fitted, hears([s.question for s in SET]), SEED)
    monkeypatch.setattr(module, "reach_of", unreached("side"))
    guards = Guards(clean, fitted, hears, SEED)
    texts, hit = canaries(ANSWERS, "side", seed=SEED)
    false = direct(
        fitted.whitening, hears(texts), clean.answered.reference, clean.answered.text,
        reliability=clean.reliability, clusters=SET.clusters, seed=SEED,
    )  # fmt: skip
    seen = sensitivity(clean.information, false, hit)
    assert seen > 0.5
    assert blind_spots(unreached("side")(ANSWERS, REFERENCES, hears, SEED), {"side": seen}) == ()
    assert guards.sight(guards.clean, PAIRED).blind == ()
