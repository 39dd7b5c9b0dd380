"""The model's own likelihood of the references: log P(reference | query), kept like an answer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from pytest_emid.cache import Cache
from pytest_emid.cache.keys import text_digest
from pytest_emid.data.sample import Sample
from pytest_emid.errors import ModelError
from pytest_emid.models.base import Model, Outcome, Response, traits_of

__all__ = ["LIKELIHOOD", "Likelihoods", "log_likelihoods"]

LIKELIHOOD = "likelihood"
"""The name of this measure."""


class Likelihoods:
    """A model that is asked how likely it finds the reference in place of what it answers.

    To the cache it is a model of its own, whose question is the question with the reference, so that a likelihood is
    kept, claimed and served as an answer is, and never taken for one.

    Args:
        model: with the trait `likelihoods`.

    Raises:
        ModelError: it cannot score a given text.
    """

    scores = True

    def __init__(self, model: Model) -> None:
        if not traits_of(model).likelihoods:
            raise ModelError(
                f"{model.name} cannot say how likely it finds a given text (no prompt log-probabilities): leave "
                "likelihood out of emid_measures, or use a transformers model in this process or a server such as vLLM."
            )
        self._model = model
        self.name = f"likelihood of {model.name}"
        self.fingerprint = text_digest(f"likelihood/1:{model.fingerprint}")
        self.ephemeral = traits_of(model).ephemeral

    def respond(self, samples: Sequence[Sample]) -> Iterator[tuple[int, Response]]:
        """Yield (position, the reference with the scores of its tokens)."""
        asked = [json.loads(sample.question) for sample in samples]
        queries = [sample.with_(question=question) for sample, (question, _) in zip(samples, asked, strict=True)]
        for position, scores in self._model.score(queries, [text for _, text in asked]):  # type: ignore[attr-defined]
            yield position, scores if isinstance(scores, Response) else Response(asked[position][1], scores=scores)


def log_likelihoods(model: Model, samples: Sequence[Sample], cache: Cache) -> tuple[float, ...]:
    """log P(reference | picture, question) of every sample, nats, at most 0.

    Raises:
        ModelError: the model cannot score a given text, or failed on one; the message names the sample.
    """
    asked = [sample.with_(question=json.dumps([sample.question, sample.reference])) for sample in samples]
    found = cache.respond(Likelihoods(model), asked)
    for sample, response in zip(samples, found, strict=True):
        if response.outcome is not Outcome.OK or response.scores is None:
            raise ModelError(
                f"{model.name} gave no likelihood of the reference of sample {sample.id!r}: {response.error}"
            )
    return tuple(response.scores.log_probability for response in found if response.scores is not None)
