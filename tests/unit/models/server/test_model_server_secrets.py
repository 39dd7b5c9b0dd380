"""No key, password or address of a server's model is shown anywhere."""

from __future__ import annotations

import json
import traceback
from pathlib import Path
from typing import Any

import pytest
from cache_doubles import make_samples
from scripted_server import completion, serving
from server_calls import KEY, respond

from pytest_emid.cache import Cache
from pytest_emid.errors import ModelError
from pytest_emid.models import OpenAIServerModel

pytest.importorskip("openai")

pytestmark = pytest.mark.usefixtures("quick_client")


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
