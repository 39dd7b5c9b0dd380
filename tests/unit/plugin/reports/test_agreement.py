"""How measures move together over the scenarios of a run."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from emid_factory import make_result
from scipy.stats import pearsonr, spearmanr

from pytest_emid.measuring.metrics.judged import Judged, JudgedSide
from pytest_emid.measuring.metrics.measured import metric_of
from pytest_emid.measuring.results import EmidResult
from pytest_emid.plugin.reports.agreement import agreement, preference_lines, table

N = 60


def scenario(number: int, likes: float = 0.0, **options) -> EmidResult:
    """The higher its number, the more is lost; `likes` is what the judge takes off."""
    answers = [f"answer {i}" if i > 4 * number else f"wrong {i}" for i in range(N)]
    made = make_result(
        f"blur:{number}",
        n=N,
        retained=1 - number / 10,
        emid=0.1 * (number if number != 3 else 9),
        responses=answers,
        **options,
    )
    made = replace(made, metrics={"f1": metric_of(made, "token_f1")})
    if not likes:
        return made
    sides = [JudgedSide((8.0 - drop,) * N, (8.0,) * N, 0, {}) for drop in (0.0, likes * number)]
    return replace(made, judged=Judged("strict", *sides))


def test_losses_by_rank_and_preference_by_value():
    results = [scenario(i, 0.5) for i in range(1, 7)]
    found = json.loads(json.dumps(agreement(results)))
    emid = [r.emid.value for r in results]
    assert found["scenarios"] == 6
    assert found["spearman"]["EMID / f1"] == pytest.approx(
        spearmanr(emid, [r.metrics["f1"].drop.value for r in results]).statistic
    )
    assert found["spearman"]["information lost / exact match"] == pytest.approx(1.0)
    assert not any("cosine" in pair for pair in found["spearman"])  # the same in all: nothing correlates with that
    lost = [r.judged.clean.log_preference - r.judged.shifted.log_preference for r in results]
    told = found["preference"]["EMID / loss of log-preference"]
    assert told["pearson"] == pytest.approx(pearsonr(emid, lost).statistic)
    assert told["low"] < told["pearson"] < told["high"]
    [line] = preference_lines(found)
    assert line.startswith(
        "Over 6 scenarios (Pearson, intervals as if they were independent): EMI with log-preference "
    )
    assert f"EMID with loss of log-preference {told['pearson']:.2f} [" in line


def test_the_table_has_each_pair_once():
    lines = list(table(agreement([scenario(i) for i in range(1, 7)])))
    assert lines[0] == "Rank correlation of the losses by each measure over 6 scenarios (Spearman):"
    assert lines[1].split("  ")[-1].strip() == "f1"
    assert [line.split("  ")[0] for line in lines[2:]] == ["EMID", "information lost", "exact match"]
    assert lines[3].split()[-2:] == ["1.00", "1.00"]


@pytest.mark.parametrize("results", [[], [scenario(i, 0.5) for i in range(1, 5)]])
def test_four_scenarios_are_no_study(results):
    assert agreement(results) == {}
    assert list(table({})) == list(preference_lines({})) == []


def test_another_seed_is_another_study():
    mixed = [*(scenario(i) for i in range(1, 6)), *(scenario(i, seed=1) for i in range(1, 4))]
    assert agreement(mixed)["scenarios"] == 5
