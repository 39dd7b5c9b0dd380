"""Token scores from a server."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from cache_doubles import make_samples
from hypothesis import given
from hypothesis import strategies as st
from scripted_server import completion, serving

from pytest_emid.cache import Cache
from pytest_emid.errors import ModelError
from pytest_emid.models import OpenAIServerModel, Outcome, TokenScores
from pytest_emid.models.server.logprobs import least_entropy


@given(st.lists(st.floats(1e-6, 1.0), min_size=1, max_size=12), st.integers(1, 12), st.integers(0, 11))
def test_the_least_entropy_is_never_above_the_entropy(weights: list[float], top: int, drawn: int) -> None:
    p = np.sort(np.array(weights))[::-1]
    p /= p.sum()
    logs = np.log(p)
    entropy = float(-(p * logs).sum())
    other = float(logs[drawn]) if top <= drawn < len(p) else None
    assert least_entropy(logs[:top].tolist(), other) <= entropy + 1e-9


def test_the_least_entropy_is_tight() -> None:
    quarter = math.log(0.25)
    assert least_entropy([math.log(0.5), quarter]) == pytest.approx(1.5 * math.log(2))  # 1/2, 1/4, 1/4
    assert least_entropy([quarter]) == pytest.approx(math.log(4))  # four alike
    assert least_entropy([0.0]) == 0.0
    assert least_entropy([], other=0.0) == 0.0
    assert least_entropy([-9999.0]) == 0.0  # how OpenAI says that a token is very unlikely


def scored(text: str, tokens: list[dict[str, Any]] | None, reason: str = "stop") -> dict[str, Any]:
    body = completion(text, reason=reason)
    body["choices"][0]["logprobs"] = None if tokens is None else {"content": tokens}
    return body


def token(text: str, logprob: float, **top: float) -> dict[str, Any]:
    listed = [{"token": key, "logprob": value, "bytes": None} for key, value in top.items()]
    return {"token": text, "logprob": logprob, "bytes": None, "top_logprobs": listed}


HALF, QUARTER = math.log(0.5), math.log(0.25)


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("openai")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def test_they_are_asked_for_and_kept() -> None:
    tokens = [token("a", HALF, a=HALF, b=QUARTER), token("c", QUARTER, x=HALF)]
    samples = make_samples(2)
    with serving(lambda question, count: scored("ac", tokens, "length")) as server, Cache(None) as cache:
        model = OpenAIServerModel("m", base_url=server.url, scores=True, top_logprobs=2)
        found = cache.respond(model, samples)
        assert cache.respond(model, samples) == found
        assert sum(server.asked.values()) == 2
        assert {(body["logprobs"], body["top_logprobs"]) for body in server.bodies} == {(True, 2)}
        plain = OpenAIServerModel("m", base_url=server.url)
        assert plain.fingerprint == model.fingerprint
        assert cache.respond(plain, samples) == found
        cache.respond(plain, [samples[0].with_(question="another")])
        assert "logprobs" not in server.bodies[-1]
    assert {(response.text, response.outcome, response.entropy) for response in found} == {
        ("ac", Outcome.TRUNCATED, 0.0)
    }
    scores = found[0].scores
    assert scores.log_probabilities == (HALF, QUARTER)
    assert scores.entropies == pytest.approx((1.5 * math.log(2), 1.5 * math.log(2)))
    assert not scores.exact


def test_without_the_most_likely_tokens_there_are_no_entropies() -> None:
    with serving(lambda question, count: scored("a", [token("a", 1e-9)])) as server:
        model = OpenAIServerModel("m", base_url=server.url, scores=True, top_logprobs=0)
        [(_, response)] = model.respond(make_samples(1))
    assert response.scores == TokenScores((0.0,), exact=False)


@pytest.mark.parametrize("tokens", [None, []])
def test_a_server_that_tells_none_ends_the_run(tokens: Any) -> None:
    with serving(lambda question, count: scored("a", tokens)) as server:
        model = OpenAIServerModel("m", base_url=server.url, scores=True)
        with pytest.raises(ModelError) as caught:
            list(model.respond(make_samples(3)))
        assert str(caught.value) == (
            f"{server.url}, model 'm': it tells no log-probabilities of its tokens. Leave scores out, or ask a server "
            "that does."
        )


def test_scores_that_make_no_sense_are_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_emid.models.server.chat.PAUSE", 0.01)
    bad = scored("a", [{**token("a", 0.0), "logprob": "x"}])
    with serving(lambda question, count: bad if count == 1 else scored("a", [token("a", HALF, a=HALF)])) as server:
        [(_, response)] = OpenAIServerModel("m", base_url=server.url, scores=True).respond(make_samples(1))
    assert response.scores.log_probabilities == (HALF,)
    assert set(server.asked.values()) == {2}


def test_draws_are_asked_with_other_seeds() -> None:
    model = OpenAIServerModel("m", base_url="http://a/v1", temperature=1.0, seed=5, draws=3)
    assert [model.redrawn(number).seed for number in range(3)] == [5, 6, 7]
    assert len({model.redrawn(number).fingerprint for number in range(3)}) == 3
    assert model.redrawn(0).fingerprint == model.fingerprint
    assert model.redrawn(2).usage is model.usage
    assert OpenAIServerModel("m", base_url="http://a/v1", temperature=1.0, draws=3).redrawn(2).seed is None


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"top_logprobs": -1}, "top_logprobs is -1; it must be at least 0."),
        ({"draws": 0}, "draws is 0; it must be at least 1."),
        ({"draws": 2}, "draws is 2, but at temperature 0 answers to a query are alike. Raise it, or draw 1."),
    ],
)
def test_settings_out_of_range(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError) as caught:
        OpenAIServerModel("m", **settings)
    assert str(caught.value) == message
