from __future__ import annotations

import math

import numpy as np
import pytest

from pytest_emid.errors import EstimationError
from pytest_emid.information.theory.finite import (
    FiniteInstance,
    conditional_entropy,
    distribution,
    emi,
    entropy,
    fannes_audenaert,
    jensen_shannon,
    kullback_leibler,
    log_preference,
    mutual_information,
    total_variation,
    tv_from_js,
)
from pytest_emid.information.theory.finite_bounds import (
    counterexample_large_alphabet,
    counterexample_preference,
    counterexample_small_alphabet,
    emid_preference_gap,
    entropy_scale,
    preference_gap,
    published_code_form,
    published_general,
    published_simplified,
    rigorous,
)

LOG2 = math.log(2)
COPY, NOISE = np.eye(2), np.full((2, 2), 0.5)


def binary_entropy(t: float) -> float:
    return -t * math.log(t) - (1 - t) * math.log(1 - t)


def test_entropy_in_nats_along_the_last_axis():
    table = entropy([[0.5, 0.5], [1.0, 0.0], [0.25, 0.75]])
    np.testing.assert_allclose(table, [LOG2, 0.0, binary_entropy(0.25)], rtol=1e-15)
    assert math.copysign(1, float(entropy([1.0, 0.0]))) == 1.0


def test_mutual_information_of_a_noisy_channel_is_its_textbook_value():
    channel = [[0.9, 0.1], [0.1, 0.9]]
    assert mutual_information([0.5, 0.5], channel) == pytest.approx(LOG2 - binary_entropy(0.1), rel=1e-12)
    assert conditional_entropy([0.5, 0.5], channel) == pytest.approx(binary_entropy(0.1))
    assert mutual_information([1.0, 0.0], channel) == pytest.approx(0.0, abs=1e-15)


def test_divergences_of_disjoint_and_equal_distributions():
    assert jensen_shannon([1, 0], [0, 1]) == pytest.approx(LOG2)
    assert total_variation([1, 0], [0, 1]) == 1.0
    assert kullback_leibler([1, 0], [0, 1]) == math.inf
    assert tv_from_js(LOG2) == 1.0
    for divergence in (jensen_shannon, total_variation, kullback_leibler):
        assert divergence([0.3, 0.7], [0.3, 0.7]) == 0.0
    assert tv_from_js(0.0) == 0.0


def test_jensen_shannon_keeps_its_digits_at_both_ends():
    t = 1e-9
    near = jensen_shannon([(1 + t) / 2, (1 - t) / 2], [(1 - t) / 2, (1 + t) / 2])
    assert near == pytest.approx(t**2 / 2, rel=1e-6)
    assert jensen_shannon([1.0, 1e-17], [1e-17, 1.0]) == pytest.approx(LOG2, rel=1e-12)


def test_fannes_audenaert_at_its_corners():
    assert fannes_audenaert(0.0, 5) == 0.0
    assert fannes_audenaert(0.8, 5) == pytest.approx(math.log(5))
    assert fannes_audenaert(0.9, 5) == pytest.approx(math.log(5))
    assert fannes_audenaert(0.3, 2) == pytest.approx(binary_entropy(0.3))
    assert fannes_audenaert(1.0, 1) == 0.0
    np.testing.assert_allclose(fannes_audenaert([0.0, 0.5], 2), [0.0, LOG2])


def test_log_preference_is_minus_infinity_where_the_model_says_the_impossible_and_ignores_queries_without_mass():
    assert log_preference([0.5, 0.5], COPY[::-1], COPY) == -math.inf
    assert log_preference([1.0, 0.0], [[1, 0], [1, 0]], COPY) == 0.0


def test_emi_of_a_copying_model_on_noisy_labels():
    assert emi([0.5, 0.5], COPY, NOISE) == pytest.approx(LOG2)
    assert emi([0.5, 0.5], NOISE, COPY) == pytest.approx(-LOG2)


def test_grids_have_marginals_and_conditionals():
    instance = FiniteInstance(
        p_x=[[0.5, 0.0], [0.0, 0.5]],
        q_x=[[0.25, 0.25], [0.25, 0.25]],
        model=np.tile(NOISE[0], (2, 2, 1)),
        p_y=np.tile([1.0, 0.0], (4, 1)),
    )
    assert instance.model.shape == (4, 2)
    for marginals in (instance.image_marginals, instance.text_marginals):
        np.testing.assert_allclose(marginals, [[0.5, 0.5], [0.5, 0.5]])
    assert entropy_scale(instance) == pytest.approx(LOG2)
    # The marginals agree, so the shift shows in the conditionals alone: a point mass against a fair coin, E_P and E_Q.
    js = float(jensen_shannon([1, 0], [0.5, 0.5]))
    excess = published_general(instance) - published_simplified(instance)
    assert excess == pytest.approx(LOG2 * 2 * math.sqrt(2 * js))


def test_a_conditional_that_one_side_never_draws_counts_as_equal():
    rows = np.tile([0.5, 0.5], (4, 1))
    instance = FiniteInstance(p_x=[[1, 0], [0, 0]], q_x=[[0, 0], [0, 1]], model=rows, p_y=rows)
    assert published_general(instance) == published_simplified(instance) > 0


def test_flat_queries_determine_their_image_and_their_text():
    instance = FiniteInstance([0.5, 0.5], [0.9, 0.1], COPY, NOISE)
    js = float(jensen_shannon([0.5, 0.5], [0.9, 0.1]))
    outputs = float(jensen_shannon([0.9, 0.1], [0.5, 0.5]))
    assert published_simplified(instance) == pytest.approx(LOG2 * 2 * math.sqrt(js) + 8 * outputs**0.25)
    assert published_code_form(instance) == pytest.approx(LOG2 * 2 * math.sqrt(js) + 4 * outputs**0.25)
    assert published_general(instance) == published_simplified(instance)


def test_label_shift_enters_the_general_and_the_rigorous_bound():
    instance = FiniteInstance([1.0], [1.0], [[0.5, 0.5]], [[1.0, 0.0]], [[0.5, 0.5]])
    js = float(jensen_shannon([1, 0], [0.5, 0.5]))
    assert published_general(instance) - published_simplified(instance) == pytest.approx(4 * js**0.25)
    terms = rigorous(instance)
    assert terms.labels == pytest.approx(LOG2)
    assert terms.output_clean == pytest.approx(LOG2)
    assert (terms.output_shifted, terms.inputs) == (0.0, 0.0)
    assert (terms.value, terms.form) == (pytest.approx(2 * LOG2), "tv")


def test_queries_that_are_never_drawn_decide_nothing():
    wild = FiniteInstance([1.0, 0.0], [1.0, 0.0], [[1, 0], [0.5, 0.5]], [[1, 0], [1, 0]])
    assert entropy_scale(wild) == 0.0
    assert rigorous(wild).value == 0.0


@pytest.mark.parametrize(("t", "factor"), [(0.001, 1.41421), (0.05, 1.41392), (0.5, 1.38244), (0.999, 1.20366)])
def test_two_answers_break_the_published_bounds_by_a_known_factor(t: float, factor: float):
    example = counterexample_small_alphabet(2, t)
    assert example.emid == pytest.approx(2 * t * LOG2, rel=1e-9)
    assert example.emid / published_simplified(example) == pytest.approx(factor, rel=1e-5)
    assert example.emid / published_general(example) == pytest.approx(factor, rel=1e-5)
    assert example.emid / published_code_form(example) == pytest.approx(factor, rel=1e-5)
    assert rigorous(example).value == pytest.approx(example.emid, rel=1e-9)


@pytest.mark.parametrize(
    ("published", "holds", "fails"), [(published_simplified, 1468, 1469), (published_code_form, 35, 36)]
)
def test_large_alphabets_break_the_published_bounds_from_a_known_size_on(published, holds: int, fails: int):
    last, first = counterexample_large_alphabet(holds), counterexample_large_alphabet(fails)
    assert last.emid == pytest.approx(math.log(holds))
    assert last.emid <= published(last)
    assert first.emid > published(first)
    assert rigorous(first).value == pytest.approx(first.emid, rel=1e-9)


def test_no_bound_in_delta_alone_holds_between_emi_and_preference():
    gaps = [preference_gap(*counterexample_preference(m, 0.1)) for m in (10, 1000, 100_000)]
    for m, gap in zip((10, 1000, 100_000), gaps, strict=True):
        assert gap.delta == pytest.approx(-math.log(0.9))
        assert -gap.gap == pytest.approx(binary_entropy(0.1) + 0.1 * math.log(m - 1) + math.log(0.9))
        assert abs(gap.gap) <= gap.bound
    assert abs(gaps[2].gap) > 2 * abs(gaps[0].gap)


def test_preference_of_emid_needs_answers_that_the_truth_allows():
    with pytest.raises(EstimationError) as caught:
        emid_preference_gap(FiniteInstance([1.0], [1.0], [[0, 1]], [[1, 0]]))
    assert str(caught.value) == (
        "the model gives mass to an answer that the truth excludes, so the expected log-preference is -inf. "
        "Smooth the truth, or compare EMI with another reward."
    )


def test_swapping_negates_and_keeps_label_shift():
    instance = FiniteInstance([0.5, 0.5], [0.9, 0.1], COPY, NOISE, COPY)
    assert instance.swapped().emid == pytest.approx(-instance.emid)
    assert instance.swapped().swapped().emid == instance.emid


def test_an_instance_cannot_be_changed_and_leaves_its_arguments_alone():
    given = np.array([0.5, 0.5])
    instance = FiniteInstance(given, given, COPY, COPY)
    given[0] = 0.0
    assert instance.p_x[0] == 0.5
    with pytest.raises(ValueError, match="read-only"):
        instance.p_x[0] = 1.0


def test_single_precision_tables_are_scaled_to_sum_to_one():
    rows = distribution("model", np.full((3, 7), 1 / 7, dtype=np.float32))
    np.testing.assert_allclose(rows.sum(axis=1), 1.0, atol=1e-15)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"model": [[1, 0], [0.5, 0.4]]},
            "model: row 1 sums to 0.9, not to 1. Divide each row by its sum.",
        ),
        ({"p_x": [0.5, 0.6]}, "p_x: it sums to 1.1, not to 1. Divide each row by its sum."),
        ({"p_y": [[1, 0], [1.5, -0.5]]}, "p_y: -0.5 at position (1, 1) is not a probability."),
        ({"q_x": [math.nan, 1.0]}, "q_x: nan at position 0 is not a probability."),
        (
            {"q_x": [1.0]},
            "p_x has shape (2,) and q_x (1,): they live on the same queries.",
        ),
        (
            {"p_x": [[[1.0]]]},
            "p_x: expected queries (N,) or a grid (A, B), got an array of shape (1, 1, 1).",
        ),
        (
            {"model": [[1.0, 0.0]]},
            "model: expected one row of answers for each of 2 queries, got an array of shape (1, 2).",
        ),
        (
            {"q_y": [[1.0], [1.0]]},
            "q_y has 1 answers and model 2: they share one alphabet. Add columns of zeros for answers that never "
            "occur.",
        ),
    ],
)
def test_tables_that_are_no_distributions_are_refused_by_name(arguments: dict, message: str):
    good = {"p_x": [0.5, 0.5], "q_x": [0.5, 0.5], "model": COPY, "p_y": COPY}
    with pytest.raises(EstimationError) as caught:
        FiniteInstance(**{**good, **arguments})
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fannes_audenaert(0.5, 0), "letters: an alphabet has at least one letter, got 0."),
        (lambda: fannes_audenaert(1.5, 2), "t: total variation lies in [0, 1], got 1.5."),
        (lambda: tv_from_js(0.7), "js: a Jensen-Shannon divergence lies in [0, log 2], got 0.7."),
        (
            lambda: distribution("weights", []),
            "weights: expected probabilities along the last axis, got an array of shape (0,).",
        ),
        (
            lambda: rigorous(counterexample_small_alphabet(2, 0.5), "chi2"),
            "form: 'chi2' is unknown. Use one of 'tv', 'inverse_js', 'sqrt_js'.",
        ),
        (
            lambda: counterexample_small_alphabet(1, 0.5),
            "the example needs m >= 2 and 0 < t < 1, got m=1, t=0.5.",
        ),
        (lambda: counterexample_large_alphabet(1), "the example needs m >= 2, got 1."),
        (
            lambda: counterexample_preference(2, 1.0),
            "the example needs m >= 2 and 0 < epsilon < 1, got m=2, epsilon=1.0.",
        ),
    ],
)
def test_arguments_outside_their_range_are_refused(call, message: str):
    with pytest.raises(EstimationError) as caught:
        call()
    assert str(caught.value) == message
