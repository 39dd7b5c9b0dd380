"""The search for the breaking severity: where it ends, what it asks, what it says."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from pytest_emid.information.intervals.estimate import Estimate
from pytest_emid.measuring.severity import BreakingSeverity, search
from pytest_emid.measuring.verdicts import Decision, Direction, Verdict

LEVELS = (1, 2, 3, 4, 5)
WORDS = {"P": Verdict.PASS, "F": Verdict.FAIL, "u": Verdict.UNDECIDED, "U": Verdict.UNDECIDED}


def decision(word: str) -> Decision:
    """P, F; U: undecided above the threshold; u: below it."""
    value = 0.95 if word in "PU" else 0.85
    estimate = Estimate(value, value - 0.1, value + 0.1, 0.05, 90, 30, unit="fraction")
    return Decision("information retained", WORDS[word], "blur", estimate, 0.9, Direction.ABOVE, 0, "")


def found(words: str) -> tuple[BreakingSeverity, list[int]]:
    asked: list[int] = []

    def decide(level: int) -> Decision:
        asked.append(level)
        return decision(words[level - 1])

    decisions = search(LEVELS, decide)
    return BreakingSeverity("blur", LEVELS, "information retained", 0.9, decisions), asked


@pytest.mark.parametrize("holds", range(6))
def test_a_step_is_found_with_three_measurements_at_most(holds: int) -> None:
    made, asked = found("P" * holds + "F" * (5 - holds))
    assert (made.holds_up_to, made.likely, made.undecided) == (holds, holds, ())
    assert made.breaks_at == (holds + 1 if holds < 5 else None)
    assert len(asked) == len(set(asked)) <= 3


@pytest.mark.parametrize("words", ["".join(w) for w in itertools.product("PFuU", repeat=5)])
def test_it_never_claims_more_than_a_verdict_and_asks_nothing_twice(words: str) -> None:
    made, asked = found(words)
    assert len(asked) == len(set(asked)) <= 5
    assert made.holds_up_to == 0 or words[made.holds_up_to - 1] == "P"
    assert made.breaks_at is None or words[made.breaks_at - 1] == "F"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("PPPFF", "blur holds up to 3, breaks at 4 (information retained >= 90 %)"),
        ("PPPPP", "blur holds up to 5, the highest severity (information retained >= 90 %)"),
        ("FFFFF", "blur holds at no severity, breaks at 1 (information retained >= 90 %)"),
        (
            "PPUFF",
            "blur holds up to 2, 3 is undecided (95.0 % [85.0 %, 105.0 %]), breaks at 4 (information retained >= 90 %)",
        ),
        (
            "uuuuu",
            "blur does not surely hold at 1, 1 is undecided (85.0 % [75.0 %, 95.0 %]), 3 is undecided (85.0 % [75.0 %, "
            "95.0 %]) (information retained >= 90 %)",
        ),
    ],
)
def test_it_says_so_in_a_line(words: str, said: str) -> None:
    made, _ = found(words)
    assert str(made) == repr(made) == made.to_dict()["said"] == said


def test_it_says_what_forbids_a_pass_where_the_interval_does_not() -> None:
    forbidden = replace(decision("U"), threshold=0.8, reason="40 of 160 samples have no picture.")
    made = BreakingSeverity("blur", (1, 2), "exact retained", 0.8, {1: forbidden, 2: forbidden})
    assert str(made) == (
        "blur does not surely hold at 1, 1 is undecided (95.0 % [85.0 %, 105.0 %]), 2 is undecided (95.0 % [85.0 %, "
        "105.0 %]) (exact retained >= 80 %): 40 of 160 samples have no picture."
    )
