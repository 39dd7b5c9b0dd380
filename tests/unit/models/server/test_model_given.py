"""The likelihood of given answers from a server's prompt log-probabilities."""

from __future__ import annotations

import re
from typing import Any

import pytest
from cache_doubles import make_samples
from scripted_server import completion, serving

from pytest_emid.cache import Cache
from pytest_emid.errors import ModelError, UnavailableError
from pytest_emid.measuring.likelihood import log_likelihoods
from pytest_emid.models import OpenAIFleetModel, OpenAIServerModel
from pytest_emid.models.scores import TokenScores

SAMPLES = [sample.with_(reference=f"a reference {i}") for i, sample in enumerate(make_samples(12))]
PROMPT = 7
"""Tokens before an answer."""
SENTENCE = (
    "it tells no log-probabilities of a given text (prompt_logprobs). Leave likelihood out of emid_measures, or ask a "
    "server that does, such as vLLM."
)


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("openai")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setattr("pytest_emid.models.server.chat.PAUSE", 0.01)


def pieces(text: str) -> list[str]:
    return re.findall(r"\s*\S+", text)


def logprob(piece: str) -> float:
    return -0.25 * len(piece.strip())


def like_vllm(body: dict[str, Any], tail: str = "") -> dict[str, Any]:
    """What vLLM says: one entry a token of the prompt, the token that is there first, and none of the very first."""
    said = body["messages"][-1]
    answer = [] if said["role"] == "user" else [*pieces(said["content"]), *([tail] if tail else [])]
    told = completion("x", reason="length")
    told["usage"] = {"prompt_tokens": PROMPT + len(answer), "completion_tokens": 1, "total_tokens": PROMPT + 1}
    if "prompt_logprobs" in body:
        entries: list[Any] = [None]
        for number, piece in enumerate([*["<q>"] * (PROMPT - 1), *answer]):
            there = {"logprob": logprob(piece), "rank": 2, "decoded_token": piece}
            entries.append({str(number): there, "999": {"logprob": -0.01, "rank": 1, "decoded_token": "likely"}})
        told["prompt_logprobs"] = entries
    return told


def test_every_reference_is_scored_token_by_token() -> None:
    with serving(lambda question, count: None) as server:
        server.by_body = like_vllm
        model = OpenAIServerModel("m", base_url=server.url, system="Be brief.", scores=True, generation={"top_p": 0.9})
        found = dict(model.score(SAMPLES, [sample.reference for sample in SAMPLES]))
        assert found[3] == TokenScores(tuple(map(logprob, ["a", "reference", "3"])), exact=False)
        assert sorted(found) == list(range(12))
    assert all(body["max_tokens"] == 1 and "logprobs" not in body and body["top_p"] == 0.9 for body in server.bodies)
    longer = [body for body in server.bodies if body["messages"][-1]["role"] == "assistant"]
    assert len(longer) == 12
    for body in longer:
        assert (body["prompt_logprobs"], body["continue_final_message"], body["add_generation_prompt"]) == (
            1,
            True,
            False,
        )
        assert [message["role"] for message in body["messages"]] == ["system", "user", "assistant"]


def test_likelihoods_are_kept_and_what_failed_is_asked_again() -> None:
    failing = {"on": True}

    def sometimes(body: dict[str, Any]) -> Any:
        is_long = body["messages"][-1]["role"] == "assistant"
        return 400 if failing["on"] and is_long and body["messages"][-1]["content"].endswith("5") else like_vllm(body)

    with serving(lambda question, count: None) as server, Cache(None) as cache:
        server.by_body = sometimes
        model = OpenAIServerModel("m", base_url=server.url, retries=0)
        with pytest.raises(ModelError, match=r"^m gave no likelihood of the reference of sample 's5': .*HTTP 400"):
            log_likelihoods(model, SAMPLES, cache)
        asked, failing["on"] = len(server.bodies), False
        told = log_likelihoods(model, SAMPLES, cache)
        assert len(server.bodies) == asked + 2
        assert log_likelihoods(model, SAMPLES, cache) == told
        assert len(server.bodies) == asked + 2
    assert told[0] == pytest.approx(sum(map(logprob, ["a", "reference", "0"])))


def test_a_fleet_scores_like_its_servers() -> None:
    with serving(lambda question, count: None) as a, serving(lambda question, count: None) as b:
        a.by_body = b.by_body = like_vllm
        model = OpenAIFleetModel("m", base_url=[a.url, b.url], revision="1")
        found = dict(model.score(SAMPLES, [sample.reference for sample in SAMPLES]))
        assert found[0].log_probabilities == tuple(map(logprob, ["a", "reference", "0"]))
        assert a.bodies
        assert b.bodies


def silent(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in like_vllm(body).items() if name != "prompt_logprobs"}


def strict(body: dict[str, Any]) -> Any:
    said = {"message": "Unknown parameter: 'prompt_logprobs'.", "code": None}
    return {"status": 400, "error": said} if "prompt_logprobs" in body else like_vllm(body)


def closing(body: dict[str, Any]) -> Any:
    return like_vllm(body, tail="<|im_end|>")


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (silent, SENTENCE),
        (
            strict,
            "it tells no log-probabilities of a given text (prompt_logprobs): HTTP 400: Unknown parameter: "
            "'prompt_logprobs'.. Leave likelihood out of emid_measures, or ask a server that does, such as vLLM.",
        ),
        (
            closing,
            "it does not go on with a given answer (continue_final_message): behind the prompt it reads 'a reference "
            "0<|im_end|>', and 'a reference 0' was given. Leave likelihood out of emid_measures, or ask a server that "
            "does, such as vLLM.",
        ),
    ],
)
def test_a_server_that_cannot_is_refused_in_a_sentence(script: Any, message: str) -> None:
    with serving(lambda question, count: None) as server:
        server.by_body = script
        model = OpenAIServerModel("m", base_url=server.url, concurrency=1)
        with pytest.raises(UnavailableError) as caught:
            list(model.score(SAMPLES[:2], [sample.reference for sample in SAMPLES[:2]]))
        assert str(caught.value) == f"{server.url}, model 'm': {message}"
        assert len(server.bodies) == 2


def test_what_makes_no_sense_is_asked_again() -> None:
    calls = []

    def broken_once(body: dict[str, Any]) -> Any:
        told = like_vllm(body)
        if "prompt_logprobs" in body:
            calls.append(body)
            if len(calls) == 1:
                told["prompt_logprobs"][-1] = {}
        return told

    with serving(lambda question, count: None) as server:
        server.by_body = broken_once
        model = OpenAIServerModel("m", base_url=server.url)
        [(_, found)] = model.score(SAMPLES[:1], ["a reference 0"])
    assert len(calls) == 2
    assert found.log_probabilities[0] == logprob("a")


def test_letters_that_tokens_share_and_lost_spaces_are_no_other_text() -> None:
    def in_bytes(body: dict[str, Any]) -> Any:
        told = like_vllm(body)
        for entry in told.get("prompt_logprobs", [])[PROMPT:]:
            entry["999"]["decoded_token"] = "other"
            first = next(iter(entry.values()))
            first["decoded_token"] = first["decoded_token"].strip().replace("ü", "\ufffd\ufffd")
        return told

    with serving(lambda question, count: None) as server:
        server.by_body = in_bytes
        model = OpenAIServerModel("m", base_url=server.url)
        [(_, found)] = model.score(SAMPLES[:1], ["über der Tür"])
    assert len(found.log_probabilities) == 3


def test_one_text_a_sample() -> None:
    model = OpenAIServerModel("m", base_url="http://localhost:1/v1")
    with pytest.raises(ModelError, match=r"^there are 1 texts for 2 samples; give one for each\.$"):
        list(model.score(SAMPLES[:2], ["red"]))
