"""Requests that differ in anything that can change an answer never share a key."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pytest_emid.keys import answer_key, embedding_key
from pytest_emid.models.checkpoint import digest_of

text = st.text(max_size=8) | st.sampled_from(["", "a", "b", "ab", "\ud800"])
request = st.tuples(text, text, text, st.integers(0, 3))


@given(request, request)
def test_answers(first: tuple[str, str, str, int], second: tuple[str, str, str, int]) -> None:
    assert (answer_key(*first) == answer_key(*second)) == (first == second)


@given(st.tuples(text, text, text), st.tuples(text, text, text))
def test_vectors(first: tuple[str, str, str], second: tuple[str, str, str]) -> None:
    assert (embedding_key(*first) == embedding_key(*second)) == (first == second)


settings = st.dictionaries(
    st.sampled_from(["seed", "revision", "system", "penalty"]),
    st.none() | st.booleans() | st.integers(-2, 2) | st.floats(-1, 1) | text.filter(lambda t: "\ud800" not in t),
)


def typed(values: dict[str, object]) -> dict[str, tuple[type, object]]:
    """1, 1.0 and True are equal in Python and different settings; so are 0.0 and -0.0."""
    return {key: (type(value), repr(value)) for key, value in values.items()}


@given(settings, settings)
def test_settings(first: dict[str, object], second: dict[str, object]) -> None:
    assert (digest_of(first) == digest_of(second)) == (typed(first) == typed(second))
