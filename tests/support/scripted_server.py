"""A loopback server that speaks enough of the chat completions protocol, and misbehaves as told."""

from __future__ import annotations

import base64
import io
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from PIL import Image

from pytest_emid.data.sample import image_digest

Script = Callable[[str, int], Any]
"""(question, how often it was asked) -> what to do: None answers; see `Handler.misbehave`."""


def completion(text: str | None, model: str = "m", reason: str = "stop", **message: Any) -> dict[str, Any]:
    return {
        "id": "x",
        "object": "chat.completion",
        "created": 0,
        "model": model,
        "choices": [
            {"index": 0, "finish_reason": reason, "message": {"role": "assistant", "content": text, **message}}
        ],
        "usage": {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12},
    }


class ScriptedServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, script: Script) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script = script
        self.by_body: Callable[[dict[str, Any]], Any] | None = None
        """Takes the place of the script where an answer depends on more than the question."""
        self.embed: Callable[[dict[str, Any]], Any] = embeddings
        self.asked: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.open = self.most_open = 0
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # a client that hung up


class Handler(BaseHTTPRequestHandler):
    server: ScriptedServer

    def log_message(self, *_: Any) -> None:
        pass

    def do_POST(self) -> None:
        server = self.server
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        server.paths.append(self.path)
        if self.path.partition("?")[0].endswith("/embeddings"):
            self.misbehave(server.embed(body))
            return
        content = body["messages"][-1]["content"]
        question = content if isinstance(content, str) else content[-1]["text"]
        with server.lock:
            server.bodies.append(body)
            server.headers.append({name.lower(): value for name, value in self.headers.items()})
            server.asked[question] += 1
            count = server.asked[question]
            server.open += 1
            server.most_open = max(server.most_open, server.open)
        try:
            what = server.script(question, count) if server.by_body is None else server.by_body(body)
            if what is None:
                what = completion(f"{picture_of(content)[:6]} {question}")
            if isinstance(what, dict) and "choices" in what:
                with server.lock:
                    server.answered[question] += 1
        finally:
            # Before the answer goes: who has it may send the next request before this thread goes on.
            with server.lock:
                server.open -= 1
        self.misbehave(what)

    def misbehave(self, what: Any) -> None:
        """A dict is answered; an int is an HTTP error; a tuple adds headers; a float sleeps first; text is sent raw."""
        if isinstance(what, float):
            time.sleep(what)
            what = completion("late")
        if what == "cut":
            self.send_response(200)
            self.send_header("content-length", "1000")
            self.end_headers()
            self.wfile.write(b'{"choices": [')
            self.wfile.flush()
            self.close_connection = True
            return
        if what == "drip":
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.end_headers()
            for _ in range(60):  # without a length, so that the client reads on
                self.wfile.write(b" ")
                self.wfile.flush()
                time.sleep(0.05)
            self.close_connection = True
            return
        headers: dict[str, str] = {}
        if isinstance(what, tuple):
            what, headers = what
        if isinstance(what, int):
            self.send(what, {"error": {"message": f"status {what}", "code": None}}, headers)
        elif isinstance(what, dict) and "status" in what:
            self.send(what["status"], {"error": what["error"]}, headers)
        else:
            self.send(200, what, headers)

    def send(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        sent = {"content-type": "application/json", "content-length": str(len(raw)), **(headers or {})}
        for name, value in sent.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(raw)


def picture_of(content: Any) -> str:
    url = content[0]["image_url"]["url"] if isinstance(content, list) else ""
    head, _, data = url.partition(",")
    if head != "data:image/png;base64":
        return "none"
    return image_digest(Image.open(io.BytesIO(base64.b64decode(data))))


def embeddings(body: dict[str, Any]) -> dict[str, Any]:
    rows = [[float(len(text)), 1.0, 0.0] for text in body["input"]]
    data = [{"object": "embedding", "index": i, "embedding": row} for i, row in enumerate(rows)]
    return {
        "object": "list",
        "model": body["model"],
        "data": data[::-1],
        "usage": {"prompt_tokens": 1, "total_tokens": 1},
    }


@contextmanager
def serving(script: Script) -> Iterator[ScriptedServer]:
    server = ScriptedServer(script)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
