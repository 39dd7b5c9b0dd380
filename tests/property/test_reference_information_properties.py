"""Reference information under any data: bounded, and indifferent to order, labels, scale and a common style."""

import numpy as np
import pytest
from answer_sets import D, answer_sets, pairs_to_fit
from hypothesis import given
from hypothesis import strategies as st

from pytest_emid.information.companions import exact_match, normalise_answer
from pytest_emid.information.reference.direct import direct, reliability_of
from pytest_emid.information.reference.whitening import Whitening

WHITENING = Whitening.fit(*pairs_to_fit())


def sets():
    return answer_sets(4, 40, distinct=2)


def scored(response, reference, text, clusters, **options):
    reliability = reliability_of(WHITENING, response, reference, text, clusters=clusters)
    return direct(WHITENING, response, reference, text, clusters=clusters, reliability=reliability, **options)


@given(sets())
def test_is_finite_and_bounded(data):
    response, reference, text, clusters = data
    scores = scored(response, reference, text, clusters)
    assert np.all(np.isfinite(scores))
    # Closeness lies in [1 - 2^p, 1], and the estimate is a difference of two means of it.
    assert abs(scores.mean()) <= 2**0.25


@given(sets(), st.randoms(use_true_random=False))
def test_order_and_labels_do_not_matter(data, random):
    response, reference, text, clusters = data
    order = list(range(len(response)))
    random.shuffle(order)
    first = direct(WHITENING, response, reference, text, clusters=clusters)
    again = direct(
        WHITENING, response[order], reference[order], text[order], clusters=[f"image {clusters[i]}" for i in order]
    )
    # The common offset is found by iteration, so that rounding may differ.
    assert again == pytest.approx(first[order], abs=1e-3)


@given(sets(), st.integers(0, 10))
def test_a_common_style_does_not_matter(data, seed):
    """Answers without exact matches, all moved by one vector."""
    response, reference, text, clusters = data
    response = response + 0.3 * np.random.default_rng(99).normal(size=response.shape)
    offset = 3 * np.random.default_rng(seed).normal(size=D)
    first = direct(WHITENING, response, reference, text, clusters=clusters)
    moved = direct(WHITENING, response + offset, reference, text, clusters=clusters)
    assert moved == pytest.approx(first, abs=0.02)


@given(sets())
def test_the_references_themselves_score_most(data):
    response, reference, text, clusters = data
    perfect = direct(WHITENING, reference, reference, text, clusters=clusters).mean()
    assert direct(WHITENING, response, reference, text, clusters=clusters).mean() <= perfect + 0.02


answers = st.text(max_size=30)


@given(answers)
def test_normal_forms_are_final(answer):
    assert normalise_answer(normalise_answer(answer)) == normalise_answer(answer)


@given(st.lists(answers, min_size=1, max_size=8))
def test_an_answer_matches_itself_unless_it_is_empty(texts):
    expected = [float(bool(normalise_answer(text))) for text in texts]
    assert exact_match(texts, texts).tolist() == expected
