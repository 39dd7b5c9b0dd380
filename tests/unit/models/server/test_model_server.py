"""A model behind a server: what it sends, what it takes for an answer, its budget, fingerprint and settings."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from cache_doubles import make_samples, text_for
from scripted_server import completion, serving
from server_calls import KEY, answer, respond

from pytest_emid.cache import Cache
from pytest_emid.errors import ModelError
from pytest_emid.models import OpenAIServerModel, Outcome, Response
from pytest_emid.models.server.connection import BudgetError
from pytest_emid.models.server.content import png

pytest.importorskip("openai")

pytestmark = pytest.mark.usefixtures("quick_client")


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
            ({"generation": {"n": 2}}, "generation cannot hold n: every request has its own. Give draws= instead."),
            (
                {"generation": {"max_completion_tokens": 9, "max_tokens": 9, "seed": 1}},
                "generation cannot hold max_completion_tokens, max_tokens, seed: every request has its own. "
                "Give max_tokens=, seed= instead.",
            ),
            (
                {"generation": {"stream": True}},
                "generation cannot hold stream: every request has its own. Leave it out.",
            ),
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
