"""Decoded reference information."""

import numpy as np
import pytest
from answered_world import D, answer, draw

from pytest_emid.errors import EstimationError
from pytest_emid.information.reference.decoded import decoded, decoded_obstacle
from pytest_emid.information.reference.direct import direct
from pytest_emid.information.reference.whitening import Whitening


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.fixture
def whitening():
    text, reference, _ = draw(np.random.default_rng(1), 500)
    return Whitening.fit(reference, text)


class TestDecoded:
    def test_reads_through_a_change_of_format(self, rng, whitening):
        text, reference, content = draw(rng, 400)
        clean = answer(rng, text, content, 0.9)
        rotation = np.linalg.qr(rng.normal(size=(D, D)))[0]
        other_format = clean @ rotation + 2.0
        a, b = decoded(whitening, clean, reference, text), decoded(whitening, other_format, reference, text)
        assert b.mean() / a.mean() == pytest.approx(1.0, abs=0.03)
        lost = direct(whitening, other_format, reference, text).mean()
        assert lost < 0.3 * direct(whitening, clean, reference, text).mean()

    def test_falls_with_quality(self, rng, whitening):
        text, reference, content = draw(rng, 300)
        means = [decoded(whitening, answer(rng, text, content, q), reference, text).mean() for q in (0.95, 0.7, 0.4)]
        assert means == sorted(means, reverse=True)

    def test_answers_that_say_nothing_score_zero(self, rng, whitening):
        text, reference, content = draw(rng, 600)
        scores = decoded(whitening, answer(rng, text, content, 0.0), reference, text)
        # A little below zero: a useless response costs the decoder precision that the question alone leaves it.
        assert -0.06 < scores.mean() < 0.01

    def test_clusters_stay_in_one_fold(self, rng, whitening):
        """A picture asked three times in the same words must not teach the decoder its own answer."""
        text, reference, content = draw(rng, 60)
        text, reference, content = (np.repeat(x, 3, axis=0) for x in (text, reference, content))
        # Responses that identify the picture and say nothing that carries over to other pictures.
        response = np.repeat(rng.normal(size=(60, D)), 3, axis=0)
        whole = decoded(whitening, response, reference, text, clusters=np.repeat(np.arange(60), 3)).mean()
        leaking = decoded(whitening, response, reference, text).mean()
        assert whole < 0.1 < leaking

    @pytest.mark.parametrize(
        ("n", "clusters", "message"),
        [
            (
                60,
                60,
                "The decoded form needs at least 150 samples to fit its decoder, and there are 60: its level would be "
                "biased and its power low. Use the direct form, or measure more samples.",
            ),
            (
                160,
                8,
                "The decoded form is cross-fitted over 10 groups of clusters, and there are 8 clusters. Use the "
                "direct form, or measure more samples.",
            ),
        ],
    )
    def test_too_few(self, rng, whitening, n, clusters, message):
        text, reference, _ = draw(rng, n)
        with pytest.raises(EstimationError) as caught:
            decoded(whitening, reference, reference, text, clusters=np.arange(n) % clusters)
        assert str(caught.value) == message

    def test_obstacle(self):
        assert decoded_obstacle(150, 50) is None
        assert decoded_obstacle(149, 50) is not None
        assert decoded_obstacle(150, 9) is not None

    @pytest.mark.parametrize("factor", [1e-3, 1.0, 1e3])
    def test_the_scale_of_responses_is_no_information(self, rng, whitening, factor):
        text, reference, content = draw(rng, 200)
        response = answer(rng, text, content, 0.8)
        found = decoded(whitening, factor * response, reference, text)
        assert found == pytest.approx(decoded(whitening, response, reference, text))

    def test_a_preamble_that_dilutes_all_answers_costs_little(self, rng, whitening):
        """Most of the variance is the question's, said again; what the answer says is a twentieth of it."""
        text, reference, content = draw(rng, 200)
        clean = answer(rng, text, content, 0.9)
        echo = text @ rng.normal(size=(*text.shape[1:], D))
        a, b = (decoded(whitening, response, reference, text).mean() for response in (clean, 0.3 * clean + 0.2 * echo))
        assert b / a > 0.9

    @pytest.mark.parametrize("n", [200, 160])
    def test_one_answer_to_everything_says_nothing(self, rng, whitening, n):
        text, reference, _ = draw(rng, n)
        scores = decoded(whitening, np.full((n, D), 0.1), reference, text)
        assert scores == pytest.approx(np.zeros(n), abs=1e-9)

    def test_more_dimensions_than_samples(self, rng, whitening):
        """Components then come from the samples' side, and are the same."""
        wide = np.linalg.qr(rng.normal(size=(300, D)))[0].T
        text, reference, _ = draw(np.random.default_rng(1), 500)
        other = Whitening.fit(reference @ wide, text)
        text, reference, content = draw(rng, 200)
        response = answer(rng, text, content, 0.8)
        a = decoded(whitening, response, reference, text).mean()
        b = decoded(other, response @ wide, reference @ wide, text).mean()
        assert b == pytest.approx(a, rel=0.1)
