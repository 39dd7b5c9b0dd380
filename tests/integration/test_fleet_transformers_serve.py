"""Two genuine `transformers serve` processes of the built-in model as one fleet; one of them is killed midway."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

import pytest_emid
from pytest_emid.cache import Cache
from pytest_emid.data.scenes.sets import scenes_dataset
from pytest_emid.models import OpenAIFleetModel, load

for package in ("uvicorn", "fastapi"):
    pytest.importorskip(package)
pytest.importorskip("openai", "1.99", reason="transformers serve needs openai 1.99")

FOLDER = Path(pytest_emid.__file__).parent / "assets" / "tiny-llava"
pytestmark = pytest.mark.slow


@contextmanager
def serve(log: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "transformers.cli.transformers", "serve", str(FOLDER)]
    with log.open("w") as file:
        server = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port), "--device", "cpu"],
            stdout=file,
            stderr=subprocess.STDOUT,
            env={**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
        )
    try:
        yield f"http://127.0.0.1:{port}", server
    finally:
        server.kill()
        server.wait()


def wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 120
    while True:
        assert server.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        try:
            urllib.request.urlopen(f"{url}/health", timeout=1).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)


def test_a_fleet_answers_as_the_model_in_process_though_a_server_is_killed(tmp_path: Path) -> None:
    dataset = scenes_dataset(30)
    logs = [tmp_path / "one", tmp_path / "two"]
    with ExitStack() as stack:
        servers = [stack.enter_context(serve(log)) for log in logs]
        for (url, server), log in zip(servers, logs, strict=True):
            wait_for(url, server, log)
        model = OpenAIFleetModel(
            str(FOLDER),
            base_url=[f"{url}/v1" for url, _ in servers],
            revision="built-in",
            max_tokens=72,
            concurrency=2,
            name="fleet",
        )
        with Cache(None) as cache:

            def kill(done: int, _: int) -> None:
                if done >= 10:
                    servers[0][1].kill()

            served = cache.respond(model, dataset, progress=kill)
            assert servers[0][1].wait(10) != 0
            assert servers[1][1].poll() is None
            assert cache.counts.asked == model.usage.requests == 30
            assert cache.counts.failed == 0
            local = cache.respond(load("tiny-llava"), dataset)
    assert [response.text for response in served] == [response.text for response in local]
    for log in logs:
        assert "POST /v1/chat/completions" in log.read_text()
