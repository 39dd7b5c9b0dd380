"""What a run would ask, put together from what its tests would ask."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_emid.cache.pace import Pace
from pytest_emid.cache.spread import Measured
from pytest_emid.information.intervals.power import samples_for_loss
from pytest_emid.measuring.format import amount, duration
from pytest_emid.measuring.plan import Forecast, Need, Plan, Row
from pytest_emid.plugin.reports.plan import forecast_line


def key(number: int) -> bytes:
    return number.to_bytes(8, "big") * 4


def need(label: str, kept: range, missing: range, model: str = "m", **changes: Any) -> dict[str, Any]:
    options: dict[str, Any] = {"pace": Pace(10, 5.0, 1000, 100), "prices": None, **changes}
    made = Need.of(
        model=model,
        fingerprint=f"f:{model}",
        dataset="d",
        content=f"c:{label}",
        label=label,
        keys=(map(key, kept), map(key, missing)),
        **options,
    )
    return made.to_dict()


def plan(*needs: dict[str, Any]) -> Plan:
    made = Plan()
    made.add(needs)
    return made


def test_a_set_counts_once_and_so_does_an_answer_that_two_sets_share() -> None:
    made = plan(
        need("blur:10", range(5), range(10, 20)),
        need("blur:2", range(5), range(15, 25)),
        need("clean", range(30), range(0)),
        need("blur:2", range(5), range(15, 25)),
    )
    assert made.rows() == [
        Row("m", "d", "clean", 30, 0),
        Row("m", "d", "blur:2", 5, 10),
        Row("m", "d", "blur:10", 5, 10),
    ]
    assert made.totals() == (30, 15)
    assert made.seconds() == pytest.approx(15 * 0.5)
    assert made.cost() is None


def test_the_same_question_to_two_models_is_two() -> None:
    made = plan(need("clean", range(2), range(2, 10)), need("clean", range(2), range(2, 10), model="n"))
    assert made.totals() == (4, 16)


def test_an_unknown_pace_makes_the_time_unknown_unless_nothing_is_asked() -> None:
    known = need("clean", range(2), range(2, 10))
    assert plan(known, need("clean", range(0), range(3), model="n", pace=None)).seconds() is None
    assert plan(known, need("clean", range(3), range(0), model="n", pace=None)).seconds() == pytest.approx(4.0)


def test_costs_are_those_of_models_with_prices() -> None:
    free, paid = need("clean", range(0), range(10)), need("clean", range(0), range(10), model="n", prices=(10.0, 50.0))
    assert plan(free, paid).cost() == pytest.approx(10 * 0.0015)
    unknown = need("clean", range(0), range(10), model="o", prices=(10.0, 50.0), pace=None)
    assert plan(free, paid, unknown).cost() is None
    assert plan(free, paid, unknown).is_priced
    assert not plan(free).is_priced


def test_a_plan_is_plain_data() -> None:
    assert plan(need("clean", range(3), range(3, 5))).to_dict() == {
        "sets": [{"model": "m", "dataset": "d", "label": "clean", "cached": 3, "to_ask": 2}],
        "cached": 3,
        "to_ask": 2,
        "seconds": 1.0,
        "cost": None,
        "sizes": [
            {
                "model": "m",
                "dataset": "d",
                "loss": loss,
                "samples": samples,
                "gates": 0,
                "answers": samples,
                "seconds": samples * 0.5,
                "cost": None,
                "is_measured": False,
                "held": 5,
            }
            for loss, samples in ((0.2, 60), (0.1, 82), (0.05, 170))
        ],
    }


def test_gates_are_sized_by_the_spread_of_the_clean_scores_for_each_model() -> None:
    priced = {"prices": (1.0, 2.0), "measured": Measured(1.04, 30.0, 4.0)}
    made = plan(
        need("clean", range(100), range(0), **priced),
        need("blur:1", range(0), range(100), **priced),
        need("blur:2", range(0), range(100), **priced),
        need("clean", range(0), range(100), model="n", pace=None),
    )
    sizes = [size for size in made.sizes() if size.model == "m"]
    assert [size.samples for size in sizes] == [60, samples_for_loss(0.1, 1.04), samples_for_loss(0.05, 1.04)]
    assert [size.answers for size in sizes] == [3 * size.samples for size in sizes]
    assert all(size.is_measured and size.gates == 2 and size.held == 100 for size in sizes)
    # two scenarios: the first takes 30 s beyond asking, the second 4 s
    assert [size.seconds for size in sizes] == [size.answers * 0.5 + 34.0 for size in sizes]
    assert all(size.cost is not None for size in sizes)
    alone = plan(need("clean", range(100), range(0), **priced), need("blur:1", range(0), range(100), **priced))
    assert alone.seconds() == 100 * 0.5 + 30.0
    others = [size for size in made.sizes() if size.model == "n"]
    assert [(size.seconds, size.is_measured) for size in others] == [(None, False)] * 3


@pytest.mark.parametrize(
    ("forecast", "words"),
    [
        (Forecast(0, 60, None), "0 answers cached, 60 to ask, time unknown: nothing was measured yet"),
        (Forecast(1200, 60, Pace(10, 20.0)), "1,200 answers cached, 60 to ask, about 2.0 min"),
        (
            Forecast(0, 10, Pace(10, 20.0, 1e6, 0), (1.5, 2.0)),
            "0 answers cached, 10 to ask, about 20 s, cost about 1.5",
        ),
        (Forecast(0, 10, Pace(10, 20.0), (1.5, 2.0)), "0 answers cached, 10 to ask, about 20 s"),
    ],
)
def test_a_forecast_is_one_line(forecast: Forecast, words: str) -> None:
    assert forecast_line("blur:3\n", "m\x1b[1m", forecast) == f"emid: blur:3\\n on m\\x1b[1m: {words}"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0, "0.0 s"),
        (3.21, "3.2 s"),
        (80.0, "80 s"),
        (150.0, "2.5 min"),
        (59 * 60.0, "59 min"),
        (89 * 60.0, "89 min"),
        (5400.0, "1.5 h"),
        (200_000.0, "2.3 d"),
    ],
)
def test_durations_have_two_digits(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(("cost", "words"), [(0.0312, "0.031"), (1.25, "1.2"), (42.0, "42"), (1234.0, "1,200")])
def test_amounts_have_two_digits(cost: float, words: str) -> None:
    assert amount(cost) == words
