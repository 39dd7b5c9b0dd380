"""Gates on metrics, on the likelihood and on several measures at once."""

from __future__ import annotations

import json
import math

import pytest
from emid_factory import make_result

from pytest_emid.information.intervals.rates import rate_contrast
from pytest_emid.measuring.metrics.base import MetricError
from pytest_emid.measuring.metrics.measured import clusters_of
from pytest_emid.measuring.metrics.measures import as_measures
from pytest_emid.measuring.metrics.registry import LIBRARY
from pytest_emid.measuring.metrics.scoring import compared
from pytest_emid.measuring.results import EmidResult, Obstacle
from pytest_emid.measuring.verdicts import UndecidedWarning, Verdict
from pytest_emid.plugin.metric_gates import (
    assert_likelihood_drop_below,
    assert_metric_drop_below,
    assert_metric_retained,
)
from pytest_emid.plugin.robust import assert_robust


def said(right: int, n: int = 300, **options):
    """All answers right on clean data, the first `right` of them on shifted data."""
    answers = [f"answer {i}" if i < right else f"wrong {i}" for i in range(n)]
    return make_result(n=n, retained=right / n, responses=answers, **options)


def with_metric(result: EmidResult, name: str, clean, shifted, unit: str = "score") -> EmidResult:
    from dataclasses import replace

    found = compared(name, clean, shifted, clusters_of(result), result.paired, 0.95, unit)
    return replace(result, metrics={**result.metrics, name: found})


def undecided(call) -> str:
    with pytest.warns(UndecidedWarning) as caught:
        call()
    return str(caught[0].message)


def test_three_verdicts_of_a_metric_of_the_library_that_nobody_configured():
    assert assert_metric_retained(said(295), "exact", 0.9).verdict is Verdict.PASS
    assert assert_metric_drop_below(said(295), "exact", 0.1).verdict is Verdict.PASS
    with pytest.raises(AssertionError, match=r"^FAIL: exact retained under defocus_blur:3 is 66\.7 %"):
        assert_metric_retained(said(200), "exact", 0.9)
    with pytest.raises(AssertionError, match=r"^FAIL: drop of exact under defocus_blur:3 is "):
        assert_metric_drop_below(said(200), "exact", 0.1)
    with pytest.raises(AssertionError, match=r"^UNDECIDED: exact retained under defocus_blur:3 is 91"):
        assert_metric_retained(said(275), "exact", 0.9)


def test_the_verdict_is_that_of_the_clustered_contrast():
    result = said(270)
    decision = assert_metric_retained(result, "exact", 0.5)
    clean, shifted = [1.0] * 300, [1.0] * 270 + [0.0] * 30
    contrast = rate_contrast(clean, shifted, 0.5, clusters_of(result)[0])
    assert contrast.low > 0.0
    assert decision.estimate.value == pytest.approx(0.9)
    assert decision.estimate.clusters == 100


def test_a_failure_tells_the_flips_and_the_samples():
    with pytest.raises(AssertionError) as caught:
        assert_metric_retained(said(200), "exact", 0.9)
    message = str(caught.value)
    assert "100 right to wrong, 0 wrong to right" in message
    assert "1. s200, conversation: contribution +0.9" in message


def test_what_forbids_every_pass_forbids_this_one():
    result = said(300, obstacles=(Obstacle("The cat sat on it."),))
    message = undecided(lambda: assert_metric_retained(result, "exact", 0.9, undecided="warn"))
    assert message.endswith("The cat sat on it.")
    crowd = said(300, per_cluster=100)
    assert "samples share one cluster" in undecided(
        lambda: assert_metric_retained(crowd, "exact", 0.9, undecided="warn")
    )


def test_a_mean_of_nothing_cannot_be_retained():
    result = with_metric(said(300), "mine", [0.0] * 300, [0.0] * 300)
    message = undecided(lambda: assert_metric_retained(result, "mine", 0.9, undecided="warn"))
    assert "On clean data the mean of mine is 0, not clearly above 0 at this n" in message


def test_a_limit_that_nothing_could_exceed_passes_nothing():
    few = [1.0] * 12 + [0.0] * 288
    result = with_metric(said(300), "mine", few, few)
    message = undecided(lambda: assert_metric_drop_below(result, "mine", 0.05, undecided="warn"))
    assert message.endswith(
        "On clean data the mean of mine is 0.04, no more than the 0.05 that may be lost: nothing could fail."
    )
    assert assert_metric_drop_below(result, "mine", 0.03).verdict is Verdict.PASS
    below = with_metric(said(300), "mine", [-1.0] * 300, [-1.0] * 300)  # no score from 0 up
    assert assert_metric_drop_below(below, "mine", 0.05).verdict is Verdict.PASS


def test_unpaired_sets_are_compared_by_their_means():
    assert assert_metric_retained(said(290, paired=False), "exact", 0.9).verdict is Verdict.PASS
    with pytest.raises(AssertionError, match=r"^FAIL"):
        assert_metric_retained(said(200, paired=False), "exact", 0.9)


def test_the_likelihood_has_a_limit_in_nats():
    base = [-1.0 - 0.01 * (i % 7) for i in range(300)]
    result = with_metric(said(300), "likelihood", base, [b - 0.3 - 0.1 * (i % 3) for i, b in enumerate(base)], "nats")
    assert assert_likelihood_drop_below(result, 0.5).verdict is Verdict.PASS
    with pytest.raises(AssertionError, match=r"^FAIL: drop of likelihood"):
        assert_likelihood_drop_below(result, 0.3)


def test_robust_passes_only_where_all_pass_and_names_what_does_not():
    good = said(295)
    assert assert_robust(good, 0.1, measures="retained, exact, token_f1").verdict is Verdict.PASS
    bad = with_metric(good, "mine", [1.0] * 300, [1.0] * 200 + [0.0] * 100)
    with pytest.raises(AssertionError) as caught:
        assert_robust(bad, 0.1, measures=["retained", "exact", "mine"])
    assert str(caught.value).startswith("FAIL: robust by mine retained under defocus_blur:3 is 66.7 %")
    assert "Of retained, exact, mine: mine FAIL." in str(caught.value)
    assert assert_robust(bad, 0.1, measures={"exact": None, "mine": 0.5}).verdict is Verdict.PASS


def test_robust_fails_at_the_level_that_all_measures_share():
    """A loss that is beyond the limit by itself and not among many leaves it undecided."""
    result = said(244)
    with pytest.raises(AssertionError, match=r"^FAIL"):
        assert_metric_retained(result, "exact", 0.9)
    many = "exact, contains, character_accuracy, token_f1, chrf"
    message = undecided(lambda: assert_robust(result, 0.1, measures=many, undecided="warn"))
    assert message.startswith("UNDECIDED: robust by exact retained")
    assert "Beyond the limit by itself, but not at the level that 5 measures share." in message


def test_flips_and_values_travel_as_plain_data():
    result = with_metric(said(290), "mine", [1.0] * 300, [0.0] + [1.0] * 299)
    again = EmidResult.from_dict(json.loads(json.dumps(result.to_dict())))
    assert again.metrics == dict(result.metrics)
    assert (again.metrics["mine"].lost, again.metrics["mine"].gained) == (1, 0)


RESULT = said(300)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: assert_metric_retained(RESULT, "mine", 0.9),
            MetricError,
            "defocus_blur:3 was not measured with a metric 'mine'; configured: none (fixture emid_metrics); of the "
            f"library, which need no configuring: {', '.join(LIBRARY)}.",
        ),
        (
            lambda: assert_metric_retained(RESULT, "exact", 1.5),
            ValueError,
            "at_least=1.5 is not legal. Legal: above 0 and at most 1.",
        ),
        (
            lambda: assert_metric_drop_below(RESULT, "exact", -0.1),
            ValueError,
            "threshold=-0.1 is not legal. Legal: at least 0.",
        ),
        (
            lambda: assert_metric_drop_below(3, "exact", 0.1),  # type: ignore[arg-type]
            TypeError,
            "assert_metric_drop_below takes the result of measure_emid, not int.",
        ),
        (
            lambda: assert_likelihood_drop_below(RESULT, 0.1),
            MetricError,
            "defocus_blur:3 was measured without the likelihood of the references: name it in emid_measures (ini, "
            "fixture or --emid-measures), such as likelihood:0.5, and use a model that can score a given text.",
        ),
        (
            lambda: assert_robust(RESULT, measures="emid"),
            ValueError,
            "emid_measures: the critic 'ridge' is not in nats, so that there is no share of EMID to limit. Leave emid "
            "out, or measure with --emid-critic=witness.",
        ),
        (
            lambda: as_measures("likelihood"),
            MetricError,
            "emid_measures: likelihood needs a limit of its own, in nats an answer: likelihood:0.5.",
        ),
        (
            lambda: as_measures({"exact": 1.5}),
            MetricError,
            "emid_measures: exact may lose a share of its clean value, from 0 to below 1, not 1.5.",
        ),
        (lambda: as_measures("exact:many"), MetricError, "emid_measures: 'many' is no limit. Give a number from 0 up."),
        (
            lambda: as_measures([]),
            MetricError,
            "emid_measures are names of measures, such as 'retained, anls, likelihood:0.5', or a dict of name to "
            "limit, not {}.",
        ),
        (lambda: as_measures({"a b": None}), MetricError, "emid_measures: 'a b' is no name of a measure."),
    ],
)
def test_refused(call, error, message):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == message


def test_a_width_of_its_own_for_scores_beyond_one():
    result = said(300)
    found = compared("mine", [3.0] * 300, [3.0] * 299 + [1.0], clusters_of(result), True, 0.95)
    assert (found.width, found.lost) == (2.0, None)
    assert found.drop.se == pytest.approx(math.hypot(2 / 300, 2 / 300), rel=0.01)
