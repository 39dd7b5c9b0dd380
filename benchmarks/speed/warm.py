"""How long a suite of 61 scenarios takes when everything is cached, and what reading the cache costs a sample.

    python benchmarks/speed/warm.py --out warm.json            # 61 scenarios x 100 samples: some minutes
    python benchmarks/speed/warm.py --quick --out warm.json    # 8 scenarios x 60 samples

A pytest suite of the paper's 61 scenarios on the built-in scenes (34 synthetic, 27 natural), with a function as the
model, is run three times: cold, warm, and warm under `-n 2`. In the warm runs the model must not even be made, and the
report must be the same, bit for bit, but for who was asked. Cache seconds are CPU seconds inside `Cache.respond` and
`Cache.encode_*`: keys, digests of the pictures, and reading. Vectors are 768 wide, as the paper's are.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

SUITE = """
import atexit, json, os, time, zlib

import numpy as np
import pytest

import pytest_emid
from pytest_emid.cache import Cache

LOG = os.environ["WARM_LOG"]
spent = {"cache_s": 0.0, "samples": 0, "texts_and_pictures": 0, "asked": 0, "model_made": 0}


def timed(name, count):
    method = getattr(Cache, name)

    def wrapper(self, asked, items, **options):
        began = time.thread_time()
        try:
            return method(self, asked, items, **options)
        finally:
            spent["cache_s"] += time.thread_time() - began
            spent[count] += len(items)

    setattr(Cache, name, wrapper)


timed("respond", "samples")
timed("encode_images", "texts_and_pictures")
timed("encode_texts", "texts_and_pictures")


@atexit.register
def write():
    with open(f"{LOG}.{os.getpid()}", "w") as file:
        json.dump(spent, file)


class Lazy:
    \"\"\"A model whose weights are loaded when it is first asked.\"\"\"

    name = fingerprint = "warm benchmark"

    def respond(self, samples):
        from pytest_emid.models import Response

        spent["model_made"] += 1
        for position, sample in enumerate(samples):
            spent["asked"] += 1
            wrong = zlib.crc32(sample.question.encode()) % 3 == 0
            yield position, Response("nothing" if wrong else sample.reference, entropy=0.0)


class Vectors:
    name = fingerprint = "768 numbers"

    def encode(self, items):
        def one(item):
            content = item.encode() if isinstance(item, str) else item.resize((16, 16)).tobytes()
            return np.random.default_rng(zlib.crc32(content)).normal(size=768) + 0.3

        rows = np.array([one(item) for item in items], dtype=np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture(scope="session")
def emid_model():
    return Lazy()


@pytest.fixture(scope="session")
def emid_dataset():
    return pytest_emid.data.load("scenes", n=int(os.environ["WARM_SAMPLES"]))


@pytest.fixture(scope="session")
def emid_encoders():
    return pytest_emid.encoders.Encoders(Vectors(), Vectors())
"""

TEST = """
import os

import pytest

from pytest_emid import shifts

SCENARIOS = [s for suite in ("scenes-synthetic", "scenes-natural") for s in shifts.scenarios(suite) if s.kind != "ID"]
STEP = len(SCENARIOS) // int(os.environ["WARM_SCENARIOS"])


@pytest.mark.parametrize("scenario", SCENARIOS[::STEP], ids=str)
def test_scenario(measure_emid, scenario):
    assert measure_emid(scenario).information_retained.n
"""


def run(folder: Path, name: str, scenarios: int, samples: int, *arguments: str) -> dict[str, Any]:
    """One pytest run: seconds, CPU seconds of all its processes, and what the suite counted."""
    log = folder / f"{name}.log"
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    known = {"WARM_LOG": str(log), "WARM_SCENARIOS": str(scenarios), "WARM_SAMPLES": str(samples)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--emid-json={name}.json", *arguments]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **one_thread, **known}, capture_output=True, text=True, check=False
    )
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(f"the {name} run failed:\n{done.stdout}{done.stderr}")
    counted = [json.loads(path.read_text()) for path in folder.glob(f"{log.name}.*")]
    total = {key: sum(each[key] for each in counted) for key in counted[0]}
    return {
        "run": name,
        "wall_s": wall,
        "cpu_s": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "cache_ms_a_sample": 1e3 * total["cache_s"] / total["samples"],
        **total,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="file to write the figures to, as JSON")
    parser.add_argument("--quick", action="store_true", help="8 scenarios x 60 samples")
    parser.add_argument("--keep", type=Path, help="folder for the suite and its cache, which are then left there")
    arguments = parser.parse_args()
    scenarios, samples = (8, 60) if arguments.quick else (61, 100)
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "conftest.py").write_text(SUITE)
        (folder / "test_warm.py").write_text(TEST)
        (folder / "pytest.ini").write_text("[pytest]\n")
        rows = [
            run(folder, name, scenarios, samples, *options)
            for name, options in (
                ("cold", ("-p", "no:xdist")),
                ("warm", ("-p", "no:xdist")),
                ("warm_n2", ("-n2",)),
            )
        ]
        reports = [json.loads((folder / f"{row['run']}.json").read_text()) for row in rows]
        for report in reports:
            del report["answers"]  # who was asked
    cold, *warm = rows
    for row in rows:
        print(
            f"{row['run']:>8}: {row['wall_s']:6.1f} s, CPU {row['cpu_s']:6.1f} s, asked {row['asked']:5d}, "
            f"cache {row['cache_s']:5.2f} s = {row['cache_ms_a_sample']:.3f} ms a sample",
            flush=True,
        )
    if arguments.out:
        machine = {"platform": platform.platform(), "cores": os.cpu_count(), "load_average": os.getloadavg()}
        report = {"machine": machine, "scenarios": scenarios, "samples": samples, "runs": rows}
        arguments.out.write_text(json.dumps(report, indent=1) + "\n")
    if any(report != reports[0] for report in reports):
        sys.exit("the reports of the runs differ")
    if not cold["asked"] or any(row["asked"] or row["model_made"] for row in warm):
        sys.exit("a warm run asked the model")
    if not arguments.quick and any(row["cache_ms_a_sample"] >= 1 for row in warm):
        sys.exit("reading the cache costs 1 ms a sample or more")


if __name__ == "__main__":
    main()
