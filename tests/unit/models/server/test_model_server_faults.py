"""A model behind a server that refuses, stumbles, hangs, dies or is not there."""

from __future__ import annotations

import random
import socket
import time
from collections import Counter
from typing import Any

import pytest
from cache_doubles import make_samples, text_for
from scripted_server import completion, serving
from server_calls import answer, respond

from pytest_emid.cache import Cache
from pytest_emid.errors import ModelError
from pytest_emid.models import OpenAIServerModel, Outcome, Response

pytest.importorskip("openai")

pytestmark = pytest.mark.usefixtures("quick_client")


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (429, "HTTP 429: status 429"),
        (500, "HTTP 500: status 500"),
        (503, "HTTP 503: status 503"),
        ("cut", "no connection: RemoteProtocolError: peer closed connection without sending complete message body "
                "(received 13 bytes, expected 1000)"),
        ('{"choices": [', "malformed answer: JSONDecodeError: Expecting value: line 1 column 14 (char 13)"),
        ("[]", "malformed answer: it holds no choices"),
        ({"choices": []}, "malformed answer: it holds no choices"),
        (completion(None), "malformed answer: it holds no text (finish reason 'stop')"),
        (completion("a", reason="abort"), "malformed answer: unknown finish reason 'abort'"),
        (0.5, "no answer within 0.1 s"),
        ("drip", "no answer within 0.1 s"),
    ],
    ids=str,
)  # fmt: skip
class TestFaults:
    def test_that_pass_are_asked_again(self, fault: Any, error: str) -> None:
        samples = make_samples(3)

        def script(question: str, count: int) -> Any:
            return fault if count < 3 and question == "question 1" else None

        with serving(script) as server:
            model = OpenAIServerModel("m", base_url=server.url, timeout=0.1 if fault in (0.5, "drip") else 5)
            assert [r.text for r in respond(model, samples)] == [text_for(sample) for sample in samples]
            assert server.asked == {"question 0": 1, "question 1": 3, "question 2": 1}

    def test_that_stay_are_failures(self, fault: Any, error: str) -> None:
        samples = make_samples(4)

        def script(question: str, count: int) -> Any:
            return fault if question == "question 1" else None

        with serving(script) as server:
            model = OpenAIServerModel(
                "m", base_url=server.url, retries=1, concurrency=1, timeout=0.1 if fault in (0.5, "drip") else 5
            )
            model.concurrency = 2
            found = respond(model, samples)
            assert server.asked["question 1"] == 2
        assert found[1] == Response("", Outcome.FAILED, error=f"{server.url}: {error}")
        assert [r.outcome for r in found] == [Outcome.OK, Outcome.FAILED, Outcome.OK, Outcome.OK]


def test_retry_after_is_obeyed() -> None:
    def script(question: str, count: int) -> Any:
        return (429, {"retry-after": "0.4"}) if count == 1 else None

    with serving(script) as server:
        began = time.monotonic()
        respond(OpenAIServerModel("m", base_url=server.url), make_samples(1))
        assert time.monotonic() - began >= 0.4


def test_bad_requests_are_not_repeated() -> None:
    def script(question: str, count: int) -> Any:
        return 400 if question == "question 2" else None

    with serving(script) as server:
        found = respond(OpenAIServerModel("m", base_url=server.url, concurrency=1), make_samples(3))
        assert found[2] == Response("", Outcome.FAILED, error=f"{server.url}: HTTP 400: status 400")
        assert server.asked["question 2"] == 1


def test_asking_again_only_what_is_refused_is_no_outage() -> None:
    with serving(lambda question, count: 400) as server:
        found = respond(OpenAIServerModel("m", base_url=server.url, concurrency=4), make_samples(2))
        assert [response.outcome for response in found] == [Outcome.FAILED, Outcome.FAILED]


def test_with_a_fifth_of_all_requests_failing_everything_arrives_once() -> None:
    samples, rng = make_samples(60), random.Random(5)
    faults = [429, 500, 503, "cut", "{", "[]"]
    failed: Counter[str] = Counter()

    def script(question: str, count: int) -> Any:
        fault = rng.choice(faults) if rng.random() < 0.2 else None
        failed[question] += fault is not None
        return fault

    with serving(script) as server, Cache(None) as cache:
        model = OpenAIServerModel("m", base_url=server.url, retries=8)
        found = cache.respond(model, samples)
        assert [r.text for r in found] == [text_for(sample) for sample in samples]
        assert server.answered == Counter(f"question {i}" for i in range(60))
        assert server.asked == server.answered + failed  # once more for each fault, and never else
        assert sum(failed.values()) > 5


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (401, "no access: status 401. Check the key in OPENAI_API_KEY."),
        (403, "no access: status 403. Check the key in OPENAI_API_KEY."),
        (404, "no such model or address: status 404. Check model 'm' and base_url."),
    ],
)
def test_hopeless_requests_end_the_run(status: int, message: str) -> None:
    with serving(lambda question, count: status) as server:
        with pytest.raises(ModelError) as caught:
            respond(OpenAIServerModel("m", base_url=server.url, concurrency=1), make_samples(5))
        assert sum(server.asked.values()) == 1
    assert str(caught.value) == f"{server.url}, model 'm': {message}"


def test_a_server_that_dies_ends_the_run_and_keeps_what_it_answered() -> None:
    samples = make_samples(30)

    def script(question: str, count: int) -> Any:
        return None if int(question.split()[1]) < 10 else 500

    with serving(script) as server, Cache(None) as cache:
        model = OpenAIServerModel("m", base_url=server.url, concurrency=3, retries=1)
        with pytest.raises(ModelError) as caught:
            cache.respond(model, samples)
        assert str(caught.value).startswith(
            f"{server.url}, model 'm': 3 requests in a row failed (HTTP 500: status 500). 10 of 30 questions were "
            "answered and are kept; the next run asks for the others only."
        )
        assert cache.sizes.answers == 10
        assert sum(server.asked.values()) <= 10 + 2 * 5
        server.script = answer
        assert [r.text for r in cache.respond(model, samples)] == [text_for(sample) for sample in samples]
        assert set(server.answered.values()) == {1}


def test_a_server_that_is_not_there() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
    began = time.monotonic()
    with pytest.raises(ModelError) as caught:
        respond(OpenAIServerModel("m", base_url=url, concurrency=2), make_samples(20))
    assert time.monotonic() - began < 5
    assert str(caught.value).startswith(f"{url}, model 'm': 2 requests in a row failed (no connection: ")


def test_a_server_that_hangs() -> None:
    with serving(lambda question, count: 1.0) as server:
        began = time.monotonic()
        with pytest.raises(ModelError, match=r"2 requests in a row failed \(no answer within 0.2 s\)"):
            respond(
                OpenAIServerModel("m", base_url=server.url, concurrency=2, timeout=0.2, retries=1), make_samples(20)
            )
        assert time.monotonic() - began < 2


def test_a_server_that_hangs_is_waited_for_once() -> None:
    """Those that fail first make no room for others, which would be waited for as long again."""
    with serving(lambda question, count: 0.8) as server:
        model = OpenAIServerModel("m", base_url=server.url, concurrency=4, timeout=0.2, retries=1)
        with pytest.raises(ModelError, match=r"4 requests in a row failed \(no answer within 0.2 s\)"):
            respond(model, make_samples(20))
        assert sum(server.asked.values()) == 4 * 2


def test_one_that_fails_holds_up_the_others_no_longer_than_an_answer_takes() -> None:
    with serving(lambda question, count: 500 if question in ("question 0", "question 9") else None) as server:
        model = OpenAIServerModel("m", base_url=server.url, concurrency=4, retries=0)
        outcomes = [response.outcome for response in respond(model, make_samples(20))]
    assert [i for i, outcome in enumerate(outcomes) if outcome is Outcome.FAILED] == [0, 9]


def test_whoever_stops_listening_stops_asking() -> None:
    with serving(lambda question, count: 0.2 if question != "question 0" else None) as server:
        model = OpenAIServerModel("m", base_url=server.url, concurrency=2)
        answers = model.respond(make_samples(50))
        next(answers)
        began = time.monotonic()
        answers.close()
        assert time.monotonic() - began < 2
        assert sum(server.asked.values()) <= 4
        server.script = answer
        assert len(respond(model, make_samples(3))) == 3


def test_an_error_that_ends_the_run_ends_it_soon() -> None:
    # once, clients that were closed under the others' feet left them waiting for their whole timeout
    def lies(question: str, count: int) -> Any:
        return completion("x", model="other") if question == "question 0" else time.sleep(0.05)

    with serving(lies) as server:
        began = time.monotonic()
        with pytest.raises(ModelError, match="it answers as 'other', another model than 'm'"):
            respond(OpenAIServerModel("m", base_url=server.url, timeout=60), make_samples(30))
        assert time.monotonic() - began < 20


class ReadTimeout(Exception):  # noqa: N818
    """As the HTTP client's, of which there are several."""


def test_a_timeout_in_the_middle_of_an_answer_is_a_timeout() -> None:
    import openai

    model = OpenAIServerModel("m", base_url="http://127.0.0.1:9/v1", timeout=7)
    for cause, said in (
        (ReadTimeout("timed out"), "no answer within 7 s"),
        (OSError("refused"), "no connection: OSError: refused"),
    ):
        error = openai.APIConnectionError(request=None)  # type: ignore[arg-type]
        error.__cause__ = cause
        found = model.server.fault(error, "m")
        assert (str(found), found.of_server) == (said, True)
