"""Embeddings from a server."""

from __future__ import annotations

import socket

import numpy as np
import pytest
from scripted_server import embeddings, serving

from pytest_emid.encoders import OpenAIServerTextEncoder
from pytest_emid.errors import ModelError, UnavailableError

pytest.importorskip("openai")

TEXTS = ["abc", "", "a", "\ud800", "four"]


def test_vectors_come_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with serving(lambda question, count: None) as server:
        vectors = OpenAIServerTextEncoder("e", base_url=server.url, batch_size=2).encode(TEXTS)
        assert OpenAIServerTextEncoder("e", base_url=server.url).encode([]).shape == (0, 0)
    rows = np.array([[3, 1, 0], [1, 1, 0], [1, 1, 0], [1, 1, 0], [4, 1, 0]], dtype=np.float64)
    np.testing.assert_allclose(vectors, rows / np.linalg.norm(rows, axis=1, keepdims=True), rtol=1e-6)
    assert vectors.dtype == np.float32


def test_fingerprints() -> None:
    settings = [{}, {"base_url": "http://b/v1"}, {"revision": "r"}, {"dimensions": 8}]
    encoders = [OpenAIServerTextEncoder("e", **{"base_url": "http://a/v1", **setting}) for setting in settings]
    encoders.append(OpenAIServerTextEncoder("f", base_url="http://a/v1"))
    assert len({encoder.fingerprint for encoder in encoders}) == 5
    same = OpenAIServerTextEncoder("e", base_url="http://a/v1", batch_size=3, timeout=1, api_key="key")
    assert same.fingerprint == encoders[0].fingerprint


def test_a_server_that_is_not_there() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
    with pytest.raises(UnavailableError, match=f"^{url}, model 'e': no connection: "):
        OpenAIServerTextEncoder("e", base_url=url, retries=0).encode(["a"])


def test_own_headers_and_query_are_sent() -> None:
    with serving(lambda question, count: None) as server:
        options = {"default_headers": {"api-key": "canary-4711"}, "default_query": {"api-version": "1"}}
        encoder = OpenAIServerTextEncoder("e", base_url=server.url, **options)
        assert encoder.encode(["abc"]).shape == (1, 3)
        assert server.paths == ["/v1/embeddings?api-version=1"]
    assert encoder.fingerprint != OpenAIServerTextEncoder("e", base_url=server.url).fingerprint
    assert "canary" not in repr(encoder.identity)


def test_an_error_in_place_of_vectors_is_told_in_the_server_s_words() -> None:
    with serving(lambda question, count: None) as server:
        server.embed = lambda body: {"error": {"message": "no such deployment", "code": "x1"}}
        encoder = OpenAIServerTextEncoder("e", base_url=server.url, retries=0)
        with pytest.raises(UnavailableError) as caught:
            encoder.encode(["a"])
    assert str(caught.value) == f"{server.url}, model 'e': HTTP 200 with an error: no such deployment (x1)."


def test_a_server_that_loads_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_emid.models.server.patience.POLL", 0.01)
    asked: list[int] = []

    def loading(body: dict[str, object]) -> object:
        asked.append(503)
        return 503 if len(asked) < 4 else embeddings(body)

    with serving(lambda question, count: None) as server:
        server.embed = loading
        encoder = OpenAIServerTextEncoder("e", base_url=server.url, retries=0, wait=20)
        assert encoder.encode(["abc"]).shape == (1, 3)
    assert len(asked) == 4


def test_another_number_of_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scripted_server.embeddings", lambda body: {"object": "list", "model": "e", "data": []})
    with serving(lambda question, count: None) as server:
        encoder = OpenAIServerTextEncoder("e", base_url=server.url, retries=0)
        with pytest.raises(ModelError) as caught:
            encoder.encode(["a", "b"])
    assert str(caught.value) == f"{server.url}, model 'e' returned 0 embeddings for 2 texts."


@pytest.mark.parametrize(
    "items",
    [
        [{"index": 0, "embedding": [1.0, 2.0]}] * 2,
        [{"embedding": [1.0, 2.0]}] * 2,
        [{"index": 0, "embedding": "canary-4711-secret"}, {"index": 1, "embedding": [1.0]}],
        [{"index": 0, "embedding": 1.0}, {"index": 1, "embedding": 2.0}],
    ],
    ids=["one place twice", "no place", "text", "numbers"],
)
def test_vectors_that_make_no_sense(monkeypatch: pytest.MonkeyPatch, items: list[dict[str, object]]) -> None:
    body = {"object": "list", "model": "e", "data": items}
    monkeypatch.setattr("scripted_server.embeddings", lambda request: body)
    with serving(lambda question, count: None) as server, pytest.raises(ModelError) as caught:
        OpenAIServerTextEncoder("e", base_url=server.url).encode(["a", "b"])
    assert str(caught.value) == (
        f"{server.url}, model 'e' returned embeddings that are no lists of numbers, or do not say which of the 2 texts "
        "each is of (index)."
    )


def test_settings_out_of_range() -> None:
    with pytest.raises(ModelError, match="batch_size is 0; it must be at least 1"):
        OpenAIServerTextEncoder("e", batch_size=0)
