"""A model behind a server that answers, refuses, stumbles, hangs, lies or is not there."""

from __future__ import annotations

import json
import random
import socket
import subprocess
import sys
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from cache_doubles import make_samples, text_for
from scripted_server import completion, serving

from pytest_emid.cache import Cache
from pytest_emid.errors import ModelError
from pytest_emid.models import OpenAIServerModel, Outcome, Response
from pytest_emid.models.server.chat import png
from pytest_emid.models.server.connection import BudgetError

pytest.importorskip("openai")

KEY = "canary-4711-secret"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses between attempts are the client's; here they are short."""
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.01)
    monkeypatch.setattr("openai._base_client.MAX_RETRY_DELAY", 0.02)
    monkeypatch.setattr("pytest_emid.models.server.chat.PAUSE", 0.01)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


def answer(question: str, count: int) -> Any:
    return None


def respond(model: OpenAIServerModel, samples) -> list[Response]:
    found = dict(model.respond(samples))
    return [found[i] for i in range(len(samples))]


def test_answers(tmp_path: Path) -> None:
    samples = make_samples(20, pictures=7)
    with serving(lambda question, count: time.sleep(0.02)) as server:
        model = OpenAIServerModel("m", base_url=server.url, concurrency=4)
        assert respond(model, samples) == [Response(text_for(sample), entropy=0.0) for sample in samples]
        assert 2 <= server.most_open <= 4
        assert set(server.asked.values()) == {1}
    assert (model.usage.requests, model.usage.prompt_tokens, model.usage.completion_tokens) == (20, 200, 40)


def test_what_is_sent() -> None:
    sample = make_samples(1)[0]
    with serving(answer) as server:
        model = OpenAIServerModel(
            "m",
            base_url=server.url + "/",
            system="Be brief.",
            max_tokens=9,
            temperature=0.5,
            seed=3,
            generation={"presence_penalty": 0.25, "stop": ["x"]},
            detail="high",
        )
        assert respond(model, [sample])[0].entropy is None
        body = server.bodies[0]
        assert server.headers[0]["authorization"] == f"Bearer {KEY}"
    system, user = body.pop("messages")
    assert system == {"role": "system", "content": "Be brief."}
    picture, text = user["content"]
    assert text == {"type": "text", "text": "question 0"}
    assert picture["image_url"]["detail"] == "high"
    assert body == {
        "model": "m",
        "max_tokens": 9,
        "temperature": 0.5,
        "seed": 3,
        "presence_penalty": 0.25,
        "stop": ["x"],
    }


def test_pictures_go_as_they_are() -> None:
    sample = make_samples(1)[0]
    sample.open_image().info["comment"] = "metadata stays behind"
    assert png(sample.open_image()) == png(sample.open_image().copy())
    assert b"metadata" not in png(sample.open_image())


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (completion(" yes \n"), Response("yes", entropy=0.0)),
        (completion(""), Response("", entropy=0.0)),
        (completion("cut o", reason="length"), Response("cut o", Outcome.TRUNCATED, entropy=0.0)),
        (completion("no", reason="content_filter"), Response("no", Outcome.REFUSED)),
        (completion(None, refusal="I cannot."), Response("I cannot.", Outcome.REFUSED)),
        (completion("fine", model="m-2026-01-01"), Response("fine", entropy=0.0)),
        (
            {"status": 400, "error": {"message": "filtered", "code": "content_filter"}},
            Response("", Outcome.REFUSED, error="HTTP 400: filtered (content_filter)"),
        ),
    ],
)
def test_outcomes(sent: Any, expected: Response) -> None:
    with serving(lambda question, count: sent) as server:
        assert respond(OpenAIServerModel("m", base_url=server.url), make_samples(1)) == [expected]
        assert sum(server.asked.values()) == 1


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


def test_another_model_is_not_taken_for_ours() -> None:
    with serving(lambda question, count: completion("yes", model="other")) as server:
        with pytest.raises(ModelError) as caught:
            respond(OpenAIServerModel("m", base_url=server.url), make_samples(1))
        assert str(caught.value) == (
            f"{server.url}, model 'm': it answers as 'other', another model than 'm'. "
            "Give served_as='other' if they are the same."
        )
        same = OpenAIServerModel("m", base_url=server.url, served_as="other")
        assert respond(same, make_samples(1))[0].text == "yes"


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


class TestBudget:
    def test_in_tokens(self) -> None:
        samples = make_samples(10)
        with serving(answer) as server, Cache(None) as cache:
            model = OpenAIServerModel("m", base_url=server.url, concurrency=1, budget=36)
            with pytest.raises(BudgetError) as caught:
                cache.respond(model, samples)
            assert str(caught.value) == (
                "m: the budget of 36 is spent (30 prompt and 6 completion tokens). 3 of 10 questions were answered and "
                "are kept; 7 are left."
            )
            assert cache.sizes.answers == 3

    def test_in_money(self) -> None:
        with serving(answer) as server:
            prices = (1e5, 5e5)  # a token costs 0.1 and 0.5: an answer 2
            model = OpenAIServerModel("m", base_url=server.url, concurrency=1, budget=5, prices=prices)
            with pytest.raises(BudgetError, match="30 prompt and 6 completion tokens, cost 6"):
                list(model.respond(make_samples(10)))

    def test_that_suffices(self) -> None:
        with serving(answer) as server:
            model = OpenAIServerModel("m", base_url=server.url, concurrency=1, budget=36)
            assert len(respond(model, make_samples(3))) == 3


class TestFingerprint:
    def test_sees_every_setting(self) -> None:
        settings: list[dict[str, Any]] = [
            {},
            {"base_url": "http://other/v1"},
            {"revision": "abc"},
            {"system": "Be brief."},
            {"max_tokens": 5},
            {"temperature": 0.5},
            {"seed": 0},
            {"seed": 1},
            {"generation": {"presence_penalty": 0.5}},
            {"detail": "low"},
        ]
        fingerprints = [OpenAIServerModel("m", **{"base_url": "http://a/v1", **s}).fingerprint for s in settings]
        fingerprints.append(OpenAIServerModel("n", base_url="http://a/v1").fingerprint)
        assert len(set(fingerprints)) == len(settings) + 1

    def test_transport_and_key_do_not_matter(self) -> None:
        base = OpenAIServerModel("m", base_url="http://a/v1", api_key="x" * 9)
        same = OpenAIServerModel("m", base_url="http://a/v1/", concurrency=1, timeout=3, retries=0, budget=3, name="n")
        assert same.fingerprint == base.fingerprint
        revised = [OpenAIServerModel("m", base_url=url, revision="r").fingerprint for url in ("http://a", "http://b")]
        assert revised[0] == revised[1]


class TestSecrets:
    def echo(self, question: str, count: int) -> Any:
        return {"status": 401, "error": {"message": f"Incorrect API key provided: {KEY}", "code": None}}

    def test_the_key_is_nowhere(self, tmp_path: Path, caplog, capsys) -> None:
        caplog.set_level(0)
        with serving(self.echo) as server, Cache(tmp_path / "c.db") as cache:
            model = OpenAIServerModel("m", base_url=server.url, api_key=KEY)
            with pytest.raises(ModelError) as caught:
                cache.respond(model, make_samples(2))
        shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
        printed = "".join(capsys.readouterr())
        places = [
            shown,
            printed,
            caplog.text,
            repr(model),
            repr(vars(model)),
            repr(vars(model.server)),
            str(caught.value),
        ]
        places.append(json.dumps(model.identity))
        places.append((tmp_path / "c.db").read_bytes().decode("latin-1"))
        assert "Incorrect API key provided: ***" in str(caught.value)
        assert not any(KEY in place for place in places)

    def test_not_even_in_pytest_s_tracebacks(self, pytester: pytest.Pytester) -> None:
        with serving(self.echo) as server:
            pytester.makepyfile(
                f"""
                from pytest_emid.models import OpenAIServerModel
                from pytest_emid.data.sample import Sample
                from PIL import Image

                def test_it():
                    sample = Sample("s", Image.new("RGB", (4, 4)), "question", "x")
                    model = OpenAIServerModel("m", base_url={server.url!r}, retries=0)
                    list(model.respond([sample]))
                """
            )
            result = pytester.runpytest_subprocess("--showlocals", "--tb=long", "--full-trace")
        result.assert_outcomes(failed=1)
        assert "Incorrect API key provided: ***" in result.stdout.str()
        assert KEY not in result.stdout.str() + result.stderr.str()

    def test_a_gateway_that_echoes_the_key(self) -> None:
        with serving(lambda question, count: completion(f"Bearer {KEY} and more")) as server:
            assert (
                respond(OpenAIServerModel("m", base_url=server.url), make_samples(1))[0].text == "Bearer *** and more"
            )

    def test_a_password_in_the_address_that_is_said_back(self) -> None:
        model = OpenAIServerModel("m", base_url="http://user:canary-4711@host:1/v1")
        assert model.server.scrub(f"no route to http://user:canary-4711@host, {KEY}") == (
            "no route to http://user:***@host, ***"
        )

    @pytest.mark.parametrize("given", [True, False])
    def test_a_query_in_the_address(self, monkeypatch: pytest.MonkeyPatch, given: bool) -> None:
        url = "http://host/v1?key=canary-4711"
        monkeypatch.setenv("OPENAI_BASE_URL", url)
        with pytest.raises(ModelError) as caught:
            OpenAIServerModel("m", base_url=url if given else None)
        assert str(caught.value) == (
            "base_url holds a query, which no request would keep, and which messages would show. Leave out what "
            "follows the question mark; a key goes into the environment variable OPENAI_API_KEY."
        )

    def test_credentials_in_the_address(self) -> None:
        model = OpenAIServerModel("m", base_url="http://user:pass@host:1/v1/a@b")
        assert model.server.name == "http://host:1/v1/a@b"


class TestErrors:
    def test_no_key(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("OPENAI_API_KEY")
        monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
        with pytest.raises(ModelError) as caught:
            respond(OpenAIServerModel("m"), make_samples(1))
        assert str(caught.value) == (
            "no API key: the environment variable OPENAI_API_KEY is not set. Set it, or give base_url= of a server "
            "that needs none."
        )
        assert respond(OpenAIServerModel("m"), []) == []

    def test_a_local_server_needs_no_key(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("OPENAI_API_KEY")
        with serving(answer) as server:
            assert len(respond(OpenAIServerModel("m", base_url=server.url), make_samples(1))) == 1

    def test_without_the_package(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "openai", None)
        with pytest.raises(ModelError) as caught:
            respond(OpenAIServerModel("m", base_url="http://a/v1"), make_samples(1))
        assert str(caught.value) == (
            "asking a server needs the openai package. Install it: pip install 'pytest-emid[openai]'."
        )

    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            ({"max_tokens": 0}, "max_tokens is 0; it must be at least 1."),
            ({"concurrency": 0}, "concurrency is 0; it must be at least 1."),
            ({"temperature": -1}, "temperature is -1; it must be at least 0."),
            ({"timeout": 0}, "timeout is 0; it must be above 0 seconds."),
            ({"retries": -1}, "retries is -1; it must be at least 0."),
            ({"generation": {"n": 2}}, "generation cannot hold n here; they are arguments, or fixed."),
        ],
    )
    def test_settings_out_of_range(self, settings: dict[str, Any], message: str) -> None:
        with pytest.raises(ModelError) as caught:
            OpenAIServerModel("m", **settings)
        assert str(caught.value) == message


def test_a_fingerprint_does_not_import_openai() -> None:
    code = (
        "import sys; from pytest_emid.models import OpenAIServerModel as M\n"
        "print(len(M('m', base_url='http://a/v1').fingerprint), 'openai' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "64 False"
