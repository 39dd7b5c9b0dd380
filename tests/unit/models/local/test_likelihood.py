"""The likelihood of given texts, against the scores of a model's own answers."""

from __future__ import annotations

import pytest

from pytest_emid import models, shifts
from pytest_emid.cache import Cache
from pytest_emid.data import scenes_dataset
from pytest_emid.errors import ModelError
from pytest_emid.measuring.likelihood import Likelihoods, log_likelihoods

SAMPLES = list(scenes_dataset(9))
REFERENCES = [sample.reference for sample in SAMPLES]


@pytest.fixture(scope="module")
def model():
    return models.load("tiny-llava", batch_size=16, scores=True)


def test_of_its_own_answers_it_is_what_generation_says(model):
    answers = dict(model.respond(SAMPLES))
    told = dict(model.score(SAMPLES, [answers[i].text for i in range(9)]))
    for i, answer in answers.items():
        assert told[i].log_probabilities == pytest.approx(answer.scores.log_probabilities, abs=1e-4)


def test_batches_do_not_matter(model):
    one, many = (dict(m.score(SAMPLES, REFERENCES)) for m in (models.load("tiny-llava", batch_size=1), model))
    for i in range(9):
        assert one[i].log_probability == pytest.approx(many[i].log_probability, abs=1e-4)


def test_it_is_kept_like_an_answer_and_never_taken_for_one(model):
    cache = Cache(None)
    first = log_likelihoods(model, SAMPLES, cache)
    asked = cache.counts.asked
    assert log_likelihoods(model, SAMPLES, cache) == first
    assert cache.counts.asked == asked
    assert cache.missing(model, SAMPLES) == len({(s.question, s.cluster) for s in SAMPLES})
    assert all(value <= 0.0 for value in first)


def test_a_frosted_picture_makes_the_references_less_likely(model):
    cache = Cache(None)
    frosted = shifts.parse("frost:3").apply(scenes_dataset(9), 0)
    assert sum(log_likelihoods(model, SAMPLES, cache)) > sum(log_likelihoods(model, list(frosted), cache)) + 5.0


def test_a_model_that_cannot_is_refused_in_a_sentence():
    def answer(images, questions):
        return ["red"] * len(questions)

    with pytest.raises(ModelError) as caught:
        Likelihoods(models.load(answer, name="mine"))
    assert str(caught.value) == (
        "mine cannot say how likely it finds a given text (no prompt log-probabilities): leave likelihood out of "
        "emid_measures, or use a transformers model in this process or a server such as vLLM."
    )


def test_one_text_a_sample(model):
    with pytest.raises(ModelError, match=r"^there are 1 texts for 9 samples; give one for each\.$"):
        list(model.score(SAMPLES, ["red"]))
