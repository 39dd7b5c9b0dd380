"""A language prior is told from sight where one question is asked of several pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_emid.errors import EmidError
from pytest_emid.information.guards.pictures import is_prior, picture_share
from pytest_emid.information.intervals.estimate import Estimate

N, EACH = 40, 4
ASKED = [f"What is in room {i // EACH}?" for i in range(N)]
SHOWN = [f"{i}.png" for i in range(N)]
TRUE = np.random.default_rng(0).normal(size=(N, 8))
FIRST = [i - i % EACH for i in range(N)]


def share(response: Any = TRUE, reference: Any = TRUE, asked: Any = ASKED, shown: Any = SHOWN) -> Estimate | None:
    return picture_share(asked, shown, response, reference)


def unit(rows: Any) -> Any:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_by_its_definition() -> None:
    told = np.random.default_rng(1).normal(size=TRUE.shape) + TRUE
    a, r = unit(told - told.mean(axis=0)), unit(TRUE - TRUE.mean(axis=0))
    held = whole = 0.0
    for i in range(N):
        others = [j for j in range(N) if ASKED[j] == ASKED[i] and j != i]
        held += a[i] @ r[i] - np.mean([a[i] @ r[j] for j in others])
        whole += r[i] @ r[i] - np.mean([r[i] @ r[j] for j in others])
    found = share(told)
    assert found is not None
    assert found.value == pytest.approx(held / whole)
    assert found.low < found.value < found.high
    assert not is_prior(found)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), each=st.integers(2, 24), questions=st.integers(10, 14))
def test_whatever_follows_from_the_question_holds_nothing(seed: int, each: int, questions: int) -> None:
    rng = np.random.default_rng(seed)
    true, prior = rng.normal(size=(each * questions, 6)), rng.normal(size=(questions, 6))
    asked = [f"Question {i // each}" for i in range(len(true))]
    shown = [str(i) for i in range(len(true))]
    found = share(np.repeat(prior, each, axis=0), true, asked, shown)
    assert found is not None
    assert (found.low, found.value, found.high) == pytest.approx((0.0, 0.0, 0.0), abs=1e-9)
    assert is_prior(found)
    seen = share(true, true, asked, shown)
    assert seen is not None
    assert (seen.low, seen.high) == pytest.approx((1.0, 1.0))


def test_what_all_answers_share_is_style() -> None:
    preamble = 30.0 * np.random.default_rng(3).normal(size=8)
    found, plain = share(TRUE + preamble), share(TRUE)
    assert found is not None
    assert plain is not None
    assert (found.low, found.high) == pytest.approx((plain.low, plain.high))


def test_a_prior_that_is_sampled_is_one_too() -> None:
    rng = np.random.default_rng(2)
    true = rng.normal(size=(400, 8))
    asked, shown = [f"Question {i // 20}" for i in range(400)], [str(i) for i in range(400)]
    drawn = [int(i - i % 20 + rng.integers(20)) for i in range(400)]
    assert is_prior(share(true[drawn], true, asked, shown))
    # one answer in three looks: far from right, and no prior
    looks = [i if i % 3 == 0 else drawn[i] for i in range(400)]
    assert not is_prior(share(true[looks], true, asked, shown))


@pytest.mark.parametrize(
    "given",
    [
        {"asked": SHOWN},  # each question once
        {"shown": [f"{i // EACH}.png" for i in range(N)]},  # each of one picture
        {"shown": [""] * N},
        {"reference": TRUE[FIRST]},  # one reference for all pictures
        {"asked": ["What is it?"] * 8 * 4 + ASKED[:8]},  # three questions
        {"shown": [*SHOWN[:18], *[""] * 22]},  # 18 samples, in five groups
    ],
    ids=["questions", "picture", "no picture", "references", "few questions", "few samples"],
)
def test_where_nothing_can_be_told_nothing_is_said(given: dict[str, Any]) -> None:
    assert share(**given) is None
    assert not is_prior(None)


def test_a_question_is_one_however_it_is_written() -> None:
    written = [text.upper() if i % 2 else f" {text[:-1]}!" for i, text in enumerate(ASKED)]
    assert share(TRUE[FIRST], asked=written) == share(TRUE[FIRST])


@pytest.mark.parametrize(
    ("low", "high", "prior"),
    [
        (0.0, 0.0, True),
        (-0.1, 0.09, True),
        (-0.1, 0.1, False),
        (0.01, 0.05, False),
        (float("-inf"), float("inf"), False),
    ],
)
def test_little_and_perhaps_nothing(low: float, high: float, prior: bool) -> None:
    assert is_prior(Estimate(0.0, low, high, 0.0, 40, 10, unit="fraction")) is prior


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"asked": ASKED[:3]}, "questions: 3 for 40 references. Give one per sample."),
        ({"shown": SHOWN[:3]}, "pictures: 3 for 40 references. Give one per sample."),
        (
            {"shown": [1] * N},
            "pictures: the answer at position 0 is of type int, not a text. An answer that is missing is an empty "
            "text.",
        ),
        (
            {"response": TRUE[:3]},
            "response: expected 40 rows, got 3. Arrays that are measured together hold the same samples in the same "
            "order.",
        ),
    ],
)
def test_errors(given: dict[str, Any], message: str) -> None:
    with pytest.raises(EmidError) as caught:
        share(**given)
    assert str(caught.value) == message
