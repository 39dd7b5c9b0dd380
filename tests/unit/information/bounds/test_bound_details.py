"""What the bounds say about themselves, and what they refuse: to the letter."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from pytest_emid.errors import EstimationError
from pytest_emid.information.bounds.answer_entropy import AnswerEntropy, EntropyScale, EntropySource
from pytest_emid.information.bounds.published import (
    ConditionalDivergences,
    input_only,
    published_bound,
    published_code_form,
    scale_adjusted_score,
)
from pytest_emid.information.bounds.rigorous import rigorous_bound

JS = (0.04, 0.09, 0.0016, 0.0081)
NOTE = (
    "published form with estimated divergences: no guarantee, for representation JS is a lower bound on JS and the "
    "inequality fails on known instances"
)


def test_the_published_forms_say_what_they_are() -> None:
    scale = EntropyScale(2.0, EntropySource.GIVEN)
    for form, name in ((published_bound, "published"), (published_code_form, "published_code")):
        found = form(*JS, entropy_scale=scale)
        assert (found.name, found.unit, found.note, found.entropy) == (name, "nats", NOTE, scale)
    assert scale_adjusted_score(*JS).entropy is None
    assert input_only(0.04, 0.09).note == "the input part alone: drift of the queries, not a bound on EMID"
    assert published_code_form(*JS, entropy_scale=2.0).terms == pytest.approx(
        {"image": 0.4, "text": 0.6, "output_clean": 0.8, "output_shifted": 1.2}
    )


def test_conditional_terms_by_hand() -> None:
    conditional = ConditionalDivergences(0.04, 0.09, 0.25)
    found = published_bound(*JS, entropy_scale=3.0, conditional=conditional)
    terms = {"text_given_image": 0.6, "image_given_text": 0.9, "labels": 1.0}
    assert {name: found.terms[name] for name in terms} == pytest.approx(terms)
    assert found.value == pytest.approx(sum(found.terms.values()))
    nothing = published_bound(*JS, entropy_scale=3.0, conditional=ConditionalDivergences())
    assert nothing.value == published_bound(*JS, entropy_scale=3.0).value


@pytest.mark.parametrize("name", ["text_given_image", "image_given_text", "labels_fourth_root"])
def test_a_conditional_term_that_is_none_is_refused_by_name(name: str) -> None:
    with pytest.raises(EstimationError, match=rf"^{name}: -1\.0 is not a finite number"):
        published_bound(*JS, entropy_scale=1.0, conditional=ConditionalDivergences(**{name: -1.0}))


@pytest.mark.parametrize("position", range(2))
def test_the_input_part_refuses_by_name(position: int) -> None:
    arguments = [0.1, 0.1]
    arguments[position] = math.nan
    with pytest.raises(EstimationError, match=f"^{('jsd_image', 'jsd_text')[position]}: nan is not"):
        input_only(*arguments)


# the rigorous one

LABELS = np.arange(60) % 4


def test_the_rigorous_bound_says_what_it_is() -> None:
    found = rigorous_bound(*[LABELS] * 4, letters=4)
    assert found.method.startswith("finite-sample limits of total variation (bounded differences and coupling, Chern")
    assert rigorous_bound(*[LABELS] * 4, letters=4, limit="normal").method.startswith(
        "large-sample limits of total variation (cluster-robust, variance from above) at 97.5 % one-sided"
    )
    assert found.note == f"{found.method}. {' '.join(found.notes)}"
    assert found.notes[:2] == (
        "References are taken as a function of the query on each side, so the label term is exactly 0.",
        "Greedy decoding: so are responses, and the input term is exactly 0.",
    )


def test_what_follows_from_its_numbers() -> None:
    found = rigorous_bound(*[LABELS] * 4, letters=4)
    emid = replace(found.emid, low=0.5, high=2.0)
    assert [replace(found, emid=emid, limit=limit).contradicted for limit in (0.4, 0.5, 1.0)] == [True, False, False]
    assert [replace(found, singletons=share).undersampled for share in (0.29, 0.3, 0.31)] == [False, False, True]
    most = 2.0 * math.log(4)
    assert [replace(found, limit=limit).vacuous for limit in (0.99 * most, most, 1.01 * most)] == [False, True, True]


def test_an_alphabet_of_one_letter_tells_nothing() -> None:
    found = rigorous_bound(*[np.zeros(20, int)] * 4, letters=1)
    assert (found.limit, found.plugin, found.emid.value, found.vacuous) == (0.0, 0.0, 0.0, True)


@pytest.mark.parametrize("confidence", [0.0, 1.0, math.nan])
def test_a_confidence_of_all_or_nothing_is_refused(confidence: float) -> None:
    with pytest.raises(EstimationError) as caught:
        rigorous_bound(*[LABELS] * 4, letters=4, confidence=confidence)
    assert str(caught.value) == (f"confidence: {confidence} is not between 0 and 1. Use 0.95 for a 95 % interval.")


@pytest.mark.parametrize("side", ["clean", "shifted"])
def test_entropies_are_of_the_classes(side: str) -> None:
    def bound(entropy: AnswerEntropy) -> object:
        fine = AnswerEntropy.given(np.full(60, 0.1))
        pair = (entropy, fine) if side == "clean" else (fine, entropy)
        return rigorous_bound(*[LABELS] * 4, letters=4, entropy_clean=pair[0], entropy_shifted=pair[1])

    high = np.full(60, 0.1)
    high[7] = math.log(4) + 0.015
    with pytest.raises(EstimationError) as caught:
        bound(AnswerEntropy.given(high))
    assert str(caught.value) == (
        f"entropy_{side}: {high[7]:.4g} nats for sample 7, and answers in 4 classes have at most log 4 = 1.386. Pass "
        "entropies of the classes, not of the texts."
    )
    high[7] = math.log(4) + 0.005
    assert bound(AnswerEntropy.given(high))
    high[7] = 3.0
    assert bound(AnswerEntropy.from_paths(np.stack([high, high], axis=1)))
    with pytest.raises(EstimationError, match=rf"^entropy_{side}: 59 values for 60 samples\."):
        bound(AnswerEntropy.given(high[:59]))
