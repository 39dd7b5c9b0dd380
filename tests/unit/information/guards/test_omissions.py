"""The guard against omissions: which words count, and when their loss withholds a PASS."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_emid.errors import EstimationError
from pytest_emid.information.guards.omissions import content_words, omission_guard, words_repeated
from pytest_emid.information.intervals.means import retained_interval


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("There are two dogs on the wooden benches.", {"dog", "wooden", "bench"}),
        ("Die Hunde sitzen auf den Bänken.", {"hund", "sitz", "bänk"}),
        ("Le chat dort", {"chat", "dort"}),
        ("长凳上有狗", {"长凳", "凳上", "上有", "有狗"}),
        ("고양이가", {"고양", "양이", "이가"}),
        ("B", set()),
        ("", set()),
    ],
)
def test_content_words(text, words):
    assert content_words(text) == words


def test_rare_words_weigh_more():
    references = ["dog park", "dog street", "dog kitchen"]
    shares = words_repeated(["dog", "street", "cat"], references)
    common, rare = np.log(4 / 3.5), np.log(4 / 1.5)
    assert shares == pytest.approx([common / (common + rare), rare / (common + rare), 0.0])


@settings(deadline=None)
@given(st.lists(st.text(max_size=20), min_size=1, max_size=5))
def test_a_reference_repeats_itself(texts):
    shares = words_repeated(texts, texts)
    assert shares == pytest.approx([float(bool(content_words(text))) for text in texts])


def test_guard_reads_the_upper_limit_of_what_is_retained():
    rng = np.random.default_rng(1)
    clean, clusters = rng.random(90), np.arange(90) // 3
    for share, blocks in ((1.0, False), (0.9, False), (0.5, True)):
        shifted = clean * np.where(rng.random(90) < share, 1.0, 0.0)
        guard = omission_guard(clean, shifted, 0.9, clusters)
        assert guard.retained == retained_interval(clean, shifted, clusters)
        assert guard.blocks is blocks
        assert (guard.obstacle is None) is not blocks


def test_words_that_are_not_there_cannot_be_lost():
    assert not omission_guard(np.zeros(90), np.zeros(90), 0.9).blocks


def test_obstacle_in_words():
    guard = omission_guard(np.ones(90), np.tile([1.0, 0.0], 45), 0.9)
    assert guard.obstacle == (
        "The answers repeat 50% of the references' words that the clean answers repeated, clearly less than 90%: what "
        "they leave out may not show in the encoder, so this cannot pass. If only the wording changed, gate on another "
        "metric or accept it by name."
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: words_repeated(["a"], []), "answers: 1 for 0 references. Give one answer per reference."),
        (lambda: words_repeated("a", ["a"]), "answers: expected a list of texts, got one text, 'a'."),
        (
            lambda: omission_guard([1.0], [1.0], 1.5),
            "at_least: 1.5 is not in (0, 1]. Use 0.9 to ask for 90 % of the information.",
        ),
    ],
)
def test_errors(call, message):
    with pytest.raises(EstimationError) as caught:
        call()
    assert str(caught.value) == message
