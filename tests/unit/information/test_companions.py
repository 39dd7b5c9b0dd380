"""Cosine and exact match."""

import numpy as np
import pytest

from pytest_emid.errors import EstimationError
from pytest_emid.information.companions import cosine_to_reference, exact_match, normalise_answer


@pytest.mark.parametrize(
    ("answer", "normal"),
    [
        ("The circle is red.", "circle is red"),
        ("  the   CIRCLE is\tred ", "circle is red"),
        ("a circle, an oval", "circle oval"),
        ("3.5 metres", "3.5 metres"),
        ("3.", "3"),
        ("a T-shirt", "t-shirt"),
        ("don't", "don't"),
        ("'don't'", "don't"),
        ("1,000", "1,000"),
        ("yes,no", "yes,no"),
        ("yes, no", "yes no"),
        ("(B)", "b"),
        ("A", "a"),
        ("The", "the"),
        ("Ｒｅｄ", "red"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("theatre", "theatre"),
        ("«rouge»", "rouge"),
        ("?!", ""),
        ("", ""),
    ],
)
def test_normalise_answer(answer, normal):
    assert normalise_answer(answer) == normal


def test_exact_match():
    found = exact_match(
        ["The circle is red.", "It is blue", "A", "", "..."], ["circle is red", "blue", "a.", "", "..."]
    )
    assert found.tolist() == [1.0, 0.0, 1.0, 0.0, 0.0]
    assert found.dtype == np.float64


def test_cosine():
    response = [[1.0, 0.0], [0.0, 2.0], [1.0, 1.0], [-3.0, 0.0]]
    reference = [[2.0, 0.0], [1.0, 0.0], [1.0, 0.0], [1.0, 0.0]]
    assert cosine_to_reference(response, reference) == pytest.approx([1.0, 0.0, np.sqrt(0.5), -1.0])


def test_cosine_stays_in_range():
    rows = np.random.default_rng(0).normal(size=(500, 7)).astype(np.float32)
    assert cosine_to_reference(rows, rows).max() <= 1.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: exact_match(["a", "b"], ["a"]),
            "responses: 2 answers for 1 references. Give one answer per reference.",
        ),
        (
            lambda: cosine_to_reference([[0.0, 0.0]], [[1.0, 0.0]]),
            "response: row 0 is all zeros, which is no embedding. Remove the sample or fix the encoder that made it.",
        ),
        (
            lambda: cosine_to_reference([[1.0, 0.0]], [[1.0, 0.0, 0.0]]),
            "reference: expected 2 columns, got 3. Embeddings that are compared must come from the same encoder.",
        ),
    ],
)
def test_what_is_refused(call, message):
    with pytest.raises(EstimationError) as caught:
        call()
    assert str(caught.value) == message
