"""The reference as the clean query's witness: information in nats."""

import doctest
import math
from dataclasses import replace

import numpy as np
import pytest
from answered_world import SLOPE, D, answer, draw

from pytest_emid.errors import EstimationError
from pytest_emid.information.critics import contrast as module
from pytest_emid.information.critics.contrast import contrast
from pytest_emid.information.critics.witness import Witness
from pytest_emid.information.reference.whitening import Whitening


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.fixture(scope="module")
def witness():
    text, reference, _ = draw(np.random.default_rng(1), 400)
    return Witness.fit(reference, text)


def told(witness, response, reference, text, **options):
    return witness.information(response, reference, text, **options)


def truth(n, replaced):
    """I(R; A) in nats of n equally likely references, of which a share is answered with that of any sample."""
    missed = replaced * (1 - 1 / n)
    return math.log(n) + sum(p * math.log(p / ways) for p, ways in ((missed, n - 1), (1 - missed, 1)) if p > 0)


class TestKnownTruth:
    @pytest.mark.parametrize(
        ("replaced", "nats"), [(0.0, 5.02), (0.05, 4.57), (0.2, 3.52), (0.5, 1.84), (1.0, 0.0)], ids=str
    )
    def test_reads_most_of_it_and_no_more(self, rng, witness, replaced, nats):
        assert truth(151, replaced) == pytest.approx(nats, abs=0.005)
        text, reference, _ = draw(rng, 151)
        read = []
        for _ in range(10):
            response = reference.copy()
            wrong = rng.random(151) < replaced
            response[wrong] = reference[rng.integers(151, size=wrong.sum())]
            read.append(told(witness, response, reference, text).value)
        assert min(nats, math.log(64)) * 0.7 - 0.02 <= np.mean(read) <= nats + 0.02

    def test_right_answers_read_the_ceiling_but_for_the_floor(self, rng, witness):
        text, reference, _ = draw(rng, 200)
        found = told(witness, reference, reference, text)
        assert found.candidates == 64
        assert found.ceiling == witness.ceiling == math.log(64)
        # All weight but that of the floor is on the hottest critic, which reads K.
        assert math.log(0.95 * 64) - 0.01 <= found.value <= found.ceiling

    def test_the_level_hardly_depends_on_the_size(self, witness):
        """An estimate whose ceiling is ln n would read 1.4 nats more; a mean over more is a little lower."""
        means = []
        for n, repeats in ((100, 12), (400, 4)):
            values = []
            for seed in range(repeats):
                rng = np.random.default_rng([n, seed])
                text, reference, content = draw(rng, n)
                values.append(told(witness, answer(rng, text, content, 0.6), reference, text).value)
            means.append(np.mean(values))
        assert means[0] - 0.3 < means[1] < means[0] + 0.1

    def test_falls_with_quality(self, rng, witness):
        text, reference, content = draw(rng, 200)
        values = [told(witness, answer(rng, text, content, q), reference, text).value for q in (1, 0.8, 0.5, 0.2)]
        assert values == sorted(values, reverse=True)
        assert values[-1] < 0.7

    def test_the_gaussian_bound_is_kept(self, rng):
        """Answers that share a part q of every direction, and nothing with the question, tell -D/2 ln(1 - q^2)."""
        text, content = rng.normal(size=(300, 4)), rng.normal(size=(300, D))
        witness = Witness.fit(content, text)
        for keeps in (0.1, 0.2, 0.4):
            read = []
            for _ in range(8):
                text, reference, noise = rng.normal(size=(200, 4)), rng.normal(size=(200, D)), rng.normal(size=(200, D))
                response = keeps * reference + math.sqrt(1 - keeps**2) * noise
                read.append(told(witness, response, reference, text).value)
            assert 0 < np.mean(read) < -D / 2 * math.log(1 - keeps**2)


class TestNothing:
    """Answers that do not depend on the picture read 0."""

    def test_constant_answers(self, rng, witness):
        text, reference, _ = draw(rng, 300)
        response = np.repeat(reference[:1], 300, axis=0)
        assert told(witness, response, reference, text).value == pytest.approx(0.0, abs=0.02)

    def test_an_echo_of_the_question(self, rng, witness):
        text, reference, _ = draw(rng, 300)
        assert told(witness, text @ rng.normal(size=SLOPE.shape), reference, text).value == pytest.approx(0.0, abs=0.02)

    @pytest.mark.parametrize("n", [100, 300])
    def test_the_best_guess_from_the_question(self, witness, n):
        """Its direction is the error of the regression, which the reference shares; its length says that it is none."""
        text, reference, _ = draw(np.random.default_rng(n), n)
        response = text @ SLOPE
        assert told(witness, response, reference, text).value == pytest.approx(0.0, abs=0.04)
        hard = replace(witness, scale=1e-9)
        assert told(hard, response, reference, text).value > 0.1

    @pytest.mark.parametrize("n", [60, 300])
    def test_answers_of_chance(self, witness, n):
        values = []
        for seed in range(30):
            rng = np.random.default_rng([n, seed])
            text, reference, content = draw(rng, n)
            values.append(told(witness, answer(rng, text, content, 0.0), reference, text).value)
        assert abs(np.mean(values)) < 0.02
        # The weights are fitted on the same set, which is worth the more the smaller it is.
        assert np.mean(values) < 1.5 / n


class TestScores:
    def test_their_mean_is_the_bound(self, rng, witness):
        """Written out: r of each sample against all of other clusters, mixed, in logarithms."""
        text, reference, content = draw(rng, 90)
        response = answer(rng, text, content, 0.8)
        clusters = np.repeat(np.arange(30), 3)
        found = told(witness, response, reference, text, clusters=clusters)
        cosine = witness.similarity(response, reference, text)
        *weights, uniform = found.weights
        read = []
        for i in range(90):
            apart = clusters != clusters[i]
            terms = [
                weight * 64 / (1 + 63 * np.exp(b * (cosine[i, apart] - cosine[i, i])).mean())
                for weight, b in zip(weights, witness.temperatures, strict=True)
            ]
            read.append(math.log(sum(terms) + uniform))
        assert found.value == pytest.approx(np.mean(read), abs=1e-12)
        assert sum(found.weights) == pytest.approx(1.0)

    def test_cosines_free_both_from_the_question_of_the_candidate(self, rng, witness):
        text, reference, content = draw(rng, 20)
        response = answer(rng, text, content, 0.8)
        found = witness.similarity(response, reference, text)
        for i, j in ((0, 0), (3, 7), (19, 2)):
            a = witness.whitening.transform(response[[i]], text[[j]])[0] - witness.middle
            b = witness.whitening.transform(reference[[j]], text[[j]])[0] - witness.middle
            length = math.sqrt(a @ a + 0.03 * witness.scale)
            assert found[i, j] == pytest.approx(a @ b / length / np.linalg.norm(b), abs=1e-12)

    def test_they_are_the_influence_of_each_sample(self, rng, witness):
        """Against the jackknife: what leaving a sample out does to the estimate."""
        text, reference, content = draw(rng, 120)
        response = np.where(rng.random((120, 1)) < 0.7, reference, answer(rng, text, content, 0.3))
        found = told(witness, response, reference, text)
        rest = [
            told(witness, np.delete(response, i, 0), np.delete(reference, i, 0), np.delete(text, i, 0)).value
            for i in range(120)
        ]
        jackknife = 120 * found.value - 119 * np.array(rest)
        assert np.corrcoef(found.scores, jackknife)[0, 1] > 0.97
        assert found.scores.std() == pytest.approx(jackknife.std(), rel=0.1)

    def test_a_candidate_answers_for_what_it_takes_from_others(self, rng, witness):
        """The derivative by the weight of a candidate, at weights of the mixture that are held."""
        text, reference, content = draw(rng, 40)
        response = answer(rng, text, content, 0.4)
        cosine = witness.similarity(response, reference, text)
        found = told(witness, response, reference, text)
        weights, step = np.array(found.weights), 1e-6

        def scores(candidate, extra):
            times = np.ones((40, 40)) - np.eye(40)
            times[:, candidate] *= 1 + extra
            terms = [1.0] * 40
            mixed = np.full(40, weights[-1])
            for weight, b in zip(weights, witness.temperatures, strict=False):
                excess = (times * np.exp(b * (cosine - np.diag(cosine)[:, None]))).sum(1) / times.sum(1)
                mixed += weight * 40 / (terms + 39 * excess)
            return np.log(mixed)

        before = scores(0, 0.0)
        for j in (0, 7, 39):
            moved = (scores(j, step) - before).sum() / step
            assert found.scores[j] == pytest.approx(before[j] + moved, abs=1e-4)

    def test_their_spread_is_that_of_the_estimate(self, witness):
        """Most answers right and some about something else, as real ones are."""
        values, errors = [], []
        for seed in range(150):
            rng = np.random.default_rng([3, seed])
            text, reference, content = draw(rng, 100)
            response = np.where(rng.random((100, 1)) < 0.7, reference, answer(rng, text, content, 0.0))
            found = told(witness, response, reference, text)
            values.append(found.value)
            errors.append(found.scores.std(ddof=1) / 10)
        assert np.mean(errors) / np.std(values) == pytest.approx(1.0, abs=0.15)

    def test_the_weights_are_the_best_there_are(self, rng, witness):
        text, reference, content = draw(rng, 120)
        cosine = witness.similarity(answer(rng, text, content, 0.5), reference, text)
        codes = np.arange(120)

        def value(witness, **options):
            return contrast(
                lambda rows, columns: cosine[rows][:, columns],
                codes,
                64,
                options.get("temperatures", witness.temperatures),
                witness.floor,
            ).value

        best = value(witness)
        for b in witness.temperatures:
            assert value(witness, temperatures=(b,)) <= best + 0.001

    def test_large_sets_are_read_in_parts(self, rng, witness, monkeypatch):
        text, reference, content = draw(rng, 150)
        response, clusters = answer(rng, text, content, 0.8), np.repeat(np.arange(50), 3)
        whole = told(witness, response, reference, text, clusters=clusters)
        monkeypatch.setattr(module, "blocks", lambda n: (slice(i, min(i + 40, n)) for i in range(0, n, 40)))
        parts = told(witness, response, reference, text, clusters=clusters)
        assert parts.scores == pytest.approx(whole.scores, abs=1e-9)


class TestCandidates:
    @pytest.mark.parametrize(("n", "size", "usable"), [(60, 3, 58), (66, 3, 64), (300, 3, 64), (12, 1, 12)])
    def test_as_many_as_there_are(self, rng, witness, n, size, usable):
        clusters = np.repeat(np.arange(n // size), size)
        assert witness.usable(clusters, n) == usable
        text, reference, _ = draw(rng, n)
        found = told(witness, reference, reference, text, clusters=clusters)
        assert found.candidates == usable
        assert found.value <= found.ceiling == math.log(usable)

    def test_fewer_on_request(self, rng, witness):
        text, reference, _ = draw(rng, 90)
        assert told(witness, reference, reference, text, candidates=16).ceiling == math.log(16)

    def test_samples_of_one_picture_are_none(self, rng, witness):
        """Three questions a picture with the same answer: each alone identifies the picture."""
        text, reference, _ = draw(rng, 40)
        text, reference = np.repeat(text, 3, axis=0), np.repeat(reference, 3, axis=0)
        together = told(witness, reference, reference, text, clusters=np.repeat(np.arange(40), 3)).value
        alone = told(witness, reference, reference, text).value
        assert together == pytest.approx(math.log(0.95 * 64), abs=0.02)
        assert alone < together - 0.5

    def test_a_reference_of_the_fit_is_freed_without_its_own_question(self, rng):
        text, reference, _ = draw(rng, 100)
        fitted = Witness.fit(reference, text)
        # As after loading: the fitted rows are forgotten.
        loaded = replace(fitted, whitening=replace(fitted.whitening, rows={}))
        inside = fitted.similarity(reference, reference, text)
        assert not np.allclose(inside, loaded.similarity(reference, reference, text), atol=1e-3)


def test_fingerprint_holds_everything_that_decides(witness):
    others = [
        replace(witness, candidates=32),
        replace(witness, floor=0.1),
        replace(witness, scale=1.0),
        replace(witness, temperatures=(5.0, 20.0)),
        replace(witness, middle=witness.middle + 0.1),
        Witness.fit(*(draw(np.random.default_rng(9), 400)[i] for i in (1, 0))),
    ]
    prints = {each.fingerprint for each in (witness, *others)}
    assert len(prints) == 7
    assert replace(witness).fingerprint == witness.fingerprint
    assert (witness.kind, witness.unit) == ("witness", "nats")


def test_a_whitening_can_be_shared(witness, rng):
    text, reference, _ = draw(np.random.default_rng(1), 400)
    assert Witness.of(Whitening.fit(reference, text), reference, text).fingerprint == witness.fingerprint


def test_examples():
    assert doctest.testmod(module).failed == 0


OWN = "Arrays that are measured together hold the same samples in the same order."


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda w, y, t: replace(w, candidates=7), "candidates: 7 is not an integer of at least 8."),
        (lambda w, y, t: replace(w, candidates=True), "candidates: True is not an integer of at least 8."),
        (lambda w, y, t: replace(w, temperatures=()), "temperatures: () are not all above 0 and at most 300."),
        (
            lambda w, y, t: replace(w, temperatures=(5.0, math.nan)),
            "temperatures: (5.0, nan) are not all above 0 and at most 300.",
        ),
        (
            lambda w, y, t: Witness.fit(y, t, temperatures=(400.0,)),
            "temperatures: (400.0,) are not all above 0 and at most 300.",
        ),
        (lambda w, y, t: Witness.fit(y, t, floor=0.0), "floor: 0.0 is not between 0 and 1."),
        (lambda w, y, t: replace(w, floor=1.0), "floor: 1.0 is not between 0 and 1."),
        (lambda w, y, t: replace(w, scale=math.inf), "scale: inf is not a finite number above 0."),
        (lambda w, y, t: replace(w, middle=w.middle[1:]), f"middle: expected 24 rows, got 23. {OWN}"),
        (
            lambda w, y, t: w.information(y, y, t, candidates=65),
            "candidates: 65 is not between 8 and 64, which is what these 90 samples allow.",
        ),
        (
            lambda w, y, t: w.information(y[:30], y[:30], t[:30], candidates=31),
            "candidates: 31 is not between 8 and 30, which is what these 30 samples allow.",
        ),
        (
            lambda w, y, t: w.information(y, y, t, clusters=["a"] * 84 + list("bcdefg")),
            "clusters: 84 of 90 samples share one cluster, which leaves 6 other references to hold an answer against; "
            "at least 7 are needed. Add samples of other pictures.",
        ),
        (
            lambda w, y, t: w.information(y[:7], y[:7], t[:7]),
            "clusters: 1 of 7 samples share one cluster, which leaves 6 other references to hold an answer against; "
            "at least 7 are needed. Add samples of other pictures.",
        ),
        (
            lambda w, y, t: w.information(y, y, t, clusters=["a"]),
            "clusters: expected one id for each of 90 samples, got 1.",
        ),
        (lambda w, y, t: w.information(y[:80], y, t), f"response: expected 90 rows, got 80. {OWN}"),
        (lambda w, y, t: w.information(y, y, t[:80]), f"text: expected 90 rows, got 80. {OWN}"),
        (
            lambda w, y, t: w.information(y[:, :5], y, t),
            "response: expected 24 columns, got 5. Embeddings that are compared must come from the same encoder.",
        ),
        (
            lambda w, y, t: w.information(np.vstack([np.full((1, D), np.nan), y[1:]]), y, t),
            "response: row 0 holds nan in column 0 (1 of 90 rows are not finite). Remove the sample or fix the "
            "encoder that made it.",
        ),
        (
            lambda w, y, t: w.information(np.vstack([np.zeros((1, D)), y[1:]]), y, t),
            "response: row 0 is all zeros, which is no embedding. Remove the sample or fix the encoder that made it.",
        ),
        (lambda w, y, t: Witness.fit(y[:10], t[:10]), "reference: at least 20 rows are needed, got 10."),
    ],
)
def test_errors(witness, call, message):
    text, reference, _ = draw(np.random.default_rng(2), 90)
    with pytest.raises(EstimationError) as caught:
        call(witness, reference, text)
    assert str(caught.value) == message
