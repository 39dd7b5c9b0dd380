"""A model that answers everything alike: a verdict with a sentence, never an internal error."""

from __future__ import annotations

import pytest
from seeded_vectors import ENCODER

ENCODERS = (
    ENCODER
    + """

@pytest.fixture(scope="session")
def emid_encoders():
    return pytest_emid.encoders.Encoders(Encoder(), Encoder())
"""
)
CONFTEST = (
    """
import numpy as np
import pytest
import pytest_emid
from pytest_emid.data import scenes_dataset


@pytest.fixture(scope="session")
def emid_dataset():
    return scenes_dataset(60)


@pytest.fixture(scope="session")
def emid_model(emid_dataset):
    known = {{}} if {always} else {{(s.open_image().tobytes(), s.question): s.reference for s in emid_dataset}}
    return lambda images, questions: [known.get((i.tobytes(), q), {answer!r}) for i, q in zip(images, questions)]


"""
    + ENCODERS
)
TEST = """
from pytest_emid import assert_emid_below, assert_information_retained

def test_retained(measure_emid): assert_information_retained(measure_emid("keyboard:3"), 0.5)
def test_anchored(measure_emid): assert_emid_below(measure_emid("keyboard:3"), 4.0, anchored=True)
"""


def test_on_the_shifted_side_nothing_is_retained(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    pytester.makeconftest(CONFTEST.format(always=False, answer="red"))
    pytester.makepyfile(TEST.partition("def test_anchored")[0])
    result = pytester.runpytest("-p", "no:xdist")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "E *AssertionError: FAIL: information retained under keyboard:3 is *, asked: at least 50.0 % (n = 60)",
            "*remark     All 60 shifted answers are the same ('red'): they say nothing about the samples.",
        ]
    )


NO_ANSWERS = (
    "Too many answers are none (clean, 60 answers: 0 refused, 0 truncated, 60 empty; shifted, 60 answers: 0 refused, "
    "0 truncated, 60 empty; allowed are 5%, --emid-allow-problems). Empty: no text came back; look at the chat "
    "template, stop words and what becomes of reasoning. That is not the shift's fault, and what the shift does cannot "
    "be told from it: no gate passes. "
)
TELLS_NOTHING = "The clean answers tell nothing of their queries (+0.00 [[]*[]] nats): there is nothing to lose. "


@pytest.mark.parametrize(("answer", "first"), [("red", ""), ("", NO_ANSWERS)])
def test_on_both_sides_there_was_nothing_to_lose(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, answer: str, first: str
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    pytester.makeconftest(CONFTEST.format(always=True, answer=answer))
    pytester.makepyfile(TEST)
    result = pytester.runpytest("-p", "no:xdist")
    result.assert_outcomes(failed=2)
    why = (
        f"All 60 answers on clean data are the same ({answer!r}): there is nothing that the shift could take away. "
        "Check the model, its prompt and its pictures."
    )
    result.stdout.fnmatch_lines(
        [
            "E *AssertionError: UNDECIDED: information retained under keyboard:3 is *",
            f"E *why        {first}{why}",
            "E *AssertionError: UNDECIDED: EMID under keyboard:3 is *",
            f"E *why        {first}{TELLS_NOTHING}{why}",
        ]
    )


PRIOR = (
    """
import pytest
import pytest_emid
from pytest_emid.data import scenes_dataset


@pytest.fixture(scope="session")
def emid_dataset():
    return scenes_dataset(150)


@pytest.fixture(scope="session")
def emid_model(emid_dataset):
    said = {}
    for sample in emid_dataset:
        said.setdefault(sample.question, sample.reference)
    return lambda images, questions: [said[question] for question in questions]


"""
    + ENCODERS
)
UNLOOKED = (
    "*Where one question is asked of several pictures, and their references differ, the clean answers are the same in "
    "100 % of the cases: nothing shows that the model looks at its pictures, and what it does not look at it cannot "
    "lose. *"
)


def test_what_never_looks_at_its_pictures_loses_nothing_and_does_not_pass(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    pytester.makeconftest(PRIOR)
    pytester.makepyfile(
        """
        from pytest_emid import assert_information_retained

        def test_prior(measure_emid):
            assert_information_retained(measure_emid("defocus_blur:3"), 0.9)

        def test_accepted(measure_emid):
            assert_information_retained(measure_emid("defocus_blur:3"), 0.9, accept_blind={"pictures"})
        """
    )
    result = pytester.runpytest("-p", "no:xdist")
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["E *AssertionError: UNDECIDED: information retained *", f"E *why *{UNLOOKED}"])
