"""What a server sends that no client validates, and what a traceback prints of a model that could not be made."""

from __future__ import annotations

from typing import Any

import pytest
from _pytest._io.saferepr import saferepr
from cache_doubles import make_samples
from scripted_server import completion, serving
from server_calls import KEY

from pytest_emid import encoders, models
from pytest_emid.errors import ModelError, UnavailableError
from pytest_emid.models import OpenAIServerModel, Outcome, Response
from pytest_emid.models.backend.secret import Secret, conceal_address

pytest.importorskip("openai")

pytestmark = pytest.mark.usefixtures("quick_client")
URL = "http://127.0.0.1:1/v1"


def sending(body: Any, **options: Any) -> list[Response]:
    with serving(lambda question, count: body) as server:
        model = OpenAIServerModel("m", base_url=server.url, retries=0, **options)
        return [response for _, response in sorted(model.respond(make_samples(2)))]


USAGES = [None, {}, "x", {"total_tokens": 3}, {"prompt_tokens": "a", "completion_tokens": 1}, {"prompt_tokens": -1}]


@pytest.mark.parametrize("usage", USAGES, ids=repr)
def test_tokens_that_are_not_told_do_no_harm(usage: Any) -> None:
    assert sending({**completion("yes"), "usage": usage}) == [Response("yes", entropy=0.0)] * 2


@pytest.mark.parametrize("usage", USAGES, ids=repr)
@pytest.mark.parametrize("prices", [None, (1.0, 2.0)])
def test_a_budget_needs_the_tokens(usage: Any, prices: tuple[float, float] | None) -> None:
    with pytest.raises(UnavailableError) as caught:
        sending({**completion("yes"), "usage": usage}, budget=5, prices=prices)
    assert str(caught.value).partition("/v1, ")[2] == (
        "model 'm': it does not tell how many tokens its answers take, so a budget cannot be kept. Leave budget out, "
        "or ask a server that tells."
    )


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"choices": "abc"}, "malformed answer: AttributeError: 'str' object has no attribute 'message'"),
        ({"choices": {"a": 1}}, "malformed answer: KeyError: 0"),
    ],
)
def test_a_shape_that_nobody_expects_is_a_failure_of_one_answer(change: dict[str, Any], error: str) -> None:
    bad, good = {**completion("x"), **change}, completion("fine")
    with serving(lambda question, count: good if question.endswith("0") else bad) as server:
        model = OpenAIServerModel("m", base_url=server.url, retries=0, concurrency=2)
        found = dict(model.respond(make_samples(2)))
    assert found[0] == Response("fine", entropy=0.0)
    assert (found[1].outcome, found[1].error) == (Outcome.FAILED, f"{server.url}: {error}")


@pytest.mark.parametrize(
    "body",
    [completion("x", reason=KEY), completion(None, reason=KEY), completion("x", model=KEY)],
    ids=["finish reason", "finish reason without text", "model"],
)
def test_the_key_is_scrubbed_wherever_it_is_said_back(body: Any) -> None:
    try:
        said = "".join(response.error for response in sending(body, concurrency=8))
    except ModelError as error:
        said = str(error)
    assert "***" in said
    assert KEY not in said


def test_a_model_s_name_that_is_no_text() -> None:
    with pytest.raises(UnavailableError, match=r"it answers as '5', another model than 'm'"):
        sending({**completion("x"), "model": 5})


def frames(error: BaseException) -> str:
    """What pytest --showlocals prints of this package's and its libraries' frames."""
    lines, walked = [str(error)], error.__traceback__
    while walked is not None:
        code, names = walked.tb_frame.f_code, walked.tb_frame.f_locals
        if code.co_filename != __file__:
            lines += [f"{code.co_filename} {name} = {saferepr(value, maxsize=None)}" for name, value in names.items()]
        walked = walked.tb_next
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("spec", "options"),
    [
        ("openai:m", {"api_key": KEY, "base_url": URL, "max_tokens": 0}),
        ("openai:m", {"api_key": KEY, "base_url": URL, "timeout": 0}),
        ("openai:m", {"api_key": KEY, "base_url": URL, "no_such_option": 0}),
        ("openai:m", {"api_key": KEY, "base_url": [URL, URL], "revision": "1"}),
        ("openai:m", {"base_url": f"http://user:{KEY}@host:1/v1", "max_tokens": 0}),
        ("openai:m", {"base_url": f"http://user:{KEY}@host:99999x/v1"}),
        ("openai:m", {"base_url": f"user:{KEY}@host/v1"}),
        ("openai:m", {"base_url": f"http://host/v1?key={KEY}"}),
        ("openai:m", {"base_url": [URL, f"http://user:{KEY}@host:1/v1"], "revision": "1", "max_tokens": 0}),
        ("tiny-llava", {"api_key": KEY}),
    ],
    ids=lambda value: "" if isinstance(value, str) else "+".join(value),
)
def test_a_model_that_cannot_be_made_shows_no_key(spec: str, options: dict[str, Any]) -> None:
    with pytest.raises((ModelError, TypeError)) as caught:
        models.load(spec, **options)
    assert "pytest_emid" in frames(caught.value)
    assert KEY not in frames(caught.value)


def test_an_encoder_that_cannot_be_made_shows_no_key() -> None:
    with pytest.raises(ModelError) as caught:
        encoders.OpenAIServerTextEncoder("m", api_key=KEY, batch_size=0)
    assert KEY not in frames(caught.value)


def test_a_client_that_cannot_be_made_shows_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*, api_key: str, **options: Any) -> None:
        header = f"Bearer {api_key}"
        raise ValueError(f"no such header: {header}")

    monkeypatch.setattr("openai.OpenAI", broken)
    with pytest.raises(ModelError) as caught:
        list(OpenAIServerModel("m", base_url=URL).respond(make_samples(1)))
    assert str(caught.value) == (
        "http://127.0.0.1:1/v1: the openai client cannot be made: ValueError: no such header: Bearer ***."
    )
    assert KEY not in frames(caught.value)


@pytest.mark.parametrize("address", ["localhost:8000/v1", "ftp://host/v1", "http:///v1", "http://host:80x/v1"])
def test_an_address_that_is_none(address: str) -> None:
    with pytest.raises(ModelError) as caught:
        models.load("openai:m", base_url=address)
    assert str(caught.value) == (
        f"base_url {address!r} is no address of a server. Give one such as 'http://localhost:8000/v1'."
    )


def test_what_hides() -> None:
    assert repr([Secret("a"), {"b": Secret("c")}]) == "[***, {'b': ***}]"
    assert repr(conceal_address([URL, "http://a:b@c/v1"])) == f"[{URL!r}, ***]"
    assert conceal_address("http://a:b@c/v1") == "http://a:b@c/v1"


def test_a_token_in_place_of_the_user_and_an_encoded_password_are_scrubbed() -> None:
    token = OpenAIServerModel("m", base_url=f"http://{KEY}x@host:1/v1")
    assert token.server.scrub(f"as {KEY}x") == "as ***"
    encoded = OpenAIServerModel("m", base_url="http://me:p%40ssword@host:1/v1")
    assert encoded.server.scrub("p%40ssword is p@ssword of me") == "*** is *** of me"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"budget": -1}, "budget is -1; it must be at least 0, or None for none."),
        ({"budget": float("nan")}, "budget is nan; it must be at least 0, or None for none."),
        (
            {"prices": (1.0,)},
            "prices are (1.0,); give two, of a million prompt and completion tokens: (0.15, 0.60).",
        ),
        (
            {"prices": (1.0, -1.0)},
            "prices are (1.0, -1.0); give two, of a million prompt and completion tokens: (0.15, 0.60).",
        ),
        ({"temperature": float("nan")}, "temperature is nan; it must be at least 0."),
    ],
)
def test_settings_that_would_never_stop_a_run(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError) as caught:
        OpenAIServerModel("m", base_url=URL, **options)
    assert str(caught.value) == message
