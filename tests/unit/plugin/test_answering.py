"""Whether something in a test asked for an error, or swallowed it."""

from __future__ import annotations

import contextlib
import unittest
from collections.abc import Callable

import pytest
from hypothesis import find
from hypothesis import strategies as st

from pytest_emid.plugin.answering import Raised, raised

Found = list[Raised | None]


def fail(found: Found) -> None:
    error = AssertionError("FAIL")
    found.append(raised("its gate said FAIL", error))
    raise error


def by_raises(found: Found) -> None:
    with pytest.raises(AssertionError, match=r"^FAIL$"):
        fail(found)


def by_a_call(found: Found) -> None:
    pytest.raises(AssertionError, fail, found)  # noqa: RUF061 - this form is what is tested


def by_unittest(found: Found) -> None:
    with unittest.TestCase().assertRaises(AssertionError):  # noqa: PT027
        fail(found)


def from_another(found: Found) -> None:
    def wrapped() -> None:
        try:
            fail(found)
        except AssertionError as error:
            raise ValueError("wrapped") from error

    with pytest.raises(ValueError, match=r"^wrapped$"):
        wrapped()


def in_a_group(found: Found) -> None:
    def grouped() -> None:
        try:
            fail(found)
        except AssertionError as error:
            raise ExceptionGroup("several", [error]) from None

    with pytest.RaisesGroup(AssertionError):
        grouped()


def by_nobody(found: Found) -> None:
    with contextlib.suppress(AssertionError):
        fail(found)


def within_another(found: Found) -> None:
    def swallows_and_fails() -> None:
        by_nobody(found)
        raise AssertionError("another")

    with pytest.raises(AssertionError, match=r"^another$"):
        swallows_and_fails()


@pytest.mark.parametrize(
    ("test", "is_seen"),
    [
        (by_raises, True),
        (by_a_call, True),
        (by_unittest, True),
        (from_another, True),
        (in_a_group, True),
        (by_nobody, False),
        (within_another, False),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_asked_for_an_error_has_seen_it(test: Callable[[Found], None], is_seen: bool) -> None:
    found: Found = []
    test(found)
    assert [one is not None and one.is_seen for one in found] == [is_seen]


def test_a_step_of_a_search_is_nothing_to_answer_for() -> None:
    found: Found = []

    def breaks(number: int) -> bool:
        try:
            if number > 10:
                fail(found)
        except AssertionError:
            return True
        return False

    assert find(st.integers(0, 1000), breaks) == 11
    assert found
    assert set(found) == {None}
