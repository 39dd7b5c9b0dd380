"""`--emid-cache-max-mb` and `--emid-cache-max-days`: what a cache forgets when it is opened."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from noted_project import CONFTEST

FILL = """
from pytest_emid.cache import Cache
def test_fill(emid_model, emid_dataset):
    with Cache(".emid") as cache:
        cache.respond(emid_model, emid_dataset)
"""


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    """A project whose cache holds the 24 clean answers, all used two days ago."""
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(test_fill=FILL)
    pytester.runpytest("test_fill.py").assert_outcomes(passed=1)
    with closing(sqlite3.connect(pytester.path / ".emid" / "cache.sqlite")) as connection, connection:
        connection.execute("UPDATE answers SET used = used - 2 * 86400")
    pytester.makepyfile(test_it="def test_it(measure_emid): measure_emid('identity')")
    return pytester


@pytest.mark.parametrize(
    ("argument", "cached"),
    [
        ("--emid-cache-max-days=3", 24),
        ("--emid-cache-max-days=1.5", 0),
        ("--emid-cache-max-mb=1", 24),
        ("--emid-cache-max-mb=0.0011", 5),  # an answer counts as its text and 200 bytes
    ],
)
def test_what_is_old_or_too_much_is_forgotten(suite: pytest.Pytester, argument: str, cached: int) -> None:
    result = suite.runpytest("--emid-plan", argument, "test_it.py")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines([f"in all, each once * {cached} * {24 - cached}"])


def test_the_ini_file_can_say_so(suite: pytest.Pytester) -> None:
    suite.makeini("[pytest]\nemid_cache_max_days = 1\n")
    result = suite.runpytest("--emid-plan", "test_it.py")
    result.stdout.fnmatch_lines(["emid: *cache-max-days 1.0 (ini emid_cache_max_days)*", "in all, each once * 0 * 24"])


def test_a_cache_that_is_only_read_forgets_nothing(suite: pytest.Pytester) -> None:
    before = Path(suite.path, ".emid", "cache.sqlite").read_bytes()
    result = suite.runpytest("--emid-plan", "--emid-cache=read", "--emid-cache-max-days=1", "test_it.py")
    result.stdout.fnmatch_lines(["in all, each once * 24 * 0"])
    assert Path(suite.path, ".emid", "cache.sqlite").read_bytes() == before


@pytest.mark.parametrize("name", ["mb", "days"])
@pytest.mark.parametrize("value", ["0", "-1", "inf", "nan", "much"])
def test_limits_are_positive_numbers(pytester: pytest.Pytester, name: str, value: str) -> None:
    result = pytester.runpytest(f"--emid-cache-max-{name}={value}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*--emid-cache-max-{name}: '{value}' is not legal. Legal: a number above 0.*"])
