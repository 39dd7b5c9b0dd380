"""A judge behind a server, by the same client as any model: both orders, failures typed and counted, asked once."""

from __future__ import annotations

import re
from typing import Any

import pytest
from cache_doubles import make_samples
from scripted_server import completion, serving

from pytest_emid.cache import Cache
from pytest_emid.measuring.judging import Judge, Problem
from pytest_emid.models import OpenAIServerModel, Response

pytest.importorskip("openai")

SAMPLES = [sample.with_(reference="a reference") for sample in make_samples(40)]
RESPONSES = [Response(f"answer {i}") for i in range(40)]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.01)
    monkeypatch.setattr("openai._base_client.MAX_RETRY_DELAY", 0.02)


def verdict(prompt: str, count: int) -> Any:
    """8 for the answer and 4 for the reference, plus one for whichever comes first; three samples go wrong."""
    first, second = re.search(r"answer A\n(.*)\n===== answer B\n(.*)\n=====\n", prompt, re.DOTALL).groups()
    asked = int((first if first.startswith("answer") else second).split()[1])
    if asked == 3:
        return completion("Both are fine.")
    if asked == 5 and first == "a reference":
        return completion(None, reason="content_filter")
    if asked == 7:
        return 400
    a, b = (8 if text.startswith("answer") else 4 for text in (first, second))
    return completion(f"{a + 1} {b}\nThe first is better.")


def test_scores_both_orders_and_asks_once() -> None:
    with serving(verdict) as server, Cache(None) as cache:
        judge = Judge(OpenAIServerModel("m", base_url=server.url, concurrency=4), allowed_problems=0.1)
        found = judge.judge(cache, SAMPLES, RESPONSES)
        assert len(server.asked) == 80  # both orders of every sample
        assert set(server.asked.values()) == {1}
        pictures = {body["messages"][-1]["content"][0]["image_url"]["url"] for body in server.bodies}
        assert len(pictures) == 40
        again = judge.judge(cache, SAMPLES[:7], RESPONSES[:7])  # all but the one whose requests fail
        assert set(server.asked.values()) == {1}
    assert [item.said for item in again.items] == [item.said for item in found.items[:7]]
    assert found.problems == {"unparsed": 1, "refused": 1, "failed": 1}
    assert [found.items[i].problem for i in (3, 5, 7)] == [Problem.UNPARSED, Problem.REFUSED, Problem.FAILED]
    assert {(item.response, item.reference) for item in found.items if item.problem is None} == {(8.5, 4.5)}
    preference, rate = found.relative_preference(), found.win_rate()
    assert preference.value == pytest.approx(8.5 / 4.5)
    assert preference.low <= preference.value <= preference.high
    assert (rate.wins, rate.ties, rate.losses, rate.rate.n) == (37, 0, 0, 37)
    assert rate.rate.low <= 1.0 <= rate.rate.high
