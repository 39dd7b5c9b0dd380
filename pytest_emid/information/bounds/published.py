"""Upper bounds on EMID for models, from estimated divergences; and, for answers in classes, the rigorous one.

The published right-hand sides are computed as restated (`docs/explanation/theory.md`) from whatever Jensen-Shannon
divergences one has, here representation JS divergences of embeddings. Those are lower bounds on the true divergences,
and the published inequality itself fails on known instances: so none of these numbers is a guarantee, and each says so.
The guarantee is `rigorous_bound`, for answers that fall into finitely many classes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from pytest_emid.errors import EstimationError
from pytest_emid.information.bounds.answer_classes import AnswerClasses, cluster_classes, exact_match_classes
from pytest_emid.information.bounds.answer_entropy import AnswerEntropy, EntropyScale, EntropySource, entropy_scale_over
from pytest_emid.information.bounds.rigorous import RigorousBound, rigorous_bound

__all__ = [
    "AnswerClasses",
    "AnswerEntropy",
    "BoundEstimate",
    "ConditionalDivergences",
    "EntropyScale",
    "EntropySource",
    "RigorousBound",
    "cluster_classes",
    "entropy_scale_over",
    "exact_match_classes",
    "input_only",
    "published_bound",
    "published_code_form",
    "rigorous_bound",
    "scale_adjusted_score",
]

NOT_A_BOUND = "scale-adjusted score, not a bound"
PUBLISHED_NOTE = (
    "published form with estimated divergences: no guarantee, for representation JS is a lower bound on JS and the "
    "inequality fails on known instances"
)


@dataclass(frozen=True)
class BoundEstimate:
    """A right-hand side for EMID, or a score in its shape.

    Attributes:
        name: `scale_adjusted`, `published`, `published_general`, `published_code` or `input_only`.
        value: the sum of the terms.
        unit: `nats`, or `score` for what is not a bound.
        terms: what it is the sum of, by name.
        note: what it is and is not, in a sentence.
        entropy: the entropy scale behind the input terms; None for scores.

    >>> found = published_bound(0.04, 0.09, 0.0016, 0.0081, entropy_scale=1.0)
    >>> found.name, found.unit, {name: round(term, 3) for name, term in found.terms.items()}
    ('published', 'nats', {'image': 0.2, 'text': 0.3, 'output': 2.511})
    """

    name: str
    value: float
    unit: str
    terms: Mapping[str, float]
    note: str
    entropy: EntropyScale | None = None


@dataclass(frozen=True, slots=True)
class ConditionalDivergences:
    """The conditional terms of Theorem 4.6.

    Attributes:
        text_given_image: JSbar(X_t|X_v) = E_P[JS] + E_Q[JS], nats.
        image_given_text: JSbar(X_v|X_t), nats.
        labels_fourth_root: E_P JS(P_{Y|x}, Q_{Y|x})^1/4; 0 where the references are the same function of the query.

    >>> further = ConditionalDivergences(text_given_image=0.01)
    >>> found = published_bound(0.04, 0.09, 0.0016, 0.0081, entropy_scale=1.0, conditional=further)
    >>> round(found.terms["text_given_image"], 3)
    0.1
    """

    text_given_image: float = 0.0
    image_given_text: float = 0.0
    labels_fourth_root: float = 0.0


def scale_adjusted_score(
    jsd_image: float, jsd_text: float, jsd_output_clean: float, jsd_output_shifted: float
) -> BoundEstimate:
    """JS_v^1/2 + JS_t^1/2 + JS_PY^1/4 + JS_QY^1/4: what the authors plot against EMID. A score, not a bound.

    Roots magnify the small-sample bias of each divergence, so the score is far above 0 when nothing shifted.

    Args:
        jsd_image: between clean and shifted images, nats.
        jsd_text: between clean and shifted questions.
        jsd_output_clean: between responses and references on clean data.
        jsd_output_shifted: the same on shifted data.

    Raises:
        EstimationError: a divergence that is negative or not finite.

    >>> round(scale_adjusted_score(0.04, 0.0, 0.0001, 0.0016).value, 6)
    0.5
    """
    terms = {
        "image": _root("jsd_image", jsd_image, 2),
        "text": _root("jsd_text", jsd_text, 2),
        "output_clean": _root("jsd_output_clean", jsd_output_clean, 4),
        "output_shifted": _root("jsd_output_shifted", jsd_output_shifted, 4),
    }
    return BoundEstimate("scale_adjusted", sum(terms.values()), "score", terms, NOT_A_BOUND)


def published_bound(
    jsd_image: float,
    jsd_text: float,
    jsd_output_clean: float,
    jsd_output_shifted: float,
    *,
    entropy_scale: EntropyScale | float,
    conditional: ConditionalDivergences | None = None,
) -> BoundEstimate:
    """H (JS_v^1/2 + JS_t^1/2) + 8 (JS_PY + JS_QY)^1/4 in nats: Theorem 4.5 as restated.

    Args:
        jsd_image: between clean and shifted images, nats.
        jsd_text: between clean and shifted questions.
        jsd_output_clean: between responses and references on clean data.
        jsd_output_shifted: the same on shifted data.
        entropy_scale: H; a plain number counts as stated by the caller. With greedy decoding and one reference a
            query it is 0, and the input terms vanish.
        conditional: the terms that Theorem 4.6 adds; None for shifts that leave the conditionals alone.

    Raises:
        EstimationError: a divergence or an entropy that is negative or not finite.

    >>> round(published_bound(0.04, 0.09, 0.0016, 0.0081, entropy_scale=3.0).value, 3)
    4.011
    """
    scale = _scale(entropy_scale)
    terms = _input_terms(jsd_image, jsd_text, scale.value)
    _root("jsd_output_clean", jsd_output_clean, 4)
    _root("jsd_output_shifted", jsd_output_shifted, 4)
    terms["output"] = 8.0 * math.pow(jsd_output_clean + jsd_output_shifted, 0.25)
    name = "published"
    if conditional is not None:
        name = "published_general"
        terms["text_given_image"] = scale.value * _root("text_given_image", conditional.text_given_image, 2)
        terms["image_given_text"] = scale.value * _root("image_given_text", conditional.image_given_text, 2)
        terms["labels"] = 4.0 * _root("labels_fourth_root", conditional.labels_fourth_root, 1)
    return BoundEstimate(name, sum(terms.values()), "nats", terms, PUBLISHED_NOTE, scale)


def published_code_form(
    jsd_image: float,
    jsd_text: float,
    jsd_output_clean: float,
    jsd_output_shifted: float,
    *,
    entropy_scale: EntropyScale | float,
) -> BoundEstimate:
    """H (JS_v^1/2 + JS_t^1/2) + 4 (JS_PY^1/4 + JS_QY^1/4) in nats: what the authors' code computes.

    Never above `published_bound`. Arguments and errors are the same.

    >>> round(published_code_form(0.04, 0.09, 0.0016, 0.0081, entropy_scale=3.0).value, 3)
    3.5
    """
    scale = _scale(entropy_scale)
    terms = _input_terms(jsd_image, jsd_text, scale.value)
    terms["output_clean"] = 4.0 * _root("jsd_output_clean", jsd_output_clean, 4)
    terms["output_shifted"] = 4.0 * _root("jsd_output_shifted", jsd_output_shifted, 4)
    return BoundEstimate("published_code", sum(terms.values()), "nats", terms, PUBLISHED_NOTE, scale)


def input_only(
    jsd_image: float, jsd_text: float, *, entropy_scale: EntropyScale | float | None = None
) -> BoundEstimate:
    """JS_v^1/2 + JS_t^1/2, times H where one is given: the part that needs no answers, a label-free drift alarm.

    Raises:
        EstimationError: a divergence or an entropy that is negative or not finite.

    >>> round(input_only(0.04, 0.09).value, 3), round(input_only(0.04, 0.09, entropy_scale=2.0).value, 3)
    (0.5, 1.0)
    """
    scale = None if entropy_scale is None else _scale(entropy_scale)
    terms = _input_terms(jsd_image, jsd_text, 1.0 if scale is None else scale.value)
    note = "the input part alone: drift of the queries, not a bound on EMID"
    return BoundEstimate("input_only", sum(terms.values()), "score" if scale is None else "nats", terms, note, scale)


def _input_terms(jsd_image: float, jsd_text: float, scale: float) -> dict[str, float]:
    return {"image": scale * _root("jsd_image", jsd_image, 2), "text": scale * _root("jsd_text", jsd_text, 2)}


def _scale(entropy_scale: EntropyScale | float) -> EntropyScale:
    if not isinstance(entropy_scale, EntropyScale):
        entropy_scale = EntropyScale(float(entropy_scale), EntropySource.GIVEN)
    _root("entropy_scale", entropy_scale.value, 1)
    return entropy_scale


def _root(name: str, number: float, degree: int) -> float:
    if not (math.isfinite(number) and number >= 0.0):
        raise EstimationError(
            f"{name}: {number} is not a finite number of at least 0. Clamp a divergence that came out negative at 0."
        )
    return math.pow(number, 1.0 / degree)
