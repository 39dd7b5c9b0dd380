"""The built-in model behind a genuine `transformers serve` on loopback."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

import pytest_emid
from pytest_emid.cache import Cache
from pytest_emid.data.scenes.sets import scenes_dataset
from pytest_emid.models import OpenAIServerModel, Outcome, load

for package in ("uvicorn", "fastapi"):
    pytest.importorskip(package)
pytest.importorskip("openai", "1.99", reason="transformers serve needs openai 1.99")

FOLDER = Path(pytest_emid.__file__).parent / "assets" / "tiny-llava"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("serve") / "log"
    command = [sys.executable, "-m", "transformers.cli.transformers", "serve", str(FOLDER)]
    with log.open("w") as file:
        server = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port), "--device", "cpu"],
            stdout=file,
            stderr=subprocess.STDOUT,
            env={**os.environ, "HF_HUB_OFFLINE": "1"},
        )
    try:
        deadline = time.monotonic() + 90
        while True:
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1).close()
                break
            except (urllib.error.URLError, OSError):
                time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.kill()
        server.wait()


def test_it_answers_as_the_same_model_in_process(url: str) -> None:
    dataset = scenes_dataset(9)
    model = OpenAIServerModel(str(FOLDER), base_url=url, max_tokens=72, concurrency=2, name="served")
    with Cache(None) as cache:
        served = cache.respond(model, dataset)
        local = cache.respond(load("tiny-llava"), dataset)
        assert cache.respond(model, dataset) == served
    assert [response.text for response in served] == [response.text for response in local]
    assert {response.outcome for response in served} == {Outcome.OK}
    assert model.usage.requests == 9
    assert model.usage.completion_tokens > 9


def test_an_answer_that_reaches_the_limit_is_truncated(url: str) -> None:
    model = OpenAIServerModel(str(FOLDER), base_url=url, max_tokens=2)
    [(_, response)] = model.respond(scenes_dataset(1))
    assert response.outcome is Outcome.TRUNCATED
