"""Upper bounds on EMID, exact on finite alphabets: the published ones, a rigorous one, and where they part.

The published inequalities (Theorems 4.5 and 4.6 of arXiv 2502.00577) are stated as restated in public summaries and
code; the counter-examples below violate them in that form. `rigorous` is a theorem on every finite instance; its
proof is a few lines (docs/explanation/theory.md):

    EMID = [H(P_Ytheta) - H(P_Y)] - [H(Q_Ytheta) - H(Q_Y)] + (E_P - E_Q) g + E_P [H(P_{Y|x}) - H(Q_{Y|x})],
    g(x) = H(Q_{Y|x}) - H(P_theta(.|x)),

and each bracket is at most a Fannes-Audenaert function of a total variation, the third term at most
span(g) TV(P_X, Q_X).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from pytest_emid.errors import EstimationError
from pytest_emid.information.theory.finite import (
    FiniteInstance,
    emi,
    entropy,
    fannes_audenaert,
    jensen_shannon,
    kullback_leibler,
    log_preference,
    total_variation,
    tv_from_js,
)

__all__ = [
    "Form",
    "PreferenceGap",
    "RigorousTerms",
    "counterexample_large_alphabet",
    "counterexample_preference",
    "counterexample_small_alphabet",
    "emid_preference_gap",
    "entropy_scale",
    "preference_gap",
    "published_code_form",
    "published_general",
    "published_simplified",
    "rigorous",
]

Float = NDArray[np.float64]

Form = Literal["tv", "inverse_js", "sqrt_js"]
"""How the rigorous bound measures distance: total variation, tau(JS), or sqrt(2 JS); each at most the next."""


def entropy_scale(instance: FiniteInstance) -> float:
    """H = max_x [H(Q_{Y|x}) + H(P_theta(.|x))] in nats, over the queries that P or Q can draw.

    >>> example = counterexample_small_alphabet(2, 0.05)
    >>> round(entropy_scale(example), 4)  # log 2: one of the two is certain
    0.6931
    """
    both = entropy(instance.shifted_truth) + entropy(instance.model)
    return float(both[instance.support].max())


def published_simplified(instance: FiniteInstance) -> float:
    """Theorem 4.5 as restated: H (JS_v^1/2 + JS_t^1/2) + 8 (JS(P_Ytheta, P_Y) + JS(Q_Ytheta, Q_Y))^1/4, in nats.

    Stated for shifts that leave X_v|X_t, X_t|X_v and Y|X unchanged. Not an upper bound on every instance: see
    `counterexample_small_alphabet` and `counterexample_large_alphabet`.

    >>> example = counterexample_small_alphabet(2, 0.05)
    >>> round(published_simplified(example), 4), round(example.emid, 4)
    (0.049, 0.0693)
    """
    return _input_part(instance) + 8.0 * math.pow(sum(_output_js(instance)), 0.25)


def published_code_form(instance: FiniteInstance) -> float:
    """What the authors' code computes: H (JS_v^1/2 + JS_t^1/2) + 4 (JS_PY^1/4 + JS_QY^1/4); at most Theorem 4.5's.

    >>> example = counterexample_small_alphabet(2, 0.05)
    >>> round(published_code_form(example), 4)
    0.049
    """
    return _input_part(instance) + 4.0 * sum(math.pow(js, 0.25) for js in _output_js(instance))


def published_general(instance: FiniteInstance) -> float:
    """Theorem 4.6 as restated: Theorem 4.5's right-hand side plus the conditional terms, in nats.

    H (JSbar(X_t|X_v)^1/2 + JSbar(X_v|X_t)^1/2) + 4 E_P JS(P_{Y|x}, Q_{Y|x})^1/4, with JSbar = E_P[JS] + E_Q[JS]. A
    conditional that one side leaves undefined (it never draws that x_v) is taken to equal the other side's.

    >>> example = counterexample_small_alphabet(2, 0.05)
    >>> round(published_general(example), 4), round(example.emid, 4)
    (0.049, 0.0693)
    """
    scale = entropy_scale(instance)
    inputs = math.sqrt(_conditional_js(instance.p_x, instance.q_x))
    inputs += math.sqrt(_conditional_js(instance.p_x.T, instance.q_x.T))
    labels = float(instance.p @ jensen_shannon(instance.p_y, instance.shifted_truth) ** 0.25)
    return published_simplified(instance) + scale * inputs + 4.0 * labels


@dataclass(frozen=True)
class RigorousTerms:
    """The rigorous bound and what it is the sum of, in nats.

    Attributes:
        output_clean: FA(TV(P_Ytheta, P_Y)).
        output_shifted: FA(TV(Q_Ytheta, Q_Y)).
        inputs: span(g) TV(P_X, Q_X).
        labels: E_P FA(TV(P_{Y|x}, Q_{Y|x})).
        form: the distance in place of TV.

    >>> example = counterexample_small_alphabet(2, 0.05)
    >>> found = rigorous(example)
    >>> round(found.inputs, 4), found.labels, round(found.value, 4), found.form
    (0.0693, 0.0, 0.0693, 'tv')
    """

    output_clean: float
    output_shifted: float
    inputs: float
    labels: float
    form: Form

    @property
    def value(self) -> float:
        """The bound: EMID is never above it."""
        return self.output_clean + self.output_shifted + self.inputs + self.labels


def rigorous(instance: FiniteInstance, form: Form = "tv") -> RigorousTerms:
    """An upper bound on EMID that holds on every finite instance, in nats.

        EMID <= FA(TV(P_Ytheta, P_Y)) + FA(TV(Q_Ytheta, Q_Y)) + span(g) TV(P_X, Q_X) + E_P FA(TV(P_{Y|x}, Q_{Y|x}))

    with FA of `fannes_audenaert` on M letters, g(x) = H(Q_{Y|x}) - H(P_theta(.|x)) and span(g) = max - min over the
    queries that P or Q can draw.

    Args:
        instance: the distributions.
        form: `tv`; or `inverse_js` and `sqrt_js`, which need Jensen-Shannon divergences only: TV <= tau(JS) <=
            sqrt(2 JS). The joint JS(P_X, Q_X) is used for the inputs.

    Raises:
        EstimationError: an unknown form.

    >>> example = counterexample_small_alphabet(2, 0.05)
    >>> round(example.emid, 4), round(rigorous(example).value, 4), round(published_simplified(example), 4)
    (0.0693, 0.0693, 0.049)
    """
    if form not in _DISTANCE:
        raise EstimationError(f"form: {form!r} is unknown. Use one of {', '.join(map(repr, get_args(Form)))}.")
    distance = _DISTANCE[form]

    def fannes(p: Float, q: Float) -> Float:
        return fannes_audenaert(distance(p, q), instance.letters)

    model_p, truth_p, model_q, truth_q = instance.answers
    g = (entropy(instance.shifted_truth) - entropy(instance.model))[instance.support]
    labels = 0.0 if instance.q_y is None else float(instance.p @ fannes(instance.p_y, instance.q_y))
    return RigorousTerms(
        output_clean=float(fannes(model_p, truth_p)),
        output_shifted=float(fannes(model_q, truth_q)),
        inputs=float((g.max() - g.min()) * distance(instance.p, instance.q)),
        labels=labels,
        form=form,
    )


@dataclass(frozen=True)
class PreferenceGap:
    """EMI (or EMID) against the expected log-preference (or its drop), in nats.

    Attributes:
        information: EMI, or EMID.
        preference: `log_preference`, or its drop from P to Q; -inf where the model says the impossible.
        delta: E_x KL(P_theta(.|x) || P_{Y|x}), or the difference of the two.
        bound: the most by which the two can differ, given delta and the alphabet.

    >>> found = preference_gap(*counterexample_preference(10, 0.1))
    >>> round(found.gap, 4), round(found.delta, 4), abs(found.gap) <= found.bound
    (-0.4394, 0.1054, True)
    """

    information: float
    preference: float
    delta: float
    bound: float

    @property
    def gap(self) -> float:
        """information - preference."""
        return self.information - self.preference


def preference_gap(p_x: Float, model: Float, truth: Float) -> PreferenceGap:
    """How far EMI is from the expected log-preference (the content of Lemma 4.3), with a bound that always holds.

    Exactly, EMI - preference = delta + H(Y_theta) - H(Y), with delta = E_x KL(model || truth). By Pinsker's
    inequality and concavity TV(Y_theta, Y) <= sqrt(delta / 2), hence

        |EMI - preference| <= delta + FA(sqrt(delta / 2)).

    The bound grows with log M, and must: `counterexample_preference` makes the gap as large as one likes at a fixed
    delta. No bound in delta alone holds for all alphabets.

    >>> truth = np.array([[0.9, 0.1]])
    >>> preference_gap(np.ones(1), truth, truth).gap  # a model that is the truth
    0.0
    """
    preference = log_preference(p_x, model, truth)
    p_x, model, truth = (np.asarray(table, dtype=np.float64) for table in (p_x, model, truth))
    delta = float(p_x @ np.where(p_x > 0, kullback_leibler(model, truth), 0.0))
    letters = int(np.shape(model)[1])
    slack = float(fannes_audenaert(min(math.sqrt(delta / 2.0), 1.0), letters))
    return PreferenceGap(emi(p_x, model, truth), preference, delta, delta + slack)


def emid_preference_gap(instance: FiniteInstance) -> PreferenceGap:
    """How far EMID is from the drop in expected log-preference (the content of Theorem 4.4), with a bound.

        |EMID - drop| <= |delta_P - delta_Q| + FA(sqrt(delta_P / 2)) + FA(sqrt(delta_Q / 2))

    Raises:
        EstimationError: the model says under P or Q what is impossible there, so that a preference is -inf.

    >>> model, truth = [[0.9, 0.1], [0.1, 0.9]], [[0.8, 0.2], [0.2, 0.8]]
    >>> found = emid_preference_gap(FiniteInstance([0.5, 0.5], [0.9, 0.1], model, truth))
    >>> round(found.information, 4), abs(found.gap) <= found.bound
    (0.1017, True)
    """
    clean = preference_gap(instance.p, instance.model, instance.p_y)
    shifted = preference_gap(instance.q, instance.model, instance.shifted_truth)
    if not (math.isfinite(clean.preference) and math.isfinite(shifted.preference)):
        raise EstimationError(
            "the model gives mass to an answer that the truth excludes, so the expected log-preference is -inf. "
            "Smooth the truth, or compare EMI with another reward."
        )
    slack = (clean.bound - clean.delta) + (shifted.bound - shifted.delta)
    return PreferenceGap(
        information=clean.information - shifted.information,
        preference=clean.preference - shifted.preference,
        delta=clean.delta - shifted.delta,
        bound=abs(clean.delta - shifted.delta) + slack,
    )


def counterexample_small_alphabet(m: int, t: float) -> FiniteInstance:
    """An instance that breaks Theorems 4.5 and 4.6 (as restated) already at two answers.

    X = (b, i) with b a bit and i one of m letters, X_v = X_t = X. For b = 0 the truth is uniform and the model says i;
    for b = 1 the truth is i and the model is uniform. P(b = 0) = (1 + t) / 2, Q(b = 0) = (1 - t) / 2. All marginals of
    answers are uniform, so the output terms vanish; EMID = 2 t log m, while the published right-hand side is
    2 log m sqrt(JS), which tends to sqrt(2) t log m for small t: a factor of 1.414. `rigorous` holds with equality.

    Raises:
        EstimationError: m < 2, or t outside (0, 1).

    >>> example = counterexample_small_alphabet(2, 0.05)
    >>> round(example.emid / published_simplified(example), 3)
    1.414
    """
    if m < 2 or not 0.0 < t < 1.0:
        raise EstimationError(f"the example needs m >= 2 and 0 < t < 1, got m={m}, t={t}.")
    letters, uniform, copy = np.full(m, 1.0 / m), np.full((m, m), 1.0 / m), np.eye(m)
    heavy, light = (1.0 + t) / 2.0 * letters, (1.0 - t) / 2.0 * letters
    return FiniteInstance(
        p_x=np.concatenate([heavy, light]),
        q_x=np.concatenate([light, heavy]),
        model=np.concatenate([copy, uniform]),
        p_y=np.concatenate([uniform, copy]),
    )


def counterexample_large_alphabet(m: int) -> FiniteInstance:
    """An instance on which the published right-hand side stays bounded while EMID = log m.

    X_v = X_t = X uniform on m letters, the model copies X, the truth is always letter 0, and Q draws letter 0 only.
    Nothing is random given x, so H = 0, and 8 JS(uniform, point)^1/4 < 8 (log 2)^1/4 = 7.3: Theorem 4.5 (as restated)
    fails from m = 1469 on, the form 4 (a^1/4 + b^1/4) of the authors' code from m = 36 on. `rigorous` holds with
    equality.

    Raises:
        EstimationError: m < 2.

    >>> example = counterexample_large_alphabet(36)
    >>> round(example.emid, 3), round(published_code_form(example), 3), round(rigorous(example).value, 3)
    (3.584, 3.563, 3.584)
    """
    if m < 2:
        raise EstimationError(f"the example needs m >= 2, got {m}.")
    point = np.zeros(m)
    point[0] = 1.0
    return FiniteInstance(p_x=np.full(m, 1.0 / m), q_x=point, model=np.eye(m), p_y=np.tile(point, (m, 1)))


def counterexample_preference(m: int, epsilon: float) -> tuple[Float, Float, Float]:
    """One query on which EMI and log-preference differ by h(epsilon) + epsilon log(m - 1) + log(1 - epsilon).

    The model always gives letter 0; the truth does so with probability 1 - epsilon, else it is uniform over the
    others. delta = -log(1 - epsilon) does not depend on m, and the gap grows without limit in m.

    Returns:
        p_x (1,), model (1, m), truth (1, m), for `preference_gap`.

    Raises:
        EstimationError: m < 2, or epsilon outside (0, 1).

    >>> few, many = (preference_gap(*counterexample_preference(m, 0.1)) for m in (10, 1000))
    >>> round(few.delta, 4) == round(many.delta, 4), round(few.gap, 3), round(many.gap, 3)
    (True, -0.439, -0.91)
    """
    if m < 2 or not 0.0 < epsilon < 1.0:
        raise EstimationError(f"the example needs m >= 2 and 0 < epsilon < 1, got m={m}, epsilon={epsilon}.")
    model = np.zeros((1, m))
    model[0, 0] = 1.0
    truth = np.full((1, m), epsilon / (m - 1))
    truth[0, 0] = 1.0 - epsilon
    return np.ones(1), model, truth


def _input_part(instance: FiniteInstance) -> float:
    roots = (math.sqrt(jensen_shannon(*pair)) for pair in (instance.image_marginals, instance.text_marginals))
    return entropy_scale(instance) * sum(roots)


def _output_js(instance: FiniteInstance) -> tuple[float, float]:
    model_p, truth_p, model_q, truth_q = instance.answers
    return float(jensen_shannon(model_p, truth_p)), float(jensen_shannon(model_q, truth_q))


def _conditional_js(p: Float, q: Float) -> float:
    """JSbar of columns given rows: E_P[JS] + E_Q[JS] over rows; 0 for flat queries, whose halves fix each other."""
    if p.ndim == 1:
        return 0.0
    p_row, q_row = p.sum(axis=1), q.sum(axis=1)
    both = (p_row > 0) & (q_row > 0)
    js = jensen_shannon(p[both] / p_row[both, None], q[both] / q_row[both, None])
    return float((p_row[both] + q_row[both]) @ js)


def _root_js(p: Float, q: Float) -> Float:
    return np.minimum(np.sqrt(2.0 * jensen_shannon(p, q)), 1.0)


def _inverse_js(p: Float, q: Float) -> Float:
    return tv_from_js(jensen_shannon(p, q))


_DISTANCE: dict[Form, Callable[[Float, Float], Float]] = {
    "tv": total_variation,
    "inverse_js": _inverse_js,
    "sqrt_js": _root_js,
}
