from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from pytest_emid.plugin.config import MARKER_LINE, OPTIONS, EmidConfig, from_item, marker_options


def override(config: EmidConfig, place: str, **values: Any) -> EmidConfig:
    return config.overridden(values, lambda option: {"line": option.flag, "ini": f"ini {option.ini}"}[place])


def test_every_option_has_its_default_in_the_config() -> None:
    assert {option.key for option in OPTIONS} == set(EmidConfig.__dataclass_fields__) - {"origins", "unanswered"}


def test_a_later_layer_wins_and_none_was_not_given() -> None:
    config = override(override(EmidConfig(), "ini", seed=3, limit=10), "line", seed=7, limit=None)
    assert (config.seed, config.limit) == (7, 10)
    assert config.describe("seed") == "7 (--emid-seed)"
    assert config.describe("limit") == "10 (ini emid_limit)"
    assert config.describe("undecided") == "fail (default)"


@pytest.mark.parametrize("key", ["seed", "limit"])
def test_zero_wins_over_a_lower_layer(key: str) -> None:
    config = override(override(EmidConfig(), "ini", **{key: 5}), "line", **{key: 0})
    assert config.describe(key) == f"0 (--emid-{key})"


def test_a_call_wins_over_everything() -> None:
    config = override(EmidConfig(), "line", undecided="warn").for_call(undecided="xfail", confidence=None)
    assert config.describe("undecided") == "xfail (call)"
    assert config.describe("confidence") == "0.95 (default)"


def test_texts_of_the_command_line_become_numbers() -> None:
    config = override(EmidConfig(), "line", seed="12", confidence="0.9", family="61", batch_size="4")
    assert (config.seed, config.confidence, config.family, config.batch_size) == (12, 0.9, 61, 4)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("limit", "-1", "--emid-limit: '-1' is not legal. Legal: an integer of at least 0 (0: all samples)."),
        ("limit", "many", "--emid-limit: 'many' is not legal. Legal: an integer of at least 0 (0: all samples)."),
        ("limit", True, "--emid-limit: True is not legal. Legal: an integer of at least 0 (0: all samples)."),
        ("limit", 2.5, "--emid-limit: 2.5 is not legal. Legal: an integer of at least 0 (0: all samples)."),
        ("seed", "-3", "--emid-seed: '-3' is not legal. Legal: an integer of at least 0."),
        ("batch_size", "0", "--emid-batch-size: '0' is not legal. Legal: an integer of at least 1."),
        (
            "wait_for_server",
            "soon",
            "--emid-wait-for-server: 'soon' is not legal. Legal: seconds, or a time such as 90s or 10min.",
        ),
        ("confidence", "1", "--emid-confidence: '1' is not legal. Legal: a number from 0.5 to below 1."),
        ("confidence", "nan", "--emid-confidence: 'nan' is not legal. Legal: a number from 0.5 to below 1."),
        ("confidence", [], "--emid-confidence: [] is not legal. Legal: a number from 0.5 to below 1."),
        ("undecided", "skip", "--emid-undecided: 'skip' is not legal. Legal: fail, xfail or warn."),
        ("family", "0", "--emid-family: '0' is not legal. Legal: an integer of at least 1."),
        ("model", " ", "--emid-model: ' ' is not legal. Legal: a name such as tiny-llava, a model folder or a Hub id."),
        ("cache_dir", 3, "--emid-cache-dir: 3 is not legal. Legal: a directory, a replay pack (.json), or none."),
        ("json", "", "--emid-json: '' is not legal. Legal: a path."),
        (
            "allow_problems",
            "5",
            "--emid-allow-problems: '5' is not legal. Legal: a share such as 5% or 0.05, shares of single outcomes "
            "such as refused=10%,truncated=0, or both (outcomes: refused, truncated, empty).",
        ),
    ],
)
def test_an_illegal_value_names_its_place_and_the_legal_ones(key: str, value: object, message: str) -> None:
    with pytest.raises(pytest.UsageError) as caught:
        override(EmidConfig(), "line", **{key: value})
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("given", "seconds"), [("600", 600), ("90s", 90), ("10min", 600), ("1 h", 3600), (5, 5), (0, 0)]
)
def test_a_time_is_in_seconds_unless_it_says_so(given: object, seconds: float) -> None:
    assert override(EmidConfig(), "line", wait_for_server=given).wait_for_server == seconds


def test_a_family_shares_the_error_rate() -> None:
    assert EmidConfig().gate_confidence == 0.95
    assert EmidConfig(family=10).gate_confidence == pytest.approx(0.995)


def item(*markers: pytest.Mark) -> Any:
    return SimpleNamespace(nodeid="test_x.py::test_y", iter_markers=lambda name: iter(markers))


def test_the_closest_marker_wins_keyword_by_keyword() -> None:
    closest, farther = pytest.mark.emid(limit=0).mark, pytest.mark.emid(limit=9, seed=4).mark
    config = from_item(override(EmidConfig(), "line", limit=50, undecided="warn"), item(closest, farther))
    assert config.describe("limit") == "0 (marker)"
    assert config.describe("seed") == "4 (marker)"
    assert config.describe("undecided") == "warn (--emid-undecided)"


@pytest.mark.parametrize(
    ("mark", "message"),
    [
        (
            pytest.mark.emid(limt=3),
            "test_x.py::test_y: @pytest.mark.emid: emid() got an unexpected keyword argument 'limt'. "
            "Its keywords: limit, seed, repeat, undecided, confidence, family, allow_problems, blind, unanswered.",
        ),
        (
            pytest.mark.emid(200),
            "test_x.py::test_y: @pytest.mark.emid: emid() takes 0 positional arguments but 1 was given. "
            "Its keywords: limit, seed, repeat, undecided, confidence, family, allow_problems, blind, unanswered.",
        ),
        (
            pytest.mark.emid(undecided="maybe"),
            "marker emid(undecided=...) of test_x.py::test_y: 'maybe' is not legal. Legal: fail, xfail or warn.",
        ),
        (
            pytest.mark.emid(unanswered=True),
            "marker emid(unanswered=...) of test_x.py::test_y: True is not legal. Legal: fail or allow.",
        ),
    ],
)
def test_a_wrong_marker_is_a_usage_error(mark: pytest.MarkDecorator, message: str) -> None:
    with pytest.raises(pytest.UsageError) as caught:
        from_item(EmidConfig(), item(mark.mark))
    assert str(caught.value) == message


def test_the_marker_line_is_the_signature_that_validates() -> None:
    keywords = list(marker_options())
    assert MARKER_LINE.startswith(f"emid(*, {', '.join(f'{name}=None' for name in keywords)}): ")
    assert all(f" {name}: " in MARKER_LINE for name in keywords)
