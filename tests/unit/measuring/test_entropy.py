"""Models that draw several answers to each query: what they tell about how random the answers are."""

from __future__ import annotations

import copy
import math
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from pytest_emid.cache import Cache
from pytest_emid.data import scenes_dataset
from pytest_emid.data.sample import Sample
from pytest_emid.encoders import CallableImageEncoder, CallableTextEncoder, Encoders
from pytest_emid.information.bounds.answer_entropy import AnswerEntropy, EntropySource
from pytest_emid.information.bounds.rigorous import rigorous_bound
from pytest_emid.measuring.entropy import answer_entropy, class_entropy
from pytest_emid.measuring.measurer import Measurer
from pytest_emid.measuring.results import Bound
from pytest_emid.models import CallableModel, Outcome, Response, TokenScores
from pytest_emid.models.base import redrawn, traits_of

HALF = math.log(0.5)
COLOURS = ("red", "blue", "green", "grey")


def scored(text: str, log_probability: float, path: float = 0.0, exact: bool = True) -> Response:
    return Response(text, entropy=path, scores=TokenScores((log_probability,), (path,), exact))


class TestAnswerEntropy:
    def test_greedy(self) -> None:
        found = answer_entropy([[Response("a", entropy=0.0)] * 3])
        assert found.source is EntropySource.GREEDY
        assert found.values.tolist() == [0.0, 0.0, 0.0]

    def test_exact_where_the_draws_hold_everything(self) -> None:
        draws = [[scored("a", HALF, 0.5), scored("c", 0.0, 0.1)], [scored("b", HALF, 0.6), scored("c", 0.0, 0.1)]]
        found = answer_entropy(draws)
        assert found.source is EntropySource.SCORES
        assert found.values == pytest.approx([math.log(2), 0.0])

    def test_along_paths_elsewhere(self) -> None:
        draws = [[scored("a", HALF, 0.5), scored("c", HALF, 0.1)], [scored("a", HALF, 0.6), scored("d", HALF, 0.3)]]
        found = answer_entropy(draws)
        assert found.source is EntropySource.PATHS
        assert found.values == pytest.approx([0.55, 0.2])

    def test_equal_texts_of_other_tokens_are_one_answer(self) -> None:
        """Which leaves probability over: the entropy of the texts is then no exact one."""
        draws = [[scored("a", HALF, 0.7)], [scored("a", HALF + 1e-7, 0.7)]]
        assert answer_entropy(draws).source is EntropySource.PATHS

    def test_given_and_drawn(self) -> None:
        assert answer_entropy([[Response("a", entropy=0.5)]]).source is EntropySource.GIVEN
        draws = [[Response("a"), Response("a")], [Response("b"), Response("a")]]
        found = answer_entropy(draws)
        assert found.source is EntropySource.SAMPLES
        assert found.values == pytest.approx([math.log(2), 0.0])
        assert answer_entropy(draws[:1]) is None

    def test_what_a_server_tells_is_not_taken_for_the_distribution(self) -> None:
        told = [[scored("a", 0.0, 0.2, exact=False)]]
        assert answer_entropy(told).source is EntropySource.GIVEN
        unknown = [[Response("a", scores=TokenScores((0.0,), (0.0,), exact=False))]]
        assert answer_entropy(unknown) is None

    def test_classes_add_the_probabilities_of_their_answers(self) -> None:
        quarter = math.log(0.25)
        draws = [[scored("a", HALF)], [scored("b", quarter)], [scored("c", quarter)], [scored("b", quarter)]]
        found = class_entropy(np.array([[0, 0, 1, 0]]), draws)
        assert found.source is EntropySource.SCORES
        assert found.values == pytest.approx([-0.75 * math.log(0.75) - 0.25 * quarter])
        plain = [[Response(r.text) for r in answers] for answers in draws]
        assert class_entropy(np.array([[0, 0, 1, 0]]), plain).source is EntropySource.SAMPLES


class Undecided:
    """Answers with the reference; under the shift with `red` as often, drawn anew with every draw."""

    name = "undecided"

    def __init__(self, draws: int, scores: bool = True, failing: str = "") -> None:
        self.draws, self.scored, self.failing = draws, scores, failing
        self.draw = 0
        self.asked: Counter[tuple[int, str, str]] = Counter()

    @property
    def fingerprint(self) -> str:
        return f"undecided:{self.scored}:{self.draw}"

    def redrawn(self, number: int) -> Undecided:
        other = copy.copy(self)
        other.draw = number
        return other

    def respond(self, samples: Sequence[Sample]) -> Iterator[tuple[int, Response]]:
        for position, sample in enumerate(samples):
            self.asked[self.draw, sample.id, sample.question] += 1
            if self.draw and sample.id == self.failing:
                yield position, Response("", Outcome.FAILED, error="out of order")
                continue
            unsure = sample.question.isupper() and sample.reference != "red"
            other = unsure and np.random.default_rng([self.draw, *sample.id.encode()]).random() < 0.5
            text, told = ("red" if other else sample.reference), (HALF if unsure else 0.0)
            scores = TokenScores((told,), (-told,)) if self.scored else None
            yield position, Response(text, entropy=-told if self.scored else None, scores=scores)


class Shout:
    id, modality, paired = "shout", "textual", True

    def apply(self, dataset, seed):
        return dataset.map("shouted", lambda s: s.with_(question=s.question.upper()), f"shout:{seed}")


def colours(n: int):
    return scenes_dataset(n).map(
        "colours", lambda s: s.with_(reference=COLOURS[zlib.crc32(s.id.encode()) % 4]), "colours"
    )


def lengths(texts: Sequence[str]) -> np.ndarray:
    return np.array([[len(t), 1.0 + t.count("e"), 2.0 + t.count("r"), 1.0 + t.isupper()] for t in texts], dtype=float)


ENCODERS = Encoders(
    CallableImageEncoder(
        lambda images: np.array([np.asarray(image.resize((2, 1)), dtype=float).ravel()[:4] + 1.0 for image in images]),
        fingerprint="pixels",
    ),
    CallableTextEncoder(lengths, fingerprint="lengths"),
)


def measured(model: Undecided, n: int = 60) -> tuple[dict[str, Bound], Cache]:
    cache = Cache(None)
    result = Measurer(model, colours(n), ENCODERS, cache=cache, permutations=0).measure(Shout())
    return dict(result.bounds), cache


class TestMeasured:
    def test_every_draw_is_asked_once(self) -> None:
        model = Undecided(3)
        _, cache = measured(model)
        assert set(model.asked.values()) == {1}
        assert Counter(draw for draw, _, _ in model.asked) == {0: 120, 1: 120, 2: 120}
        again = Undecided(3)
        Measurer(again, colours(60), ENCODERS, cache=cache, permutations=0).measure(Shout())
        assert not again.asked

    def test_the_rigorous_bound_uses_the_entropies_of_classes(self) -> None:
        model = Undecided(12)
        bounds, cache = measured(model)
        found = bounds["rigorous"]
        assert "Greedy" not in found.note
        assert "Entropies of sampled answers are exact, from the model's probabilities." in found.note
        dataset = colours(60)
        shifted = Shout().apply(dataset, 0)
        letters = {colour: i for i, colour in enumerate(dict.fromkeys(s.reference for s in dataset))}
        truth = [0.0 if sample.reference == "red" else math.log(2) for sample in dataset]
        clean, other = (
            np.array([letters[response.text] for response in cache.respond(model, side)]) for side in (dataset, shifted)
        )
        reference = np.array([letters[sample.reference] for sample in dataset])
        expected = rigorous_bound(
            clean,
            reference,
            other,
            reference,
            letters=4,
            clusters_clean=dataset.clusters,
            entropy_clean=AnswerEntropy.given(np.zeros(60)),
            entropy_shifted=AnswerEntropy.given(truth),
        )
        assert found.emid.value == pytest.approx(expected.emid.value)
        assert found.value == pytest.approx(expected.limit)
        assert bounds["published"].note.endswith("; H exact, from the probabilities of the drawn answers")
        text = Measurer(model, dataset, ENCODERS, cache=cache, permutations=0).measure(Shout()).divergences.text
        assert bounds["published"].terms["text"] == pytest.approx(math.log(2) * text**0.5)

    def test_without_scores_it_counts_the_draws(self) -> None:
        bounds, _ = measured(Undecided(4, scores=False))
        assert "Entropies of sampled answers are plug-in, biased downwards" in bounds["rigorous"].note
        assert bounds["published"].note.endswith(
            "; H by Monte Carlo, from how often drawn answers agree: biased downwards"
        )

    def test_one_draw_gives_no_rigorous_bound(self) -> None:
        bounds, _ = measured(Undecided(1))
        assert "rigorous" not in bounds
        assert bounds["published"].note.endswith(
            "; H by Monte Carlo, from the entropies of the steps that drawn answers took: unbiased for each query, so "
            "that the largest errs upwards"
        )

    def test_a_sample_of_which_a_draw_fails_is_left_out(self) -> None:
        dataset = colours(60)
        model = Undecided(2, failing=dataset[3].id)
        found = Measurer(model, dataset, ENCODERS, permutations=0).measure(Shout())
        assert (found.clean.n, found.shifted.n) == (59, 59)
        assert found.remarks[0].startswith("1 of 60 samples of 'shout' could not be answered and are left out")

    def test_a_plan_counts_every_draw(self) -> None:
        needs = Measurer(Undecided(3), colours(20), ENCODERS, cache=Cache(None)).plan(Shout())
        assert [len(need.missing) // (len(needs[0].missing) // 60) for need in needs] == [60, 60]


def test_models_that_say_nothing_draw_once() -> None:
    model = CallableModel(lambda images, questions: questions)
    assert traits_of(model).draws == 1
    assert redrawn(model, 3) is model
    other = redrawn(Undecided(2), 1)
    assert other.fingerprint != Undecided(2).fingerprint
