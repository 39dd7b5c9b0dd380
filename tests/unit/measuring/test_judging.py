"""The judge."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from cache_doubles import make_samples

from pytest_emid.cache import Cache
from pytest_emid.errors import EstimationError, ModelError
from pytest_emid.measuring.judging import Judge, Problem, parse_scores
from pytest_emid.models import CallableModel, Outcome, Response


def judging(score, bias: float = 0.0) -> CallableModel:
    """A judge that scores each answer by a function, and likes whichever comes first."""

    def reply(image, prompt: str) -> str | Response:
        first, second = re.search(r"answer A\n(.*)\n===== answer B\n(.*)\n=====\n", prompt, re.DOTALL).groups()
        a, b = score(first), score(second)
        fixed = [score for score in (a, b) if isinstance(score, Response)]
        return fixed[0] if fixed else f"{a + bias:g} {b:g}\nBecause."

    return CallableModel(reply, per_sample=True, name="judge")


def length(text: str) -> float:
    return float(len(text))


SAMPLES = [sample.with_(reference="four", cluster=f"c{i % 6}") for i, sample in enumerate(make_samples(12))]
RESPONSES = [Response("x" * (1 + i % 8)) for i in range(12)]


def test_scores_are_means_over_both_orders() -> None:
    found = Judge(judging(length, bias=1.0)).judge(Cache(None), SAMPLES, RESPONSES)
    assert [item.response for item in found.items] == [len(r.text) + 0.5 for r in RESPONSES]
    assert {item.reference for item in found.items} == {4.5}
    assert [item.id for item in found.items] == [sample.id for sample in SAMPLES]
    assert found.problems == {}


def test_an_answer_that_names_a_place_for_a_picture_has_none() -> None:
    seen: list[str] = []

    def noted(text: str) -> float:
        seen.append(text)
        return 5.0

    (sample,) = SAMPLES[:1]
    said = [Response("It is <image 2>, not <image>.")]
    Judge(judging(noted)).judge(Cache(None), [sample.with_(reference="<image>")], said)
    assert sorted(set(seen)) == ["", "It is , not ."]


def test_preference_and_win_rate() -> None:
    found = Judge(judging(length)).judge(Cache(None), SAMPLES, RESPONSES)
    ratios = [len(r.text) / 4 for r in RESPONSES]
    preference = found.relative_preference()
    assert preference.value == pytest.approx(sum(ratios) / 12)
    assert preference.low < preference.value < preference.high
    assert preference.clusters == 6
    assert found.ratio_of_sums().value == pytest.approx(sum(ratios) / 12)
    rate = found.win_rate()
    assert (rate.wins, rate.ties, rate.losses) == (4, 2, 6)


def test_a_judgement_costs_once() -> None:
    calls = []
    model = CallableModel(lambda image, prompt: calls.append(prompt) or "5 5", per_sample=True)
    with Cache(None) as cache:
        first = Judge(model).judge(cache, SAMPLES, RESPONSES)
        assert len(calls) == 24
        assert Judge(model).judge(cache, SAMPLES, RESPONSES) == first
        assert len(calls) == 24
        Judge(model).judge(cache, SAMPLES, [*RESPONSES[:-1], Response("another")])
        assert len(calls) == 26


def test_the_prompt() -> None:
    prompts = []
    model = CallableModel(lambda image, prompt: prompts.append(prompt) or "5 5", per_sample=True)
    sample = SAMPLES[0].with_(question="What {first}?", reference="{second} \\1")
    Judge(model, context={"s0": "A dog."}).judge(Cache(None), [sample], [Response("{context}")])
    assert "===== question\nWhat {first}?\n===== answer A\n{second} \\1\n===== answer B\n{context}\n" in prompts[0]
    assert "===== answer A\n{context}\n===== answer B\n{second} \\1\n" in prompts[1]
    assert all("\n\nWhat the picture shows: A dog.\n" in prompt for prompt in prompts)


class TestProblems:
    @pytest.mark.parametrize(
        ("reply", "problem"),
        [
            (Response("I like both."), Problem.UNPARSED),
            (Response("No.", Outcome.REFUSED), Problem.REFUSED),
            (Response("", Outcome.FAILED, error="timeout"), Problem.FAILED),
        ],
    )
    def test_are_typed_and_counted(self, reply: Response, problem: Problem) -> None:
        model = judging(lambda text: reply if text == "xx" else 5)
        found = Judge(model, allowed_problems=0.5).judge(Cache(None), SAMPLES, RESPONSES)
        assert [item.problem for item in found.items].count(problem) == 2
        assert found.problems == {str(problem): 2}
        assert found.relative_preference().n == 10

    def test_too_many_end_the_estimate(self) -> None:
        model = judging(lambda text: Response("I like both.") if text == "xx" else 5)
        found = Judge(model).judge(Cache(None), SAMPLES, RESPONSES)
        with pytest.raises(EstimationError) as caught:
            found.win_rate()
        said = found.items[1].said[0]
        assert str(caught.value) == (
            "the judge gave no scores for 2 of 12 samples (2 unparsed), more than the allowed 5%. "
            f"For sample 's1' it said {said[:80]!r}. Use a better judge or another prompt."
        )


@pytest.mark.parametrize(
    ("text", "scores"),
    [
        ("7 8\nBecause", (7, 8)),
        ("  7.5,10", (7.5, 10)),
        ("7; 8\n", (7, 8)),
        ("8/10\n9/10", None),
        ("8/10", None),
        ("9 9.", (9, 9)),
        ("0 5", None),
        ("11 5", None),
        ("7", None),
        ("Scores: 7 8", None),
        ("7 8 9", None),
        ("7 8 because", None),
        ("", None),
    ],
)
def test_parsing(text: str, scores: tuple[float, float] | None) -> None:
    assert parse_scores(text) == scores


def test_errors() -> None:
    with pytest.raises(ModelError) as caught:
        Judge(judging(length)).judge(Cache(None), SAMPLES, RESPONSES[:3])
    assert str(caught.value) == "there are 3 responses for 12 samples; judge one for each."
    failed = [*RESPONSES[:-1], Response("", Outcome.FAILED, error="timeout")]
    with pytest.raises(ModelError) as caught:
        Judge(judging(length)).judge(Cache(None), SAMPLES, failed)
    assert str(caught.value) == (
        "there is no answer of sample 's11' to judge: asking for it failed (timeout). "
        "Ask the model again; the answers that it gave are cached."
    )
    with pytest.raises(ModelError) as caught:
        Judge(judging(length), prompt="{question}")
    assert str(caught.value) == "the judge's prompt lacks {first}, {second}."
    for share in (-0.1, 1.5, float("nan")):
        with pytest.raises(ModelError) as caught:
            Judge(judging(length), allowed_problems=share)
        assert str(caught.value) == f"allowed_problems is {share}; it is a share of the samples, from 0 to 1."


@pytest.mark.skipif("EMID_REFERENCE" not in os.environ, reason="EMID_REFERENCE is not set")
def test_real_reviews_parse() -> None:
    folder = Path(os.environ["EMID_REFERENCE"]) / "llavabench" / "published_results"
    reviews = [
        json.loads(line) for path in folder.glob("wild_reviews_*.jsonl") for line in path.read_text().splitlines()
    ]
    assert len(reviews) == 120
    for review in reviews:
        assert parse_scores(review["content"]) == tuple(review["tuple"])
