"""Direct reference information."""

from dataclasses import replace

import numpy as np
import pytest
from answered_world import D_T, SLOPE, WIDTH, D, answer, draw

from pytest_emid.errors import EstimationError
from pytest_emid.information.intervals.means import mean_interval, retained_interval
from pytest_emid.information.reference.direct import direct, reliability_of
from pytest_emid.information.reference.whitening import Whitening


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.fixture
def whitening():
    text, reference, _ = draw(np.random.default_rng(1), 500)
    return Whitening.fit(reference, text)


class TestDirect:
    def test_the_references_themselves_retain_everything(self, rng, whitening):
        text, reference, _ = draw(rng, 80)
        scores = direct(whitening, reference, reference, text)
        assert scores.shape == (80,)
        assert scores.mean() == pytest.approx(1.0, abs=0.02)

    def test_answers_that_say_nothing_score_zero(self, rng, whitening):
        text, reference, content = draw(rng, 300)
        scores = direct(whitening, answer(rng, text, content, 0.0), reference, text)
        found = mean_interval(scores)
        assert found.low < 0 < found.high

    def test_what_the_question_gives_away_is_not_information(self, rng, whitening):
        text, reference, _ = draw(rng, 300)
        # Close to the reference by cosine, for the question alone decides most of it.
        template = text @ SLOPE
        cosine = (template * reference).sum(1) / np.linalg.norm(template, axis=1) / np.linalg.norm(reference, axis=1)
        assert cosine.mean() > 0.8
        # Not quite nothing: the frozen regression on the question has an error, and both sides share it.
        scores = direct(whitening, template + 1e-3 * rng.normal(size=template.shape), reference, text)
        assert 0 < scores.mean() < 0.05

    def test_falls_with_quality(self, rng, whitening):
        text, reference, content = draw(rng, 200)
        means = [direct(whitening, answer(rng, text, content, q), reference, text).mean() for q in (1, 0.9, 0.6, 0.2)]
        assert means == sorted(means, reverse=True)

    def test_is_the_mean_of_matched_minus_mismatched_pairs(self, rng, whitening):
        text, reference, content = draw(rng, 30)
        response = answer(rng, text, content, 0.7)
        clusters = np.repeat(np.arange(10), 3)
        scores = direct(whitening, response, reference, text, clusters=clusters, centre="mean", exponent=0.4)
        unit = lambda u: (u - u.mean(0)) / np.linalg.norm(u - u.mean(0), axis=1, keepdims=True)  # noqa: E731
        a, b = unit(whitening.transform(response, text)), unit(whitening.transform(reference, text))
        closeness = 1 - (1 - a @ b.T) ** 0.4
        apart = clusters[:, None] != clusters[None]
        assert scores.mean() == pytest.approx(np.diag(closeness).mean() - closeness[apart].mean())

    def test_exponent_one_is_the_cosine(self, rng, whitening):
        text, reference, content = draw(rng, 30)
        response = answer(rng, text, content, 0.7)
        scores = direct(whitening, response, reference, text, centre="none", exponent=1.0)
        a, b = whitening.transform(response, text), whitening.transform(reference, text)
        a, b = a - b.mean(0), b - b.mean(0)
        cosine = (a @ b.T) / np.linalg.norm(a, axis=1)[:, None] / np.linalg.norm(b, axis=1)
        off = cosine[~np.eye(30, dtype=bool)].mean()
        assert scores.mean() == pytest.approx(np.diag(cosine).mean() - off)

    def test_standard_error_is_right(self, rng, whitening):
        """Mismatched pairs share samples; the influence values know it."""
        means, errors = [], []
        for _ in range(300):
            text, reference, content = draw(rng, 60)
            found = mean_interval(direct(whitening, answer(rng, text, content, 0.7), reference, text))
            means.append(found.value)
            errors.append(found.se)
        assert np.mean(errors) / np.std(means) == pytest.approx(1.0, abs=0.15)

    def test_pairs_of_one_picture_are_no_evidence_of_chance(self, rng, whitening):
        # Three questions a picture with the same answer: pairs inside the picture agree as well as matched ones.
        text, reference, content = draw(rng, 40)
        text, reference, content = (np.repeat(x, 3, axis=0) for x in (text, reference, content))
        response = answer(rng, text, content, 0.9)
        together = direct(whitening, response, reference, text, clusters=np.repeat(np.arange(40), 3)).mean()
        alone = direct(whitening, response, reference, text).mean()
        assert together > alone

    @pytest.mark.parametrize("offset", [0.5, 5.0])
    def test_a_style_that_all_answers_share_is_no_loss(self, rng, whitening, offset):
        text, reference, content = draw(rng, 100)
        clean = answer(rng, text, content, 0.8)
        style = clean + offset * rng.normal(size=D)
        for centre in ("offset", "mean"):
            a = direct(whitening, clean, reference, text, centre=centre)
            b = direct(whitening, style, reference, text, centre=centre)
            assert b == pytest.approx(a, abs=1e-4)
        uncentred = direct(whitening, style, reference, text, centre="none").mean()
        assert uncentred < 0.9 * direct(whitening, clean, reference, text, centre="none").mean()

    def test_broken_answers_do_not_drag_the_others_along(self, rng, whitening):
        """A fifth of the answers far off in one direction: the mean moves there, the common offset does not."""
        text, reference, content = draw(rng, 200)
        clean = answer(rng, text, content, 0.9)
        broken = clean.copy()
        broken[:40] = 30.0
        kept = {
            centre: retained_interval(
                direct(whitening, clean, reference, text, centre=centre),
                direct(whitening, broken, reference, text, centre=centre),
            ).value
            for centre in ("offset", "mean")
        }
        assert kept["offset"] == pytest.approx(0.8, abs=0.08)
        assert kept["mean"] < 0.6

    @pytest.mark.parametrize("right", [0.2, 0.4])
    def test_mistakes_of_one_kind_take_nothing_from_answers_that_are_right(self, rng, whitening, right):
        """Most answers are the same wrong one: the median of what is wrong with them is no style."""
        text, reference, _ = draw(rng, 200)
        wrong = np.arange(200) >= right * 200
        response = np.where(wrong[:, None], reference[0] + 0.1 * rng.normal(size=D), reference)
        clean = direct(whitening, reference, reference, text)
        assert direct(whitening, response, reference, text).mean() / clean.mean() == pytest.approx(right, abs=0.06)

    def test_exact_answers_have_no_offset_however_the_others_err(self, rng, whitening):
        """Half of the answers exact, half scattered: the exact ones keep their full score, to the bit."""
        text, reference, content = draw(rng, 100)
        response = reference.copy()
        response[50:] = answer(rng, text, content, 0.3)[50:]
        uncentred = direct(whitening, response, reference, text, centre="none")
        assert np.array_equal(direct(whitening, response, reference, text, centre="offset"), uncentred)
        assert direct(whitening, response, reference, text, centre="mean")[:50].mean() < uncentred[:50].mean() - 0.01

    def test_many_samples_use_some_partners(self, rng, whitening):
        text, reference, content = draw(rng, 1500)
        response = answer(rng, text, content, 0.6)
        some = direct(whitening, response, reference, text, seed=1)
        others = direct(whitening, response, reference, text, seed=2)
        assert np.array_equal(some, direct(whitening, response, reference, text, seed=1))
        assert not np.array_equal(some, others)
        assert some.mean() == pytest.approx(others.mean(), abs=0.01)

    def test_partners_span_clusters(self, rng, whitening):
        text, reference, content = draw(rng, 1000)
        clusters = np.r_[np.zeros(999), 1]
        scores = direct(whitening, answer(rng, text, content, 0.6), reference, text, clusters=clusters)
        assert np.all(np.isfinite(scores))

    def test_an_answer_that_says_what_the_typical_answer_says(self, rng, whitening):
        """A response at the very centre points nowhere: score of chance, not nan."""
        text, reference, content = draw(rng, 40)
        response = answer(rng, text, content, 0.9)
        response[0] = text[0] @ whitening.slope + whitening.intercept
        scores = direct(whitening, response, reference, text, centre="none")
        assert np.all(np.isfinite(scores))

    @pytest.mark.parametrize("keeps", [0.0, 0.7])
    def test_fitted_on_the_tested_references_themselves(self, rng, keeps):
        """No disjoint references, and questions with features enough to learn the references by heart."""

        def wordy(n):
            text, reference, content = draw(rng, n)
            return np.c_[text, rng.normal(size=(n, 40))], reference, content

        text, reference, content = wordy(90)
        response = answer(rng, text[:, :D_T], content, keeps)
        others_text, others, _ = wordy(90)
        fits = [Whitening.fit(y, t, penalty=1e-6) for y, t in ((others, others_text), (reference, text))]
        fits.append(replace(fits[1], rows={}))
        apart, own, by_heart = (direct(w, response, reference, text).mean() for w in fits)
        assert own == pytest.approx(apart, abs=0.06)
        if keeps:
            assert by_heart < apart - 0.1

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"centre": "mode"}, "centre: 'mode' is unknown. Use 'offset', 'mean' or 'none'."),
            ({"exponent": 0.0}, "exponent: 0.0 is not in (0, 1]."),
            (
                {"clusters": ["one"] * 30},
                "clusters: all samples share one cluster, so no mismatched pair tells what chance agreement looks "
                "like. Use samples of at least two pictures.",
            ),
            ({"clusters": ["one"] * 29}, "clusters: expected one id for each of 30 samples, got 29."),
        ],
    )
    def test_bad_options(self, rng, whitening, options, message):
        text, reference, _ = draw(rng, 30)
        with pytest.raises(EstimationError) as caught:
            direct(whitening, reference, reference, text, **options)
        assert str(caught.value) == message

    def test_nan(self, rng, whitening):
        text, reference, _ = draw(rng, 30)
        response = reference.copy()
        response[4, 2] = np.nan
        with pytest.raises(EstimationError) as caught:
            direct(whitening, response, reference, text)
        assert str(caught.value) == (
            "response: row 4 holds nan in column 2 (1 of 30 rows are not finite). Remove the sample or fix the "
            "encoder that made it."
        )


class TestReliability:
    def test_directions_of_noise_lose_their_weight(self, rng, whitening):
        text, reference, content = draw(rng, 90)
        # Answers follow the reference in its four widest directions and are noise in all others.
        response = answer(rng, text, np.where(np.arange(D) < 4, content, 0.0), 1.0) + np.where(
            np.arange(D) < 4, 0.0, WIDTH * rng.normal(size=(90, D))
        )
        reliability = reliability_of(whitening, response, reference, text)
        assert reliability.weights.shape == (5, D)
        assert reliability.whole[:4].min() > 0.5
        assert np.median(reliability.whole[4:]) < 0.1

    def test_finds_a_loss_that_plain_whitening_misses(self, rng, whitening):
        """The point of it: information in few directions, noise in many."""
        few = np.arange(D) < 4
        seen = {True: 0, False: 0}
        for _ in range(60):
            text, reference, content = draw(rng, 60)

            def respond(keeps, text=text, content=content):
                good = answer(rng, text, content, keeps)
                return np.where(few, good, answer(rng, text, content, 0.0))

            clean, shifted = respond(0.85), respond(0.7)
            reliability = reliability_of(whitening, clean, reference, text)
            for weighted in seen:
                scores = [
                    direct(whitening, r, reference, text, reliability=reliability if weighted else None)
                    for r in (clean, shifted)
                ]
                seen[weighted] += mean_interval(scores[0] - scores[1], confidence=0.9).low > 0
        assert seen[True] > seen[False] + 6

    def test_no_sample_weighs_itself(self, rng, whitening):
        text, reference, content = draw(rng, 60)
        clusters = np.repeat(np.arange(20), 3)
        response = answer(rng, text, content, 0.8)
        one = reliability_of(whitening, response, reference, text, clusters=clusters, centre="none")
        response[:3] = rng.normal(size=(3, D))
        other = reliability_of(whitening, response, reference, text, clusters=clusters, centre="none")
        fold = one.fold[0]
        assert np.all(one.fold[:3] == fold)
        assert one.weights[fold] == pytest.approx(other.weights[fold])
        assert one.whole != pytest.approx(other.whole)

    def test_unpaired_weighs_other_samples(self, rng, whitening):
        text, reference, content = draw(rng, 60)
        reliability = reliability_of(whitening, answer(rng, text, content, 0.8), reference, text)
        text, reference, content = draw(rng, 45)
        response = answer(rng, text, content, 0.8)
        scores = direct(whitening, response, reference, text, reliability=reliability.unpaired())
        assert scores.shape == (45,)
        with pytest.raises(EstimationError) as caught:
            direct(whitening, response, reference, text, reliability=reliability)
        assert str(caught.value) == (
            "reliability: it was cross-fitted on 60 samples, and there are 45. For other samples use "
            "reliability.unpaired()."
        )

    def test_of_another_space(self, rng, whitening):
        text, reference, _ = draw(rng, 60)
        reliability = reliability_of(whitening, reference, reference, text)
        small = Whitening.fit(rng.normal(size=(40, 3)), rng.normal(size=(40, D_T)))
        with pytest.raises(EstimationError) as caught:
            direct(small, rng.normal(size=(60, 3)), rng.normal(size=(60, 3)), text, reliability=reliability)
        assert str(caught.value) == (
            "reliability: it weighs 24 directions, and the answers have 3. Fit it with the same whitening."
        )

    def test_one_cluster(self, rng, whitening):
        text, reference, _ = draw(rng, 30)
        with pytest.raises(EstimationError) as caught:
            reliability_of(whitening, reference, reference, text, clusters=["one"] * 30)
        assert str(caught.value) == (
            "reliability: 5 folds of 1 clusters cannot be cross-fitted. Use two or more of each."
        )

    def test_answers_that_follow_the_reference_nowhere_stay_at_chance(self, rng, whitening):
        text, reference, content = draw(rng, 100)
        response = answer(rng, text, -content, 1.0)
        reliability = reliability_of(whitening, response, reference, text)
        scores = direct(whitening, response, reference, text, reliability=reliability)
        assert np.all(np.isfinite(scores))
        assert scores.mean() < 0

    @pytest.mark.parametrize(("right", "exponent"), [(0.0, 0.25), (0.5, 0.15), (1.0, 0.05)])
    def test_the_clean_set_decides_the_exponent(self, rng, whitening, right, exponent):
        """In proportion to the share of clean answers that are exactly right, for both sides alike."""
        text, reference, content = draw(rng, 60)
        exact = (np.arange(60) < right * 60)[:, None]
        clean = np.where(exact, reference, answer(rng, text, content, 0.8))
        shifted = answer(rng, text, content, 0.6)
        reliability = reliability_of(whitening, clean, reference, text)
        assert reliability.exact == right
        assert reliability.unpaired().exact == right
        for response in (clean, shifted):
            found = direct(whitening, response, reference, text, reliability=reliability)
            asked = direct(whitening, response, reference, text, reliability=reliability, exponent=exponent)
            assert found == pytest.approx(asked)

    def test_without_a_reliability_the_exponent_is_a_quarter(self, rng, whitening):
        text, reference, _ = draw(rng, 60)
        found = direct(whitening, reference, reference, text)
        assert found == pytest.approx(direct(whitening, reference, reference, text, exponent=0.25))

    def test_of_exact_answers_it_nearly_counts_the_right_ones(self, rng, whitening):
        text, reference, content = draw(rng, 200)
        shifted = np.where((np.arange(200) < 140)[:, None], reference, answer(rng, text, content, 0.6))
        reliability = reliability_of(whitening, reference, reference, text)
        retained = {
            exponent: direct(whitening, shifted, reference, text, reliability=reliability, exponent=exponent).mean()
            / direct(whitening, reference, reference, text, reliability=reliability, exponent=exponent).mean()
            for exponent in (None, 0.25)
        }
        assert retained[None] == pytest.approx(0.7, abs=0.04)
        assert retained[0.25] > retained[None] + 0.03

    @pytest.mark.parametrize("d", [1, 7, 8, 9, 16, 17, 200])
    def test_groups_of_directions_cover_all_of_them(self, rng, d):
        from pytest_emid.information.reference.reliability import Reliability

        told = rng.normal(size=(40, d))
        found = Reliability.fit(told, told, np.arange(40))
        assert found.whole == pytest.approx(np.ones(d))
        assert found.weights.shape == (5, d)
