"""A sentence that many shifted answers add: named for a reader, since a measure cannot tell whether it is true."""

import pytest

from pytest_emid.errors import EmidError
from pytest_emid.information.guards.refrains import Refrain, refrain

THINGS = [f"thing {i}" for i in range(20)]
CLEAN = [f"It shows {thing}." for thing in THINGS]
FALSE = "There is a red dinosaur."


def added(count, sentence=FALSE, to=CLEAN):
    """The sentence behind the first few answers."""
    return [f"{text} {sentence}" if i < count else text for i, text in enumerate(to)]


def test_the_sentence_is_told_as_it_is_written():
    assert refrain(CLEAN, added(5)) == Refrain(FALSE, 0.0, 0.25)
    assert refrain(CLEAN, added(20)).after == 1.0


@pytest.mark.parametrize(("count", "found"), [(3, False), (4, True)])
def test_a_fifth_of_the_answers_is_common(count, found):
    assert (refrain(CLEAN, added(count)) is not None) is found


@pytest.mark.parametrize(("before", "found"), [(4, True), (5, False)])
def test_it_counts_by_how_much_it_grew(before, found):
    """Of 8 in 20: 4 more are a fifth, 3 more are not."""
    result = refrain(added(before), added(8))
    assert (result is not None) is found
    if found:
        assert (result.before, result.after) == (0.2, 0.4)


def test_what_a_reference_says_is_no_refrain():
    assert refrain(CLEAN, added(10), ["It shows a park. there is a RED dinosaur"]) is None
    assert refrain(CLEAN, added(10), ["It shows a park."]) is not None


def test_a_whole_answer_is_none():
    """A model that answers everything alike is seen by every measure."""
    assert refrain(CLEAN, [FALSE] * 20) is None


@pytest.mark.parametrize(
    ("sentence", "found"), [("Of course.", False), ("That is all!", True), ("这是一只恐龙。", False)], ids=str
)
def test_interjections_are_none(sentence, found):
    assert (refrain(CLEAN, added(10, sentence)) is not None) is found


def test_spelling_does_not_hide_it():
    mixed = [f"{text} {FALSE.upper() if i % 2 else FALSE}" for i, text in enumerate(CLEAN)]
    assert refrain(CLEAN, mixed) == Refrain(FALSE, 0.0, 1.0)


def test_the_rarer_sentence_is_told_where_the_common_one_is_style():
    style = added(12, "I hope this helps you.")
    both = added(6, to=style)
    assert refrain(style, both) == Refrain(FALSE, 0.0, 0.3)


def test_the_sentence_stands_in_the_obstacle():
    assert Refrain(FALSE, 0.05, 0.5).obstacle == (
        "50% of the shifted answers hold the sentence 'There is a red dinosaur.', and 5% of the clean ones: the "
        "measure takes what answers share for style, and cannot tell whether it is true. If it is harmless, pass "
        "accept_blind={'refrain'}."
    )
    assert f"{'x' * 79}…'" in Refrain("x" * 81, 0.0, 1.0).obstacle
    assert f"'{'x' * 80}'" in Refrain("x" * 80, 0.0, 1.0).obstacle


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: refrain([None], ["a"]), "clean: the answer at position 0 is of type NoneType"),
        (lambda: refrain(["a"], [1]), "shifted: the answer at position 0 is of type int"),
        (lambda: refrain(["a"], ["a"], [2.0]), "references: the answer at position 0 is of type float"),
    ],
)
def test_errors(call, message):
    with pytest.raises(EmidError) as caught:
        call()
    assert str(caught.value) == f"{message}, not a text. An answer that is missing is an empty text."
