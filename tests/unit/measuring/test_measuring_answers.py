"""What came back and from whom, held against what is allowed. Whole suites: tests/integration/test_emid_oracle.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from emid_factory import make_result
from PIL import Image

from pytest_emid.data import Dataset, Sample
from pytest_emid.errors import EmidError
from pytest_emid.measuring.allowance import Allowance
from pytest_emid.measuring.answers import doubts, reads_like_a_refusal
from pytest_emid.measuring.embedding import Answered
from pytest_emid.measuring.format import answers
from pytest_emid.measuring.measurer import Measurer
from pytest_emid.models.base import Outcome, Response, Served

LEGAL = (
    "a share such as 5% or 0.05, shares of single outcomes such as refused=10%,truncated=0, or both (outcomes: "
    "refused, truncated, empty)"
)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("5%", "5%"),
        (" 7.5 % ", "7.5%"),
        (0.05, "5%"),
        (0, "0%"),
        ("1", "100%"),
        ("refused=10%,truncated=0", "5%,refused=10%,truncated=0%"),
        ("empty=0.5, 2%", "2%,empty=50%"),
        (Allowance(0.25), "25%"),
    ],
)
def test_allowances(given: Any, shown: str) -> None:
    allowance = Allowance.parse(given)
    assert str(allowance) == shown
    assert Allowance.parse(str(allowance)) == allowance


@pytest.mark.parametrize(
    "given",
    [
        "",
        "5",
        "-1%",
        "101%",
        "nan",
        "inf%",
        "5%,6%",
        "refused",
        "failed=5%",
        "refused=1%,refused=2%",
        True,
        None,
        [],
        2,
    ],
    ids=repr,
)
def test_what_is_no_allowance(given: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        Allowance.parse(given)
    dataset = Dataset("d", [Sample("a", Image.new("RGB", (2, 2)), "q", "r")])
    with pytest.raises(EmidError) as caught:
        Measurer(None, dataset, None, allow_problems=given)  # type: ignore[arg-type]
    assert str(caught.value) == f"allow_problems is {given!r}, which is no share. Legal: {LEGAL}."


@pytest.mark.parametrize(
    ("allowance", "outcomes", "exceeded"),
    [
        ("5%", {"refused": 5}, []),
        ("5%", {"refused": 6}, ["refused"]),
        ("5%", {"refused": 3, "empty": 3}, ["refused", "empty"]),  # together
        ("5%,refused=3%", {"refused": 3, "empty": 3}, []),  # each by itself
        ("refused=10%,truncated=0", {"refused": 10, "truncated": 1}, ["truncated"]),
        ("0", {"empty": 1}, ["empty"]),
        ("100%", {"empty": 100}, []),
        ("29%", {"empty": 29}, []),  # 0.29 * 100 is below 29
        ("0", {"ok": 100}, []),
    ],
)
def test_what_is_more_than_allowed(allowance: str, outcomes: dict[str, int], exceeded: list[str]) -> None:
    assert list(Allowance.parse(allowance).exceeded(outcomes, 100)) == exceeded


def answered(responses: Sequence[Response], further: Sequence[Response] = (), reference: str = "a dog") -> Answered:
    picture = Image.new("RGB", (2, 2))
    dataset = Dataset("d", [Sample(str(i), picture, f"q{i}", reference) for i in range(len(responses))])
    rows = np.ones((len(responses), 2), dtype=np.float32)
    more = ((tuple(further), rows),) if further else ()
    return Answered(dataset, rows, rows, rows, tuple(responses), rows, more)


FINE = answered([Response("a dog", served=Served("m"))] * 20)


def test_nothing_is_said_of_answers() -> None:
    assert doubts(FINE, FINE, Allowance()) == ((), (), False)


@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.TRUNCATED, Outcome.EMPTY])
@pytest.mark.parametrize("side", ["clean", "shifted"])
def test_one_in_twenty_is_allowed_on_either_side(outcome: Outcome, side: str) -> None:
    for count, told in ((1, False), (2, True)):
        none = answered([*[Response("", outcome)] * count, *FINE.responses[count:]])
        sides = {"clean": FINE, "shifted": FINE, side: none}
        found = doubts(**sides, allowance=Allowance())
        assert found.problems is told
        assert len(found.obstacles) == told
        assert doubts(**sides, allowance=Allowance.parse(f"{outcome}=10%")).obstacles == ()


def test_several_models_are_told_of_all_draws_and_are_a_remark_where_any_will_do() -> None:
    other = [Response("a dog", served=Served("n"))] * 20
    found = doubts(FINE, answered(FINE.responses, other), Allowance())
    assert found.obstacles == (
        "Several models answered for one (clean answers by m; shifted answers by m (20), n (20)): what differs may be "
        "theirs, not the shift's work. Ask one of them by its full name, such as 'm', at one provider, and all of it "
        "anew (--emid-cache=refresh); or, where they are the same, say any_version=True of the model.",
    )
    assert not found.problems
    free = doubts(FINE, answered(other), Allowance(), any_version=True)
    assert free.obstacles == ()
    assert free.remarks == (
        "Several versions answered, which count as one model here (any_version): clean answers by m; shifted answers "
        "by n.",
    )


def test_answers_that_were_kept_without_a_name_are_a_remark() -> None:
    found = doubts(answered([Response("a dog")] * 20), FINE, Allowance())
    assert found.obstacles == ()
    assert found.remarks == (
        "Of 20 answers it is not known which version of the model gave them, as they were kept without: "
        "--emid-cache=refresh asks anew.",
    )


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with that.",
        "I’m sorry, I can’t assist with that request.",
        "Sorry, an error occurred while processing your request. Please try again later.",
        "I cannot assist with identifying people.",
        "I can't view images.",
        "Unfortunately, I am unable to process this picture.",
        "As an AI language model, I do not have eyes.",
        "My apologies, something broke.",
        "I apologize for the inconvenience.",
        "Internal server error: 500",
        "An error has occurred.",
        "Your request was blocked by our content policy.",
    ],
)
def test_refusals_in_prose(text: str) -> None:
    assert reads_like_a_refusal(text)
    found = doubts(answered([Response(text)] * 20), answered([Response(text)] * 20), Allowance())
    assert found.problems
    assert "20 of 20 clean answers and 20 of 20 shifted answers read like refusals" in found.obstacles[0]
    asked_for = answered([Response(text)] * 20, reference=text)
    assert not doubts(asked_for, asked_for, Allowance()).problems


@pytest.mark.parametrize(
    "text",
    [
        "I cannot say.",
        "I don't know.",
        "A sorry sight: a dog in the rain.",
        "The sign says sorry.",
        "An eraser lies on the table.",
        "I can see a dog.",
        "The request is written on the board.",
        "No.",
        "There is an error in the picture's caption.",
    ],
)
def test_answers_that_are_no_refusals(text: str) -> None:
    assert not reads_like_a_refusal(text)


def test_counts_in_words() -> None:
    result = make_result(n=60)
    assert answers(result) == ""
    assert result.shifted.outcomes == {"ok": 60}
    assert result.shifted.served == {}
    plain = result.to_dict()
    plain["shifted"]["records"][0]["outcome"] = "empty"
    plain["shifted"]["records"][1]["served"] = "m"
    again = type(result).from_dict(plain)
    assert answers(again) == "clean: 0 refused, 0 truncated, 0 empty; shifted: 0 refused, 0 truncated, 1 empty"
    assert again.to_dict()["shifted"]["outcomes"] == {"empty": 1, "ok": 59}
    assert again.to_dict()["shifted"]["served"] == {"m": 1}
