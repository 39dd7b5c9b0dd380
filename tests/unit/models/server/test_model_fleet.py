"""One model behind several servers, some of which stumble, hang or die."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from cache_doubles import make_samples, text_for
from scripted_server import ScriptedServer, completion, serving
from server_calls import KEY, respond

from pytest_emid.cache import Cache
from pytest_emid.errors import ModelError
from pytest_emid.models import OpenAIFleetModel, OpenAIServerModel, Outcome, Response, load
from pytest_emid.models.server.connection import BudgetError

pytest.importorskip("openai")

pytestmark = pytest.mark.usefixtures("quick_client")


Script = Callable[[str, int], Any]


@pytest.fixture
def start() -> Iterator[Callable[..., list[ScriptedServer]]]:
    with ExitStack() as stack:
        yield lambda *scripts: [stack.enter_context(serving(script)) for script in scripts]


def answer(question: str, count: int) -> Any:
    time.sleep(0.002)


def fleet(servers: list[ScriptedServer], **options: Any) -> OpenAIFleetModel:
    return OpenAIFleetModel("m", base_url=[server.url for server in servers], **{"revision": "r1", **options})


def asked(servers: list[ScriptedServer]) -> Counter[str]:
    return sum((server.asked for server in servers), Counter())


def answered(servers: list[ScriptedServer]) -> Counter[str]:
    return sum((server.answered for server in servers), Counter())


def once(n: int) -> Counter[str]:
    return Counter({f"question {i}": 1 for i in range(n)})


def nowhere() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/v1"


def test_requests_are_spread_and_each_is_asked_once(start: Any) -> None:
    samples = make_samples(60, pictures=7)
    servers = start(answer, answer, lambda question, count: time.sleep(0.03))
    model = fleet(servers, concurrency=4)
    assert respond(model, samples) == [Response(text_for(sample), entropy=0.0) for sample in samples]
    assert asked(servers) == once(60)
    assert all(server.most_open <= 4 for server in servers)
    # the slow one gets what it can take, and not a third
    quick_ones, slow = [sum(server.asked.values()) for server in servers[:2]], sum(servers[2].asked.values())
    assert 1 <= slow < min(quick_ones)
    assert model.usage.requests == 60


def test_the_key_of_an_answer_names_the_model_and_not_the_servers(start: Any, tmp_path: Path) -> None:
    samples = make_samples(5)
    servers = start(answer, answer)
    one = OpenAIServerModel("m", base_url=servers[0].url, revision="r1")
    assert fleet(servers).fingerprint == fleet(servers[:1]).fingerprint == one.fingerprint
    assert fleet(servers, revision="r2").fingerprint != one.fingerprint
    assert fleet(servers, temperature=0.5).fingerprint != one.fingerprint
    with Cache(tmp_path) as cache:
        first = cache.respond(fleet(servers), samples)
        assert cache.respond(one, samples) == cache.respond(fleet(servers[1:]), samples) == first
    assert asked(servers) == once(5)


def test_one_that_dies_midway_costs_only_what_was_under_way(start: Any) -> None:
    samples = make_samples(80)
    dead = threading.Event()

    def dies(question: str, count: int) -> Any:
        if sum(servers[0].asked.values()) >= 10:
            dead.set()
        time.sleep(0.002)
        return "cut" if dead.is_set() else None

    servers = start(dies, answer)
    model = fleet(servers, concurrency=4)
    assert respond(model, samples) == [Response(text_for(sample), entropy=0.0) for sample in samples]
    assert answered(servers) == once(80)
    assert sum(asked(servers).values()) - 80 <= 4 + 8  # those under way, and single trials later
    assert sum(servers[1].asked.values()) >= 70


def test_one_that_was_never_there_costs_nothing(start: Any) -> None:
    servers = start(answer)
    model = OpenAIFleetModel("m", base_url=[nowhere(), servers[0].url], revision="r1", concurrency=3)
    assert {r.outcome for r in respond(model, make_samples(20))} == {Outcome.OK}
    assert asked(servers) == once(20)


def test_one_that_comes_back_is_used_again(start: Any) -> None:
    down = threading.Event()
    down.set()
    servers = start(lambda question, count: 503 if down.is_set() else answer(question, count), answer)
    model = fleet(servers, concurrency=2)
    respond(model, make_samples(20))
    assert sum(servers[0].answered.values()) == 0
    down.clear()
    time.sleep(0.1)
    respond(model, make_samples(60))
    assert sum(servers[0].answered.values()) > 10


def test_one_that_hangs_is_left_after_the_timeout(start: Any) -> None:
    servers = start(lambda question, count: 9.0, answer)
    began = time.monotonic()
    model = fleet(servers, concurrency=2, timeout=1.0)
    assert {r.outcome for r in respond(model, make_samples(12))} == {Outcome.OK}
    assert time.monotonic() - began < 8
    assert answered(servers[1:]) == once(12)


def test_a_server_that_asks_for_time_gets_it(start: Any) -> None:
    times: list[float] = []

    def busy(question: str, count: int) -> Any:
        times.append(time.monotonic())
        return (429, {"Retry-After": "0.3"}) if len(times) == 1 else None

    [server] = start(busy)
    assert {r.outcome for r in respond(fleet([server], concurrency=1), make_samples(3))} == {Outcome.OK}
    assert times[1] - times[0] >= 0.3
    assert times[3] - times[1] < 0.3


def test_injected_errors_lose_nothing_and_are_asked_as_seldom_as_possible(start: Any) -> None:
    kinds = [429, 500, "cut", "no json", completion(None)]

    def faulty(question: str, count: int) -> Any:
        number = int(question.split()[1])
        return kinds[number % 5] if number % 5 == number // 5 % 5 and count == 1 else answer(question, count)

    servers = start(faulty, faulty)
    samples = make_samples(50)
    assert respond(fleet(servers, concurrency=4), samples) == [
        Response(text_for(sample), entropy=0.0) for sample in samples
    ]
    failed = [i for i in range(50) if i % 5 == i // 5 % 5]
    # at each server at most once in vain
    assert all(asked(servers)[f"question {i}"] in ((2, 3) if i in failed else (1,)) for i in range(50))


def test_when_all_are_down_the_run_ends_and_says_what_is_kept(tmp_path: Path, start: Any) -> None:
    dead = threading.Event()
    servers = start(*[lambda question, count: 503 if dead.is_set() else answer(question, count)] * 2)
    samples = make_samples(20)
    with Cache(tmp_path) as cache:
        cache.respond(fleet(servers), samples[:6])
        dead.set()
        began = time.monotonic()
        with pytest.raises(ModelError) as caught:
            cache.respond(fleet(servers, concurrency=2, retries=2), samples)
        assert time.monotonic() - began < 15
        first, second = (server.url for server in servers)
        message = str(caught.value)
        assert re.match(
            rf"{first}, {second}, model 'm': [4-8] requests in a row failed \(({first}|{second}): HTTP 503", message
        )
        assert message.endswith(
            "). 0 of 14 questions were answered and are kept; the next run asks for the others only."
        )
        assert cache.sizes.answers == 6
        dead.clear()
        assert {r.outcome for r in cache.respond(fleet(servers), samples)} == {Outcome.OK}
    assert answered(servers) == once(20)


def test_what_one_request_does_wrong_is_not_tried_elsewhere(start: Any) -> None:
    def strange(question: str, count: int) -> Any:
        if question == "question 3":
            return {"status": 400, "error": {"message": "too large", "code": None}}
        if question == "question 4":
            return {"status": 400, "error": {"message": "no", "code": "content_filter"}}
        return answer(question, count)

    servers = start(strange, strange)
    found = respond(fleet(servers), make_samples(8))
    assert asked(servers) == once(8)
    assert found[3].outcome is Outcome.FAILED
    assert found[3].error.endswith("/v1: HTTP 400: too large")
    assert found[4] == Response("", Outcome.REFUSED, error="HTTP 400: no (content_filter)")


def test_a_question_that_no_server_can_answer_fails_alone(start: Any) -> None:
    def broken(question: str, count: int) -> Any:
        return 500 if question == "question 3" else answer(question, count)

    servers = start(broken, broken)
    found = respond(fleet(servers, retries=2), make_samples(30))
    assert [i for i, r in enumerate(found) if r.outcome is Outcome.FAILED] == [3]
    assert found[3].error.endswith("HTTP 500: status 500")
    assert asked(servers)["question 3"] == 4


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (completion("x", model="other"), "it answers as 'other', another model than 'm'. Give served_as='other' if "),
        ({"status": 404, "error": {"message": "no m here", "code": None}}, "no such model or address: no m here. "),
        ({"status": 401, "error": {"message": f"bad {KEY}", "code": None}}, "no access: bad ***. Check the key in "),
    ],
)
def test_a_server_that_is_another_one_ends_the_run(start: Any, said: Any, error: str) -> None:
    servers = start(lambda question, count: said, lambda question, count: time.sleep(0.05))
    with pytest.raises(ModelError) as caught:
        respond(fleet(servers), make_samples(30))
    assert f"{servers[0].url}: {error}" in str(caught.value)
    assert KEY not in str(caught.value)


def test_the_budget_is_of_the_model_whoever_answers(start: Any) -> None:
    servers = start(answer, answer)
    model = fleet(servers, concurrency=2, budget=12 * 10)
    with pytest.raises(
        BudgetError, match=r"m: the budget of 120 is spent \(.*\)\. 1[0-3] of 40 questions were answered"
    ):
        respond(model, make_samples(40))
    assert asked(servers) == answered(servers)
    assert set(asked(servers).values()) == {1}


def test_whoever_stops_listening_stops_asking(start: Any) -> None:
    servers = start(answer, lambda question, count: time.sleep(0.2))
    model = fleet(servers, concurrency=2)
    answers = model.respond(make_samples(50))
    next(answers)
    answers.close()
    assert sum(asked(servers).values()) <= 10
    assert len(respond(model, make_samples(3))) == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"base_url": []}, "model 'm' has no server. Give their addresses: base_url=['http://gpu1:8000/v1']."),
        (
            {"base_url": ["http://a/v1", "http://b/v1"], "revision": None},
            "model 'm' on 2 servers needs a revision=: what exactly all of them run, such as a commit or an image tag. "
            "Answers are kept under it, whichever server gave them.",
        ),
        (
            {"base_url": ["http://a/v1", "http://a/v1/"]},
            "http://a/v1 is given twice. Give every server once; concurrency= loads it more.",
        ),
        ({"base_url": ["http://a/v1"], "concurrency": 0}, "concurrency is 0; it must be at least 1."),
    ],
)
def test_impossible_settings(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError) as caught:
        OpenAIFleetModel("m", **{"revision": "r1", **options})
    assert str(caught.value) == message


def test_load_makes_a_fleet_of_several_addresses() -> None:
    model = load("openai:m", base_url=["http://a/v1", "http://user:pw@b/v1"], revision="r1", device="cpu")
    assert isinstance(model, OpenAIFleetModel)
    assert repr(model) == "OpenAIFleetModel('m', base_url=['http://a/v1', 'http://b/v1'])"
    assert type(load("openai:m", base_url="http://a/v1")) is OpenAIServerModel
