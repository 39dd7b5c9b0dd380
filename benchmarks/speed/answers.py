"""How fast answers come, against a hand-written batched `generate` loop and against asking one by one.

    python benchmarks/speed/answers.py --out answers.json                       # the built-in model, 500 scenes
    python benchmarks/speed/answers.py --model PATH --device cuda --dtype bfloat16

All sides answer the same samples with the same weights, precision and limit of new tokens, in one process, turn by
turn; the fastest of the rounds counts, in CPU time where the device is a CPU and in wall time elsewhere. Loading, and
each side's first batch, are not timed; opening the pictures is. One by one is what the authors' evaluation does.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
import transformers
from plain_loop import Plain

import pytest_emid
from pytest_emid.data import Sample, scenes_dataset
from pytest_emid.models import TransformersModel

BUILT_IN = Path(pytest_emid.__file__).parent / "assets" / "tiny-llava"


def ours(model: TransformersModel, samples: Sequence[Sample]) -> list[str]:
    found = dict(model.respond(samples))
    return [found[i].text for i in range(len(samples))]


def timed(side: Callable[[], list[str]], on_cpu: bool) -> tuple[float, float, list[str]]:
    start = time.perf_counter(), time.process_time()
    texts = side()
    if not on_cpu:
        torch.cuda.synchronize()
    return time.perf_counter() - start[0], time.process_time() - start[1], texts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=BUILT_IN, help="a folder in the Hugging Face format")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--samples", type=int, default=500)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1, help="of torch; one is steadiest where others work too")
    parser.add_argument("--scores", action="store_true", help="ours also records token scores")
    parser.add_argument("--out", type=Path, help="file to write the figures to, as JSON")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    on_cpu = arguments.device == "cpu"
    samples = list(scenes_dataset(arguments.samples))
    plain = Plain(arguments.model, arguments.device, arguments.dtype)
    model = TransformersModel(
        arguments.model,
        device=arguments.device,
        dtype=arguments.dtype,
        batch_size=arguments.batch_size,
        scores=arguments.scores,
    )
    sides: dict[str, Callable[[Sequence[Sample]], list[str]]] = {
        "ours": lambda some: ours(model, some),
        "batched": lambda some: plain.answer(some, arguments.batch_size),
        "one_by_one": lambda some: plain.answer(some, 1),
    }
    for side in sides.values():
        side(samples[: arguments.batch_size])
    wall: dict[str, list[float]] = {name: [] for name in sides}
    cpu: dict[str, list[float]] = {name: [] for name in sides}
    texts: dict[str, list[str]] = {}
    for _ in range(arguments.rounds):
        for name, side in sides.items():
            seconds, busy, texts[name] = timed(lambda side=side: side(samples), on_cpu)  # type: ignore[misc]
            wall[name].append(seconds)
            cpu[name].append(busy)
    clock = cpu if on_cpu else wall
    rate = {name: len(samples) / min(seconds) for name, seconds in clock.items()}
    differ = {
        name: sum(a != b for a, b in zip(texts[name], texts["one_by_one"], strict=True)) for name in ("ours", "batched")
    }
    report = {
        "machine": {"platform": platform.platform(), "cores": os.cpu_count()},
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
        "load_average": os.getloadavg(),
        "settings": {key: str(value) for key, value in vars(arguments).items() if key != "out"},
        "clock": "cpu" if on_cpu else "wall",
        "wall_s": wall,
        "cpu_s": cpu,
        "answers_per_second": rate,
        "ours_over_batched": rate["ours"] / rate["batched"],
        "ours_over_one_by_one": rate["ours"] / rate["one_by_one"],
        "answers_unlike_one_by_one": differ,
    }
    for name, value in rate.items():
        print(f"{name:>10} {value:8.1f} answers a second ({report['clock']} time)")
    print(f"ours / batched {report['ours_over_batched']:.2f}, ours / one by one {report['ours_over_one_by_one']:.2f}")
    print(f"answers unlike those one by one: {differ}")
    if arguments.out:
        arguments.out.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
