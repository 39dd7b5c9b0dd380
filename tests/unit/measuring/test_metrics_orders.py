"""Right in every order, or not right; and the gate on it."""

import math
from dataclasses import replace

import pytest
from emid_factory import make_result
from refusals import refused

from pytest_emid import assert_right_in_all_orders
from pytest_emid.measuring.metrics import MetricError, circular
from pytest_emid.measuring.metrics.measured import clusters_of
from pytest_emid.measuring.metrics.scoring import compared
from pytest_emid.measuring.results import EmidResult, Obstacle
from pytest_emid.measuring.verdicts import Verdict

N = 120


def order(name: str, wrong: set[int], clean_wrong: set[int] = frozenset(), moved: int = N, **changes) -> EmidResult:
    result = make_result(name, n=N, **changes)
    clean, shifted = ([float(i not in which) for i in range(N)] for which in (clean_wrong, wrong))
    found = compared("multiple_choice", clean, shifted, clusters_of(result), True, 0.95)
    records = [
        replace(record, question=f"{record.question} ({name})") if i < moved else record
        for i, record in enumerate(result.shifted.records)
    ]
    return replace(result, shifted=replace(result.shifted, records=tuple(records)), metrics={"multiple_choice": found})


def test_right_means_right_in_every_order() -> None:
    found = circular([order("a", {0, 1}, {5}), order("b", {1, 2}, {5}), order("c", {5}, {5})])
    assert [i for i, right in enumerate(found.on_shifted) if not right] == [0, 1, 2, 5]
    assert [i for i, right in enumerate(found.on_clean) if not right] == [5]
    assert (found.lost, found.gained) == (3, 0)
    assert (found.clean.value, found.shifted.value) == ((N - 1) / N, (N - 4) / N)
    assert found.name == "multiple_choice in all orders"


def test_a_guesser_is_right_in_one_order_of_four_and_in_no_circle() -> None:
    orders = [order(str(k), {i for i in range(N) if i % 4 != k}, {i for i in range(N) if i % 4}) for k in (1, 2, 3)]
    found = circular(orders)
    assert (found.clean.value, found.shifted.value) == (0.25, 0.0)


def test_the_control_counts_what_the_same_order_loses() -> None:
    result = order("a", {0, 1})
    asked_again = compared("multiple_choice", [0.5, 0.5, *[1.0] * (N - 2)], [0.0, 0.0, *[1.0] * (N - 2)],
                           clusters_of(result), True, 0.95)  # fmt: skip
    found = circular([replace(result, metrics={"multiple_choice": asked_again})])
    assert found.drop.value == 0.0  # no order was needed to make these two wrong
    assert found.lost == 0


def test_questions_that_no_order_changed_do_not_count() -> None:
    orders = [order("a", set(range(45)), moved=60), order("b", set(), moved=40)]
    found = circular(orders)
    assert (found.clean.value, found.shifted.value, found.shifted.n) == (1.0, 0.25, 60)
    assert [math.isnan(value) for value in found.on_shifted] == [i >= 60 for i in range(N)]
    with pytest.raises(AssertionError, match=r"^FAIL: multiple_choice in all orders retained under a is 25\.0"):
        assert_right_in_all_orders(orders, 0.6)  # of all 120 it would be 62.5 %
    few = [order("a", set(), moved=59)]
    with pytest.raises(AssertionError, match=r"(?s)^UNDECIDED: .*59 samples never pass"):
        assert_right_in_all_orders(few, 0.1, undecided="fail")


def test_three_verdicts() -> None:
    robust = [order("a", {0}), order("b", {1})]
    assert assert_right_in_all_orders(robust, 0.9).verdict is Verdict.PASS
    with pytest.raises(AssertionError, match=r"^FAIL: multiple_choice in all orders retained under a is 50"):
        assert_right_in_all_orders([order("a", set(range(0, N, 2))), order("b", set())], 0.9)
    blocked = order("a", {0}, obstacles=(Obstacle("It was a stub."),))
    with pytest.raises(AssertionError, match=r"(?s)^UNDECIDED: .*It was a stub\."):
        assert_right_in_all_orders([blocked, order("b", {1})], 0.9, undecided="fail")


@pytest.mark.parametrize(
    ("results", "message"),
    [
        (list, "circular needs the results of one order or more, such as of option_rotation:1 to :3."),
        (lambda: [order("a", {0}), make_result("b", n=60)],
         "circular compares orders of the same questions, and b was measured on others than a. Give it the results of "
         "one dataset."),
        (lambda: [order("a", {0}, moved=9), order("b", {0}, moved=3)],
         "circular compares orders, and 9 of 120 questions were asked in another one; the others have no options, or "
         "ones that keep their places. Give it multiple choice: dataset.select(ids)."),
        (lambda: [replace(order("a", {0}), metrics={"multiple_choice": compared(
            "multiple_choice", [0.5] * N, [0.5] * N, clusters_of(order("a", set())), True, 0.95)})],
         "circular needs a metric of 0 and 1, which 'multiple_choice' is not. Take multiple_choice or exact."),
    ],
)  # fmt: skip
def test_refusals(results, message) -> None:
    assert refused(lambda: circular(results()), MetricError) == message
