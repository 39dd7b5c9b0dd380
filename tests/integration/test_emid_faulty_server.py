"""A suite against a server that stumbles, that is not there, and that knows a secret."""

from __future__ import annotations

import random
import socket
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from scripted_server import completion, serving

from pytest_emid.cache import Cache

pytest.importorskip("openai")

pytestmark = pytest.mark.usefixtures("loaded")

KEY = "canary-4711-secret"
SUPPORT = Path(__file__).parents[1] / "support"
CONFTEST = f"""
import sys
sys.path.insert(0, {str(SUPPORT)!r})

import pytest
import pytest_emid
from cache_doubles import CountingEncoder
from pytest_emid.models import OpenAIServerModel


@pytest.fixture(scope="session")
def emid_model():
    return OpenAIServerModel("m", OPTIONS)


@pytest.fixture(scope="session")
def emid_dataset():
    return pytest_emid.data.load("scenes", n=60)


@pytest.fixture(scope="session")
def emid_calibration():
    return None


@pytest.fixture(scope="session")
def emid_encoders():
    return pytest_emid.encoders.Encoders(CountingEncoder(), CountingEncoder())
"""
TEST = """
import pytest

@pytest.mark.parametrize("shift", ["keyboard:1", "keyboard:3"])
def test_it(measure_emid, shift):
    assert measure_emid(shift).emid.n == 60
"""


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    pytester.makeini("[pytest]")
    pytester.makepyfile(test_it=TEST)
    return pytester


def ask(suite: pytest.Pytester, url: str, *arguments: str, **options: Any) -> pytest.RunResult:
    """Run the suite; the server's port is not part of what decides an answer."""
    given = {"base_url": url, "revision": "1", **options}
    suite.makeconftest(CONFTEST.replace("OPTIONS", ", ".join(f"{name}={value!r}" for name, value in given.items())))
    return suite.runpytest("-p", "no:xdist", "--tb=short", *arguments)


def kept(suite: pytest.Pytester) -> int:
    with Cache(suite.path / ".emid", mode="read") as cache:
        return cache.sizes.answers


def free_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


def test_with_a_fifth_of_all_requests_failing_each_is_answered_once(suite: pytest.Pytester) -> None:
    rng = random.Random(3)
    failed: Counter[str] = Counter()

    def script(question: str, count: int) -> Any:
        fault = rng.choice([429, 500, 503, "cut", "{", "[]"]) if rng.random() < 0.2 else None
        failed[question] += fault is not None
        return (fault, {"retry-after-ms": "10"}) if isinstance(fault, int) else fault

    with serving(script) as server:
        ask(suite, server.url, retries=9).assert_outcomes(passed=2)
        assert sum(server.answered.values()) == kept(suite)
        assert server.asked == server.answered + failed
        assert sum(failed.values()) > 10
        asked = server.asked.copy()
        ask(suite, server.url).assert_outcomes(passed=2)
        assert server.asked == asked


def test_a_server_that_goes_away_fails_the_run_in_time_and_loses_nothing(suite: pytest.Pytester) -> None:
    answered = 0

    def script(question: str, count: int) -> Any:
        nonlocal answered
        answered += 1
        return None if answered <= 20 else 5.0

    with serving(script) as server:
        began = time.monotonic()
        run = ask(suite, server.url, timeout=1.0, retries=1, concurrency=2)
        seconds = time.monotonic() - began
        run.assert_outcomes(failed=2)
        run.stdout.fnmatch_lines([f"*{server.url}, model 'm': 2 requests in a row failed (no answer within 1 s).*"])
        answers = kept(suite)  # on a busy machine one or two of the first twenty come too late
        assert 15 <= answers <= 20
        run.stdout.fnmatch_lines([f"*{answers} of * questions were answered and are kept*"])
        first = server.answered.copy()
        server.script = lambda question, count: None
        ask(suite, server.url).assert_outcomes(passed=2)
        assert sum(server.answered.values()) == kept(suite)
        assert all(server.answered[question] >= count for question, count in first.items())
    assert seconds < 2 * (1 + 1) * 1.0 + 60  # twice (retries + 1) * timeout, and a start of pytest on a busy machine


def test_a_server_that_is_not_there(suite: pytest.Pytester) -> None:
    url = f"http://127.0.0.1:{free_port()}/v1"
    run = ask(suite, url, timeout=1.0, retries=0)
    run.assert_outcomes(failed=2)
    run.stdout.fnmatch_lines([f"*{url}, model 'm': * requests in a row failed (no connection: *"])
    assert kept(suite) == 0


def test_the_key_is_in_no_artefact(suite: pytest.Pytester) -> None:
    def script(question: str, count: int) -> Any:
        if "color" in question.lower() and count < 2:
            return {"status": 500, "error": {"message": f"could not use {KEY}", "code": None}}
        return completion(f"Authorization: Bearer {KEY}. It is number {len(question)}.")

    everything = ("-vv", "-rA", "--showlocals", "--tb=long", "--full-trace", "--log-level=DEBUG", "-o", "log_cli=true")
    artefacts = ("--emid-json=report.json", "--junit-xml=junit.xml", "--emid-contact-sheet=sheet.html")
    said = ""
    with serving(script) as server:
        run = ask(suite, server.url, *everything, *artefacts)
        run.assert_outcomes(passed=2)
        said += run.stdout.str() + run.stderr.str()
        server.script = lambda question, count: {"status": 401, "error": {"message": f"wrong key {KEY}", "code": None}}
        run = ask(suite, server.url, *everything, *artefacts, "--emid-cache=refresh")
        run.assert_outcomes(failed=2)
        said += run.stdout.str() + run.stderr.str()
        assert server.headers[0]["authorization"] == f"Bearer {KEY}"
    packed = suite.run(sys.executable, "-m", "pytest_emid", "pack", "answers.json")
    assert packed.ret == 0
    assert "DEBUG" in said
    assert "wrong key ***" in said
    assert "Authorization: Bearer ***. It is number" in (suite.path / "answers.json").read_text()
    files = [path for path in suite.path.rglob("*") if path.is_file()]
    assert {"report.json", "junit.xml", "sheet.html", "cache.sqlite", "answers.json"} <= {path.name for path in files}
    assert KEY not in said
    assert [path for path in files if KEY.encode() in path.read_bytes()] == []
