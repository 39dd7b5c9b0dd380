"""Which tests may stop early, what is looked at first, and what a search takes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from emid_factory import make_result

from pytest_emid.data import scenes_dataset
from pytest_emid.errors import ShiftError
from pytest_emid.information.intervals.estimate import Estimate
from pytest_emid.measuring.results import Sight
from pytest_emid.measuring.staging import Staged
from pytest_emid.measuring.verdicts import Decision, Direction, Verdict
from pytest_emid.plugin.config import KEYWORD, EmidConfig
from pytest_emid.plugin.looking import can_stop_early, first_to_decide
from pytest_emid.plugin.severities import _levels
from pytest_emid.plugin.smoke import cheapest_of_each_family
from pytest_emid.shifts import parse


@pytest.mark.parametrize(
    ("gates", "may"),
    [
        (set(), False),
        ({"assert_information_retained"}, True),
        ({"assert_robust", "assert_metric_retained"}, True),
        ({"assert_information_retained", "assert_bound_holds"}, False),
        ({"assert_no_regression"}, False),
    ],
)
def test_a_test_stops_early_where_every_gate_of_it_may(gates: set[str], may: bool) -> None:
    assert can_stop_early(gates) is may


def item(folder: str = "a", measures: bool = True, **params: Any) -> Any:
    return SimpleNamespace(
        path=Path(folder, "test_it.py"),
        keywords={KEYWORD: True} if measures else {},
        callspec=SimpleNamespace(params=params),
    )


def test_the_mildest_scenario_of_each_family_is_looked_at_first() -> None:
    other = scenes_dataset(30, stream="other")
    items = [
        item(shift="keyboard:3", at_least=0.9),
        item(shift=parse("defocus_blur:2")),
        item(shift="frost:1"),
        item(shift="identity"),
        item(shift="no shift at all"),
        item(shift="keyboard:2"),
        item(shift="frost:2+keyboard:1"),
        item(data=other),
        item("b", shift="keyboard:1"),
        item(shift="word_swap:1", measures=False),
        SimpleNamespace(path=Path("a/test_x.py"), keywords={KEYWORD: True}),
    ]
    for one in items:
        one.session = SimpleNamespace(items=items)
    found = cheapest_of_each_family(items[0])
    assert [getattr(scenario, "id", None) or scenario.name for scenario in found] == [
        "frost:2+keyboard:1",
        other.name,
        "keyboard:2",
        "frost:1",
    ]


def test_the_severities_of_a_shift() -> None:
    assert next(iter(_levels("keyboard(rates=published)").values())).id == "keyboard(rates=published):1"
    assert list(_levels("defocus_blur")) == [1, 2, 3, 4, 5]


LEGAL = "Give a shift without its severity, such as 'defocus_blur' or 'keyboard(rates=published)'."


@pytest.mark.parametrize("bad", ["defocus_blur:3", "frost+keyboard", None])
def test_what_has_its_severities_already_is_refused(bad: Any) -> None:
    with pytest.raises(ShiftError) as error:
        _levels(bad)
    assert str(error.value) == f"breaking_severity takes no {bad!r}. {LEGAL}"


def test_orders_are_no_severities() -> None:
    with pytest.raises(ShiftError) as error:
        _levels("option_rotation")
    assert str(error.value) == (
        "the levels of option_rotation are orders and no strengths, so that there is no severity up to which a model "
        "holds. Measure each, and gate on all: assert_right_in_all_orders."
    )


@pytest.mark.parametrize(
    ("again", "sights", "look"),
    [(True, (None, 0.9), 2), (False, (None, None), 1), (True, (0.9, 0.9), 1), (True, ("unmeasured", None), 1)],
    ids=["untold at first", "no question repeats", "told at once", "no guards"],
)
def test_an_early_look_passes_where_a_prior_is_told(again: bool, sights: tuple[Any, Any], look: int) -> None:
    def result(number: int) -> Any:
        made, seen = make_result(retained=0.99), sights[number - 1]
        if seen == "unmeasured":
            return replace(made, sight=None)
        return replace(made, sight=Sight({}, {}, (), 0.0, None, None, pictures=seen))

    def gate(found: Any, config: EmidConfig) -> Decision:
        estimate = Estimate(0.99, 0.95, 1.03, 0.02, 160, 60, unit="fraction")
        return Decision("retained", Verdict.PASS, "blur:1", estimate, 0.9, Direction.ABOVE, 0, "So.")

    staged = Staged((0.5, 1.0), 400, result, repeats_questions=again)
    decision, found = first_to_decide(staged, EmidConfig(), gate, by_information=True)
    assert (decision.verdict, decision.look) == (Verdict.PASS, look)
    assert found == result(look)
