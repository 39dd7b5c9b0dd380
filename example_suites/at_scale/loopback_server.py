"""A stand-in for a cluster: a small server on loopback that speaks the chat completions of OpenAI-compatible servers.

    python loopback_server.py --port 8001

It is a model, if a simple one: asked about a picture, it recalls the scene that looks most alike and, of the questions
about that scene, the one that reads most alike, and gives its answer. It forgets under blur and typos, as models do,
and needs neither weights nor a GPU. With --latency it takes its time, and with --die-after it dies midway.
"""

import argparse
import base64
import io
import json
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
from PIL import Image

from pytest_emid.data import scenes_dataset
from pytest_emid.data.sample import image_digest

MODEL = "recollection"
SIDE = 12


class Recollection:
    """The nearest scene's answer to the nearest question."""

    def __init__(self, samples: int) -> None:
        self.dataset = scenes_dataset(samples)
        pictures = {sample.cluster_id: sample for sample in self.dataset}
        self.clusters = list(pictures)
        self.seen = np.stack([thumbnail(sample.open_image()) for sample in pictures.values()])
        self.asked: dict[str, list[tuple[set[str], str]]] = {}
        for sample in self.dataset:
            self.asked.setdefault(sample.cluster_id, []).append((trigrams(sample.question), sample.reference))

    def answer(self, picture: Image.Image, question: str) -> str:
        """What it recalls."""
        distances = ((self.seen - thumbnail(picture)) ** 2).sum(axis=1)
        wanted = trigrams(question)
        known = self.asked[self.clusters[int(distances.argmin())]]
        return max(known, key=lambda one: len(one[0] & wanted) / len(one[0] | wanted))[1]


def thumbnail(picture: Image.Image) -> np.ndarray:
    small = picture.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float32).ravel()


def trigrams(text: str) -> set[str]:
    padded = f"  {text.lower()} "
    return {padded[i : i + 3] for i in range(len(padded) - 2)}


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, port: int, samples: int, latency: float, log: Path | None, die_after: int | None) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.model = Recollection(samples)
        self.latency = latency
        self.log = log
        self.die_after = die_after
        self.answers = 0
        self.lock = threading.Lock()

    def delivered(self, what: str) -> None:
        """Count an answer that has left, and die when it is time."""
        with self.lock:
            self.answers += 1
            if self.log is not None:
                with self.log.open("a") as file:
                    file.write(f"{what}\n")
            if self.answers == self.die_after:
                os._exit(1)


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.reply({"object": "list", "data": [{"id": MODEL, "object": "model"}]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        content = body["messages"][-1]["content"]
        url = next(part["image_url"]["url"] for part in content if part["type"] == "image_url")
        question = next(part["text"] for part in content if part["type"] == "text")
        picture = Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2])))
        time.sleep(self.server.latency)
        text = self.server.model.answer(picture, question)
        self.reply(
            {
                "id": "x",
                "object": "chat.completion",
                "created": 0,
                "model": body["model"],
                "choices": [
                    {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}},
                ],
                "usage": {"prompt_tokens": 64, "completion_tokens": len(text.split()), "total_tokens": 64},
            }
        )
        self.server.delivered(f"{image_digest(picture)[:16]} {json.dumps(question)}")

    def reply(self, body: dict[str, object]) -> None:
        raw = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)
        self.wfile.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=8001, help="0 takes any free one; it is printed")
    parser.add_argument("--samples", type=int, default=300, help="samples of the scenes that it remembers")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds that an answer takes")
    parser.add_argument("--log", type=Path, help="file to which every answer that was delivered is appended")
    parser.add_argument("--die-after", type=int, help="answers after which the process ends, as if it were killed")
    options = parser.parse_args()
    server = Server(options.port, options.samples, options.latency, options.log, options.die_after)
    print(f"http://127.0.0.1:{server.server_address[1]}/v1", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
