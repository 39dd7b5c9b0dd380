"""What to suspect when measures disagree."""

import math

import pytest

from pytest_emid.information.intervals.estimate import Estimate
from pytest_emid.measuring.remarks import suspect


def at(value, half=0.02, se=0.01):
    return Estimate(value, value - half, value + half, se, 90, 30)


FELL, STANDS, UNKNOWN = at(0.2), at(0.0), Estimate(0.1, -math.inf, math.inf, math.nan, 2, 1)


def test_agreement_is_silent():
    assert suspect(information_lost=FELL, cosine_drop=FELL, exact_drop=FELL, emid=FELL, anchored_emid=FELL) == ()
    assert suspect(information_lost=STANDS, cosine_drop=STANDS, exact_drop=STANDS, emid=STANDS) == ()


def test_nothing_is_said_about_what_is_not_known():
    assert suspect(information_lost=UNKNOWN, cosine_drop=FELL, exact_drop=FELL) == ()
    assert suspect(information_lost=FELL, exact_drop=UNKNOWN, emid=UNKNOWN) == ()


def test_the_format_changed():
    found = suspect(information_lost=FELL, information_retained=at(0.6), decoded_retained=at(0.97))
    assert found == (
        "Direct reference information fell and decoded did not follow: suspect that the format or style of the "
        "answers changed, not what they tell.",
    )
    assert suspect(information_lost=FELL, information_retained=at(0.6), decoded_retained=at(0.62)) == ()


@pytest.mark.parametrize(
    ("told", "is_said"),
    [
        ({}, True),
        ({"decoded_retained": at(0.83)}, True),
        ({"decoded_retained": at(0.81)}, False),  # its lower limit is below .8: it did not stay high
        ({"exact_drop": at(0.4), "clean_exact": 0.91}, True),
        ({"exact_drop": at(0.82), "clean_exact": 0.91}, False),  # 91 -> 9 %
        ({"exact_drop": at(0.46), "clean_exact": 0.91}, True),  # may be half of it, may be less
        ({"cosine_drop": at(0.5), "clean_cosine": 0.9}, False),
        ({"cosine_drop": at(0.3), "clean_cosine": 0.9}, True),
        ({"exact_drop": at(0.0), "clean_exact": 0.0}, True),
    ],
)
def test_the_format_is_suspected_only_where_nothing_else_collapsed(told, is_said):
    given = {"information_lost": FELL, "information_retained": at(0.3), "decoded_retained": at(0.9), **told}
    said = any("format or style" in sentence for sentence in suspect(**given))
    assert said == is_said


def test_a_common_wording():
    assert suspect(information_lost=STANDS, cosine_drop=FELL, emid=FELL) == (
        "The cosine to the reference fell without a loss of reference information: suspect a common change of "
        "wording or style.",
    )


def test_the_encoder_does_not_see_it():
    assert suspect(information_lost=STANDS, exact_drop=FELL) == (
        "Exact matches fell without a measurable loss of reference information: suspect an encoder that does not see "
        "the difference between right and wrong answers, or rewordings that the exact match counts as wrong.",
    )


def test_wording_that_exact_match_does_not_count():
    expected = (
        "Reference information fell without a measurable drop in exact matches: suspect a change of wording, or "
        "answers that were wrong before and are now further from the reference.",
    )
    assert suspect(information_lost=FELL, exact_drop=STANDS) == expected
    # Free text never matches exactly: a drop without spread says nothing.
    assert suspect(information_lost=FELL, exact_drop=at(0.0, half=0.04, se=0.0)) == ()


def test_the_corrupted_query_hides_the_loss():
    assert suspect(information_lost=FELL, emid=STANDS, anchored_emid=FELL) == (
        "Anchored EMID fell and the published EMID did not: the shift corrupts the query, which lowers both terms of "
        "EMI, so that the published EMID hides the loss.",
    )


@pytest.mark.parametrize("given", [{"emid": STANDS}, {"emid": FELL, "anchored_emid": STANDS}])
def test_the_critic_is_blind(given):
    assert suspect(information_lost=FELL, **given) == (
        "The answers moved away from the references and EMID does not show it: suspect the critic (its held-out R^2 "
        "may be question templates, not content).",
    )


def test_an_uninformative_critic_is_all_there_is_to_say_about_emid():
    assert suspect(information_lost=FELL, emid=STANDS, anchored_emid=FELL, critic_informative=False) == (
        "The critic explains nothing of held-out references, so EMI and EMID are uninformative here: fit it on more "
        "ID pairs, or gate on information retained.",
    )


def test_a_gain_is_not_a_fall():
    assert suspect(information_lost=at(-0.3), emid=at(-0.3), exact_drop=at(-0.3)) == ()
