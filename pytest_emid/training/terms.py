"""The terms of a regulariser, by name. A term is a function of the rows of two views, and one line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

import torch

from pytest_emid.errors import EstimationError
from pytest_emid.training.divergences import (
    coral,
    cosine,
    marginal_js,
    mean_match,
    rjsd,
    smooth_root,
    token_js,
    token_kl,
    unit,
)
from pytest_emid.training.states import Answers, States

__all__ = ["RECIPES", "TERMS", "Term", "recipe"]

Rows = tuple[torch.Tensor, torch.Tensor]


@dataclass(frozen=True, slots=True)
class Term:
    """A divergence, and what it compares.

    Attributes:
        rows: of two views, what is compared: two matrices with one row a sample.
        divergence: two such matrices to a scalar.
        root: the order of the root that is taken of it; 1 for none.
    """

    rows: Callable[[States, States], Rows]
    divergence: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
    root: int = 1

    def value(self, clean: torch.Tensor, shifted: torch.Tensor, softening: float) -> torch.Tensor:
        """The term's value of such rows."""
        found = self.divergence(clean, shifted)
        return found if self.root == 1 else smooth_root(found, self.root, softening)


def _states(place: str, clean: States, shifted: States) -> Rows:
    first, second = getattr(clean, place), getattr(shifted, place)
    if first is None or second is None:
        raise EstimationError(f"there are no {place} states of both views, which a term compares.")
    if len(first) != len(second):
        raise EstimationError(
            f"there are {place} states of {len(first)} clean and {len(second)} shifted samples; views are pairs."
        )
    return unit(first), unit(second)


def _answers(view: States) -> Answers:
    if view.answers is None:
        raise EstimationError("there are no answer tokens in a view, which a term compares.")
    return view.answers


def _by_token(divergence: Callable[..., torch.Tensor], clean: States, shifted: States) -> Rows:
    """Means by sample of a divergence of each token, so that a long answer counts as much as a short one."""
    first, second = _answers(clean), _answers(shifted)
    if not (torch.equal(first.labels, second.labels) and torch.equal(first.sample, second.sample)):
        raise EstimationError("the two views have other answer tokens, so tokens cannot be compared one by one.")
    values = divergence(first.logits.log_softmax(1), second.logits.log_softmax(1))
    found = first.by_sample(values[:, None], clean.samples)
    return found, found


def _predicted(view: States) -> torch.Tensor:
    answers = _answers(view)
    return answers.by_sample(answers.logits.softmax(1), view.samples)


def _written(view: States) -> torch.Tensor:
    answers = _answers(view)
    size = answers.logits.shape[1]
    return answers.by_sample(torch.nn.functional.one_hot(answers.labels, size).to(answers.logits.dtype), view.samples)


def _both_predicted(clean: States, shifted: States) -> Rows:
    return _predicted(clean), _predicted(shifted)


def _clean_against_references(clean: States, shifted: States) -> Rows:
    return _predicted(clean), _written(clean)


def _shifted_against_references(clean: States, shifted: States) -> Rows:
    return _predicted(shifted), _written(shifted)


def _own(values: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
    return values.mean()


_visual, _question = partial(_states, "visual"), partial(_states, "question")

TERMS: Final[dict[str, Term]] = {
    "rjsd_visual": Term(_visual, rjsd),
    "rjsd_question": Term(_question, rjsd),
    "root_rjsd_visual": Term(_visual, rjsd, 2),
    "root_rjsd_question": Term(_question, rjsd, 2),
    "mean_visual": Term(_visual, mean_match),
    "mean_question": Term(_question, mean_match),
    "coral_visual": Term(_visual, coral),
    "coral_question": Term(_question, coral),
    "cosine_visual": Term(_visual, cosine),
    "cosine_question": Term(_question, cosine),
    "token_js": Term(partial(_by_token, token_js), _own),
    "token_kl": Term(partial(_by_token, token_kl), _own),
    "marginal_js": Term(_both_predicted, marginal_js),
    "root4_clean_answers": Term(_clean_against_references, marginal_js, 4),
    "root4_shifted_answers": Term(_shifted_against_references, marginal_js, 4),
}
"""Every term by name. Those that compare the two views are 0 where these agree; the two `root4` terms of the bound hold
the model's answers of one view against the references."""

RECIPES: Final[dict[str, dict[str, float]]] = {
    "none": {},
    "rjsd": {"rjsd_visual": 1.0},
    "rjsd_both": {"rjsd_visual": 1.0, "rjsd_question": 1.0},
    "mean": {"mean_visual": 1.0},
    "coral": {"coral_visual": 1.0},
    "cosine": {"cosine_visual": 1.0},
    "token_js": {"token_js": 1.0},
    "token_kl": {"token_kl": 1.0},
    "bound": {
        "root_rjsd_visual": 1.0,
        "root_rjsd_question": 1.0,
        "root4_clean_answers": 1.0,
        "root4_shifted_answers": 1.0,
    },
}
"""Sets of terms with their weights relative to each other. `bound` is the scale-adjusted score of the paper's bound."""


def recipe(name: str, weight: float = 1.0) -> dict[str, float]:
    """The weights of a recipe, times a weight.

    Raises:
        EstimationError: there is no such recipe; the message lists those that there are.

    Example:
        >>> recipe("rjsd_both", 10)
        {'rjsd_visual': 10.0, 'rjsd_question': 10.0}
    """
    if name not in RECIPES:
        raise EstimationError(f"there is no recipe {name!r}. Recipes: {', '.join(RECIPES)}.")
    return {term: weight * share for term, share in RECIPES[name].items()}
