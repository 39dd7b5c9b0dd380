"""Who answered: what may follow a model's name, and what is kept of what a server says."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from cache_doubles import make_samples
from scripted_server import completion, serving

from pytest_emid.errors import DataError, ModelError, UnavailableError
from pytest_emid.models import OpenAIServerModel, Response, Served
from pytest_emid.models.server.served import is_version_of, served_by

pytest.importorskip("openai")


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "canary-4711-secret")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("gpt-4o", "gpt-4o"),
        ("gpt-4o", "gpt-4o-2024-08-06"),
        ("gpt-4", "gpt-4-0613"),
        ("mistral-large", "mistral-large-2411"),
        ("claude-sonnet-4", "claude-sonnet-4-20250514"),
        ("claude-sonnet-4", "claude-sonnet-4@20250514"),
        ("command-r", "command-r-08-2024"),
        ("qwen-vl-max", "qwen-vl-max-2025-08"),
        ("gemini-2.0-flash", "gemini-2.0-flash-001"),
        ("llava", "llava:latest"),
        ("org/m", "org/m@cc594898137f460bfe9f0759e9844b3ce807cfb5"),
        ("org/m", "org/m@main"),
        ("m", "m@v1.2"),
    ],
)
def test_a_date_or_a_revision_may_follow_a_name(asked: str, said: str) -> None:
    assert is_version_of(asked, said)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("gpt-4o", "gpt-4o-mini-2024-07-18"),
        ("gpt-5", "gpt-5-nano-2025-08-07"),
        ("gemini-2.5-flash", "gemini-2.5-flash-lite"),
        ("Qwen/Qwen2.5-VL-7B-Instruct", "Qwen/Qwen2.5-VL-7B-Instruct-AWQ"),
        ("gpt-4o-2024-08-06", "gpt-4o"),
        ("gpt-4o", "gpt-4o-2024-13-06"),
        ("siglip", "siglip-2048"),
        ("paligemma-3b-pt", "paligemma-3b-pt-448"),
        ("llava", "llava:13b"),
        ("org/m", "org/m:free"),
        ("m", "m@q4_k_m"),
        ("gpt-4", "gpt-4o-2024-08-06"),
        ("llava", "LLaVA"),
        ("m", "m-0613-preview"),
        ("m", "m-"),
    ],
)
def test_what_else_follows_is_another_model(asked: str, said: str) -> None:
    assert not is_version_of(asked, said)
    with serving(lambda question, count: completion("yes", model=said)) as server:
        with pytest.raises(UnavailableError) as caught:
            list(OpenAIServerModel(asked, base_url=server.url, retries=0).respond(make_samples(1)))
        named = OpenAIServerModel(asked, base_url=server.url, retries=0, served_as=["other", said])
        assert [response.text for _, response in named.respond(make_samples(1))] == ["yes"]
    assert str(caught.value) == (
        f"{server.url}, model {asked!r}: it answers as {said!r}, another model than {asked!r}. "
        f"Give served_as={said!r} if they are the same."
    )


def test_several_names_are_all_named() -> None:
    with serving(lambda question, count: completion("yes", model="c")) as server:
        model = OpenAIServerModel("m", base_url=server.url, served_as=["a", "b"])
        with pytest.raises(UnavailableError, match=r"answers as 'c', another model than 'a' or 'b'\."):
            list(model.respond(make_samples(1)))


@pytest.mark.parametrize("served_as", ["", " ", [], [""], 5, ["a", None]], ids=repr)
def test_names_that_are_none(served_as: Any) -> None:
    with pytest.raises(ModelError) as caught:
        OpenAIServerModel("m", base_url="http://a/v1", served_as=served_as)
    assert str(caught.value) == (
        f"served_as is {served_as!r}; it is the name under which the server may answer, or a list of such names."
    )


def test_one_name_keys_answers_as_it_did() -> None:
    model = OpenAIServerModel("m", base_url="http://a/v1", served_as="x")
    assert model.identity["served_as"] == "x"
    many = [OpenAIServerModel("m", base_url="http://a/v1", served_as=names) for names in (("x", "y"), ["y", "x"])]
    assert many[0].fingerprint == many[1].fingerprint != model.fingerprint
    free = OpenAIServerModel("m", base_url="http://a/v1", any_version=True)
    assert free.fingerprint == OpenAIServerModel("m", base_url="http://a/v1").fingerprint


@pytest.mark.parametrize(
    ("told", "served"),
    [
        ({}, Served("m")),
        ({"system_fingerprint": "fp_1", "provider": "Azure"}, Served("m", "fp_1", "Azure")),
        ({"system_fingerprint": None, "provider": ["a"]}, Served("m", "", "['a']")),
        ({"model": None}, None),
        ({"model": None, "provider": "x" * 500}, Served("", "", "x" * 200)),
        ({"model": "m-2026-01-01", "provider": "canary-4711-secret"}, Served("m-2026-01-01", "", "***")),
    ],
)
def test_what_is_kept_with_an_answer(told: dict[str, Any], served: Served | None) -> None:
    with serving(lambda question, count: {**completion("yes"), **told}) as server:
        ((_, response),) = OpenAIServerModel("m", base_url=server.url, retries=0).respond(make_samples(1))
    assert response == Response("yes", entropy=0.0)
    assert response.served == served


def test_refusals_and_empty_answers_say_it_too() -> None:
    for sent in (completion(None, refusal="No."), completion("")):
        with serving(lambda question, count, sent=sent: sent) as server:
            ((_, response),) = OpenAIServerModel("m", base_url=server.url, scores=True).respond(make_samples(1))
        assert response.served == Served("m")
        assert str(response.outcome) in ("refused", "empty")


def test_in_words_and_in_plain_types() -> None:
    assert str(Served("m", "fp", "p")) == "m (fingerprint fp, provider p)"
    assert str(Served(fingerprint="fp")) == "no name (fingerprint fp)"
    assert Served.from_dict(Served("m", provider="p").to_dict()) == Served("m", provider="p")
    assert served_by(SimpleNamespace(), str) is None


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Served(5), "who served an answer is told in strings; model is a int."),  # type: ignore[arg-type]
        (lambda: Response("a", served="m"), "who served a response is a Served or None, not a str."),  # type: ignore[arg-type]
        (
            lambda: Served.from_dict({"host": "x"}),
            "who served an answer is told by model, fingerprint and provider, not by {'host': 'x'}.",
        ),
    ],
)
def test_what_is_none(make: Any, message: str) -> None:
    with pytest.raises(DataError) as caught:
        make()
    assert str(caught.value) == message
