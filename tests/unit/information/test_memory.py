from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pytest_emid.information.memory import Memory


def test_equal_arguments_are_computed_once():
    memory, made = Memory[int](), []
    rows = np.arange(6.0).reshape(2, 3)
    for _ in range(3):
        assert memory(lambda: made.append(1) or 7, rows, "a", 1) == 7
        rows = rows.copy()
    assert len(made) == 1


@pytest.mark.parametrize(
    "other",
    [
        (np.arange(6.0).reshape(3, 2), "a", 1),
        (np.arange(6).reshape(2, 3), "a", 1),
        (np.arange(6.0).reshape(2, 3) + 1, "a", 1),
        (np.asfortranarray(np.arange(6.0).reshape(2, 3)[::-1]), "a", 1),
        (np.arange(6.0).reshape(2, 3), "b", 1),
        (np.arange(6.0).reshape(2, 3), "a", 2),
        (np.arange(6.0).reshape(2, 3), "a", True),
        (np.arange(6.0).reshape(2, 3), "a", 1.0),
        (np.arange(6.0).reshape(2, 3), "a"),
        (np.arange(6.0).reshape(2, 3), "a", 1, None),
    ],
)
def test_other_arguments_are_others(other):
    memory = Memory[str]()
    assert memory(lambda: "first", np.arange(6.0).reshape(2, 3), "a", 1) == "first"
    assert memory(lambda: "second", *other) == "second"


@given(st.lists(arrays.arrays(np.int8, arrays.array_shapes(max_dims=2, max_side=2, min_side=0)), max_size=3))
def test_only_equal_arrays_are_taken_for_equal(given_arrays):
    memory = Memory[int]()
    found = [memory(lambda i=i: i, rows) for i, rows in enumerate(given_arrays)]
    for i, rows in enumerate(given_arrays):
        same = given_arrays[found[i]]
        assert same.shape == rows.shape
        assert same.tobytes() == rows.tobytes()


def test_a_changed_array_is_another():
    memory, rows = Memory[float](), np.ones(3)
    assert memory(rows.sum, rows) == 3
    rows[0] = 5
    assert memory(rows.sum, rows) == 7


def test_the_longest_unused_goes_first():
    memory, made = Memory[int](kept=2), []

    def ask(i):
        return memory(lambda: made.append(i) or i, i)

    for i in (1, 2, 1, 3, 1, 2):
        assert ask(i) == i
    assert made == [1, 2, 3, 2]


def test_what_cannot_be_made_is_not_kept():
    memory = Memory[int]()
    with pytest.raises(ZeroDivisionError):
        memory(lambda: 1 // 0, 1)
    assert memory(lambda: 5, 1) == 5
