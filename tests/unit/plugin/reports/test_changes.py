"""What became of a text, word by word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_emid.plugin.reports.changes import LONGEST, changes

TEXTS = st.lists(st.sampled_from(["a", "b", "c", " ", "\n", "  "]), max_size=30).map("".join)


@pytest.mark.parametrize(
    ("before", "after", "pieces"),
    [
        ("", "a b", [("same", "a b")]),
        ("a b", "a b", [("same", "a b")]),
        ("a b", "", [("new", "")]),
        ("a b c", "a x c", [("same", "a "), ("old", "b"), ("new", "x"), ("same", " c")]),
        ("a b", "a b c", [("same", "a b"), ("new", " c")]),
        ("a b c d", "a c d", [("same", "a "), ("old", "b "), ("same", "c d")]),
        ("one two three", "eins zwei drei", [("new", "eins zwei drei")]),
        ("a a", "a", [("same", "a"), ("old", " a")]),
    ],
)
def test_pieces(before: str, after: str, pieces: list[tuple[str, str]]) -> None:
    assert changes(before, after) == pieces


@given(TEXTS, TEXTS)
def test_the_new_text_is_all_there_and_so_is_what_stayed_of_the_old_one(before: str, after: str) -> None:
    found = changes(before, after)
    assert "".join(piece for kind, piece in found if kind != "old") == after
    if before and found != [("new", after)]:
        assert "".join(piece for kind, piece in found if kind != "new") == before


def test_a_long_text_shows_the_stretch_that_differs() -> None:
    # aligned word by word, this test would take hours
    words = [f"w{i} " for i in range(100_000)]
    changed = [*words[:50_000], "here ", "and ", *words[50_001:50_002], "there ", *words[50_003:]]
    found = changes("".join(words), "".join(changed))
    assert [kind for kind, _ in found] == ["same", "old", "new", "same", "old", "new", "same"]
    assert [piece for kind, piece in found if kind == "new"] == ["here and", "there"]
    everywhere = "".join(word + "x " * (i % 1_000 == 999) for i, word in enumerate(words))
    stretch = changes("".join(words), "y " + everywhere)
    assert len("".join(words).split()) > LONGEST
    assert [kind for kind, _ in stretch] == ["new"]
