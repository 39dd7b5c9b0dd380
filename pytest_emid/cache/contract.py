"""What every model must do, checked: each question is answered once, by a response."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_emid.data.sample import Sample
from pytest_emid.errors import EmidError, ModelError
from pytest_emid.models.base import Model, Outcome, Response, traits_of
from pytest_emid.models.packs import told

__all__ = ["held_to_contract"]


def held_to_contract(model: Model, samples: Sequence[Sample]) -> Iterator[tuple[int, Response]]:
    """The model's answers, held to its contract: every position once."""
    waiting = set(range(len(samples)))
    try:
        for position, response in model.respond(samples):
            if position not in waiting:
                raise ModelError(
                    f"{model.name} answered position {position} of {len(samples)} "
                    f"{'twice' if 0 <= position < len(samples) else 'which was not asked'}. It must answer each once."
                )
            if not isinstance(response, Response):
                raise ModelError(
                    f"{model.name} answered sample {samples[position].id!r} with a {type(response).__name__}, "
                    "not a pytest_emid.models.Response."
                )
            if (
                traits_of(model).scores
                and response.scores is None
                and response.outcome in (Outcome.OK, Outcome.TRUNCATED)
            ):
                raise ModelError(
                    f"{model.name} answered sample {samples[position].id!r} without token scores, which its attribute "
                    "scores promises. It must give them with every answer, or set scores to False."
                )
            waiting.remove(position)
            yield position, response
    except EmidError:
        raise
    except Exception as error:
        kept = len(samples) - len(waiting)
        raise ModelError(
            f"{model.name} raised {type(error).__name__}: {told(error)}. {kept} of {len(samples)} answers were kept; "
            "a new run asks for the others only."
        ) from error
    if waiting:
        raise ModelError(
            f"{model.name} answered {len(samples) - len(waiting)} of {len(samples)} samples; the first without an "
            f"answer is {samples[min(waiting)].id!r}. It must answer each once. What it answered is kept."
        )
