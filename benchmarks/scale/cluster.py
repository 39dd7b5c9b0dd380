"""A suite on a cluster, sharded over CI jobs, with a server that dies: nothing asked twice, the same report.

    python benchmarks/scale/cluster.py --out cluster.json            # the 61 scenarios, the built-in encoders: minutes
    python benchmarks/scale/cluster.py --quick --out cluster.json    # five, and encoders that need no torch

Runs example_suites/at_scale as its README says, on this machine: three servers are processes on loopback (the suite's
own loopback_server.py), a CI job is a pytest run with `-n 2` and a cache folder of its own.

1. `whole`: all of it in one serial run, on a server of its own, into a cache of its own.
2. `clean`: the clean questions alone, on two other servers. Its cache is what each shard begins with.
3. `shard 1/2` and `shard 2/2`, at the same time, on the two servers. One of them dies midway.
4. `merge`: one report, one cache.
5. `again`: all of it once more from the merged cache, without a server.

Checked: the reports of 1, 4 and 5 are equal, but for `answers`, which says who was asked; in 2 and 3 together every
question was answered once.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SUITE = Path(__file__).parents[2] / "example_suites" / "at_scale"
QUICK = [
    "test_scenarios.py::test_clean",
    *(f"test_scenarios.py::test_synthetic_shift[{name}]" for name in ("frost:1", "defocus_blur:3")),
    *(f"test_scenarios.py::test_natural_shift[{name}]" for name in ("scenes:de", "scenes:hard")),
    "--emid-limit=90",
]
LIGHT_ENCODERS = """

import zlib

import numpy as np

from pytest_emid import encoders


def _image(images):
    return np.stack([np.asarray(image.resize((8, 8)), dtype=np.float64).ravel() - 127.0 for image in images])


def _text(texts):
    rows = np.full((len(texts), 64), 0.01)
    for row, text in zip(rows, texts):
        for word in text.lower().split():
            row[zlib.crc32(word.encode()) % 64] += 1.0
    return rows


@pytest.fixture(scope="session")
def emid_encoders():
    return encoders.Encoders(
        encoders.CallableImageEncoder(_image, fingerprint="1"), encoders.CallableTextEncoder(_text, fingerprint="1")
    )


@pytest.fixture(scope="session")
def emid_calibration():
    return None
"""


@contextlib.contextmanager
def serving(folder: Path, name: str, *arguments: str) -> Iterator[str]:
    """A server process; yields its address."""
    command = [sys.executable, str(SUITE / "loopback_server.py"), "--port=0", f"--log={folder / name}.log", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


class Job:
    """A CI job: one pytest run."""

    def __init__(self, suite: Path, name: str, urls: list[str], cache: Path, *arguments: str) -> None:
        self.name = name
        self.report = suite.parent / f"{name}.json"
        self._log = suite.parent / f"{name}.txt"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=line"]
        command += [f"--emid-json={self.report}", f"--emid-cache-dir={cache}", *arguments]
        environment = {
            **os.environ,
            "OMP_NUM_THREADS": "1",
            "EMID_CLUSTER_URLS": " ".join(urls) or "http://127.0.0.1:9/v1",
            "EMID_CLUSTER_MODEL": "recollection",
            "EMID_CLUSTER_REVISION": "r1",
            "EMID_CLUSTER_CONCURRENCY": "8",
        }
        self._began = time.perf_counter()
        with self._log.open("w") as file:
            self._process = subprocess.Popen(command, cwd=suite, env=environment, stdout=file, stderr=file)

    def wait(self) -> dict[str, Any]:
        # 1: gates may fail, which is a finding like any other
        code = self._process.wait(3600)
        if code not in (0, 1):
            sys.exit(f"{self.name} ended with {code}:\n{self._log.read_text()}")
        return {"exit": code, "seconds": round(time.perf_counter() - self._began, 1)}


def run(folder: Path, tests: list[str], light: bool, latency: float, die_after: int) -> dict[str, Any]:
    suite = folder / "suite"
    shutil.copytree(SUITE, suite, ignore=shutil.ignore_patterns("__pycache__", ".emid"))
    if light:
        conftest = suite / "conftest.py"
        conftest.write_text(conftest.read_text() + LIGHT_ENCODERS)
    slow = f"--latency={latency}"
    jobs: dict[str, dict[str, Any]] = {}
    limits = [argument for argument in tests if argument.startswith("--")]
    with serving(folder, "alone", slow) as url:
        jobs["whole"] = Job(suite, "whole", [url], folder / "whole", *tests).wait()
    with (
        serving(folder, "lasting", slow) as lasting,
        serving(folder, "dying", slow, f"--die-after={die_after}") as dying,
    ):
        urls = [dying, lasting]
        jobs["clean"] = Job(suite, "clean", urls, folder / "clean", "test_scenarios.py::test_clean", *limits).wait()
        started = []
        for number in (1, 2):
            shutil.copytree(folder / "clean", folder / f"cache-{number}")
            job = (f"shard-{number}", urls, folder / f"cache-{number}", "-n2", f"--emid-shard={number}/2", *tests)
            started.append(Job(suite, *job))
        jobs.update({job.name: job.wait() for job in started})
    began = time.perf_counter()
    command = [sys.executable, "-m", "pytest_emid", "merge", *(str(job.report) for job in started)]
    command += ["--out", str(folder / "merged.json"), "--caches", *(str(folder / f"cache-{k}") for k in (1, 2))]
    merged = subprocess.run([*command, "--cache", str(folder / "merged")], capture_output=True, text=True, check=False)
    if merged.returncode not in (0, 1):
        sys.exit(merged.stderr)
    print(merged.stdout)
    jobs["merge"] = {"exit": merged.returncode, "seconds": round(time.perf_counter() - began, 1)}
    jobs["again"] = Job(suite, "again", [], folder / "merged", "--emid-cache=read", *tests).wait()
    return {"jobs": jobs, **findings(folder)}


def findings(folder: Path) -> dict[str, Any]:
    from pytest_emid.cache import Cache

    logs = {name: Counter((folder / f"{name}.log").read_text().splitlines()) for name in ("alone", "dying", "lasting")}
    cluster = logs["dying"] + logs["lasting"]
    paths = {name: folder / f"{name}.json" for name in ("whole", "merged", "again")}
    reports = {name: json.loads(path.read_text()) for name, path in paths.items()}
    for report in reports.values():
        del report["answers"]
    with Cache(folder / "merged") as cache:
        sizes = cache.sizes
    document = reports["merged"]
    return {
        "scenarios": len(document["results"]),
        "samples": document["results"][0]["shifted"]["emi"]["n"],
        "questions": len(logs["alone"]),
        "answers": {name: sum(log.values()) for name, log in logs.items()},
        "answered_twice": sum(count - 1 for count in cluster.values()),
        "not_answered": len(logs["alone"].keys() - cluster.keys()),
        "merged_equals_whole": reports["merged"] == reports["whole"],
        "again_equals_whole": reports["again"] == reports["whole"],
        "report_bytes": paths["merged"].stat().st_size,
        "cache": {"answers": sizes.answers, "failures": sizes.failures, "vectors": sizes.vectors},
        "cache_file_bytes": sum(path.stat().st_size for path in (folder / "merged").glob("cache.sqlite*")),
        "problems": document["problems"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="five scenarios, encoders that need no torch")
    parser.add_argument("--latency", type=float, default=0.02, help="seconds that an answer takes")
    parser.add_argument("--out", type=Path, required=True, help="the JSON file to write")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tests = QUICK if options.quick else []
        found = run(Path(folder), tests, options.quick, options.latency, 100 if options.quick else 3000)
    sound = (
        found["merged_equals_whole"]
        and found["again_equals_whole"]
        and not (found["answered_twice"] or found["not_answered"] or found["problems"])
    )
    record = {"python": platform.python_version(), "machine": platform.machine(), "cpus": os.cpu_count(), **found}
    options.out.write_text(json.dumps(record, indent=1) + "\n")
    print(json.dumps(record, indent=1))
    if not sound:
        sys.exit("something was asked twice, or the reports differ")


if __name__ == "__main__":
    main()
