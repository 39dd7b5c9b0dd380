"""The guard against echoes: what a question gives away is no answer."""

import numpy as np
import pytest

from pytest_emid.errors import EstimationError
from pytest_emid.information.arrays import unit_rows
from pytest_emid.information.guards.echo import Unasked, echo_retained, unasked_whitening, without_question
from pytest_emid.information.reference.direct import direct, reliability_of
from pytest_emid.information.reference.whitening import Whitening

D = 24
RNG = np.random.default_rng(3)


def drawn(n, rng=RNG):
    """Questions, and references that hold their question and something of their own."""
    text = unit_rows(rng.normal(size=(n, D)))
    own = rng.normal(size=(n, D)) / np.sqrt(D)
    return unit_rows(text + own), text, own


CALIBRATION, CALIBRATION_TEXT, _ = drawn(200)
REFERENCE, TEXT, OWN = drawn(120)
CLEAN = unit_rows(TEXT + OWN + 0.3 * RNG.normal(size=OWN.shape) / np.sqrt(D))


@pytest.fixture(scope="module")
def unasked():
    return Unasked.fit(unasked_whitening(CALIBRATION, CALIBRATION_TEXT), CLEAN, REFERENCE, TEXT)


def test_nothing_of_the_question_is_left():
    rest = without_question(REFERENCE, TEXT)
    assert np.einsum("ij,ij->i", rest, TEXT) == pytest.approx(np.zeros(len(TEXT)), abs=1e-12)
    assert without_question(rest, TEXT) == pytest.approx(rest)
    assert without_question(TEXT, 3.0 * TEXT) == pytest.approx(np.zeros_like(TEXT), abs=1e-12)


def test_an_echo_cannot_pass(unasked):
    guard = unasked.guard(TEXT, 0.9)
    assert guard.blocks
    assert abs(guard.retained.value) < 0.15
    assert guard.obstacle == (
        f"Without what the answers share with their own question {100 * guard.retained.value:.1f} % of the "
        "information is retained, clearly less than 90.0 %: answers that echo the question, or lost what it "
        "does not say, cannot pass."
    )


def test_the_same_answers_pass(unasked):
    guard = unasked.guard(CLEAN, 0.9)
    assert not guard.blocks
    assert guard.obstacle is None
    assert guard.retained.value == 1.0
    assert unasked.scores(CLEAN) == pytest.approx(unasked.clean)


def test_answers_that_hold_less_of_the_question_are_no_loss(unasked):
    guard = unasked.guard(CLEAN - 0.4 * np.einsum("ij,ij->i", CLEAN, TEXT)[:, None] * TEXT, 0.9)
    assert guard.retained.value == pytest.approx(1.0)
    assert not guard.blocks


def test_half_of_the_answers_replaced(unasked):
    mixed = np.where(np.arange(len(TEXT))[:, None] % 2, CLEAN, np.roll(CLEAN, 7, axis=0))
    guard = unasked.guard(mixed, 0.9)
    assert guard.blocks
    assert guard.retained.value == pytest.approx(0.5, abs=0.15)


def test_what_an_echo_reads_in_the_direct_form():
    whitening = Whitening.fit(CALIBRATION, CALIBRATION_TEXT)
    reliability = reliability_of(whitening, CLEAN, REFERENCE, TEXT)
    clean = direct(whitening, CLEAN, REFERENCE, TEXT, reliability=reliability)
    echo = direct(whitening, TEXT, REFERENCE, TEXT, reliability=reliability)
    found = echo_retained(whitening, clean, REFERENCE, TEXT, reliability)
    assert found.value == pytest.approx(echo.mean() / clean.mean())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: without_question(REFERENCE, TEXT[:, :5]),
            f"vectors: expected 5 columns, got {D}. Embeddings that are compared must come from the same encoder.",
        ),
        (
            lambda: without_question(REFERENCE, np.zeros_like(TEXT)),
            "text: row 0 is all zeros, which is no embedding. Remove the sample or fix the encoder that made it.",
        ),
        (
            lambda: echo_retained(None, np.ones(120), REFERENCE, TEXT[:, :5], None),
            f"text: questions have 5 columns and references {D}: an echo is measured with one encoder for both.",
        ),
    ],
)
def test_errors(call, message):
    with pytest.raises(EstimationError) as caught:
        call()
    assert str(caught.value) == message
