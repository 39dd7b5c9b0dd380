"""Dealing scenarios to shards: complete, balanced, and by their names alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_emid.plugin.parsing import Shard, parse_shard
from pytest_emid.plugin.sharding import assign

UNITS = st.lists(st.text(max_size=12), max_size=40, unique=True)
TOTALS = st.integers(1, 9)


@given(UNITS, TOTALS)
def test_each_is_in_one_shard_and_no_shard_has_two_more_than_another(units: list[str], total: int) -> None:
    assigned = assign(units, total)
    assert assigned.keys() == set(units)
    sizes = [list(assigned.values()).count(number) for number in range(1, total + 1)]
    assert sum(sizes) == len(units)
    assert max(sizes) - min(sizes) <= 1


@given(UNITS, TOTALS, st.randoms(use_true_random=False))
def test_order_and_repetition_do_not_matter(units: list[str], total: int, random: st.randoms) -> None:  # type: ignore[valid-type]
    shuffled = [*units, *units[:3]]
    random.shuffle(shuffled)
    assert assign(shuffled, total) == assign(units, total)


def test_few_move_when_one_is_added() -> None:
    units = [f"scenario {i}" for i in range(61)]
    before = assign(units, 8)
    moved = []
    for extra in range(20):
        after = assign([*units, f"another {extra}"], 8)
        moved.append(sum(after[unit] != before[unit] for unit in units))
    # dealing in turn would move half of them on average
    assert sum(moved) / len(moved) < 8


@given(st.integers(1, 10**6), st.integers(0, 10**6))
def test_a_shard_reads_as_it_is_written(number: int, more: int) -> None:
    shard = Shard(number, number + more)
    assert parse_shard(str(shard)) == shard


@given(st.text())
def test_what_is_no_shard_raises(text: str) -> None:
    try:
        shard = parse_shard(text)
    except ValueError:
        return
    assert 1 <= shard.number <= shard.total


def test_other_digits_are_no_numbers() -> None:
    with pytest.raises(ValueError, match="is no shard K/N"):
        parse_shard("١/٢")
