from __future__ import annotations

import math

import numpy as np
import pytest

from pytest_emid.errors import EstimationError
from pytest_emid.information.bounds import published as bounds
from pytest_emid.information.bounds.published import (
    ConditionalDivergences,
    EntropyScale,
    EntropySource,
    input_only,
    published_bound,
    published_code_form,
    scale_adjusted_score,
)
from pytest_emid.information.theory.finite import FiniteInstance, jensen_shannon
from pytest_emid.information.theory.finite_bounds import (
    counterexample_small_alphabet,
    entropy_scale,
    published_general,
    published_simplified,
)
from pytest_emid.information.theory.finite_bounds import published_code_form as exact_code_form

JS = (0.04, 0.09, 0.0016, 0.0081)


def test_the_score_is_a_sum_of_roots_and_says_that_it_is_no_bound():
    score = scale_adjusted_score(*JS)
    assert score.terms == pytest.approx({"image": 0.2, "text": 0.3, "output_clean": 0.2, "output_shifted": 0.3})
    assert score.value == pytest.approx(1.0)
    assert (score.name, score.unit) == ("scale_adjusted", "score")
    assert score.note == "scale-adjusted score, not a bound"
    assert score.entropy is None


def test_the_published_forms_by_hand():
    published = published_bound(*JS, entropy_scale=3.0)
    assert published.terms == pytest.approx({"image": 0.6, "text": 0.9, "output": 8 * 0.0097**0.25})
    assert published.value == pytest.approx(1.5 + 8 * 0.0097**0.25)
    assert (published.name, published.unit) == ("published", "nats")
    assert published.entropy == EntropyScale(3.0, EntropySource.GIVEN)
    code = published_code_form(*JS, entropy_scale=3.0)
    assert code.value == pytest.approx(1.5 + 4 * 0.5)
    assert (code.name, code.unit) == ("published_code", "nats")
    assert code.value < published.value


def test_greedy_decoding_with_one_reference_a_query_leaves_the_output_term_alone():
    scale = EntropyScale(0.0, EntropySource.GREEDY)
    published = published_bound(*JS, entropy_scale=scale)
    assert published.value == published.terms["output"]
    assert published.entropy is not None
    assert published.entropy.source is EntropySource.GREEDY


def test_the_estimates_have_the_shape_of_the_exact_right_hand_sides():
    noisy = 0.9 * np.eye(4) + 0.025
    shifted_labels = FiniteInstance(
        [[0.3, 0.2], [0.1, 0.4]], [[0.1, 0.4], [0.3, 0.2]], noisy, np.full((4, 4), 0.25), noisy[::-1]
    )
    for instance in (counterexample_small_alphabet(3, 0.4), shifted_labels):
        model_p, truth_p, model_q, truth_q = instance.answers
        js = [
            float(jensen_shannon(*pair))
            for pair in (instance.image_marginals, instance.text_marginals, (model_p, truth_p), (model_q, truth_q))
        ]
        scale = entropy_scale(instance)
        assert published_bound(*js, entropy_scale=scale).value == pytest.approx(published_simplified(instance))
        assert published_code_form(*js, entropy_scale=scale).value == pytest.approx(exact_code_form(instance))

    def conditional(p: np.ndarray, q: np.ndarray) -> float:
        rows = [(a / a.sum(), b / b.sum(), a.sum() + b.sum()) for a, b in zip(p, q, strict=True)]
        return sum(weight * float(jensen_shannon(a, b)) for a, b, weight in rows)

    general = published_bound(
        *js,
        entropy_scale=scale,
        conditional=ConditionalDivergences(
            text_given_image=conditional(instance.p_x, instance.q_x),
            image_given_text=conditional(instance.p_x.T, instance.q_x.T),
            labels_fourth_root=float(instance.p @ jensen_shannon(instance.p_y, instance.q_y) ** 0.25),
        ),
    )
    assert general.name == "published_general"
    assert general.value == pytest.approx(published_general(instance))
    assert min(general.terms[name] for name in ("text_given_image", "image_given_text", "labels")) > 0.1


def test_the_input_part_needs_no_answers():
    alarm = input_only(0.04, 0.09)
    assert (alarm.value, alarm.unit, alarm.entropy) == (pytest.approx(0.5), "score", None)
    scaled = input_only(0.04, 0.09, entropy_scale=2.0)
    assert (scaled.value, scaled.unit) == (pytest.approx(1.0), "nats")
    assert scaled.terms == pytest.approx({"image": 0.4, "text": 0.6})


@pytest.mark.parametrize("position", range(4))
@pytest.mark.parametrize("wrong", [-1e-6, math.nan, math.inf])
def test_a_divergence_that_is_none_is_refused_by_name(position: int, wrong: float):
    names = ("jsd_image", "jsd_text", "jsd_output_clean", "jsd_output_shifted")
    arguments = [*JS[:position], wrong, *JS[position + 1 :]]
    message = (
        f"{names[position]}: {wrong} is not a finite number of at least 0. "
        "Clamp a divergence that came out negative at 0."
    )
    for call in (
        scale_adjusted_score,
        lambda *js: published_bound(*js, entropy_scale=1.0),
        lambda *js: published_code_form(*js, entropy_scale=1.0),
    ):
        with pytest.raises(EstimationError) as caught:
            call(*arguments)
        assert str(caught.value) == message


def test_an_entropy_scale_that_is_none_is_refused():
    with pytest.raises(EstimationError, match=r"^entropy_scale: nan is not a finite number of at least 0\."):
        published_bound(*JS, entropy_scale=math.nan)
    with pytest.raises(EstimationError, match=r"^entropy_scale: -1\.0 is not"):
        input_only(0.1, 0.1, entropy_scale=EntropyScale(-1.0, EntropySource.SAMPLES))


def test_examples_in_docstrings_are_true():
    import doctest

    from pytest_emid.information.bounds import answer_classes

    for module in (bounds, answer_classes):
        results = doctest.testmod(module)
        assert results.attempted > 0
        assert results.failed == 0
