"""What servers, filters and gateways really send: refusals, endings, errors with HTTP 200, names of parameters."""

from __future__ import annotations

import time
from itertools import count
from threading import Event
from typing import Any

import pytest
from cache_doubles import make_samples
from refusals import refused
from scripted_server import completion, serving

from pytest_emid.errors import ModelError, UnavailableError
from pytest_emid.models import OpenAIFleetModel, OpenAIServerModel, Outcome, Response
from pytest_emid.models.server.patience import grant
from pytest_emid.models.server.proxies import proxy_before

openai = pytest.importorskip("openai")

pytestmark = pytest.mark.usefixtures("quick_client")

AZURE = (
    "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. Please modify "
    "your prompt and retry. To learn more about our content filtering policies please read our documentation: "
    "https://go.microsoft.com/fwlink/?linkid=2198766"
)


def one(sent: Any, **options: Any) -> Response:
    """The only answer of a server that sends the same each time."""
    with serving(lambda question, count: sent) as server:
        model = OpenAIServerModel("m", base_url=server.url, **{"retries": 0, "concurrency": 2, **options})
        ((_, response),) = model.respond(make_samples(1))
        return response


@pytest.mark.parametrize("reason", ["eos_token", "stop_sequence", "", None, "STOP", "end_turn", "EOS", "COMPLETE"])
def test_an_answer_may_end_in_many_words(reason: str | None) -> None:
    assert one(completion("a dog", reason=reason)) == Response("a dog", entropy=0.0)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "reason", ["refusal", "SAFETY", "content_filter: sexual", "PROHIBITED_CONTENT", "guardrail_intervened"]
)
@pytest.mark.parametrize("text", ["no", None])
def test_a_refusal_may_end_in_many_words(reason: str, text: str | None) -> None:
    assert one(completion(text, reason=reason)) == Response(text or "", Outcome.REFUSED)


@pytest.mark.parametrize("reason", ["length", "MAX_TOKENS", "max_new_tokens", "model_length"])
@pytest.mark.parametrize("text", ["a do", "", None])
def test_an_answer_that_was_cut_off_may_hold_no_text(reason: str, text: str | None) -> None:
    assert one(completion(text, reason=reason)) == Response(text or "", Outcome.TRUNCATED, entropy=0.0)


def test_content_as_parts() -> None:
    parts: Any = [{"type": "text", "text": "a "}, {"type": "text", "text": "dog"}, {"type": "image"}]
    assert one(completion(parts)) == Response("a dog", entropy=0.0)


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
@pytest.mark.parametrize("text", ["", None])
def test_a_model_that_only_thought_has_answered_nothing(name: str, text: str | None) -> None:
    found = one(completion(text, **{name: "A dog?"}))
    assert (found.outcome, found.text, found.reasoning) == (Outcome.EMPTY, "", "A dog?")


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, {"message": AZURE, "code": "content_filter"}),
        (400, {"message": f"{AZURE} (request id: 20250711095120774026666AHUMglV)", "code": "content_filter"}),
        (400, {"message": "litellm.BadRequestError: litellm.ContentPolicyViolationError: Azure", "code": "400"}),
        (400, {"message": "Invalid prompt: your prompt was flagged.", "code": "invalid_prompt"}),
        (400, {"message": "Input data may contain inappropriate content.", "code": "data_inspection_failed"}),
        (400, {"message": "no", "innererror": {"code": "ResponsibleAIPolicyViolation", "content_filter_result": {}}}),
        (403, {"message": "Your input was flagged", "code": 403, "metadata": {"reasons": ["sexual"]}}),
        (403, {"message": "The image is blocked.", "metadata": {"reasons": ["Content policy violation"]}}),
        (200, {"message": "Provider returned error", "metadata": {"raw": "blocked by our content policy"}}),
    ],
)
def test_errors_that_are_refusals(status: int, error: dict[str, Any]) -> None:
    found = one({"status": status, "error": error})
    assert (found.outcome, found.text) == (Outcome.REFUSED, "")
    assert str(error["message"])[:40] in found.error


@pytest.mark.parametrize(
    "error",
    [
        {"message": "Your account was flagged and has no access to this model."},
        {"message": "Your organization must be verified to use the model."},
    ],
)
def test_who_is_locked_out_is_not_refused(error: dict[str, Any]) -> None:
    said = refused(lambda: one({"status": 403, "error": error}), UnavailableError)
    assert said.endswith(f"model 'm': no access: {error['message']}. Check the key in OPENAI_API_KEY.")


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        (
            {"error": "Unexpected endpoint or method. (POST /chat/completions)"},
            "HTTP 200 with an error: Unexpected endpoint or method. (POST /chat/completions) Check base_url: that of "
            "most servers ends in /v1",
        ),
        (
            {"choices": None, "error": {"message": "Provider error", "code": 429, "metadata": {"raw": "Too Many"}}},
            "HTTP 200 with an error: Provider error (429): Too Many",
        ),
        ({"object": "error", "message": "no such adapter"}, "HTTP 200 with an error: no such adapter"),
        ({"detail": "model is unloaded"}, "HTTP 200 with an error: model is unloaded"),
        (
            ('data: {"choices":[]}\n\ndata: [DONE]\n\n', {"content-type": "text/event-stream"}),
            "it answered with a stream of events, for which it was not asked: 'data: {\"choices\":[]} data: [DONE]'. "
            "Switch streaming off at the server, or at the gateway before it",
        ),
        (
            ("<html>Please log in</html>", {"content-type": "text/html"}),
            "it answered HTTP 200 with a page, not with JSON: '<html>Please log in</html>'. Check base_url, and any "
            "login before it",
        ),
        (
            ("upstream gone", {"content-type": "text/plain"}),
            "malformed answer: no JSON of an answer: 'upstream gone'",
        ),
        (
            completion("x", reason="tool_calls"),
            "malformed answer: it calls a tool (finish reason 'tool_calls'), and none was offered. Switch tools off at "
            "the server",
        ),
    ],
)  # fmt: skip
def test_what_is_no_answer_is_told_in_the_server_s_words(sent: Any, error: str) -> None:
    with serving(lambda question, count: None if question == "question 0" else sent) as server:
        model = OpenAIServerModel("m", base_url=server.url, retries=0, concurrency=1)
        found = model.respond(make_samples(2))
        assert next(found)[1].outcome is Outcome.OK
        assert next(found)[1].error == f"{server.url}: {error}"


def test_a_proxy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://user:secret@127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    said = refused(lambda: one(completion("x")), UnavailableError)
    assert "no connection through the proxy http://127.0.0.1:9 (HTTP_PROXY; NO_PROXY=127.0.0.1 goes without): " in said
    assert "secret" not in said
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert proxy_before("http://127.0.0.1:1/v1") is None
    assert one(completion("x")).text == "x"


def newer(body: dict[str, Any]) -> Any:
    """A model that takes neither `max_tokens` nor a temperature."""
    if "max_tokens" in body:
        message = "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead."
        return {"status": 400, "error": {"message": message, "code": "unsupported_parameter"}}
    if "temperature" in body:
        message = "Unsupported value: 'temperature' does not support 0 with this model. Only the default is supported."
        return {"status": 400, "error": {"message": message, "code": "unsupported_value"}}
    return completion("a dog")


@pytest.mark.parametrize("several", [False, True])
def test_the_limit_s_other_name_is_learnt(several: bool) -> None:
    with serving(lambda question, count: None) as server:
        server.by_body = newer
        options: dict[str, Any] = {"retries": 0, "concurrency": 1, "temperature": None, "revision": "1"}
        if several:
            model: OpenAIServerModel = OpenAIFleetModel("m", base_url=[server.url], **options)
        else:
            model = OpenAIServerModel("m", base_url=server.url, **options)
        assert [response for _, response in model.respond(make_samples(3))] == [Response("a dog")] * 3
        assert ["max_tokens" in body for body in server.bodies] == [True, False, False, False]


def test_what_a_model_does_not_take_can_be_left_out() -> None:
    with serving(lambda question, count: None) as server:
        server.by_body = newer
        model = OpenAIServerModel("m", base_url=server.url, max_tokens=None, retries=0)
        ((_, response),) = model.respond(make_samples(1))
        assert response.error.endswith("is supported. (unsupported_value). Leave it out: temperature=None")
        quiet = OpenAIServerModel("m", base_url=server.url, max_tokens=None, temperature=None)
        assert [response for _, response in quiet.respond(make_samples(1))] == [Response("a dog")]
        assert set(server.bodies[-1]) == {"model", "messages"}
        assert quiet.fingerprint != model.fingerprint


def test_own_headers_and_query_are_sent_and_do_not_show() -> None:
    secret = "canary-0815-secret"
    with serving(lambda question, count: completion(f"echo {secret}")) as server:
        model = OpenAIServerModel(
            "m",
            base_url=f"{server.url}?api-version=2025-01-01",
            default_headers={"api-key": secret, "x-route": "b"},
            default_query={"deployment": "d"},
        )
        ((_, response),) = model.respond(make_samples(1))
        assert response.text == "echo ***"
        assert server.paths == ["/v1/chat/completions?api-version=2025-01-01&deployment=d"]
        assert (server.headers[0]["api-key"], server.headers[0]["x-route"]) == (secret, "b")
    assert model.server.told == {
        "headers": {"x-route": "b"},
        "query": {"api-version": "2025-01-01", "deployment": "d"},
    }
    assert secret not in repr(vars(model.server))


@pytest.mark.parametrize("kind", ["OpenAI", "AsyncOpenAI", "AzureOpenAI", "AsyncAzureOpenAI"])
def test_a_client_of_one_s_own(kind: str) -> None:
    with serving(lambda question, count: None) as server:
        azure = {"azure_endpoint": server.url.removesuffix("/v1"), "azure_deployment": "d", "api_version": "2025-01-01"}
        given = azure if "Azure" in kind else {"base_url": server.url}
        made = getattr(openai, kind)(api_key="canary-4711-secret", **given)
        model = OpenAIServerModel("m", client=made, concurrency=2)
        assert [response.outcome for _, response in model.respond(make_samples(3))] == [Outcome.OK] * 3
        where = (
            "/openai/deployments/d/chat/completions?api-version=2025-01-01"
            if "Azure" in kind
            else "/v1/chat/completions"
        )
        assert server.paths == [where] * 3
        assert model.server.name == str(made.base_url).rstrip("/")
        assert model.server.scrub("as canary-4711-secret") == "as ***"


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"client": "x"}, "client is a str; give a client of the openai package, such as openai.AzureOpenAI(...)."),
        (
            {"client": "made", "api_key": "canary-4711"},
            "client= has its own address, key, headers and query: leave base_url, api_key, default_headers and "
            "default_query out, and set them where the client is made.",
        ),
        ({"patience": -1}, "patience is -1; it must be at least 0 seconds."),
        ({"wait": float("nan")}, "wait is nan; it must be at least 0 seconds."),
    ],
)
def test_what_cannot_be_given(options: dict[str, Any], error: str) -> None:
    if options.get("client") == "made":
        options = {**options, "client": openai.OpenAI(api_key="x", base_url="http://127.0.0.1:1/v1")}
    assert refused(lambda: OpenAIServerModel("m", **options), ModelError) == error


class TestPatience:
    @pytest.fixture(autouse=True)
    def short(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("pytest_emid.models.server.patience.OBEYED", 0.1)
        monkeypatch.setattr("pytest_emid.models.server.connection.OBEYED", 0.1)

    def test_a_long_retry_after_is_waited_for(self) -> None:
        with serving(lambda question, count: (429, {"retry-after": "0.3"}) if count == 1 else None) as server:
            began = time.monotonic()
            model = OpenAIServerModel("m", base_url=server.url, concurrency=2)
            assert [response.outcome for _, response in model.respond(make_samples(2))] == [Outcome.OK] * 2
            assert time.monotonic() - began >= 0.3
            assert set(server.asked.values()) == {2}

    def test_up_to_a_budget_that_is_stated(self) -> None:
        with serving(lambda question, count: (429, {"retry-after": "0.3"})) as server:
            model = OpenAIServerModel("m", base_url=server.url, concurrency=1, patience=0.4, retries=3)
            said = refused(lambda: list(model.respond(make_samples(2))), UnavailableError)
            assert "(HTTP 429: status 429. It asks to be left alone for 0 s)" in said
            assert set(server.asked.values()) == {2}
            hasty = OpenAIServerModel("m", base_url=server.url, concurrency=1, patience=0.1)
            said = refused(lambda: list(hasty.respond(make_samples(2))), UnavailableError)
        assert "It asks to be left alone for 0 s; 0.1 s are granted (patience=)" in said

    @pytest.mark.parametrize("several", [False, True])
    def test_a_server_that_loads_is_waited_for(self, several: bool) -> None:
        began, asked = Event(), count(1)

        def loading(question: str, times: int) -> Any:
            return None if began.is_set() and next(asked) > 4 else 503

        with serving(loading) as server:
            options: dict[str, Any] = {"retries": 0, "concurrency": 2, "revision": "1"}
            url: Any = [server.url] if several else server.url
            kind = OpenAIFleetModel if several else OpenAIServerModel
            said = refused(lambda: list(kind("m", base_url=url, **options).respond(make_samples(3))), UnavailableError)
            assert "HTTP 503: status 503" in said
            began.set()
            model = kind("m", base_url=url, wait=20, **options)
            assert [response.outcome for _, response in model.respond(make_samples(3))] == [Outcome.OK] * 3

    def test_the_longer_grant_counts_and_what_has_no_server_is_let_alone(self) -> None:
        model = OpenAIServerModel("m", base_url="http://127.0.0.1:1/v1", wait=60)
        for seconds, granted in ((10, 60), (90, 90)):
            grant(model, seconds)
            assert model.server.patience.start == granted
        grant(object(), 10)

    def test_one_that_has_answered_is_not_waited_for_again(self) -> None:
        with serving(lambda question, count: None if question == "question 0" else 503) as server:
            model = OpenAIServerModel("m", base_url=server.url, wait=60, retries=0, concurrency=1)
            assert len(list(model.respond(make_samples(1)))) == 1
            began = time.monotonic()
            assert "HTTP 503" in refused(lambda: list(model.respond(make_samples(3)[1:])), UnavailableError)
            assert time.monotonic() - began < 5
