"""The whitened space of answers."""

import numpy as np
import pytest

from pytest_emid.errors import EstimationError
from pytest_emid.information.reference.whitening import Whitening

M, D, D_T = 400, 12, 5


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def pairs(rng, m=M, noise=1.0):
    """References that depend on their questions, plus noise that is ten times wider in the first direction."""
    text = rng.normal(size=(m, D_T))
    slope = np.random.default_rng(0).normal(size=(D_T, D))
    spread = np.where(np.arange(D) == 0, 10.0, 1.0)
    return text @ slope + 3.0 + noise * spread * rng.normal(size=(m, D)), text


def test_takes_the_question_out_and_whitens_the_rest(rng):
    reference, text = pairs(rng)
    whitening = Whitening.fit(reference, text, shrinkage=0.01)
    fresh, fresh_text = pairs(rng, 4000)
    u = whitening.transform(fresh, fresh_text)
    assert np.abs(u.mean(axis=0)).max() < 0.2
    assert np.abs(np.corrcoef(u.T, fresh_text.T)[:D, D:]).max() < 0.2
    covariance = np.cov(u.T)
    # Whitened: ten times wider noise in one direction is gone, up to what 400 pairs and 1 % shrinkage leave.
    assert np.diag(covariance) == pytest.approx(np.ones(D), abs=0.4)
    assert np.abs(covariance - np.diag(np.diag(covariance))).max() < 0.3


def test_directions_are_ordered_from_wide_to_narrow(rng):
    reference, text = pairs(rng)
    whitening = Whitening.fit(reference, text, shrinkage=0.01)
    widths = 1.0 / np.linalg.norm(whitening.whitener, axis=0)
    assert np.all(np.diff(widths) <= 1e-12)
    assert np.argmax(np.abs(whitening.whitener[:, 0])) == 0


def test_explained_is_the_share_that_questions_give_away(rng):
    reference, text = pairs(rng, 2000, noise=0.0)
    assert Whitening.fit(reference + 1e-3 * rng.normal(size=reference.shape), text).explained > 0.999
    assert Whitening.fit(rng.normal(size=(2000, D)), text).explained == pytest.approx(0.0, abs=0.01)


def test_few_pairs_are_shrunk_more_than_many(rng):
    spread = 1.0 / np.arange(1, 61)
    few = Whitening.fit(rng.normal(size=(30, 60)) * spread, rng.normal(size=(30, 2)))
    many = Whitening.fit(rng.normal(size=(3000, 60)) * spread, rng.normal(size=(3000, 2)))
    assert few.shrinkage > many.shrinkage


def test_more_directions_than_pairs(rng):
    whitening = Whitening.fit(rng.normal(size=(40, 100)), rng.normal(size=(40, 80)))
    assert np.all(np.isfinite(whitening.transform(rng.normal(size=(3, 100)), rng.normal(size=(3, 80)))))


def test_questions_that_never_vary_give_nothing_away(rng):
    reference = rng.normal(size=(50, 4))
    whitening = Whitening.fit(reference, np.ones((50, 3)))
    assert np.all(whitening.slope == 0.0)
    assert whitening.penalty == 0.0
    assert whitening.intercept == pytest.approx(reference.mean(axis=0))


def test_options_are_taken(rng):
    reference, text = pairs(rng)
    given = Whitening.fit(reference, text, penalty=2.0, shrinkage=0.25)
    scale = np.trace(np.cov(text.T, bias=True)) / D_T
    assert given.shrinkage == 0.25
    assert given.penalty == pytest.approx(2.0 * scale)


def test_leave_one_out_residuals_are_exact(rng):
    from pytest_emid.information.reference.whitening import _ridge

    reference, text = pairs(rng, 30)
    _, _, residual, penalty = _ridge(reference, text, np.arange(30), 0.5)
    kept = np.arange(30) != 7
    t, y = text[kept], reference[kept]
    t_mean, y_mean = t.mean(axis=0), y.mean(axis=0)
    # The penalty enters as a sum over all 30 pairs in the shortcut, so as 30 / 29 of it per pair without one.
    gram = (t - t_mean).T @ (t - t_mean) / 29 + penalty * 30 / 29 * np.eye(D_T)
    slope = np.linalg.solve(gram, (t - t_mean).T @ (y - y_mean) / 29)
    assert residual[7] == pytest.approx(reference[7] - y_mean - (text[7] - t_mean) @ slope)


def test_leave_one_cluster_out_residuals_are_exact(rng):
    """Against refits, with a penalty so small that its share per pair does not matter."""
    from pytest_emid.information.reference.whitening import _ridge

    reference, text = pairs(rng, 30)
    codes = np.repeat(np.arange(12), [3] * 9 + [1] * 3)
    _, _, residual, _ = _ridge(reference, text, codes, 1e-12)
    for code in (0, 4, 11):
        out = codes == code
        t_mean, y_mean = text[~out].mean(axis=0), reference[~out].mean(axis=0)
        slope = np.linalg.lstsq(text[~out] - t_mean, reference[~out] - y_mean, rcond=None)[0]
        assert residual[out] == pytest.approx(reference[out] - y_mean - (text[out] - t_mean) @ slope)


def test_pairs_of_the_fit_are_treated_as_if_they_had_not_been_in_it(rng):
    """With as many question features as pairs the regression learns references by heart."""
    text = rng.normal(size=(60, 50))
    reference = rng.normal(size=(60, D))
    whitening = Whitening.fit(reference, text, penalty=1e-6, shrinkage=0.5)
    response = reference + 0.5 * rng.normal(size=reference.shape)

    def cosine(a, b):
        return ((a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)).mean()

    by_heart = cosine(whitening.transform(response, text), whitening.transform(reference, text))
    between = whitening.pairs(response, reference, text)
    told, true = between.told, between.true
    assert cosine(told, true) > by_heart + 0.2
    # Other pairs are transformed as ever, and a mixture of both row by row.
    other, other_text = rng.normal(size=(5, D)), rng.normal(size=(5, 50))
    assert np.array_equal(whitening.pairs(other, other, other_text).true, whitening.transform(other, other_text))
    mixed = whitening.pairs(np.r_[other, response[:3]], np.r_[other, reference[:3]], np.r_[other_text, text[:3]])
    assert mixed.told[5:] == pytest.approx(told[:3])
    assert mixed.true[:5] == pytest.approx(whitening.transform(other, other_text))


Y, T = pairs(np.random.default_rng(3))
FITTED = Whitening.fit(Y, T)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Whitening.fit(Y[:10], T[:10]), "reference: at least 20 rows are needed, got 10."),
        (
            lambda: Whitening.fit(Y, T[:-1]),
            "text: expected 400 rows, got 399. Arrays that are measured together hold the same samples in the same "
            "order.",
        ),
        (lambda: Whitening.fit(Y, T, penalty=0.0), "penalty: 0.0 is not above 0."),
        (lambda: Whitening.fit(Y, T, shrinkage=0.0), "shrinkage: 0.0 is not in (0, 1]."),
        (lambda: Whitening.fit(Y, T, shrinkage=1.5), "shrinkage: 1.5 is not in (0, 1]."),
        (
            lambda: Whitening.fit(np.ones_like(Y), T),
            "reference: all 400 rows are identical, so there is nothing to measure. Check whether the model answers "
            "every query alike or the encoder ignores its input.",
        ),
        (
            lambda: Whitening.fit(T @ np.ones((D_T, D)), T, penalty=1e-13),
            "reference: the question determines every reference, so nothing is left for an answer to tell. Use "
            "questions whose answers depend on the picture.",
        ),
        (
            lambda: FITTED.pairs(Y[:-1], Y, T),
            "reference: expected 399 rows, got 400. "
            "Arrays that are measured together hold the same samples in the same order.",
        ),
        (
            lambda: FITTED.transform(np.ones((3, D + 1)), np.ones((3, D_T)), "response"),
            "response: expected 12 columns, got 13. Embeddings that are compared must come from the same encoder.",
        ),
        (
            lambda: FITTED.explains(np.ones((4, D)), T[:4]),
            "reference: all 4 rows are identical, so there is nothing to measure. Check whether the model answers "
            "every query alike or the encoder ignores its input.",
        ),
    ],
)
def test_what_is_refused(call, message):
    with pytest.raises(EstimationError) as caught:
        call()
    assert str(caught.value) == message


def test_what_the_frozen_regression_explains_of_other_pairs() -> None:
    rng = np.random.default_rng(3)
    slope = rng.normal(size=(6, 5))

    def pairs(n: int, of: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        text = rng.normal(size=(n, 6))
        return text @ of + rng.normal(size=(n, 5)), text

    whitening = Whitening.fit(*pairs(400, slope))
    reference, text = pairs(400, slope)
    assert whitening.explains(reference, text) == pytest.approx(whitening.explained, abs=0.06)
    assert whitening.explains(reference + 7.0, text) == pytest.approx(whitening.explains(reference, text))
    assert whitening.explains(*pairs(400, -slope)) < -1.0
