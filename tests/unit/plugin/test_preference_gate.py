"""A judge's scores as a metric and as a gate."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from emid_factory import make_result
from PIL import Image

from pytest_emid.cache import Cache
from pytest_emid.data import Sample
from pytest_emid.information.paper.preference import relative_preference, win_rate
from pytest_emid.measuring.judging import Judge
from pytest_emid.measuring.metrics.base import MetricError
from pytest_emid.measuring.preferences import Preferences
from pytest_emid.measuring.results import EmidResult
from pytest_emid.measuring.verdicts import UndecidedWarning, Verdict
from pytest_emid.models import CallableModel, Outcome, Response
from pytest_emid.plugin.metric_gates import assert_metric_drop_below, assert_metric_retained
from pytest_emid.plugin.preference_gate import assert_preference_above
from pytest_emid.plugin.robust import assert_robust

N = 90
PICTURE = Image.new("RGB", (2, 2))
SAMPLES = [Sample(f"s{i}", PICTURE, f"question {i}?", f"answer {i}", cluster=f"c{i // 3}") for i in range(N)]


def judge(says, allowed: float = 0.05) -> Judge:
    """A judge that says what `says` makes of the sample's number and of whether the reference comes first."""

    def reply(image, prompt: str) -> str | Response:
        first, second = re.search(r"answer A\n(.*)\n===== answer B\n(.*)\n=====\n", prompt, re.DOTALL).groups()
        number = int(re.search(r"question (\d+)", prompt)[1])
        return says(number, "wrong" in first + second, first.startswith("answer"))

    return Judge(CallableModel(reply, per_sample=True, name="strict"), allowed_problems=allowed)


def judged(says, lost: int = 30, allowed: float = 0.05, **options) -> EmidResult:
    """All clean answers right; the first `lost` shifted ones wrong."""
    answers = [f"wrong {i}" if i < lost else f"Answer {i}" for i in range(N)]
    result = make_result(n=N, responses=answers, **options)
    clean = [Response(f"Answer {i}") for i in range(N)]
    with Cache(None) as cache:
        found = Preferences(judge(says, allowed), cache, 0.95)
        return found.added(result, (SAMPLES, clean), (SAMPLES, [Response(text) for text in answers]))


def fair(number: int, wrong: bool, reference_first: bool) -> str:
    told, true = 8 - number % 2 if not wrong else 4, 8
    return f"{true} {told}" if reference_first else f"{told} {true}"


def undecided(call) -> str:
    with pytest.warns(UndecidedWarning) as caught:
        call()
    return str(caught[0].message)


def test_scores_become_a_metric_by_sample():
    result = judged(fair)
    found = result.metrics["preference"]
    assert found.on_clean == tuple((8 - i % 2) / 8 for i in range(N))
    assert found.on_shifted == tuple(0.5 if i < 30 else (8 - i % 2) / 8 for i in range(N))
    assert found.drop.value == pytest.approx(30 * (15 / 16 - 0.5) / N)
    assert assert_metric_drop_below(result, "preference", 0.3).verdict is Verdict.PASS
    assert assert_robust(result, 0.4, measures="preference").verdict is Verdict.PASS
    with pytest.raises(AssertionError, match=r"^FAIL: preference retained under defocus_blur:3 is 84\.4 %"):
        assert_metric_retained(result, "preference", 0.95)


def test_relative_preference_and_win_rate_are_gated_with_clusters():
    result = judged(fair)
    told, true = result.judged.shifted.answer_scores, result.judged.shifted.reference_scores
    clusters = [sample.cluster for sample in SAMPLES]
    decision = assert_preference_above(result, 0.6)
    assert decision.verdict is Verdict.PASS
    assert decision.estimate == relative_preference(told, true, clusters)
    assert assert_preference_above(result, 0.9, side="clean").gate == "relative preference on clean data"
    with pytest.raises(AssertionError) as caught:
        assert_preference_above(result, 0.5, by="wins")
    message = str(caught.value)
    assert message.startswith("FAIL: win rate on shifted data under defocus_blur:3 is 16.7 %")
    assert (
        "note       0 preferred to the reference, 30 ties, 60 not, by strict; decided otherwise in the other" in message
    )
    assert "1. s0, conversation: contribution +0.5" in message
    assert win_rate(told, true, clusters).ties == 30


def test_orders_that_disagree_are_counted():
    def first_is_better(number: int, wrong: bool, reference_first: bool) -> str:
        return "8 7" if number < 20 else fair(number, wrong, reference_first)

    result = judged(first_is_better)
    assert (result.judged.clean.disagreements, result.judged.shifted.disagreements) == (20, 20)
    with pytest.raises(AssertionError, match="decided otherwise in the other order: 20 of 90"):
        assert_preference_above(result, 0.99)


def unparsed(share: int):
    def says(number: int, wrong: bool, reference_first: bool) -> str | Response:
        if number < share and wrong:
            return Response("No.", Outcome.REFUSED) if number % 2 else "I like both."
        return fair(number, wrong, reference_first)

    return says


def test_samples_without_scores_are_left_out_and_counted():
    result = judged(unparsed(4))
    assert result.judged.shifted.problems == {"unparsed": 2, "refused": 2}
    assert [i for i in range(N) if i not in result.judged.shifted.known] == [0, 1, 2, 3]
    assert result.metrics["preference"].drop.n == N - 4
    with pytest.raises(AssertionError, match="without scores: 2 refused, 2 unparsed"):
        assert_preference_above(result, 0.95)
    again = EmidResult.from_dict(json.loads(json.dumps(result.to_dict())))
    assert repr(again.judged) == repr(result.judged)
    assert repr(again.metrics) == repr(dict(result.metrics))


def test_too_many_without_scores_let_nothing_pass_that_rests_on_the_judge():
    result = judged(unparsed(20))
    reason = (
        "On defocus_blur:3 data the judge gave no scores for 20 of 90 samples (10 refused, 10 unparsed), more than the "
        "allowed 5%. For sample 's0' it said 'I like both.'. Use a better judge or another prompt."
    )
    for call in (
        lambda: assert_preference_above(result, 0.1, undecided="warn"),
        lambda: assert_metric_retained(result, "preference", 0.1, undecided="warn"),
    ):
        assert undecided(call).endswith(reason)
    assert assert_metric_retained(judged(unparsed(20), 2), "exact", 0.01).verdict is Verdict.PASS


def test_a_judge_that_says_the_same_of_all_does_not_judge():
    result = judged(lambda *_: "9 9\nGood.")
    message = undecided(lambda: assert_preference_above(result, 0.5, undecided="warn"))
    for side in ("clean", "defocus_blur:3"):
        assert f"On {side} data the judge gave all 90 answers the same scores ('9 9\\\\nGood.'): it does not" in message


def test_unpaired_sides_are_judged_each_for_itself():
    result = judged(unparsed(4), paired=False)
    assert result.metrics["preference"].drop.n > 0
    assert assert_preference_above(result, 0.5).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: assert_preference_above(make_result(), 0.5),
            MetricError,
            "defocus_blur:3 was measured without a judge: override the fixture emid_judge, with session scope, and "
            "return pytest_emid.Judge(model).",
        ),
        (
            lambda: assert_metric_retained(make_result(), "preference", 0.5),
            MetricError,
            "defocus_blur:3 has no judge's scores: override the fixture emid_judge, with session scope, and return "
            "pytest_emid.Judge(model).",
        ),
        (
            lambda: assert_preference_above(make_result(), 1.0, by="wins"),
            ValueError,
            "at_least=1.0 is not legal. Legal: above 0 and below 1.",
        ),
        (lambda: assert_preference_above(make_result(), 0), ValueError, "at_least=0 is not legal. Legal: above 0."),
        (
            lambda: assert_preference_above(make_result(), 0.5, by="likes"),  # type: ignore[arg-type]
            ValueError,
            "by='likes' is not legal. Legal: 'relative' or 'wins'.",
        ),
        (
            lambda: assert_preference_above(make_result(), 0.5, side="both"),  # type: ignore[arg-type]
            ValueError,
            "side='both' is not legal. Legal: 'shifted' or 'clean'.",
        ),
    ],
)
def test_refused(call, error, message):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == message


@pytest.mark.skipif("EMID_REFERENCE" not in os.environ, reason="EMID_REFERENCE does not name the reference data")
@pytest.mark.parametrize(("number", "mean_of_ratios", "of_sums"), [(1, 0.6886, 0.5911), (2, 0.5682, 0.5122)])
def test_published_reviews_reproduce_their_ratios(number: int, mean_of_ratios: float, of_sums: float):
    """GPT-4's own words, as a judge that says them, turned round where the answers are."""
    root = Path(os.environ["EMID_REFERENCE"]) / "llavabench" / "published_results"
    lines = (root / f"wild_reviews_{number}.jsonl").read_text("utf-8").splitlines()
    said = {i: json.loads(line)["content"] for i, line in enumerate(lines)}

    def gpt4(number: int, wrong: bool, reference_first: bool) -> str:
        scores, _, rest = said[number].partition("\n")
        return said[number] if reference_first else f"{' '.join(reversed(scores.split()))}\n{rest}"

    samples = SAMPLES[:60]
    responses = [Response(f"wrong {i}") for i in range(60)]
    result = make_result(n=60, responses=[response.text for response in responses])
    with Cache(None) as cache:
        result = Preferences(judge(gpt4), cache, 0.95).added(result, (samples, responses), (samples, responses))
    side = result.judged.shifted
    assert side.disagreements == 0
    assert side.problems == {}
    assert sum(side.answer_scores) / sum(side.reference_scores) == pytest.approx(of_sums, abs=5e-5)
    assert assert_preference_above(result, 0.25).estimate.value == pytest.approx(mean_of_ratios, abs=5e-5)
