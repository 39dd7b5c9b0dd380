"""Robustness tests of the built-in model: ordinary pytest tests, one measurement each.

Swap `emid_model` and `emid_dataset` in pytest.ini for fixtures in a conftest.py, and the same tests test your model.
"""

import pytest
from hypothesis import HealthCheck, Phase, find, settings
from hypothesis.errors import NoSuchExample

from pytest_emid import assert_bound_holds, assert_emid_below, assert_information_retained, shifts, strategies

KNOWN_WEAKNESS = "tiny-llava has never seen a typo: one wrong letter hides the word that the question is about"


@pytest.mark.parametrize("shift", shifts.visual("defocus_blur", severity=[1, 3, 5]), ids=str)
def test_blurred_photos(measure_emid, shift):
    """The gate to begin with: the answers keep most of what they said about the references."""
    result = measure_emid(shift)
    assert_information_retained(result, 0.8)
    assert_bound_holds(result)


@pytest.mark.parametrize(("shift", "at_least"), [("frost:1", 0.5), ("frost:3", 0.15)])
def test_frosted_lens(measure_emid, shift, at_least):
    """Gates on what holds today: they turn red when the model gets worse than it is."""
    assert_information_retained(measure_emid(shift), at_least)


@pytest.mark.parametrize("shift", shifts.textual("synonym", severity=[1]), ids=str)
def test_other_words(measure_emid, shift):
    """Half of the questions use a word that the model has never seen."""
    assert_information_retained(measure_emid(shift), 0.3)


def test_published_measure(measure_emid):
    """EMID in nats, as a share of what the clean answers tell."""
    assert_emid_below(measure_emid("defocus_blur:2"), "10 %")


@pytest.mark.parametrize("shift", shifts.textual("keyboard", severity=[1, 3]), ids=str)
@pytest.mark.xfail(reason=KNOWN_WEAKNESS, raises=AssertionError, strict=True)
def test_typos(measure_emid, shift):
    """A weakness that is known and wanted in the report: strict, so that a better model is noticed too."""
    assert_information_retained(measure_emid(shift), 0.9)


@pytest.mark.parametrize("shift", shifts.joint("defocus_blur:1", "keyboard:1"), ids=str)
def test_blur_and_typos_together(measure_emid, shift):
    """A joint shift of picture and text."""
    assert_information_retained(measure_emid(shift), 0.3)


def test_how_much_blur(measure_emid):
    """Up to which severity do the answers keep four fifths? Bisected, and no more asked than decides."""
    found = measure_emid.breaking_severity("defocus_blur", at_least=0.8)
    assert found.holds_up_to >= 3


def test_smallest_blur_that_costs_three_percent(measure_emid):
    """Hypothesis looks for the smallest blur that breaks the model, and names it."""

    def breaks(shift):
        return measure_emid(shift).information_retained.value < 0.97

    search = settings(
        max_examples=20,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    try:
        smallest = find(strategies.shifts("defocus_blur"), breaks, settings=search)
    except NoSuchExample:
        print("no blur costs three percent of the information")
    else:
        print(f"the smallest blur that costs three percent of the information: {smallest!r}")
